"""DPM2: k-diffusion's take on DPM-Solver-2, a midpoint step with the middle in log sigma; and its ancestral form."""

import math

from ..core import policy
from ..core.spec import CHURN, ETA, LAW, S_NOISE, sampler
from ..core.table import Stage, Step, first_order, slope

PAPER = "k-diffusion's sample_dpm_2 (Crowson), after Lu et al. 2022, arXiv:2206.00927, and Karras et al. 2022"


@sampler("DPM2", family="one-step", order=2, evals_per_step=2, params=CHURN, reference=PAPER)
def dpm_2(step: Step) -> tuple[Stage, ...]:
    """Looks ahead to the geometric middle of the step and takes the slope found there. Two evaluations a step.

    x' = x + (sigma' - sigma) d(sqrt(sigma sigma')), in sigma on VE and on flow.
    """
    a, b = step.a, step.b
    middle = step.between(math.sqrt(a.sigma * b.sigma))
    ahead = slope(middle, 1.0, (middle.sigma - a.sigma,))
    return slope(a), ahead, Stage(b.sigma, 1.0, (b.sigma - a.sigma, 0.0))


@sampler("DPM2 ancestral", family="ancestral", order=2, evals_per_step=2, params=(ETA, S_NOISE, LAW), reference=PAPER)
def dpm_2_ancestral(step: Step, *, eta: float, law: str) -> tuple[Stage, ...]:
    """DPM2 that goes too far down and comes back up with fresh noise. eta 0 is DPM2.

    Goes to rho_down as euler_ancestral does, then x' = (alpha'/alpha_down) x_down + noise; exact on VE and on flow.
    """
    d = policy.LAWS[law](step.a, step.b, eta)
    if d == 1.0:
        return dpm_2(step)
    down = step.overshoot(d)
    if down.sigma == 0:
        return first_order(step, d)
    return step.renoise(dpm_2(step._replace(b=down)), d)
