"""Noise that is not white: a power-law spectrum, pyramids, uniform and Laplacian numbers, frames that share theirs.

Unit variance, item by item. Power-law, pyramid and shared noise are fixed linear maps of white noise, so they have a
Brownian path wherever white noise has one. Uniform and Laplacian numbers do not add up to their own kind: they are new
in every step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from .keys import PLAIN

Shape = tuple[int, ...]
Map = Callable[[Tensor], Tensor]


def spatial_axes(shape: Sequence[int], kind: str) -> tuple[int, int]:
    """Height and width of a latent (B, C, ..., H, W); ValueError where it has none (audio, packed latents)."""
    if len(shape) < 4 or min(shape[-2:]) < 2:
        raise ValueError(
            f"{kind} noise needs latents (B, C, ..., height, width), got {tuple(shape)}: "
            "it shapes noise over height and width. Take gaussian or brownian."
        )
    return shape[-2], shape[-1]


def power(shape: Shape, exponent: float = 1.0) -> tuple[int, Map]:
    """Noise whose power falls as 1 / frequency^exponent over height and width: 1 pink, 2 red, -1 blue, -2 violet.

    Returns how many white numbers an item takes, and the map from (B, count) white to (B, ...) shaped numbers. The
    gain of every frequency is fixed such that each pixel has variance 1; the lowest frequency stands in for 0.
    ValueError where there is no height and width, or exponent is not from -4 to 4.
    """
    if not -4 <= exponent <= 4:
        raise ValueError(f"exponent is {exponent!r}: give a number from -4 to 4.")
    height, width = spatial_axes(shape, "pink, blue or violet")
    f = torch.hypot(torch.fft.fftfreq(height, **PLAIN)[:, None], torch.fft.rfftfreq(width, **PLAIN)[None, :])
    gain = f.clamp(min=1 / max(height, width)).double().pow(-exponent / 2)
    both = torch.full_like(gain[0], 2.0)  # rfft keeps one of each pair of frequencies
    both[0] = 1
    if width % 2 == 0:
        both[-1] = 1
    gain = (gain / (gain.pow(2) * both).sum().div(height * width).sqrt()).float()

    def shaped(white: Tensor) -> Tensor:
        spectrum = torch.fft.rfft2(white.reshape(-1, *shape[1:]))
        return torch.fft.irfft2(spectrum * gain.to(white.device), s=(height, width))

    return math.prod(shape[1:]), shaped


def pyramid(shape: Shape, discount: float = 0.7) -> tuple[int, Map]:
    """White noise plus coarser and coarser copies of it, each `discount` as strong: large shapes and fine grain.

    Level k is 1 / 2^k the size, enlarged bilinearly. Returns as `power` does; variance 1 at every pixel. ValueError
    where there is no height and width, or discount is not from 0 to 1.
    """
    if not 0 <= discount <= 1:
        raise ValueError(f"discount is {discount!r}: give a number from 0 to 1.")
    height, width = spatial_axes(shape, "pyramid")
    planes = math.prod(shape[1:-2])
    sizes = [(height, width)]
    while min(sizes[-1]) > 1:
        sizes.append((math.ceil(sizes[-1][0] / 2), math.ceil(sizes[-1][1] / 2)))
    counts = [planes * h * w for h, w in sizes]
    # The variance of a bilinear mean is the sum of its squared weights, a row times a column.
    spread = [_squared(h, height)[:, None] * _squared(w, width)[None, :] for h, w in sizes]
    scale = sum(discount ** (2 * k) * s for k, s in enumerate(spread)).rsqrt()  # type: ignore[union-attr]

    def shaped(white: Tensor) -> Tensor:
        levels = white.split(counts, dim=1)
        total = levels[0].reshape(-1, planes, height, width).clone()
        for k, (level, size) in enumerate(zip(levels[1:], sizes[1:], strict=True), start=1):
            big = F.interpolate(level.reshape(-1, planes, *size), (height, width), mode="bilinear", align_corners=False)
            total.add_(big, alpha=discount**k)
        return (total * scale.to(white.device)).reshape(-1, *shape[1:])

    return sum(counts), shaped


def _squared(small: int, large: int) -> Tensor:
    """The sum of squared weights with which each of `large` places is interpolated from `small` ones."""
    weights = F.interpolate(torch.eye(small, **PLAIN)[:, None, :], large, mode="linear", align_corners=False)
    return weights[:, 0].pow(2).sum(0)


def uniform(shape: Shape) -> tuple[int, Map]:
    """Uniform numbers of variance 1 from unit normals: sqrt(12) (Phi(z) - 1/2). Returns as `power` does."""

    def shaped(white: Tensor) -> Tensor:
        return (torch.special.ndtr(white.double()) - 0.5).mul_(math.sqrt(12)).float()

    return math.prod(shape[1:]), shaped


def laplacian(shape: Shape) -> tuple[int, Map]:
    """Laplacian numbers of variance 1 from unit normals, +-log(2 Phi(-|z|)) / sqrt(2). Returns as `power` does."""

    def shaped(white: Tensor) -> Tensor:
        size = -torch.log(2 * torch.special.ndtr(-white.double().abs())) / math.sqrt(2)
        return torch.copysign(size, white.double()).float()

    return math.prod(shape[1:]), shaped


def frames(shape: Shape, window: int = 16, stride: int = 4, shuffled: bool = True) -> tuple[int, Map]:
    """Long video from the noise of `window` frames: what a model for short clips can hold together.

    FreeNoise (Qiu et al. 2023, arXiv:2310.15169, section 3.2): after the first `window` frames the same ones come
    again, shuffled among each `stride` of them, in an order of its own every time; with shuffled=False they come as
    they were, a loop. Every frame is white noise by itself, of variance exactly 1; a clip no longer than the window is
    white altogether. Returns as `power` does. ValueError where x is not (B, C, frames, height, width), or for a window
    or stride below 1.
    """
    if len(shape) != 5:
        raise ValueError(
            f"window or loop noise needs video latents (B, C, frames, height, width), got {tuple(shape)}: it shares "
            "noise between frames. Take gaussian or brownian."
        )
    if not (window >= 1 and stride >= 1):
        raise ValueError(f"window is {window} and stride {stride}: give whole numbers from 1 up.")
    count, window, stride = shape[2], int(min(window, shape[2])), int(stride)
    order = list(range(window))
    for start in range(window, count, window):
        again = list(range(window))
        for first in range(0, window, stride) if shuffled else ():
            again[first : first + stride] = _shuffled(again[first : first + stride], start + first)
        order += again
    places = torch.tensor(order[:count], device="cpu")

    def repeated(white: Tensor) -> Tensor:
        first = white.reshape(-1, shape[1], window, *shape[3:])
        return first.index_select(2, places.to(white.device))

    return math.prod(shape[1:]) // count * window, repeated


def _shuffled(items: list[int], seed: int) -> list[int]:
    """In an order that depends on `seed` alone; not as they were, if there are several."""
    order = torch.randperm(len(items), generator=torch.Generator().manual_seed(seed)).tolist()
    if order == sorted(order):
        order = order[1:] + order[:1]
    return [items[k] for k in order]
