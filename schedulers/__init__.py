"""The noise schedules: one a file, found by looking; and the call that makes sigmas of them."""

from __future__ import annotations

import operator
import pkgutil
from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..core import space as spaces
from ..core.space import Span
from ..core.spec import SCHEDULES, ScheduleSpec

for _module in pkgutil.iter_modules(__path__):
    import_module(f".{_module.name}", __name__)

__all__ = ["get", "names", "sigmas"]


def names() -> tuple[str, ...]:
    """The names of all schedules."""
    return SCHEDULES.names()


def get(name: str) -> ScheduleSpec:
    """The declaration of schedule `name`; ValueError with the nearest names if there is none."""
    return SCHEDULES.get(name)


def sigmas(
    name: str,
    steps: int,
    *,
    sigma_min: float | None = None,
    sigma_max: float | None = None,
    model_sigmas: Sequence[float] | Tensor | None = None,
    space: str = "ve",
    **params: Any,
) -> Tensor:
    """The sigmas of schedule `name`: float32 (steps + 1,), from sigma_max down, ending in 0.

    model_sigmas: the model's own ascending levels; its ends are the default range (without it Stable Diffusion's table
    on VE, shift 1 on flow). Raises ValueError naming the parameter that is off.
    """
    spec = get(name)
    spaces.check(space)
    given = spec.resolve(params)
    count = _steps(steps)
    levels = np.asarray(spec.build(count, _span(space, sigma_min, sigma_max, model_sigmas), **given), dtype=np.float64)
    out = np.append(levels, 0.0)
    if out.shape != (count + 1,) or not np.isfinite(out).all() or (np.diff(out) > 0).any() or (out < 0).any():
        raise ValueError(f"schedule {name!r} with {given} makes no falling list of {count} levels: {levels}")
    return torch.from_numpy(out.astype(np.float32))


def _steps(steps: Any) -> int:
    try:
        count = operator.index(steps)
    except TypeError:
        count = 0
    if count < 1:
        raise ValueError(f"steps is {steps!r}: give a whole number from 1 up.")
    return count


def _span(space: str, low: float | None, high: float | None, model_sigmas: Sequence[float] | Tensor | None) -> Span:
    if model_sigmas is None:
        table = _default_table(space)
    else:
        values = model_sigmas.detach().cpu().double() if isinstance(model_sigmas, Tensor) else model_sigmas
        table = np.asarray(values, dtype=np.float64)
    if table.ndim != 1 or len(table) < 2 or not np.isfinite(table).all() or (np.diff(table) <= 0).any():
        raise ValueError("model_sigmas: give the model's own levels, one-dimensional, rising, two or more.")
    low, high = float(table[0] if low is None else low), float(table[-1] if high is None else high)
    if not 0 < low < high < np.inf:
        raise ValueError(f"sigma_min is {low:g} and sigma_max is {high:g}: give 0 < sigma_min < sigma_max.")
    if space == "flow" and high > 1:
        raise ValueError(f"sigma_max is {high:g}: on flow models sigma goes from 1 to 0.")
    return Span(space, low, high, table)


@lru_cache(maxsize=2)
def _default_table(space: str) -> np.ndarray:
    if space == "flow":
        return np.arange(1, 1001) / 1000
    betas = np.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2  # Stable Diffusion's "scaled linear"
    kept = np.cumprod(1 - betas)
    return np.sqrt((1 - kept) / kept)
