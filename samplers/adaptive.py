"""Samplers that choose their own steps: a pair of solutions of neighbouring order says how far off they are."""

import math

from ..core.adaptive import control
from ..core.exponential import solve
from ..core.spec import Param, sampler
from ..core.table import Stage, Step, slope

ORDER = Param("order", 3, "int", min=2, max=3, help="Of the pair: 3 and 2, or 2 and 1.")


@sampler(
    "DPM adaptive",
    family="adaptive",
    order=3,
    evals_per_step=3,
    clock="lam",
    noise="brownian",
    adaptive=True,
    params=(ORDER, *control(p=0.0, i=1.0)),
    reference="Lu et al. 2022, arXiv:2206.00927, appendix C (DPM-Solver-12 and -23); control: k-diffusion (Crowson)",
)
def dpm_adaptive(step: Step, *, order: int, **_: float) -> tuple[Stage, ...]:
    """Chooses its own steps between the ends of your schedule, by its own error: exact, at 30 to 100 evaluations.

    DPM-Solver 3 beside DPM-Solver 2; your number of steps does not matter. How many tries were rejected is reported.
    """
    whole = -step.b.sigma * math.expm1(step.h)  # the weight of eps in an Euler step

    def second(r: float) -> tuple[float, float]:
        """DPM-Solver-2's weights of eps at the look ahead to r, and at the start."""
        return whole / (2 * r), whole * (1 - 1 / (2 * r))

    if order == 2:
        *stages, high = solve(step, [0.5], [[0], [1]])
        return *stages, high._replace(w=(0.0, whole)), high._replace(w=second(0.5))
    *stages, high = solve(step, [1 / 3, 2 / 3], [[0], [0, 1], [0, 2]])
    return *stages, high._replace(w=(0.0, *second(1 / 3))), high


@sampler(
    "Runge-Kutta adaptive",
    family="adaptive",
    order=3,
    evals_per_step=4,
    noise="brownian",
    adaptive=True,
    params=control(p=0.4, i=0.3),
    reference="Bogacki and Shampine 1989, doi:10.1016/0893-9659(89)90079-7; PI control: Hairer and Wanner, IV.2",
)
def rk_adaptive(step: Step, **_: float) -> tuple[Stage, ...]:
    """Chooses its own steps in plain sigma: three evaluations each, the fourth is the next step's first.

    The Bogacki-Shampine pair of third and second order; your number of steps does not matter.
    """
    a, b = step.a, step.b
    width = b.sigma - a.sigma
    half, most = step.between(a.sigma + width / 2), step.between(a.sigma + 0.75 * width)
    high = [width * weight for weight in (4 / 9, 1 / 3, 2 / 9)]
    low = tuple(width * weight for weight in (1 / 8, 1 / 3, 1 / 4, 7 / 24))
    return (
        slope(a),
        slope(half, 1.0, (width / 2,)),
        slope(most, 1.0, (0.75 * width, 0.0)),
        slope(b, 1.0, high),
        Stage(b.sigma, 1.0, low),
        Stage(b.sigma, 1.0, (0.0, *high)),
    )
