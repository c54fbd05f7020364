"""The coefficient table of a whole run: known, checked and priced before the first model call.

Stage k of step i makes x_k = A x_i + sum_j w_j F_j + sum_m B_m xi_m, then (unless it is the landing at the step's end)
evaluates D = model(x_k, sigma_k) and keeps the register F = p x_k + q D. Registers are counted from the newest back,
across steps; where the unconditional prediction is asked for, every evaluation leaves two: F, and behind it U. xi_m are
the unit normals of the disjoint segments into which the stages cut the step.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from . import policy
from .space import Level, at_rho, level
from .vote import Vote, Weights


class Stage(NamedTuple):
    """One stage: where it lies (sigma), how it is made (A, w, B) and which register it leaves (p, q).

    q = 0 marks the landing at the end of a step: it is not evaluated. `spread`: by how much the model may raise the log
    variance of the noise, by its learned fraction from 0 to 1 (0: the model has no say). `vote`: for items that vote
    for it, another A and w.
    """

    sigma: float
    A: float
    w: tuple[float, ...] = ()
    B: tuple[float, ...] = ()
    p: float = 0.0
    q: float = 0.0
    spread: float = 0.0
    vote: Vote | None = None

    @property
    def weights(self) -> tuple[Weights, ...]:
        """All weights (A, w) that it may be made with, its own first."""
        return ((self.A, self.w), *(self.vote.others if self.vote else ()))


class Row(NamedTuple):
    """One step, from sigma to sigma_next. Its last stage lands on sigma_next.

    `step` is its place in the schedule; `visit` counts how often the run has jumped back to before it (restart).
    """

    sigma: float
    sigma_next: float
    stages: tuple[Stage, ...]
    step: int = 0
    visit: int = 0

    @property
    def jump(self) -> bool:
        """Whether this is a restart's way up, which no model call belongs to."""
        return self.sigma_next > self.sigma and self.visit > 0

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
    """All rows of a run. `history`: how many evaluations a later run may ask for; `past`: the registers it began with.

    `uncond`: every evaluation leaves the unconditional prediction as a second register.
    """

    rows: tuple[Row, ...]
    space: str
    history: int = 0
    past: tuple[Kept, ...] = ()
    uncond: bool = False

    @property
    def width(self) -> int:
        """How many registers an evaluation leaves."""
        return 2 if self.uncond else 1

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
        own: list[Kept] = []
        for stage in (stage for row in self.rows for stage in row.stages if stage.q):
            own += [Kept(stage.sigma, 0.0, 1.0)] * self.uncond + [Kept(stage.sigma, stage.p, stage.q)]
        return (*reversed(own), *self.past)[: self.history * self.width]

    @cached_property
    def between(self) -> bool:
        """Whether the model is called at levels that are not in the schedule."""
        levels = {level for row in self.rows for level in row[:2]}
        return any(stage.q != 0 and stage.sigma not in levels for row in self.rows for stage in row.stages)

    @cached_property
    def learned(self) -> bool:
        """Whether the model has a say in the noise."""
        return any(stage.spread for row in self.rows for stage in row.stages)


class Step(NamedTuple):
    """What a sampler's builder sees: the ends of the step and its earlier evaluations (`kept`), newest first.

    `n` is the number of steps of the run, `left` that of the steps behind this one if the run ends in 0 (else many);
    `previous` are the parameters of the step before.
    """

    a: Level
    b: Level
    kept: tuple[Kept, ...] = ()
    space: str = "ve"
    n: int = 1
    left: int = 1 << 30
    previous: Mapping[str, Any] = {}

    @property
    def past(self) -> tuple[Level, ...]:
        """Where the earlier evaluations lie."""
        return tuple(level(kept.sigma, self.space) for kept in self.kept)

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


def noise_seen(at: Level, A: float = 1.0, w: Sequence[float] = (), B: Sequence[float] = ()) -> Stage:
    """A stage that keeps eps = (x - alpha D) / sigma, the noise that the model sees."""
    return Stage(at.sigma, A, tuple(w), tuple(B), 1.0 / at.sigma, -at.alpha / at.sigma)


def first_order(step: Step, d: float = 1.0) -> tuple[Stage, ...]:
    """Solve to d rho' with the newest prediction, fill up with noise: x' = A x + w D + B xi, right at every end.

    A = d sigma'/sigma keeps the noise right, w = alpha' - A alpha the image. d = 1 is Euler (DDIM).
    """
    a, b = step.a, step.b
    A = d * b.sigma / a.sigma
    return evaluate(a), Stage(b.sigma, A, (b.alpha - A * a.alpha,), (policy.deviation(b, d),))


def check(table: Table, tolerance: float = 1e-6, marginal: bool = True) -> None:
    """Push (alpha, sigma) through every row: the image must arrive with weight alpha', the noise with spread sigma'.

    Raises ArithmeticError naming the row: a sampler whose coefficients are wrong never gets to make a picture. Without
    `marginal` only the image is checked.
    """
    # What each register holds, newest first: of x0, and of the noises: the one there was and those of this row.
    registers = [_content(kept, level(kept.sigma, table.space)) for kept in table.past]
    for i, row in enumerate(table.rows):
        here, earlier = level(row.sigma, table.space), len(registers)
        where = f"step {i} ({row.sigma:g} to {row.sigma_next:g})"
        for stage in row.stages:
            goal, noises = level(stage.sigma, table.space), [0.0]
            for weights in reversed(stage.weights):  # what the last leaves behind, goes on
                image, noises = _arriving(here, weights, stage.B, registers)
                spread = math.hypot(*noises)
                fits = not marginal or abs(spread - goal.sigma) <= tolerance * max(1.0, goal.sigma)
                if not (fits and abs(image - goal.alpha) <= tolerance):  # NaN fits nothing
                    raise ArithmeticError(
                        f"{where}: a stage at {stage.sigma:g} arrives with image {image:.9g} "
                        f"(must be {goal.alpha:.9g}) and noise {spread:.9g} (must be {goal.sigma:.9g})"
                    )
            for error in stage.vote.errors if stage.vote else ():
                image, _ = _arriving(here, error, (), registers)
                if not abs(image) <= tolerance:
                    raise ArithmeticError(f"{where}: an error to vote by holds image {image:.9g} (must be 0)")
            if stage.q:
                own = stage.p * goal.alpha + stage.q, tuple(stage.p * noise for noise in noises)
                registers[:0] = [own] + [(1.0, ())] * table.uncond
        new = len(registers) - earlier
        registers[:new] = [(data, (math.copysign(math.hypot(*held), sum(held)),)) for data, held in registers[:new]]
        del registers[table.history * table.width :]


def _arriving(
    here: Level, weights: Weights, B: tuple[float, ...], registers: list[tuple[float, tuple[float, ...]]]
) -> tuple[float, list[float]]:
    """Of x0 and of the noises, how much is in A x + sum_j w_j F_j + sum_m B_m xi_m."""
    A, w = weights
    used = list(zip(w, registers, strict=False))
    noises = [A * here.sigma, *B]
    for weight, (_, held) in used:
        noises += [0.0] * (len(held) - len(noises))
        noises[: len(held)] = [noise + weight * part for noise, part in zip(noises, held, strict=False)]
    return A * here.alpha + sum(weight * held[0] for weight, held in used), noises


def _content(register: Kept, at: Level) -> tuple[float, tuple[float, ...]]:
    return register.p * at.alpha + register.q, (register.p * at.sigma,)
