"""What the command line draws: an embedded network or the 2-D mixture, each as a batch that a sampler can run on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, Protocol

import torch
from torch import Tensor

from .. import samplers
from ..core.noise import kinds
from . import sheet
from .embedded import Label
from .mixture import Mixture

AT_ONCE = 64  # pictures in one call of the network: larger batches are no faster and only take memory
POINTS_BEHIND = 3000


class Subject(Protocol):
    """A model together with how many items are asked of it and how they are shown."""

    shape: tuple[int, ...]
    chunk: int

    def model(self, start: int, stop: int, space: str, uncond: bool) -> Callable[..., Any]:
        """The denoiser of items start to stop, with its unconditional prediction where that is asked for."""
        ...

    def picture(self, x0: Tensor, scale: int) -> Any:
        """The finished items (B, ...) as one pillow image."""
        ...


class Pictures:
    """An embedded network (the module `digits` or `tiles`); `labels` are the classes asked for (None: any).

    RuntimeError where the file of weights is missing or damaged.
    """

    def __init__(self, network: ModuleType, labels: Sequence[Label], cfg: float, columns: int) -> None:
        network.load()  # a missing or damaged file is to be known before the work begins
        self.network, self.labels, self.cfg, self.columns = network, list(labels), cfg, columns
        self.shape, self.chunk = (len(self.labels), network.MODEL.colours, 32, 32), AT_ONCE

    def model(self, start: int, stop: int, space: str, uncond: bool) -> Callable[..., Any]:
        """The denoiser of pictures start to stop."""
        return self.network.denoiser(self.labels[start:stop], space=space, cfg=self.cfg, uncond=uncond)

    def picture(self, x0: Tensor, scale: int) -> Any:
        """Rows of pictures."""
        return sheet.tiles(self.network.to_images(x0), self.columns, scale)


class Points:
    """A mixture of eight Gaussians in the plane, whose exact answer is known; drawn over exact draws in grey."""

    def __init__(self, count: int) -> None:
        self.mixture, self.shape, self.chunk = Mixture((2,)), (count, 2), count

    def model(self, start: int, stop: int, space: str, uncond: bool) -> Callable[..., Any]:
        """The exact denoiser, the same for all points; there is nothing to guide it by."""
        exact = self.mixture.denoiser(space)
        return (lambda x, sigma: samplers.Output(*[exact(x, sigma)] * 2)) if uncond else exact

    def picture(self, x0: Tensor, scale: int) -> Any:
        """A scatter plot."""
        exact = self.mixture.sample(POINTS_BEHIND, seed=1).numpy()
        low, high = self.mixture.centres.amin(0), self.mixture.centres.amax(0)
        x, y = ((low + high) / 2).tolist()
        extent = float((high - low).max()) / 2 + 4 * self.mixture.spread
        side, dot = 105 * scale, 0.6 * scale
        return sheet.scatter(x0.double().numpy(), exact, centre=(x, y), extent=extent, side=side, dot=dot)


def run(
    subject: Subject,
    sampler: str,
    sigmas: Tensor,
    *,
    space: str,
    seed: int,
    params: dict[str, Any],
    tick: Callable[[Any], Any],
) -> Tensor:
    """Generate all items of `subject` and return them (B, ...); `tick` is called once a step of every chunk.

    The same seed gives the same starting noise on every schedule and in both spaces.
    """
    spec = samplers.get(sampler)
    if spec.learned:
        raise ValueError(f"sampler {sampler}: it asks the network for a variance, which this one does not predict.")
    count, done = subject.shape[0], []
    for start in range(0, count, subject.chunk):
        stop = min(count, start + subject.chunk)
        like, index = torch.empty(stop - start, *subject.shape[1:]), range(start, stop)
        # Always the same stretch of noise levels, so that the picture to come does not hang on sigma_max.
        x = kinds.gaussian(like, seed, index, stream="initial")(1.0, 0.0) * sigmas[0]
        model = subject.model(start, stop, space, spec.uncond)
        out = samplers.sample(
            sampler, model, x, sigmas, space=space, seed=seed, batch_index=index, callback=tick, disable=True, **params
        )
        done.append(out)
    return torch.cat(done)
