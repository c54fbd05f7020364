"""Noise that is a function of what it is for: (seed, stream, batch index, stretch of noise levels, visit).

The same numbers come for one image and for that image in a batch, for 20 steps and for 10 + 10, on every device.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from ..table import Draw
from . import philox, shapes
from .brownian import DevicePath, Path
from .sources import Gaussian, Source


class Brownian(Gaussian):
    """Increments of one Brownian path per item, normalised to unit variance.

    The path runs on a clock fixed for all schedules and models, lam in [-10, 22], so runs of 20 and of 40 steps follow
    the same path. A stretch shorter than a leaf of the clock (2^-10) gets independent normals, and so do other streams
    than the path's: churn and jumps lie on no path.
    """

    def __init__(self, *described: Any) -> None:
        super().__init__(*described)
        self._visit, self._path = -1, None

    def draw(self, draw: Draw) -> Tensor:
        """Increments like x; every visit has a path of its own: what a restart goes through again must be new."""
        grid, start, end = self._stretch(draw)
        if grid or draw.stream != self.stream:
            return super().draw(draw)
        if self._path is None or draw.visit != self._visit:
            keys = self._keys(draw)
            self._path = Path(self.size, keys) if self.maker.type == "cpu" else DevicePath(self.size, keys, self.maker)
            self._visit = draw.visit
        out = self._blank()
        self._path.increment(out.view(len(self.indices), -1), start, end)
        return self.hand_over(out)


class Shaped(Source):
    """Another kind of noise, made from white noise by a map that every item goes through by itself."""

    def __init__(self, x: Tensor, count: int, shape: shapes.Map, white: type[Gaussian], *described: Any) -> None:
        self.like, self.map = Gaussian(x, *described), shape
        super().__init__(x.shape, self.like.stream)
        self.white = white(torch.empty(len(x), count, dtype=torch.float32, device=self.like.maker), *described)

    def draw(self, draw: Draw) -> Tensor:
        """Numbers like x."""
        return self.like.hand_over(self.map(self.white.draw(draw)).reshape(self.shape))

    def clock(self, sigma: float) -> float:
        """As of the white noise."""
        return self.white.clock(sigma)


@dataclass(frozen=True)
class Kind:
    """A kind of noise: kind(x, seed) -> f(sigma, sigma_next) -> Tensor like x (B, ...), of variance 1.

    `white`: what it is made of, `shape`: by which map (`core.noise.shapes`), with which `options`.
    """

    summary: str
    white: type[Gaussian]
    shape: Callable[..., tuple[int, shapes.Map]] | None = None
    options: Mapping[str, float] = field(default_factory=dict)

    def __call__(
        self,
        x: Tensor,
        seed: int,
        batch_index: Sequence[int] | None = None,
        *,
        space: str = "ve",
        stream: str = "step",
        device: str = "cpu",
        **options: float,
    ) -> Source:
        """The noise of one run; f.clock(sigma) -> lam is its time.

        x (B, ...): any shape, or (B, C, ..., H, W) for kinds with a spectrum. batch_index: the place of each item in
        its batch (0, 1, ...). space: "ve" or "flow". stream: what it is for, of `keys.STREAMS`. device: "cpu", made in
        float32 there and moved to x's device, so that every device gets the same numbers, or "same", made on x's own,
        which is faster there. Raises ValueError for what is out of range, TypeError for an option it does not have.
        """
        described = seed, batch_index, space, stream, device
        if self.shape is None and not options:
            return self.white(x, *described)
        if self.shape is None:
            raise TypeError(f"{', '.join(options)}: white noise has no such option.")
        return Shaped(x, *self.shape(x.shape, **{**self.options, **options}), self.white, *described)


gaussian = Kind("Independent unit normals for every stretch: more steps, other noise.", Gaussian)
brownian = Kind(
    "(W(t') - W(t)) / sqrt(|t' - t|) on a Brownian path W, t = clamp(f.clock(sigma), -10, 22) on a grid of 2^-10. "
    "Keeps 10 latents of CPU memory.",
    Brownian,
)
power = Kind("A spectrum 1 / frequency^exponent (-4 to 4) over height and width, on a path.", Brownian, shapes.power)
pyramid = Kind("White plus coarser and coarser copies, each `discount` as strong; a path.", Brownian, shapes.pyramid)
uniform = Kind("Uniform numbers, without a path.", Gaussian, shapes.uniform)
laplacian = Kind("Laplacian numbers, without a path.", Gaussian, shapes.laplacian)
window = Kind(
    "Video: the noise of 16 frames, again and again, shuffled by fours (FreeNoise); a path.", Brownian, shapes.frames
)
loop = Kind("Video: the noise of 16 frames, again and again; a path.", Brownian, shapes.frames, {"shuffled": False})
a1111 = Kind("The numbers of A1111's web UI and Forge (CUDA's randn), in the order of the draws.", philox.WebUI)
a1111_ensd = Kind("The same with an eta noise seed delta (ENSD) of 31337.", philox.WithDelta)

KINDS: dict[str, Kind] = {
    "gaussian": gaussian,
    "brownian": brownian,
    "pink": replace(power, options={"exponent": 1.0}),
    "blue": replace(power, options={"exponent": -1.0}),
    "violet": replace(power, options={"exponent": -2.0}),
    "pyramid": pyramid,
    "uniform": uniform,
    "laplacian": laplacian,
    "window": window,
    "loop": loop,
    "a1111": a1111,
    "a1111_ensd": a1111_ensd,
}
"""By the names that `samplers.sample(noise=...)` takes."""


def initial(x: Tensor, seed: int, batch_index: Sequence[int] | None = None, *, kind: str = "gaussian") -> Tensor:
    """The noise that a run starts from: like x (B, ...), of a kind of KINDS, one image the same in every batch.

    One draw has no path to lie on, so "brownian" is "gaussian" here. It shares no number with the noise of the steps.
    Raises ValueError for an unknown kind, or one that does not fit x.
    """
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}: give one of {', '.join(KINDS)}.")
    chosen = KINDS[kind]
    white = Gaussian if chosen.white is Brownian else chosen.white
    return replace(chosen, white=white)(x, seed, batch_index, stream="initial")(1.0, 0.0)
