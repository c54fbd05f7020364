"""The coefficient table of a whole run: known, checked and priced before the first model call.

Stage k of step i makes x_k = A x_i + sum_j w_j F_j + sum_m B_m xi_m, then (unless it is the landing at the step's end)
evaluates D = model(x_k, sigma_k) and keeps the register F = p x_k + q D. Registers are counted from the newest back,
across steps. xi_m are the unit normals of the disjoint segments into which the stages cut the step.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise, takewhile
from typing import Any, NamedTuple

from . import policy
from .curve import at_step
from .space import Level, at_rho, level
from .spec import SAMPLERS, SamplerSpec


class Stage(NamedTuple):
    """One stage: where it lies (sigma), how it is made (A, w, B) and which register it leaves (p, q).

    q = 0 marks the landing at the end of a step: it is not evaluated.
    """

    sigma: float
    A: float
    w: tuple[float, ...] = ()
    B: tuple[float, ...] = ()
    p: float = 0.0
    q: float = 0.0


class Row(NamedTuple):
    """One step, from sigma to sigma_next. Its last stage lands on sigma_next."""

    sigma: float
    sigma_next: float
    stages: tuple[Stage, ...]

    def segments(self) -> list[tuple[float, float]]:
        """The disjoint stretches of noise (from, to), one for each xi: stages that use a new xi end its stretch."""
        ends: list[tuple[float, float]] = []
        start = self.sigma
        for stage in self.stages:
            if len(stage.B) > len(ends):
                ends.append((start, stage.sigma))
                start = stage.sigma
        return ends


class Kept(NamedTuple):
    """Where a register of an earlier run was taken, and what it is: F = p x + q D at sigma."""

    sigma: float
    p: float
    q: float


@dataclass(frozen=True, eq=False)
class Table:
    """All rows of a run. `history`: how many registers a later run may ask for; `past`: those it began with."""

    rows: tuple[Row, ...]
    space: str
    history: int = 0
    past: tuple[Kept, ...] = ()

    @cached_property
    def evaluations(self) -> int:
        """How often the model is called."""
        return sum(stage.q != 0 for row in self.rows for stage in row.stages)

    @cached_property
    def noise(self) -> tuple[float, ...]:
        """Standard deviation of the fresh noise in each step's result."""
        return tuple(math.hypot(*row.stages[-1].B) for row in self.rows)

    @cached_property
    def kept(self) -> tuple[Kept, ...]:
        """The registers that a run leaves for the next one, newest first."""
        own = [Kept(stage.sigma, stage.p, stage.q) for row in self.rows for stage in row.stages if stage.q]
        return (*reversed(own), *self.past)[: self.history]


class Step(NamedTuple):
    """What a sampler's builder sees: the ends of the step and where its earlier registers lie, newest first."""

    a: Level
    b: Level
    past: tuple[Level, ...] = ()
    space: str = "ve"

    @property
    def h(self) -> float:
        """The step in lam."""
        return self.b.lam - self.a.lam

    def between(self, sigma: float) -> Level:
        """The level at `sigma`."""
        return level(sigma, self.space)

    def at(self, c: float) -> Level:
        """The level at the fraction `c` of the step in lam."""
        return self.b if c == 1 else at_rho(math.exp(-(self.a.lam + c * self.h)), self.space)

    def overshoot(self, d: float) -> Level:
        """The level at rho_down = d rho', where the noise of policy d is still to be added."""
        return at_rho(d * self.b.rho, self.space)

    def renoise(self, stages: tuple[Stage, ...], d: float) -> tuple[Stage, ...]:
        """`stages` that land on the overshoot of d, brought up to the step's end with fresh noise."""
        *before, landing = stages
        up = self.b.alpha / level(landing.sigma, self.space).alpha
        w = tuple(up * weight for weight in landing.w)
        return *before, Stage(self.b.sigma, up * landing.A, w, (policy.deviation(self.b, d),))


def evaluate(at: Level, A: float = 1.0, w: Sequence[float] = (), B: Sequence[float] = ()) -> Stage:
    """A stage that keeps the model's prediction itself (F = D)."""
    return Stage(at.sigma, A, tuple(w), tuple(B), 0.0, 1.0)


def slope(at: Level, A: float = 1.0, w: Sequence[float] = (), B: Sequence[float] = ()) -> Stage:
    """A stage that keeps d = (x - D) / sigma, the derivative dx/dsigma."""
    return Stage(at.sigma, A, tuple(w), tuple(B), 1.0 / at.sigma, -1.0 / at.sigma)


def first_order(step: Step, d: float = 1.0) -> tuple[Stage, ...]:
    """Solve to d rho' with the newest prediction, fill up with noise: x' = A x + w D + B xi, right at every end.

    A = d sigma'/sigma keeps the noise right, w = alpha' - A alpha the image. d = 1 is Euler (DDIM).
    """
    a, b = step.a, step.b
    A = d * b.sigma / a.sigma
    return evaluate(a), Stage(b.sigma, A, (b.alpha - A * a.alpha,), (policy.deviation(b, d),))


