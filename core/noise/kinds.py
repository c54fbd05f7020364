"""Noise that is a function of what it is for: (seed, stream, batch index, stretch of noise levels, visit).

The same numbers come for one image and for that image in a batch, for 20 steps and for 10 + 10, on every device.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any

import torch
from torch import Tensor

from ...core import space as spaces
from . import shapes
from .brownian import DevicePath, Path, clock, stretch
from .keys import PLAIN, can_make_noise, check_batch_index, check_seed, chunks, mix, normals

STREAMS = {"initial": 0, "step": 1, "churn": 2, "jump": 3}
_STRETCH, _PATH = 0, 1  # what a key is of


def _maker(device: str, own: torch.device) -> torch.device:
    """Where noise is made: the CPU, or with "same" the latent's own device if torch can make noise there."""
    if device not in ("cpu", "same"):
        raise ValueError(f"device is {device!r}: give 'cpu' (equal numbers everywhere) or 'same' (the latent's own).")
    return own if device == "same" and can_make_noise(own) else torch.device("cpu")


@lru_cache(maxsize=256)
def _key(seed: int, stream: str, visit: int, what: int) -> int:
    """The key of a path or of stretches: each stream and each visit has its own."""
    return mix(seed, STREAMS[stream], what, *([visit] if visit else []))


class Gaussian:
    """Independent unit normals for every stretch of noise levels: f(sigma, sigma_next) -> Tensor like x (B, ...)."""

    def __init__(
        self, x: Tensor, seed: int, batch_index: Sequence[int] | None, space: str, stream: str, device: str = "cpu"
    ) -> None:
        if not isinstance(x, Tensor) or not x.numel() or not x.ndim:
            got = tuple(x.shape) if isinstance(x, Tensor) else type(x).__name__
            raise ValueError(f"x is {got}: give a tensor (B, ...) with one item or more.")
        self.shape, self.device, self.space = x.shape, x.device, spaces.check(space)
        self.maker = _maker(device, x.device)
        self.dtype = spaces.working_dtype(x)
        self.seed, self.stream = check_seed(seed), stream
        self.indices = check_batch_index(batch_index, x.shape[0])
        self.size = x[:1].numel()

    def __call__(self, sigma: float, sigma_next: float, visit: int = 0, stream: str = "") -> Tensor:
        out = self._blank()
        self._independent(out, sigma, sigma_next, _key(self.seed, stream or self.stream, visit, _STRETCH))
        return self.hand_over(out)

    def clock(self, sigma: float) -> float:
        """The time of noise at `sigma`: see `core.noise.brownian.clock`."""
        return clock(sigma, self.space)

    def _blank(self) -> Tensor:
        upload = self.device.type == "cuda" and self.maker.type == "cpu"
        return torch.empty(self.shape, dtype=torch.float32, device=self.maker, pin_memory=upload)

    def hand_over(self, out: Tensor) -> Tensor:
        """`out` on the device and in the dtype of the run."""
        return out.to(self.device, self.dtype, non_blocking=True)

    def _independent(self, out: Tensor, sigma: float, sigma_next: float, key: int) -> None:
        grid, start, end = stretch(float(sigma), float(sigma_next), self.space)
        place = mix(key, grid << 62 | start << 31 | end)
        rows = out.view(len(self.indices), -1)

        parts = chunks(self.size) if self.maker.type == "cpu" else [slice(None)]
        for row, index in zip(rows, self.indices, strict=True):
            for k, part in enumerate(parts):
                normals(row[part], mix(place, index, k))


class Brownian(Gaussian):
    """Increments of one Brownian path per item, normalised to unit variance: f(sigma, sigma_next) -> Tensor like x.

    The path runs on a clock fixed for all schedules and models, lam in [-10, 22], so runs of 20 and of 40 steps follow
    the same path. A stretch shorter than a leaf of the clock (2^-10) gets independent normals.
    """

    def __init__(
        self, x: Tensor, seed: int, batch_index: Sequence[int] | None, space: str, stream: str, device: str = "cpu"
    ) -> None:
        super().__init__(x, seed, batch_index, space, stream, device)
        self.visit, self.path = 0, self._begin(0)

    def __call__(self, sigma: float, sigma_next: float, visit: int = 0, stream: str = "") -> Tensor:
        grid, start, end = stretch(float(sigma), float(sigma_next), self.space)
        if grid or (stream or self.stream) != self.stream:  # shorter than a leaf; churn and jumps lie on no path
            return super().__call__(sigma, sigma_next, visit, stream)
        if visit != self.visit:
            self.visit, self.path = visit, self._begin(visit)
        out = self._blank()
        self.path.increment(out.view(len(self.indices), -1), start, end)
        return self.hand_over(out)

    def _begin(self, visit: int) -> Path:
        """A path of its own for every visit: what a restart goes through again must be new."""
        key = _key(self.seed, self.stream, visit, _PATH)
        keys = [mix(key, index) for index in self.indices]
        return Path(self.size, keys) if self.maker.type == "cpu" else DevicePath(self.size, keys, self.maker)


