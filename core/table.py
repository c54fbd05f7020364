"""The coefficient table of a whole run: known, checked and priced before the first model call.

Stage k of step i makes x_k = A x_i + sum_j w_j F_j + sum_m B_m xi_m, then (unless it is the landing at the step's end)
evaluates D = model(x_k, sigma_k) and keeps the register F = p x_k + q D. Registers are counted from the newest back,
across steps; where the unconditional prediction U is asked for, every evaluation leaves two: F, behind it u x_k + U.
xi_m are the unit normals of the disjoint segments into which the stages cut the step.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from . import policy
from .space import Level, at_rho, level

ALL = 1 << 30
"""More steps, or registers, than any run has."""


class Stage(NamedTuple):
    """One stage: where it lies (sigma), how it is made (A, w, B) and which register it leaves (p, q).

    q = 0 marks the landing at the end of a step: it is not evaluated. `spread`: by how much the model may raise the log
    variance of the noise, by its learned fraction from 0 to 1 (0: no say). `u`: how much x is in the second register.
    """

    sigma: float
    A: float
    w: tuple[float, ...] = ()
    B: tuple[float, ...] = ()
    p: float = 0.0
    q: float = 0.0
    spread: float = 0.0
    u: float = 0.0


class Row(NamedTuple):
    """One step, from sigma to sigma_next. Its last stage lands on sigma_next.

    `step` is its place in the schedule; `visit` counts how often the run has jumped back to before it (restart).
    `leaves` False: later rows do not see its registers. `used`: how many of the earlier ones it was allowed to see.
    """

    sigma: float
    sigma_next: float
    stages: tuple[Stage, ...]
    step: int = 0
    visit: int = 0
    leaves: bool = True
    used: int = ALL

    @property
    def noisy(self) -> bool:
        """Whether it adds noise."""
        return any(any(stage.B) for stage in self.stages)

    @property
    def kept(self) -> tuple[Kept, ...]:
        """The registers that it leaves, newest first."""
        made = [stage for stage in reversed(self.stages) if stage.q and self.leaves]
        return tuple(Kept(stage.sigma, stage.p, stage.q, self.noisy, self.used, stage.u) for stage in made)

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


class Draw(NamedTuple):
    """What one draw of unit normals is for: between which levels, how often the run has been there, and its stream."""

    sigma: float
    sigma_next: float
    visit: int = 0
    stream: str = "step"


class Kept(NamedTuple):
    """Where a register was taken, and what it is: F = p x + q D at sigma, and behind it u x + U.

    `noisy`: the step from there adds noise; `used`: how many older ones it might look back on, None where a step came
    after it that left none.
    """

    sigma: float
    p: float
    q: float
    noisy: bool = False
    used: int | None = ALL
    u: float = 0.0


@dataclass(frozen=True, eq=False)
class Table:
    """All rows of a run. `history`: how many evaluations a later run may ask for; `past`: the registers it began with.

    `uncond`: every evaluation leaves a second register. `left`: what a later run may look back on, newest first.
    `others`: the tables of further streams in the same latent, called where this one is.
    """

    rows: tuple[Row, ...]
    space: str
    history: int = 0
    past: tuple[Kept, ...] = ()
    uncond: bool = False
    left: tuple[Kept, ...] = ()
    others: tuple[Part, ...] = ()

    @property
    def width(self) -> int:
        """How many registers an evaluation leaves."""
        return 2 if self.uncond else 1

    @cached_property
    def evaluations(self) -> int:
        """How often the model is called."""
        return len(self.called_at)

    @cached_property
    def called_at(self) -> tuple[float, ...]:
        """The sigmas at which the model is called, in order."""
        return tuple(stage.sigma for row in self.rows for stage in row.stages if stage.q)

    @cached_property
    def noise(self) -> tuple[float, ...]:
        """Standard deviation of the fresh noise in each step's result."""
        return tuple(math.hypot(*row.stages[-1].B) for row in self.rows)

    @cached_property
    def kept(self) -> tuple[Kept, ...]:
        """The registers that a run leaves for the next one, newest first."""
        parts = [(kept, kept._replace(p=kept.u, q=1.0))[: self.width] for kept in self.left]
        return tuple(part for both in parts for part in both)

    @cached_property
    def between(self) -> bool:
        """Whether the model is called at levels that are not in the schedule."""
        return not {level for row in self.rows for level in row[:2]}.issuperset(self.called_at)

    @cached_property
    def learned(self) -> bool:
        """Whether the model has a say in the noise."""
        return any(stage.spread for row in self.rows for stage in row.stages)


class Part(NamedTuple):
    """A further stream of a latent (`core.streams`): `size` numbers of its last axis from `start` on, and their table.

    `scale`: at which it is carried; `free`: has its own parameters. `kept`: what it leaves, on its own levels."""

    start: int
    size: int
    table: Table
    scale: float
    free: bool
    kept: tuple[Kept, ...] = ()

    @property
    def cut(self) -> slice:
        """Its numbers in the last axis."""
        return slice(self.start, self.start + self.size)


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
    left: int = ALL
    previous: Mapping[str, Any] = {}

    @property
    def past(self) -> tuple[Level, ...]:
        """Where the earlier evaluations lie."""
        return tuple(level(kept.sigma, self.space) for kept in self.kept)

    @property
    def follows(self) -> bool:
        """Whether the newest register is from the start of the step that led here, which can be corrected then."""
        return bool(self.kept) and self.kept[0].used is not None

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
