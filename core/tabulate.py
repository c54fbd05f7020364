"""From a sampler's declaration and a schedule to the table of the whole run; what goes around a step, goes here.

Strength of noise, churn and restart are the same for every sampler: they are put on the rows that its builder returns.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import accumulate, pairwise, takewhile
from typing import Any

from . import memory
from .curve import Percents
from .param import Param
from .space import Level, at_rho, level
from .spec import CENTRAL, SAMPLERS, SamplerSpec
from .table import Kept, Row, Stage, Step, Table, first_order
from .verify import check


@lru_cache(maxsize=16)  # a table of 10,000 steps takes some 20 MB, arc's 30
def tabulate(
    name: str, sigmas: tuple[float, ...], space: str, params: tuple[tuple[str, Any], ...], past: tuple[Kept, ...] = ()
) -> Table:
    """The table of sampler `name` over `sigmas`, from `past` registers on. ValueError as of `check_sigmas`."""
    spec = SAMPLERS.get(name)
    if spec.adaptive:
        raise TypeError(f"sampler {name} chooses its steps as it goes, by the model's answers: it has no table.")
    sigmas = check_sigmas(sigmas, space)
    given = dict(params)  # a tuple has one value a step: see `along`
    rising = len(sigmas) > 1 and sigmas[-1] > sigmas[0]
    refuse_noise_on_the_way_up(spec, rising, given)
    inner = spec.steps_as(space, given)
    levels = [level(sigma, inner) for sigma in sigmas]
    predictions = past[:: 2 if spec.uncond else 1][: spec.history]
    seen = tuple(takewhile(lambda kept: not _singular(spec, level(kept.sigma, inner)), predictions))
    n, closed = len(sigmas) - 1, levels[-1].sigma == 0
    weights = memory.weights_of_steps(spec, levels)
    least = memory.least_weight(spec)
    matters = [weight >= least for weight in weights]
    matters[-1:] = [True] * (n > 0)  # what comes after the last step is for the next run to judge
    behind = [*accumulate(reversed(matters), initial=0)][n - 1 :: -1]  # each step, how many more of those that matter
    rows, strengths, previous = [], [], {}
    for i, (a, b) in enumerate(pairwise(levels)):
        now = _at_step(given, i)
        strengths.append(now.get("s_noise", 1.0))
        left = {"left": behind[i]} if closed else {}
        step = Step(a, b, seen, inner, n, previous=previous, **left)
        if weights[i] < memory.NOTHING:
            rows.append(_row(spec, step._replace(kept=()), now)._replace(step=i, leaves=False))
            continue
        row, used = memory.guarded(spec, step, lambda step, now=now: _row(spec, step, now))
        rows.append(row._replace(step=i, leaves=matters[i], used=used))
        previous, made = now, rows[-1].kept
        seen = seen[:used] if spec.group_size else seen
        seen = seen if made else memory.parted(seen)
        # Whether the last step matters is for the next run to say: until then both are kept.
        spare = (
            len(made)
            if i == n - 1 and spec.history and not closed and (weights[i] < least or not spec.group_size)
            else 0
        )
        forgets = _singular(spec, a) or 0 < spec.group_size <= len(made + seen) - spare
        seen = () if forgets else (made + seen)[: spec.history + spare]
    if given.get("restarts") and not rising:
        rows = _restarted(rows, [level(sigma, space) for sigma in sigmas], given)
    whole = Table(tuple(rows), space, spec.history, past, spec.uncond, seen)
    tolerance = math.inf if spec.checked == "none" else 1e-6  # numbers they must be in any case
    check(whole, tolerance, spec.checked == "all")
    return replace(whole, rows=tuple(_scaled(row, strengths[row.step]) for row in rows))


def refuse_noise_on_the_way_up(spec: SamplerSpec, rising: bool, params: dict[str, Any]) -> None:
    """ValueError where sigmas rise and the sampler, with these `params`, would add noise."""
    if rising and spec.ode is None:
        raise ValueError(f"sigmas go up, and sampler {spec.name} adds noise, which it only can on the way down.")
    quiet = {**(spec.ode or {}), "s_churn": 0.0} if rising else {}
    for name, still in quiet.items():
        given = params.get(name, still)
        for value in given if isinstance(given, tuple) else (given,):
            if value != still:
                had, to = (f"above {still:g}", f"{still:g}") if isinstance(still, float) else (value, still)
                raise ValueError(
                    f"sigmas go up and {name} is {had}: noise can only be added on the way down. Set {name} to {to}."
                )


def _row(spec: SamplerSpec, step: Step, params: dict[str, Any]) -> Row:
    a, b = step.a, step.b
    if a.sigma == b.sigma:
        return Row(a.sigma, b.sigma, (Stage(b.sigma, 1.0),))
    if _singular(spec, a):
        step = step._replace(kept=())
    for_builder = {key: value for key, value in params.items() if key not in CENTRAL}
    hat = _churned(step, params)
    step = step._replace(a=hat)
    plain = (b.sigma == 0 and not spec.integrates_to_zero) or _singular(spec, b)
    stages = first_order(step) if plain else spec.build(step, **for_builder)
    return Row(a.sigma, b.sigma, stages if hat == a else _from_below(a, hat, stages))


def _singular(spec: SamplerSpec, a: Level) -> bool:
    return spec.clock == "lam" and a.alpha == 0


def _churned(step: Step, params: dict[str, Any]) -> Level:
    """The level to which churn raises the step's start: rho (1 + gamma), where it applies."""
    a, churn = step.a, params.get("s_churn", 0.0)
    if not churn or a.alpha == 0 or not params["s_tmin"] <= a.sigma <= params["s_tmax"]:
        return a
    return at_rho(a.rho * (1.0 + min(churn / step.n, math.sqrt(2.0) - 1.0)), step.space)


