"""Noise that is a function of what it is for: (seed, stream, batch index, stretch of noise levels, visit).

The same numbers come for one image and for that image in a batch, for 20 steps and for 10 + 10, on every device.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from .. import space as spaces
from ..table import Draw
from . import shapes
from .brownian import DevicePath, Path, clock, stretch
from .keys import STREAMS, check_batch_index, check_seed, chunks, device_normals, key, normals
from .parallel import each


class Source:
    """The noise of one run: f(sigma, sigma_next) -> Tensor like x (B, ...), of variance 1."""

    def __init__(self, shape: torch.Size, stream: str) -> None:
        self.shape, self.stream = shape, stream

    def __call__(self, sigma: float, sigma_next: float) -> Tensor:
        """The numbers for the stretch between two levels of noise, in the stream that this was made with."""
        return self.draw(Draw(sigma, sigma_next, 0, self.stream))

    def draw(self, draw: Draw) -> Tensor:
        """The numbers for any draw: what a run calls, which may restart, churn and jump."""
        raise NotImplementedError

    def clock(self, sigma: float) -> float:
        """The time of noise at `sigma`: see `core.noise.brownian.clock`."""
        raise NotImplementedError


class Gaussian(Source):
    """Independent unit normals for every stretch of noise levels."""

    def __init__(
        self, x: Tensor, seed: int, batch_index: Sequence[int] | None, space: str, stream: str, device: str
    ) -> None:
        if not isinstance(x, Tensor) or not x.numel() or not x.ndim:
            got = tuple(x.shape) if isinstance(x, Tensor) else type(x).__name__
            raise ValueError(f"x is {got}: give a tensor (B, ...) with one item or more.")
        if stream not in STREAMS:
            raise ValueError(f"stream is {stream!r}: give one of {', '.join(STREAMS)}.")
        super().__init__(x.shape, stream)
        self.seed, self.space = check_seed(seed), spaces.check(space)
        self.device, self.maker, self.dtype = x.device, _maker(device, x.device), spaces.working_dtype(x)
        self.indices = check_batch_index(batch_index, x.shape[0])
        self.size = x[:1].numel()

    def draw(self, draw: Draw) -> Tensor:
        """Unit normals like x."""
        grid, start, end = self._stretch(draw)
        place, out = 1 << 63 | grid << 62 | start << 31 | end, self._blank()
        items = list(zip(out.view(len(self.indices), -1), self._keys(draw), strict=True))
        if self.maker.type == "cpu":
            parts = list(enumerate(chunks(self.size)))
            each(normals, [(row[part].numpy(), item(k, place)) for row, item in items for k, part in parts])
        else:
            for row, item in items:
                device_normals(row, item(0, place))
        return self.hand_over(out)

    def clock(self, sigma: float) -> float:
        """The time of noise at `sigma`: see `core.noise.brownian.clock`."""
        return clock(sigma, self.space)

    def hand_over(self, out: Tensor) -> Tensor:
        """`out` on the device and in the dtype of the run."""
        return out.to(self.device, self.dtype, non_blocking=True)

    def _stretch(self, draw: Draw) -> tuple[int, int, int]:
        return stretch(float(draw.sigma), float(draw.sigma_next), self.space)

    def _keys(self, draw: Draw) -> list[Callable[[int, int], int]]:
        """The keys of each item, of chunk and place."""
        return [partial(key, self.seed, draw.stream, draw.visit, index) for index in self.indices]

    def _blank(self) -> Tensor:
        upload = self.device.type == "cuda" and self.maker.type == "cpu"
        return torch.empty(self.shape, dtype=torch.float32, device=self.maker, pin_memory=upload)


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


def _maker(device: str, of_latent: torch.device) -> torch.device:
    """Where noise is made: the CPU, or with "same" the latent's own device if torch can make noise there."""
    if device not in ("cpu", "same"):
        raise ValueError(f"device is {device!r}: give 'cpu' (equal numbers everywhere) or 'same' (the latent's own).")
    if device == "cpu":
        return torch.device("cpu")
    try:
        torch.Generator(device=of_latent)
    except (RuntimeError, NotImplementedError):  # DirectML and some others have none
        return torch.device("cpu")
    return of_latent


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
    "Keeps 9 latents of CPU memory.",
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
}
"""By the names that `samplers.sample(noise=...)` takes."""


def initial(x: Tensor, seed: int, batch_index: Sequence[int] | None = None, *, kind: str = "gaussian") -> Tensor:
    """The noise that a run starts from: like x (B, ...), of a kind of KINDS, one image the same in every batch.

    One draw has no path to lie on, so "brownian" is "gaussian" here. It shares no number with the noise of the steps.
    Raises ValueError for an unknown kind, or one that does not fit x.
    """
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}: give one of {', '.join(KINDS)}.")
    return replace(KINDS[kind], white=Gaussian)(x, seed, batch_index, stream="initial")(1.0, 0.0)