@lru_cache(maxsize=64)
def tabulate(
    name: str, sigmas: tuple[float, ...], space: str, params: tuple[tuple[str, Any], ...], past: tuple[Kept, ...] = ()
) -> Table:
    """The table of sampler `name` over `sigmas`, from `past` registers on. ValueError as of `check_sigmas`."""
    spec = SAMPLERS.get(name)
    sigmas = check_sigmas(sigmas, space)
    given = dict(params)  # a tuple has one value a step: see core.curve
    levels = [level(sigma, space) for sigma in sigmas]
    seen = tuple(takewhile(lambda at: not _singular(spec, at), (level(kept.sigma, space) for kept in past)))
    if len(sigmas) > 1 and sigmas[-1] > sigmas[0] and _most(given.get("eta", 0.0)) > 0:
        raise ValueError("sigmas go up and eta is above 0: noise can only be added on the way down. Set eta to 0.")
    rows, s_noise = [], []
    for i, (a, b) in enumerate(pairwise(levels)):
        own = at_step(given, i)
        s_noise.append(own.pop("s_noise", 1.0))
        row = _row(spec, Step(a, b, seen, space), own)
        rows.append(row)
        kept = tuple(level(stage.sigma, space) for stage in reversed(row.stages) if stage.q)
        seen = () if _singular(spec, a) else (kept + seen)[: spec.history]
    check(Table(tuple(rows), space, spec.history, past))
    return Table(tuple(map(_scaled, rows, s_noise)), space, spec.history, past)


def _most(value: Any) -> float:
    return max(value) if isinstance(value, tuple) else value


def _scaled(row: Row, s_noise: float) -> Row:
    """`row` with every B times s_noise, and without the noise that is none."""
    return row._replace(stages=tuple(s._replace(B=_trimmed(tuple(s_noise * b for b in s.B))) for s in row.stages))


def _singular(spec: SamplerSpec, a: Level) -> bool:
    return spec.clock == "lam" and a.alpha == 0


def _row(spec: SamplerSpec, step: Step, params: dict[str, Any]) -> Row:
    a, b = step.a, step.b
    if a.sigma == b.sigma:
        return Row(a.sigma, b.sigma, (Stage(b.sigma, 1.0),))
    if _singular(spec, a):
        step = step._replace(past=())
    return Row(a.sigma, b.sigma, first_order(step) if b.sigma == 0 else spec.build(step, **params))


def _trimmed(noise: tuple[float, ...]) -> tuple[float, ...]:
    while noise and noise[-1] == 0.0:
        noise = noise[:-1]
    return noise


def check(table: Table, tolerance: float = 1e-6) -> None:
    """Push (alpha, sigma) through every row: the image must arrive with weight alpha', the noise with spread sigma'.

    Raises ArithmeticError naming the row: a sampler whose coefficients are wrong never gets to make a picture.
    """
    # What each register holds of (x0, the noise n), newest first.
    registers = [_content(kept, level(kept.sigma, table.space)) for kept in table.past]
    for i, row in enumerate(table.rows):
        here = level(row.sigma, table.space)
        for stage in row.stages:
            goal = level(stage.sigma, table.space)
            image = stage.A * here.alpha + sum(w * r[0] for w, r in zip(stage.w, registers, strict=False))
            noise = stage.A * here.sigma + sum(w * r[1] for w, r in zip(stage.w, registers, strict=False))
            spread = math.hypot(noise, *stage.B)
            if abs(image - goal.alpha) > tolerance or abs(spread - goal.sigma) > tolerance * max(1.0, goal.sigma):
                raise ArithmeticError(
                    f"step {i} ({row.sigma:g} to {row.sigma_next:g}): a stage at {stage.sigma:g} arrives with image "
                    f"{image:.9g} (must be {goal.alpha:.9g}) and noise {spread:.9g} (must be {goal.sigma:.9g})"
                )
            if stage.q:
                registers.insert(0, _content(stage, goal))


def _content(register: Stage | Kept, at: Level) -> tuple[float, float]:
    return register.p * at.alpha + register.q, register.p * at.sigma


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
            raise ValueError(f"sigmas[{i}] is {sigma}: on flow models sigma goes from 1 to 0. Is the schedule for VE?")
    rises = [b > a for a, b in pairwise(values) if a != b]
    if any(rises) and not all(rises):
        raise ValueError("sigmas go both up and down: give one direction, and run the other part by itself.")
    if any(rises) and values[0] == 0:
        raise ValueError("sigmas start at 0, where noise has no direction yet: start a rising run at 1e-4 or so.")
    return values
