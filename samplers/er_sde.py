"""ER-SDE: the extended reverse-time SDE, with a freely chosen amount of noise at every level."""

import math

import numpy as np

from ..core import policy
from ..core.space import Level
from ..core.spec import S_NOISE, Param, sampler
from ..core.table import Stage, Step, first_order
from ..core.weights import weights

KINDS = ("er_sde", "reverse_sde", "ode")


def _phi(kind: str, rho):
    """The noise function: x (e^{x^0.3} + 10) for ER-SDE, x^2 for the reverse SDE (eta 1), x for the ODE."""
    if kind == "er_sde":
        return rho * (np.exp(rho**0.3) + 10)
    return rho**2 if kind == "reverse_sde" else rho


def _slope(kind: str, rho):
    """d phi / d rho."""
    if kind == "er_sde":
        return np.exp(rho**0.3) * (1 + 0.3 * rho**0.3) + 10
    return 2 * rho if kind == "reverse_sde" else np.ones_like(rho)


def _kept(kind: str, a: Level, b: Level) -> float:
    """d = phi(rho')/phi(rho) rho/rho', with the start of noise in place of an infinite rho."""
    if kind == "ode":
        return 1.0
    high, low = (min(at.rho, math.exp(-policy.LAM_START)) for at in (a, b))
    return min(1.0, float(_phi(kind, low) / _phi(kind, high) * high / low))


@sampler(
    "ER-SDE",
    family="sde",
    order=2,
    history=2,
    clock="lam",
    ode={"solver_type": "ode"},
    params=(
        S_NOISE,
        Param("max_stage", 3, "int", min=1, max=3, help="How many predictions are used, the newest one included."),
        Param("solver_type", "er_sde", "choice", choices=KINDS, help="How much noise: its own, eta 1's, none."),
    ),
    reference="Cui et al. 2023, arXiv:2309.06169, Algorithms 1-3",
)
def er_sde(step: Step, *, max_stage: int, solver_type: str) -> tuple[Stage, ...]:
    """Much noise early, little late: rich yet clean, from 10 steps. One evaluation a step.

    With r = phi(rho')/phi(rho): x'/alpha' = r x/alpha + phi(rho') integral of phi'/phi^2 (D + D_rho (u - rho) + ..),
    the integrals by Gauss-Legendre in place of ComfyUI's sums of 200.
    """
    a, b = step.a, step.b
    d = _kept(solver_type, a, b)
    here, landing = first_order(step, d)
    solver_type = solver_type if d < 1 else "ode"  # before noise starts
    nodes = [at.rho for at in (a, *step.past)][:max_stage]
    if len(nodes) == 1:
        return here, landing
    scale = b.alpha * float(_phi(solver_type, b.rho))

    def moment(power: int) -> float:
        """What (u - rho)^power adds to x': alpha' phi(rho') integral from rho' to rho of phi'/phi^2 (u - rho)^power."""

        def measure(u):
            return _slope(solver_type, u) / _phi(solver_type, u) ** 2 * (u - a.rho) ** power

        return scale * weights([0.0], b.rho, a.rho, measure)[0]

    # Algorithm 3: D_rho and D_rho_rho are divided differences of the predictions, here as weights on (D, D_1, D_2).
    first = np.array([1.0, -1.0, 0.0]) / (nodes[0] - nodes[1])
    w = np.array([landing.w[0], 0.0, 0.0]) + moment(1) * first
    if len(nodes) == 3:
        second = np.array([0.0, 1.0, -1.0]) / (nodes[1] - nodes[2])
        w += moment(2) / 2 * (first - second) / ((nodes[0] - nodes[2]) / 2)
    return here, landing._replace(w=tuple(float(weight) for weight in w[: len(nodes)]))
