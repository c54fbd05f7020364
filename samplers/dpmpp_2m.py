"""DPM-Solver++(2M) and its SDE: second order from one evaluation a step, by the memory of the last."""

import math

from ..core import policy
from ..core.spec import CLOCK, ETA, S_NOISE, Param, sampler
from ..core.table import Stage, Step, first_order

PAPER = "Lu et al. 2022, arXiv:2211.01095, Algorithm 2 and eq. 14-18; SDE: k-diffusion (Crowson)"


@sampler("DPM++ 2M", family="multistep", order=2, history=1, clock="lam", params=(CLOCK,), reference=PAPER)
def dpmpp_2m(step: Step) -> tuple[Stage, ...]:
    """The all-round ODE sampler: one evaluation a step, second order, good from 10 to 30 steps.

    x' = (sigma'/sigma) x + alpha'(1 - e^{-h}) (D + (D - D_1)/(2r)), r = h_1/h, in log-SNR, or, on flow, in -log sigma.
    """
    return _two_point(step, 1.0, "midpoint")


@sampler(
    "DPM++ 2M SDE",
    family="sde",
    order=2,
    history=1,
    clock="lam",
    params=(
        ETA,
        S_NOISE,
        Param("solver_type", "midpoint", "choice", choices=("midpoint", "heun"), help="How the memory is weighed."),
    ),
    reference=PAPER,
)
def dpmpp_2m_sde(step: Step, *, eta: float, solver_type: str) -> tuple[Stage, ...]:
    """DPM++ 2M with noise: corrects its own errors as it goes, fine detail, good from 15 steps. eta 0 is DPM++ 2M.

    As dpmpp_2m with H = (1 + eta) h in place of h, x scaled by e^{-eta h}, and noise sigma' sqrt(1 - e^{-2 eta h}).
    """
    return _two_point(step, policy.sde(step.a, step.b, eta), solver_type)


def _two_point(step: Step, d: float, solver_type: str) -> tuple[Stage, ...]:
    """First order under the policy's d, and (D - D_1) at the weight that `solver_type` gives it; H = h - log d."""
    here, landing = first_order(step, d)
    if not step.past or d == 0:
        return here, landing
    (base,) = landing.w
    r = (step.a.lam - step.past[0].lam) / step.h
    if solver_type == "midpoint":  # the weight of D - D_1: alpha' (1 - e^{-H}) / (2r)
        memory = base / (2 * r)
    else:  # alpha' (1 - (1 - e^{-H}) / H) / r, exact for D linear in lam
        H = step.h - math.log(d)
        memory = (step.b.alpha - base / H) / r
    return here, landing._replace(w=(base + memory, -memory))
