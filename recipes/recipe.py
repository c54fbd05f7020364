"""What a recipe is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

PREDICTIONS = ("eps", "v", "x0", "edm", "flow")


class Tokens(NamedTuple):
    """How many pixels a side, and frames after the first, make one token of the model."""

    pixels: int
    frames: int = 1

    def at(self, width: int, height: int, frames: int = 1) -> int:
        """The tokens of a picture or video of this size (pixels, frames), at least 1."""
        grid = (width // self.pixels) * (height // self.pixels)
        return max(1, grid * ((frames - 1) // self.frames + 1))


class Experts(NamedTuple):
    """Two models that share a run: the sigma where the second takes over, its cfg, and words in their file names."""

    boundary: float
    cfg: float
    high: str
    low: str


@dataclass(frozen=True)
class Recipe:
    """How a model wants to be run.

    `models`: the host's model_config classes; `files`: words that a model's or LoRA's file name has in this order, by
    which recipes for one class are told apart. The schedule is a named one with `params`, and `tokens` where it knows
    the size; or `levels`, lists of sigmas by number of steps (in JSON also `timesteps`, places in the model's table).
    `betas`: first, last, and the power of which they are even (1, or 2 for "scaled linear"), of VE models; `range`:
    sigma_min and sigma_max, where they are not the table's; `first_sigma`: in the place of the first level. `cfg`: a
    number, or "percent:value" points where it falls over the run. `guidance`: what a guidance embedding gets.
    `sources` are the publisher's own where there are any; `note` says where others differ.
    """

    name: str
    title: str
    models: tuple[str, ...]
    space: str
    prediction: str
    sampler: str
    steps: int
    cfg: float | str
    sources: tuple[str, ...]
    date: str
    files: tuple[str, ...] = ()
    schedule: str = "drawn"
    params: Mapping[str, Any] = field(default_factory=dict)
    levels: Mapping[int, tuple[float, ...]] = field(default_factory=dict)
    timesteps: Mapping[int, tuple[float, ...]] = field(default_factory=dict)
    tokens: Tokens | None = None
    betas: tuple[float, float, int] | None = None
    range: tuple[float, float] | None = None
    first_sigma: float | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    steps_range: tuple[int, int] | None = None
    guidance: float | None = None
    experts: Experts | None = None
    noise: str | None = None
    note: str = ""

    @property
    def distilled(self) -> bool:
        """Whether it is for its own few steps only: it takes no guidance of either kind, or its levels are a list."""
        return (self.cfg == 1.0 and self.guidance is None) or bool(self.levels or self.timesteps)

    @property
    def depends_on(self) -> tuple[str, ...]:
        """What the levels depend on beside the number of steps: "size", "frames"."""
        if not self.tokens:
            return ()
        return ("size", "frames") if self.tokens.frames > 1 else ("size",)