def gaussian(
    x: Tensor,
    seed: int,
    batch_index: Sequence[int] | None = None,
    *,
    space: str = "ve",
    stream: str = "step",
    device: str = "cpu",
) -> Callable[[float, float], Tensor]:
    """Independent unit normals for every stretch of noise levels: f(sigma, sigma_next) -> Tensor like x (B, ...).

    Made in float32 on the CPU and moved to x's device, so that every device gets the same numbers, or with
    device="same" on x's own, which is faster there. Raises ValueError for a bad seed, batch index or device.
    """
    return Gaussian(x, seed, batch_index, space, stream, device)


def brownian(
    x: Tensor,
    seed: int,
    batch_index: Sequence[int] | None = None,
    *,
    space: str = "ve",
    stream: str = "step",
    device: str = "cpu",
) -> Brownian:
    """Normalised increments of a Brownian path: f(sigma, sigma_next) -> Tensor like x; f.clock(sigma) -> lam.

    W(t) is the path at t = clamp(f.clock(sigma), -10, 22), on a grid of 2^-10; f is (W(t') - W(t)) / sqrt(|t' - t|).
    As `gaussian` otherwise. Keeps at most 10 latents of CPU memory."""
    return Brownian(x, seed, batch_index, space, stream, device)


class Shaped:
    """Another kind of noise, made from white noise by a map that every item goes through by itself."""

    def __init__(self, x: Tensor, count: int, shape: shapes.Map, white: type[Gaussian], *key: Any) -> None:
        self.to, self.shape, self.map = Gaussian(x, *key), x.shape, shape
        self.white = white(torch.empty(x.shape[0], count, **PLAIN), *key)

    def __call__(self, sigma: float, sigma_next: float, visit: int = 0, stream: str = "") -> Tensor:
        return self.to.hand_over(self.map(self.white(sigma, sigma_next, visit, stream)).reshape(self.shape))

    def clock(self, sigma: float) -> float:
        """As of the white noise."""
        return self.white.clock(sigma)


def power(
    x: Tensor,
    seed: int,
    batch_index: Sequence[int] | None = None,
    *,
    space: str = "ve",
    stream: str = "step",
    exponent: float = 1.0,
) -> Shaped:
    """As `brownian`, with a spectrum 1 / frequency^exponent over height and width: 1 pink, -1 blue, -2 violet.

    x (B, C, ..., H, W). Raises ValueError where x has no height and width, or exponent is not from -4 to 4.
    """
    if not -4 <= exponent <= 4:
        raise ValueError(f"exponent is {exponent!r}: give a number from -4 to 4.")
    return Shaped(x, *shapes.power(x.shape, exponent), Brownian, seed, batch_index, space, stream)


def pyramid(
    x: Tensor,
    seed: int,
    batch_index: Sequence[int] | None = None,
    *,
    space: str = "ve",
    stream: str = "step",
    discount: float = 0.7,
) -> Shaped:
    """As `brownian`, white noise plus coarser and coarser copies of it, each `discount` (0 to 1) as strong.

    x (B, C, ..., H, W). Raises ValueError where x has no height and width, or discount is out of range.
    """
    if not 0 <= discount <= 1:
        raise ValueError(f"discount is {discount!r}: give a number from 0 to 1.")
    return Shaped(x, *shapes.pyramid(x.shape, discount), Brownian, seed, batch_index, space, stream)


def uniform(
    x: Tensor, seed: int, batch_index: Sequence[int] | None = None, *, space: str = "ve", stream: str = "step"
) -> Shaped:
    """As `gaussian`, with uniform numbers of variance 1. They have no path: more steps, other noise."""
    return Shaped(x, x[:1].numel(), shapes.uniform, Gaussian, seed, batch_index, space, stream)


def laplacian(
    x: Tensor, seed: int, batch_index: Sequence[int] | None = None, *, space: str = "ve", stream: str = "step"
) -> Shaped:
    """As `gaussian`, with Laplacian numbers of variance 1. They have no path: more steps, other noise."""
    return Shaped(x, x[:1].numel(), shapes.laplacian, Gaussian, seed, batch_index, space, stream)


# by the names that `samplers.sample(noise=...)` takes
KINDS: dict[str, Callable[..., Any]] = {
    "gaussian": gaussian,
    "brownian": brownian,
    "pink": partial(power, exponent=1.0),
    "blue": partial(power, exponent=-1.0),
    "violet": partial(power, exponent=-2.0),
    "pyramid": pyramid,
    "uniform": uniform,
    "laplacian": laplacian,
}


def initial(x: Tensor, seed: int, batch_index: Sequence[int] | None = None, *, kind: str = "gaussian") -> Tensor:
    """The noise that a run starts from: like x (B, ...), of a kind of KINDS, one image the same in every batch.

    It shares no number with the noise of the steps. Raises ValueError for an unknown kind, or one that does not fit x.
    """
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}: give one of {', '.join(KINDS)}.")
    return KINDS[kind](x, seed, batch_index, stream="initial")(1.0, 0.0)
