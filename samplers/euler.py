"""Euler: one straight step along the ODE, in sigma."""

from ..core.spec import CHURN, alias, sampler
from ..core.table import Stage, Step, first_order

PAPER = "Karras et al. 2022, arXiv:2206.00364, Algorithm 1; DDIM: Song et al. 2020, arXiv:2010.02502"


@sampler("Euler", family="one-step", order=1, params=CHURN, reference=PAPER)
def euler(step: Step) -> tuple[Stage, ...]:
    """The plain ODE step: cheap, smooth, repeatable, and the yardstick for all others. Wants 20 steps or more.

    x' = (sigma'/sigma) x + (alpha' - alpha sigma'/sigma) D, which is dx/dsigma = (x - D)/sigma over one step on VE
    and on flow alike.
    """
    return first_order(step)


alias("ddim", "euler", "DDIM", "Euler under its first name: DDIM with eta 0 is the same step.", PAPER)
