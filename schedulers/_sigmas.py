"""The call that makes the sigmas of a schedule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..core.spec import SCHEDULES
from ._denoise import lowered, total_steps
from ._params import DENOISE, FIRST_SIGMA, RULE, STEPS, TERMINAL
from ._range import span, with_first


def sigmas(
    name: str,
    steps: int,
    *,
    sigma_min: float | None = None,
    sigma_max: float | None = None,
    model_sigmas: Sequence[float] | np.ndarray | Tensor | None = None,
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
    one step more. params: the schedule's own. Raises ValueError naming the parameter that is off.
    """
    spec = SCHEDULES.get(name)
    given = spec.resolve(params)
    count, share, rule = STEPS.check(steps), DENOISE.check(denoise), RULE.check(denoise_rule)
    first, ends_in_zero = FIRST_SIGMA.check(first_sigma), TERMINAL.check(terminal)
    place = span(sigma_min=sigma_min, sigma_max=sigma_max, model_sigmas=model_sigmas, space=space)
    place = lowered(place, share) if rule == "sigma" else place
    total = count if rule == "sigma" else total_steps(count, share)
    wanted = total + (not ends_in_zero)
    levels = np.asarray(spec.build(wanted, place, **given), dtype=np.float64)
    out = np.append(levels, 0.0) if ends_in_zero else levels
    if out.shape != (total + 1,) or not np.isfinite(out).all() or (np.diff(out) > 0).any() or (out < 0).any():
        raise ValueError(f"schedule {name!r} with {given} makes no falling list of {wanted} levels: {levels}")
    out = out[-(count + 1) :]
    return torch.from_numpy((out if first is None else with_first(out, first, space)).astype(np.float32))