def _from_below(a: Level, hat: Level, stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    """`stages` that start at `hat`, when the run is at `a`, below: every one sees the noise that lifts it."""
    fade, lift = _lift(a, hat)
    return tuple(stage._replace(A=fade * stage.A, B=(lift * stage.A, *stage.B)) for stage in stages)


def _lift(a: Level, up: Level) -> tuple[float, float]:
    """How x at `a` and fresh noise make x at `up`: alpha_up/alpha, and what is missing of sigma_up."""
    fade = up.alpha / a.alpha
    return fade, math.sqrt(max(0.0, (up.sigma - fade * a.sigma) * (up.sigma + fade * a.sigma)))


def _restarted(rows: list[Row], levels: list[Level], params: dict[str, Any]) -> list[Row]:
    """`rows` with the stretch between restart_max and restart_min gone through `restarts` times more."""
    low, high = params["restart_min"], params["restart_max"]
    if high <= low:
        raise ValueError(f"restart_max is {high:g}: give a sigma above restart_min, which is {low:g}.")
    end = next((i for i, at in enumerate(levels) if at.sigma <= low), None)
    start = next((i for i, at in enumerate(levels) if at.sigma <= high and at.alpha > 0), None)
    if not end or start is None or start >= end:
        return rows
    fade, lift = _lift(levels[end], levels[start])
    up = Row(levels[end].sigma, levels[start].sigma, (Stage(levels[start].sigma, fade, (), (lift,)),), end - 1)
    again = [row._replace(visit=visit) for visit in range(1, params["restarts"] + 1) for row in (up, *rows[start:end])]
    return [*rows[:end], *again, *rows[end:]]


def _scaled(row: Row, s_noise: float) -> Row:
    """`row` with every B times s_noise, and without weights of 0 at the end of w and B."""
    return row._replace(
        stages=tuple(s._replace(w=_trimmed(s.w), B=_trimmed(tuple(s_noise * b for b in s.B))) for s in row.stages)
    )


def _trimmed(weights: tuple[float, ...]) -> tuple[float, ...]:
    while weights and weights[-1] == 0.0:
        weights = weights[:-1]
    return weights


_ABOVE_ONE = 1.02
"""Up to here a flow model's list is taken for one that somebody has moved a little; those for VE begin far above."""


def check_sigmas(sigmas: Sequence[float], space: str) -> tuple[float, ...]:
    """Return `sigmas` as a tuple of floats; ValueError if no run can follow them.

    At least one value; finite, >= 0 and <= 1 on flow; all going down or all going up; 0 only at the end.
    """
    values = tuple(float(sigma) for sigma in sigmas)
    if not values:
        raise ValueError("sigmas is empty: give at least two levels of noise, such as the output of a schedule.")
    for i, sigma in enumerate(values):
        if not math.isfinite(sigma) or sigma < 0:
            raise ValueError(f"sigmas[{i}] is {sigma}: every sigma must be a number from 0 up.")
        if space == "flow" and sigma > 1:
            hint = "Is the schedule for VE?" if max(values) > _ABOVE_ONE else "Put 1 in its place."
            raise ValueError(f"sigmas[{i}] is {sigma}: on flow models sigma goes from 1 to 0. {hint}")
    rises = [b > a for a, b in pairwise(values) if a != b]
    if any(rises) and not all(rises):
        raise ValueError("sigmas go both up and down: give one direction, and run the other part by itself.")
    if any(rises) and values[0] == 0:
        raise ValueError("sigmas start at 0, where noise has no direction yet: start a rising run at 1e-4 or so.")
    return values


def along(params: Sequence[Param], given: dict[str, Any], sigmas: Sequence[float]) -> dict[str, Any]:
    """`given` with every function of sigma read at the start of each step over `sigmas` (n+1,): n values in a tuple.

    One number where they are all the same. Raises ValueError naming the parameter whose value is out of its range.
    """
    out = dict(given)
    for param in params:
        function = given.get(param.name)
        if not callable(function):
            continue
        if isinstance(function, Percents):
            raise ValueError(f"{param.name} is over percents of a run: give its curve(to_sigma), which is over sigma.")
        values = tuple(_read(param, function, sigma) for sigma in sigmas[:-1])
        same = len(set(values)) <= 1
        out[param.name] = (values[0] if values else param.default) if same else values
    return out


def _read(param: Param, function: Callable[[float], Any], sigma: float) -> float:
    value = function(sigma)
    try:
        return param.check(value)
    except ValueError:
        raise ValueError(f"{param.name} is {value!r} at sigma {sigma:g} of its curve: give {param.allowed}.") from None


def _at_step(given: dict[str, Any], i: int) -> dict[str, Any]:
    """The parameters of step i: where there is one value a step, its own."""
    return {name: value[i] if isinstance(value, tuple) else value for name, value in given.items()}
