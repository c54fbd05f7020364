"""Predictions kept within the range that pictures have: for models of pixels, at strong guidance.

Guidance pushes values beyond what the data have, and a sampler that is handed such a prediction burns or greys the
picture. Latents have no range: there is nothing to keep them within.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

WAYS = ("none", "static", "dynamic")
RATIO = 0.995
"""The share of an item's values that is within its range after `dynamic` (Lu et al. 2022; Imagen: 0.995, too)."""


def static(x0: Tensor, low: float = -1.0, high: float = 1.0) -> Tensor:
    """x0 with what is beyond the range cut off (Ho et al. 2020)."""
    _check(low, high)
    return x0.clamp(low, high)


def dynamic(x0: Tensor, low: float = -1.0, high: float = 1.0, ratio: float = RATIO) -> Tensor:
    """Dynamic thresholding (Saharia et al. 2022, arXiv:2205.11487, section 2.3; DPM-Solver++, arXiv:2211.01095).

    Of every item (B, ...): s is the `ratio` quantile of |u|, u = x0 where the range is -1 to 1; u is cut off at -s and
    s and divided by s, where s is above 1. An item within its range is kept, bit for bit. ValueError for a ratio that
    is not above 0 and at most 1.
    """
    if not 0 < ratio <= 1:
        raise ValueError(f"ratio is {ratio!r}: give a number above 0, up to 1; {RATIO} is the papers'.")
    _check(low, high)
    middle, half = (low + high) / 2, (high - low) / 2
    u = (x0 - middle) / half if (low, high) != (-1.0, 1.0) else x0
    s = _quantile(u.flatten(1).abs(), ratio).clamp(min=1.0).to(u).reshape(-1, *[1] * (x0.ndim - 1))
    kept = torch.minimum(torch.maximum(u, -s), s) / s
    kept = kept if (low, high) == (-1.0, 1.0) else middle + half * kept
    return torch.where(s > 1, kept, x0.clamp(low, high))


def of(way: str, low: float = -1.0, high: float = 1.0) -> Callable[[Tensor], Tensor] | None:
    """One of WAYS as a function of a prediction x0; None for "none". ValueError for a way that is not there."""
    if way not in WAYS:
        raise ValueError(f"thresholding is {way!r}: give one of {', '.join(WAYS)}.")
    _check(low, high)
    if way == "none":
        return None
    return lambda x0: static(x0, low, high) if way == "static" else dynamic(x0, low, high)


def thresholded(model: Callable[..., Any], way: str = "dynamic", low: float = -1.0, high: float = 1.0) -> Any:
    """`model`, a denoiser of pictures with values from low to high, whose predictions stay within them: one of WAYS.

    With "none" it is the model itself. Of a model that returns an `Output`, the guided prediction alone.
    """
    kept = of(way, low, high)
    if kept is None:
        return model

    def within(x: Tensor, sigma: Tensor, **extra_args: Any) -> Any:
        answer = model(x, sigma, **extra_args)
        return kept(answer) if isinstance(answer, Tensor) else answer._replace(denoised=kept(answer.denoised))

    return within


def _quantile(values: Tensor, ratio: float) -> Tensor:
    """torch.quantile of each row (B, n), which takes no more than 2^24 numbers, from two selections; no wait."""
    values = values.float() if values.dtype in (torch.float16, torch.bfloat16) else values
    place = ratio * (values.shape[1] - 1)
    first = math.floor(place)
    low = values.kthvalue(first + 1, dim=1).values
    high = values.kthvalue(min(first + 2, values.shape[1]), dim=1).values
    return torch.lerp(low, high, place - first)


def _check(low: float, high: float) -> None:
    if not low < high:
        raise ValueError(f"the range is {low:g} to {high:g}: give the lowest value of a picture and the highest.")
