"""What draws the noise of a run: a source, called draw by draw, and the plainest one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor

from .. import space as spaces
from ..table import Draw
from .brownian import clock, stretch
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
