"""Steps on the log-SNR clock: D is interpolated in lam, the rest is solved exactly, with or without noise."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from . import policy
from .space import Level
from .table import Stage, Step, evaluate, first_order, noise_seen
from .weights import exponential, weights

Policy = Callable[[Level, Level], float]


def ode(a: Level, b: Level) -> float:
    """No noise."""
    return 1.0


def rate(a: Level, b: Level, d: float) -> float:
    """How fast D's weight fades per lam in a step from a to b under the noise policy's d: 1 for the ODE, 1 + eta."""
    return 1.0 - math.log(d) / (b.lam - a.lam)


def interpolated(a: Level, b: Level, nodes: Sequence[Level], d: float) -> tuple[float, tuple[float, ...]]:
    """A and the weights of D at `nodes` for a step from a to b under the noise policy's d.

    A = d sigma'/sigma; the weights are alpha' times the exact integral with rate 1 - log(d)/h, scaled to the sum
    alpha' - A alpha that keeps the image right.
    """
    A = d * b.sigma / a.sigma
    w = exponential([node.lam for node in nodes], a.lam, b.lam, rate(a, b, d))
    scale = (b.alpha - A * a.alpha) / math.fsum(w)
    return A, tuple(scale * weight for weight in w)


def multistep(step: Step, d: float, order: int) -> tuple[Stage, ...]:
    """One evaluation; D interpolated through it and the last order - 1 ones (exponential Adams-Bashforth)."""
    nodes = (step.a, *step.past)[:order]
    here, landing = first_order(step, d)
    if len(nodes) == 1 or d == 0:
        return here, landing
    A, w = interpolated(step.a, step.b, nodes, d)
    return here, landing._replace(A=A, w=w)


def fresh(levels: Sequence[Level], law: Policy) -> tuple[float, ...]:
    """The noises at the last of `levels` (falling in noise) of the disjoint stretches between them.

    The last stretch brings what the law gives it; the earlier ones are what the levels before held, faded alike, so
    that all stages see one path and the sum is what the law gives the whole (SEEDS, 2305.14267, eq. 17).
    """
    noises: tuple[float, ...] = ()
    for left, right in pairwise(levels):
        whole, last = (policy.deviation(right, law(start, right)) for start in (levels[0], left))
        held = math.hypot(*noises)
        fade = math.sqrt(max(0.0, whole**2 - last**2)) / held if held else 0.0
        noises = (*(fade * noise for noise in noises), last)
    return noises


def staged(
    step: Step, c: Sequence[float], rows: Callable[[Sequence[Level], Policy], Sequence[Stage]], law: Policy = ode
) -> tuple[Stage, ...]:
    """A step with stages at the fractions `c` of it in lam; first order where alpha = 0 leaves no lam to divide.

    `rows(levels, law)` returns the stages after the first; `levels` are those of the start, the stages and the end.
    """
    if step.a.alpha == 0 or law(step.a, step.b) == 0:
        return first_order(step, law(step.a, step.b))
    levels = [step.a, *(step.at(fraction) for fraction in c), step.b]
    return evaluate(step.a), *rows(levels, law)


def stage(levels: Sequence[Level], k: int, using: Sequence[int], law: Policy, land: bool = False) -> Stage:
    """The stage at levels[k], D interpolated through the predictions at levels `using`, with the path's own noise.

    Registers are counted newest first: the predictions before stage k, back to the step's own start.
    """
    A, w = interpolated(levels[0], levels[k], [levels[j] for j in using], law(levels[0], levels[k]))
    return weighted(levels, k, A, _newest_first(w, using, k), law, land)


def weighted(levels: Sequence[Level], k: int, A: float, w: tuple[float, ...], law: Policy, land: bool = False) -> Stage:
    """The stage at levels[k] from given weights, with the path's own noise."""
    noise: tuple[float, ...] = ()
    if law(levels[0], levels[k]) < 1:  # on the way down only, so the levels before k in noise are those above it
        between = {at for at in levels[1:] if levels[k].sigma <= at.sigma < levels[0].sigma}
        noise = fresh([levels[0], *sorted(between, key=lambda at: -at.sigma)], law)
        while noise and noise[0] == 0.0:  # a stretch before noise starts, which no stage has any of
            noise = noise[1:]
    return Stage(levels[k].sigma, A, w, noise) if land else evaluate(levels[k], A, w, noise)


def solve(step: Step, c: Sequence[float], using: Sequence[Sequence[int]]) -> tuple[Stage, ...]:
    """DPM-Solver: stages at the fractions c of the step, then its end; stage k interpolates eps through using[k - 1].

    x'/alpha' = x/alpha - integral from lam to lam' of e^{-t} eps(t) dt: arXiv:2206.00927, eq. 3.4.
    """
    if step.a.alpha == 0:
        return first_order(step)
    levels = [step.a, *(step.at(fraction) for fraction in c), step.b]
    stages = [noise_seen(step.a, 1.0, ())]
    for k, chosen in enumerate(using, start=1):
        A, w = levels[k].alpha / step.a.alpha, eps_weights(levels[:k], chosen, levels[k])
        stages.append(noise_seen(levels[k], A, w) if k < len(using) else Stage(levels[k].sigma, A, w))
    return tuple(stages)


def eps_weights(levels: Sequence[Level], using: Sequence[int], end: Level) -> tuple[float, ...]:
    """The weights of eps at `levels`, newest first, in a step from the first of them to `end`.

    eps is interpolated through the levels that `using` counts; the others weigh nothing, and all do if it is empty.
    """
    if not using:
        return (0.0,) * len(levels)
    w = weights([levels[j].lam for j in using], levels[0].lam, end.lam, lambda t: -np.exp(-t))
    return _newest_first([end.alpha * weight for weight in w], using, len(levels))


def _newest_first(w: Sequence[float], using: Sequence[int], count: int) -> tuple[float, ...]:
    """The weights `w` of the registers that `using` counts from the oldest, among `count` of them, newest first."""
    place = dict(zip(using, w, strict=True))
    return tuple(place.get(j, 0.0) for j in reversed(range(count)))
