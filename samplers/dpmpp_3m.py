"""DPM-Solver++(3M) and its SDE: two memories."""

import math

from ..core import policy
from ..core.spec import CLOCK, ETA, S_NOISE, sampler
from ..core.table import Stage, Step, first_order

PAPER = "Lu et al. 2022, arXiv:2211.01095; k-diffusion's sample_dpmpp_3m_sde (Crowson)"


@sampler("DPM++ 3M", family="multistep", order=2, history=2, clock="lam", params=(CLOCK,), reference=PAPER)
def dpmpp_3m(step: Step) -> tuple[Stage, ...]:
    """DPM++ with two memories, as users know it; dpmpp_3m_exact has the weight that third order asks for.

    Its last term has half that weight, so its order is 2; with few steps that is the better choice.
    """
    return _three_point(step, 1.0)


@sampler("DPM++ 3M SDE", family="sde", order=2, history=2, clock="lam", params=(ETA, S_NOISE), reference=PAPER)
def dpmpp_3m_sde(step: Step, *, eta: float) -> tuple[Stage, ...]:
    """The smoothest of the DPM++ SDE family, best from 20 steps with an exponential schedule. eta 0 is DPM++ 3M."""
    return _three_point(step, policy.sde(step.a, step.b, eta))


def _three_point(step: Step, d: float) -> tuple[Stage, ...]:
    """x' = A x + alpha' (1 - e^{-H}) D + alpha' phi_2 D1 - alpha' phi_3 D2, as in k-diffusion; H = h - log d.

    D1 and D2 are the first and second divided differences of D in lam, in units of the step, from the newest prediction
    back. Third order asks for 2 phi_3 (res_3m has it).
    """
    here, landing = first_order(step, d)
    if not step.past or d == 0:
        return here, landing
    (base,) = landing.w
    H = step.h - math.log(d)
    phi2 = step.b.alpha - base / H  # alpha' (1 - (1 - e^{-H}) / H)
    r0 = (step.a.lam - step.past[0].lam) / step.h
    if len(step.past) == 1:
        return here, landing._replace(w=(base + phi2 / r0, -phi2 / r0))
    r1 = (step.past[0].lam - step.past[1].lam) / step.h
    phi3 = phi2 / H - step.b.alpha / 2
    # All below are weights on (D, D_1, D_2): the slopes of the last two stretches, and D1 and D2 of them.
    newer, older = (1 / r0, -1 / r0, 0.0), (0.0, 1 / r1, -1 / r1)
    D2 = [(n - o) / (r0 + r1) for n, o in zip(newer, older, strict=True)]
    D1 = [n + r0 * c for n, c in zip(newer, D2, strict=True)]
    extra = [phi2 * one - phi3 * two for one, two in zip(D1, D2, strict=True)]
    return here, landing._replace(w=(base + extra[0], extra[1], extra[2]))
