"""RES 4S: the exponential Runge-Kutta method of fourth (stiff) order, in log-SNR."""

import math

import numpy as np

from ..core.exponential import ode, staged, weighted
from ..core.space import Level
from ..core.spec import sampler
from ..core.table import Stage, Step
from ..core.weights import weights


def _phi(a: Level, b: Level) -> list[float]:
    """(b - a) phi_k(a - b) in lam for k = 1, 2, 3: the weights of 1, t and t^2/2 in a step, t from 0 to 1 in it."""
    h = b.lam - a.lam

    def moment(power: int) -> float:
        def measure(lam):
            return np.exp(lam - b.lam) * ((lam - a.lam) / h) ** power / math.factorial(power)

        return weights([0.0], a.lam, b.lam, measure)[0]

    return [moment(power) for power in range(3)]


def _coefficients(start: Level, middle: Level, end: Level) -> list[list[float]]:
    """h a_ij of the stages 2 to 5 and h b_j of the end, oldest prediction first, for c = (0, 1/2, 1/2, 1, 1/2).

    Eq. 5.19, with phi_j(-h/2) as half1 ... half3 and phi_j(-h) as full1 ... full3, times h. Its order 4 holds however
    fast D's weight fades (stiff order), for which it needs the fifth stage, a second look at the middle.
    """
    # half a step's weights, doubled to be in units of the whole
    half1, half2, half3 = (2 * phi for phi in _phi(start, middle))
    full1, full2, full3 = _phi(start, end)
    a52 = half2 / 2 - full3 + full2 / 4 - half3 / 2
    a54 = half2 / 4 - a52
    return [
        [half1 / 2],
        [half1 / 2 - half2, half2],
        [full1 - 2 * full2, full2, full2],
        [half1 / 2 - 2 * a52 - a54, a52, a52, a54],
        [full1 - 3 * full2 + 4 * full3, 0.0, 0.0, 4 * full3 - full2, 4 * full2 - 8 * full3],
    ]


@sampler(
    "RES 4S",
    family="one-step",
    order=4,
    evals_per_step=5,
    clock="lam",
    reference="Hochbruck and Ostermann 2005, doi:10.1137/040611434, eq. 5.19",
)
def res_4s(step: Step) -> tuple[Stage, ...]:
    """Exponential Runge-Kutta of fourth order. Five evaluations a step: for reference pictures, from 20 steps."""

    def rows(levels, law):
        stages = []
        for k, row in enumerate(_coefficients(levels[0], levels[1], levels[5]), start=1):
            at = levels[k]
            w = tuple(at.alpha * weight for weight in reversed(row))
            stages.append(weighted(levels, k, at.sigma / levels[0].sigma, w, law, land=k == 5))
        return stages

    return staged(step, [0.5, 0.5, 1.0, 0.5], rows, ode)
