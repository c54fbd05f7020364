"""The noise schedules: one a file, found by looking; and the call that makes sigmas of them."""

from __future__ import annotations

import operator
import pkgutil
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from importlib import import_module
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..core import space as spaces
from ..core.model.discrete import Discrete
from ..core.space import LARGEST, SMALLEST, Span
from ..core.spec import SCHEDULES, Param, ScheduleSpec

for _module in pkgutil.iter_modules(__path__):
    if not _module.name.startswith("_"):
        import_module(f".{_module.name}", __name__)

__all__ = ["DENOISE_RULES", "MOST_STEPS", "get", "names", "sigmas", "span", "total_steps"]

DENOISE_RULES = ("steps", "sigma")
MOST_STEPS = 1_000_000
_DENOISE = Param("denoise", 1.0, above=0.0, max=1.0)
_RULE = Param("denoise_rule", "steps", kind="choice", choices=DENOISE_RULES)


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
    denoise: float = 1.0,
    denoise_rule: str = "steps",
    first_sigma: float | None = None,
    terminal: bool = True,
    **params: Any,
) -> Tensor:
    """The sigmas of schedule `name`: float32 (steps + 1,), from sigma_max down, ending in 0.

    model_sigmas: the model's own ascending levels; its ends are the default range (without it Stable Diffusion's table
    on VE, shift 1 on flow). denoise (0 to 1]: only the last part of the way, by the rule "steps" (the last `steps`
    steps of a schedule of int(steps / denoise), as ComfyUI does) or "sigma" (all `steps` steps, from denoise x
    sigma_max). first_sigma: put in the place of the first level. terminal: False leaves out the 0 of the schedule with
    one step more. Raises ValueError naming the parameter that is off.
    """
    spec = get(name)
    given = spec.resolve(params)
    if terminal not in (True, False):
        raise ValueError(f"terminal is {terminal!r}: give True or False.")
    count, share, rule = _steps(steps), _DENOISE.check(denoise), _RULE.check(denoise_rule)
    place = span(sigma_min=sigma_min, sigma_max=sigma_max, model_sigmas=model_sigmas, space=space)
    if rule == "sigma":
        place = _lowered(place, share)
    total = count if rule == "sigma" else total_steps(count, share)
    wanted = total + (not terminal)
    levels = np.asarray(spec.build(wanted, place, **given), dtype=np.float64)
    out = np.append(levels, 0.0) if terminal else levels
    if out.shape != (total + 1,) or not np.isfinite(out).all() or (np.diff(out) > 0).any() or (out < 0).any():
        raise ValueError(f"schedule {name!r} with {given} makes no falling list of {wanted} levels: {levels}")
    return torch.from_numpy(_with_first(out[-(count + 1) :], first_sigma, space).astype(np.float32))


def total_steps(steps: int, denoise: float) -> int:
    """The steps of the schedule whose last `steps` are run: int(steps / denoise), ComfyUI's rule.

    ValueError where that is above MOST_STEPS; denoise is above 0.
    """
    if denoise > 0.9999:
        return steps
    if steps / denoise > MOST_STEPS:
        raise ValueError(
            f"denoise is {denoise:g}: {steps} steps would be the last of {steps / denoise:.3g}, and up to {MOST_STEPS} "
            "can be made. Give more denoise, or fewer steps."
        )
    return int(steps / denoise)


def _lowered(place: Span, denoise: float) -> Span:
    top = place.sigma_max * denoise
    if top <= place.sigma_min:
        raise ValueError(
            f"denoise is {denoise:g}: by the rule 'sigma' the run would begin at {top:g}, and the range ends at "
            f"{place.sigma_min:g}. Give a denoise above {place.sigma_min / place.sigma_max:.3g}."
        )
    return replace(place, sigma_max=top)


def _with_first(levels: np.ndarray, first: float | None, space: str) -> np.ndarray:
    if first is None:
        return levels
    value = _number("first_sigma", first)
    most = 1.0 if space == "flow" else LARGEST
    if not levels[1] < value <= most:
        limit = " and at most 1" if space == "flow" else ""
        raise ValueError(f"first_sigma is {value:g}: give a number above the second level, {levels[1]:g}{limit}.")
    return np.append(value, levels[1:])


def _number(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError, RuntimeError):  # the last of a tensor with several
        raise ValueError(f"{name} is {value!r}: give a number.") from None


def _steps(steps: Any) -> int:
    try:
        count = operator.index(steps)
    except TypeError:
        count = 0
    if not 1 <= count <= MOST_STEPS:
        hint = " (ComfyUI asks for steps / denoise.)" if count > MOST_STEPS else ""
        raise ValueError(f"steps is {steps!r}: give a whole number from 1 to {MOST_STEPS}.{hint}")
    return count


def span(
    *,
    sigma_min: float | None = None,
    sigma_max: float | None = None,
    model_sigmas: Sequence[float] | Tensor | None = None,
    space: str = "ve",
) -> Span:
    """The range that `sigmas` places its levels in, from the same keywords; ValueError naming the one that is off."""
    spaces.check(space)
    if model_sigmas is None:
        table = _default_table(space)
    else:
        values = model_sigmas.detach().cpu().double() if isinstance(model_sigmas, Tensor) else model_sigmas
        try:
            table = np.asarray(values, dtype=np.float64)
        except (TypeError, ValueError):
            table = np.empty(0)
    if table.ndim != 1 or len(table) < 2 or not np.isfinite(table).all() or (np.diff(table) <= 0).any():
        raise ValueError("model_sigmas: give the model's own levels, one-dimensional, rising, two or more.")
    low = float(table[0]) if sigma_min is None else _number("sigma_min", sigma_min)
    high = float(table[-1]) if sigma_max is None else _number("sigma_max", sigma_max)
    if not 0 < low < high < np.inf:
        raise ValueError(f"sigma_min is {low:g} and sigma_max is {high:g}: give 0 < sigma_min < sigma_max.")
    if low < SMALLEST or high > LARGEST:
        raise ValueError(f"sigma_min is {low:g} and sigma_max is {high:g}: give {SMALLEST:g} to {LARGEST:g}.")
    if space == "flow" and high > 1:
        raise ValueError(f"sigma_max is {high:g}: on flow models sigma goes from 1 to 0.")
    return Span(space, low, high, table)


@lru_cache(maxsize=2)
def _default_table(space: str) -> np.ndarray:
    if space == "flow":
        return np.arange(1, 1001) / 1000
    return Discrete.stable_diffusion().sigmas
