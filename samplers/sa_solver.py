"""SA-Solver: a stochastic Adams method, predictor and corrector, with noise in the middle of the run only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from ..core import policy
from ..core.exponential import interpolated
from ..core.space import Level
from ..core.spec import S_NOISE, Param, sampler
from ..core.table import Stage, Step, evaluate, first_order

PAPER = "Xue et al. 2023, arXiv:2309.05019, Algorithm 1 and eq. 15-18"
PARAMS = (
    Param("tau", 1.0, min=0.0, max=10.0, help="Strength of the noise, in its interval. 0: none, an ODE sampler."),
    S_NOISE,
    Param("tau_start", 6.0, min=0.0, help="Noise only in steps that end at this sigma or below."),
    Param("tau_end", 0.5, min=0.0, help="Noise only in steps that end at this sigma or above."),
    Param("predictor_order", 3, "int", min=1, max=4, help="Predictions that a step looks back on."),
    Param(
        "corrector_order", 4, "int", min=1, max=4, help="Predictions that its correction uses, the new one included."
    ),
)
SA = {"family": "sde", "order": 4, "clock": "lam", "params": PARAMS, "ode": {"tau": 0.0}, "reference": PAPER}


@dataclass(frozen=True)
class _Method:
    """A run's parameters, and what they make of a step: its noise, predictor and corrector."""

    tau: float
    tau_start: float
    tau_end: float
    predictor_order: int
    corrector_order: int

    def kept(self, a: Level, b: Level) -> float:
        """d = e^{-tau^2 h} (`core.policy.sa`) for steps that end in the interval of noise, 1 for others."""
        return max(policy.sa(a, b, self.tau), 1e-12) if self.tau_start >= b.sigma >= self.tau_end else 1.0

    def predict(self, a: Level, b: Level, nodes: tuple[Level, ...], left: int) -> tuple[float, ...]:
        """The weights of the newest predictions for a step from a to b; at most `left`, the steps still to come."""
        return interpolated(a, b, nodes[: min(self.predictor_order, left)], self.kept(a, b))[1]

    def correct(self, step: Step, past: tuple[Level, ...], seen: int) -> Sequence[float]:
        """What the weights of D at a, and at `past`, change in the step that led to a. Its noise stays as it was.

        That step was made with the tau that it had, if tau is a curve. `seen`: how many of `past` it had, its own start
        included. Nothing where no such step led to a.
        """
        if not past or not step.follows:
            return ()
        return replace(self, tau=step.previous.get("tau", self.tau))._change(step.a, past, step.left, seen)

    def _change(self, a: Level, past: tuple[Level, ...], left: int, seen: int) -> Sequence[float]:
        """The corrector's weights less the predictor's, newest first, of the step from past[0] to a."""
        last = past[0]
        nodes = (a, *past)[: min(self.corrector_order, left + 1)]
        right = interpolated(last, a, nodes, self.kept(last, a))[1]
        wrong = self.predict(last, a, past[:seen], left + 1)
        return _plus(right, -1.0, (0.0, *wrong))


def _plus(one: Sequence[float], share: float, other: Sequence[float]) -> tuple[float, ...]:
    """one + share x other; the shorter of them goes on with zeros."""
    return tuple(x + share * y for x, y in zip_longest(one, other, fillvalue=0.0))


@sampler("SA-Solver", history=4, **SA)
def sa_solver(
    step: Step, *, tau: float, tau_start: float, tau_end: float, predictor_order: int, corrector_order: int
) -> tuple[Stage, ...]:
    """Noise where it does most good, in the middle of the run, and a free correction: from 10 to 30 steps.

    Every new prediction corrects the step before, which joins this step's sum. The orders fall in the last steps.
    """
    method = _Method(tau, tau_start, tau_end, predictor_order, corrector_order)
    a, b = step.a, step.b
    here, landing = first_order(step, method.kept(a, b))
    if not step.past:
        return here, landing
    ahead = method.predict(a, b, (a, *step.past), step.left)
    change = method.correct(step, step.past, 1 + (step.kept[0].used or 0))
    return here, landing._replace(w=_plus(ahead, landing.A, change))


@sampler("SA-Solver PECE", history=8, evals_per_step=2, integrates_to_zero=True, **SA)
def sa_solver_pece(
    step: Step, *, tau: float, tau_start: float, tau_end: float, predictor_order: int, corrector_order: int
) -> tuple[Stage, ...]:
    """SA-Solver that asks the model again after each correction: twice the cost, for many steps.

    Its memory is of the corrected predictions only: the newer one of two at a level.
    """
    method = _Method(tau, tau_start, tau_end, predictor_order, corrector_order)
    a, b = step.a, step.b
    here, landing = first_order(step, method.kept(a, b) if b.sigma else 1.0)
    places = [j for j, level in enumerate(step.past) if j == 0 or level != step.past[j - 1]]
    if not places:
        return here, landing
    past = tuple(step.past[j] for j in places)
    made = sum(level == past[0] for level in step.past)  # registers of the step before
    change = method.correct(step, past, sum(j < made + (step.kept[0].used or 0) for j in places))
    if not change:
        plain = method.predict(a, b, (a, *past), step.left) if b.sigma else landing.w
        return here, landing._replace(w=_placed(plain, 0, [1 + j for j in places]))
    again = evaluate(a, 1.0, _placed(change, 0, [1 + j for j in places]))
    if b.sigma == 0:
        return here, again, Stage(0.0, 0.0, (1.0,))
    ahead = _placed(method.predict(a, b, (a, *past), step.left), 0, [2 + j for j in places])
    changed = _placed(change, 1, [2 + j for j in places])  # the correction knew the uncorrected prediction only
    return here, again, landing._replace(w=_plus(ahead, landing.A, changed))


def _placed(weights: Sequence[float], newest: int, places: Sequence[int]) -> tuple[float, ...]:
    """Weights of the newest prediction and of older ones, put where their registers are."""
    slots = dict(zip([newest, *places], weights, strict=False))
    return tuple(slots.get(j, 0.0) for j in range(max(slots) + 1))
