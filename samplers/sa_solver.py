"""SA-Solver: a stochastic Adams method, predictor and corrector, with noise in the middle of the run only."""

from __future__ import annotations

from dataclasses import dataclass, replace

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
    tau: float
    tau_start: float
    tau_end: float
    predictor_order: int
    corrector_order: int

    def kept(self, a: Level, b: Level) -> float:
        """d = e^{-tau^2 h} in the interval of noise, 1 outside of it."""
        return max(policy.sa(a, b, self.tau), 1e-12) if self.tau_start >= b.sigma >= self.tau_end else 1.0

    def predict(self, a: Level, b: Level, nodes: tuple[Level, ...], left: int) -> tuple[float, ...]:
        """The weights of the newest predictions for a step from a to b; fewer of them near the end of the run."""
        return interpolated(a, b, nodes[: min(self.predictor_order, left)], self.kept(a, b))[1]

    def correct(self, step: Step, past: tuple[Level, ...]) -> list[float]:
        """What the weights of D at a, and at `past`, change in the step that led to a. Its noise stays as it was."""
        return replace(self, tau=step.previous.get("tau", self.tau))._change(step.a, past, step.left)

    def _change(self, a: Level, past: tuple[Level, ...], left: int) -> list[float]:
        last = past[0]
        nodes = (a, *past)[: min(self.corrector_order, left + 1)]
        right = interpolated(last, a, nodes, self.kept(last, a))[1]
        wrong = self.predict(last, a, past, left + 1)
        size = max(len(right), len(wrong) + 1)
        return [_at(right, j) - (_at(wrong, j - 1) if j else 0.0) for j in range(size)]


def _at(values: tuple[float, ...] | list[float], j: int) -> float:
    return values[j] if j < len(values) else 0.0


@sampler("SA-Solver", history=4, **SA)
def sa_solver(
    step: Step, *, tau: float, tau_start: float, tau_end: float, predictor_order: int, corrector_order: int
) -> tuple[Stage, ...]:
    """Noise where it does most good, in the middle of the run, and a free correction: from 10 to 30 steps.

    Predicts with three predictions; every new one corrects the step before, which joins this step's sum. The orders
    fall in the last steps.
    """
    method = _Method(tau, tau_start, tau_end, predictor_order, corrector_order)
    a, b = step.a, step.b
    here, landing = first_order(step, method.kept(a, b))
    if not step.past:
        return here, landing
    ahead = method.predict(a, b, (a, *step.past), step.left)
    change = method.correct(step, step.past)
    w = tuple(_at(ahead, j) + landing.A * _at(change, j) for j in range(max(len(ahead), len(change))))
    return here, landing._replace(w=w)


@sampler("SA-Solver PECE", history=8, evals_per_step=2, integrates_to_zero=True, **SA)
def sa_solver_pece(
    step: Step, *, tau: float, tau_start: float, tau_end: float, predictor_order: int, corrector_order: int
) -> tuple[Stage, ...]:
    """SA-Solver that asks the model again after each correction: twice the cost, for many steps.

    Its memory is of the corrected predictions only: every other register.
    """
    method = _Method(tau, tau_start, tau_end, predictor_order, corrector_order)
    a, b, past = step.a, step.b, step.past[::2]
    here, landing = first_order(step, method.kept(a, b) if b.sigma else 1.0)
    if not past:
        return here, landing
    change = method.correct(step, past)
    again = evaluate(a, 1.0, [change[0], *(weight for later in change[1:] for weight in (later, 0.0))][:-1])
    if b.sigma == 0:
        return here, again, Stage(0.0, 0.0, (1.0,))
    ahead = method.predict(a, b, (a, *past), step.left)
    # registers: the corrected prediction, the uncorrected one, then the same of the steps before
    slots = [0.0] * (2 * max(len(ahead), len(change)))
    for j, weight in enumerate(ahead):
        slots[2 * j] += weight
    for j, weight in enumerate(change):
        slots[2 * j if j else 1] += landing.A * weight
    return here, again, landing._replace(w=tuple(slots))
