"""Heun: the trapezoidal rule, two evaluations a step."""

from ..core.spec import CHURN, sampler
from ..core.table import Stage, Step, slope


@sampler(
    "Heun",
    family="one-step",
    order=2,
    evals_per_step=2,
    params=CHURN,
    reference="Karras et al. 2022, arXiv:2206.00364, Algorithms 1 and 2",
)
def heun(step: Step) -> tuple[Stage, ...]:
    """Looks ahead with Euler and steps along the mean of both slopes: accurate and sturdy, at two evaluations a step.

    x' = x + (sigma' - sigma) (d + d')/2 with d = (x - D)/sigma, on VE and on flow; the step to 0 is Euler's.
    """
    a, b = step.a, step.b
    width = b.sigma - a.sigma
    return slope(a), slope(b, 1.0, (width,)), Stage(b.sigma, 1.0, (width / 2, width / 2))
