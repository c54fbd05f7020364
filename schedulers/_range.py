"""The range of noise that a schedule places its levels in, and the first of them put elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from torch import Tensor

from ..core.model.discrete import Discrete
from ..core.space import LARGEST, Span, check
from ._params import SIGMA_MAX, SIGMA_MIN


def span(
    *,
    sigma_min: float | None = None,
    sigma_max: float | None = None,
    model_sigmas: Sequence[float] | np.ndarray | Tensor | None = None,
    space: str = "ve",
) -> Span:
    """The range that `sigmas` places its levels in, from the same keywords; ValueError naming the one that is off."""
    table = _table(model_sigmas, check(space))
    low = SIGMA_MIN.check(float(table[0]) if sigma_min is None else sigma_min)
    high = SIGMA_MAX.check(float(table[-1]) if sigma_max is None else sigma_max)
    if low >= high:
        raise ValueError(f"sigma_min is {low:g} and sigma_max is {high:g}: give 0 < sigma_min < sigma_max.")
    if space == "flow" and high > 1:
        raise ValueError(f"sigma_max is {high:g}: on flow models sigma goes from 1 to 0.")
    return Span(space, low, high, table)


def with_first(levels: np.ndarray, first: float, space: str) -> np.ndarray:
    """`levels` with another first one; ValueError unless the list still falls, on flow from 1 at most."""
    if not levels[1] < first <= (1.0 if space == "flow" else LARGEST):
        limit = " and at most 1" if space == "flow" else ""
        raise ValueError(f"first_sigma is {first:g}: give a number above the second level, {levels[1]:g}{limit}.")
    return np.append(first, levels[1:])


def _table(model_sigmas: Sequence[float] | np.ndarray | Tensor | None, space: str) -> np.ndarray:
    """The model's own levels as float64; without any Stable Diffusion's on VE, shift 1 on flow."""
    if model_sigmas is None:
        return _usual(space)
    try:
        table = np.asarray(
            model_sigmas.detach().cpu().double() if isinstance(model_sigmas, Tensor) else model_sigmas, np.float64
        )
    except (TypeError, ValueError):
        table = np.empty(0)
    if table.ndim != 1 or len(table) < 2 or not np.isfinite(table).all() or (np.diff(table) <= 0).any():
        raise ValueError("model_sigmas: give the model's own levels, one-dimensional, rising, two or more.")
    return table


@lru_cache(maxsize=2)
def _usual(space: str) -> np.ndarray:
    return np.arange(1, 1001) / 1000 if space == "flow" else Discrete.stable_diffusion().sigmas
