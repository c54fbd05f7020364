"""RES 2M that overshoots and comes back up with fresh noise: ComfyUI's res_multistep_ancestral."""

from ..core import policy
from ..core.exponential import interpolated
from ..core.space import Level, at_rho
from ..core.spec import ETA, S_NOISE, sampler
from ..core.table import Stage, Step, first_order
from .res import RES


def solved_from(step: Step, eta: float) -> Level:
    """Where an ancestral step puts its memory: as far back as the whole solve before, its overshoot included.

    ComfyUI's res_multistep measures so: after noise the memory counts as older than its level says, and weighs less.
    """
    (old, *_) = step.past
    before = policy.ancestral(old, step.a, step.previous.get("eta", eta))
    return at_rho(old.rho / before, step.space) if before > 0 else old


@sampler(
    "RES 2M ancestral",
    family="ancestral",
    order=2,
    history=1,
    clock="lam",
    params=(ETA, S_NOISE),
    reference=RES + "; ancestral: as in ComfyUI",
)
def res_2m_ancestral(step: Step, *, eta: float) -> tuple[Stage, ...]:
    """RES 2M that goes too far down and comes back up with fresh noise: lively, one evaluation. eta 0 is RES 2M."""
    d = policy.ancestral(step.a, step.b, eta)
    down = step.overshoot(d)
    if not step.past or down.sigma == 0 or step.a.alpha == 0:
        return first_order(step, d)
    A, w = interpolated(step.a, down, [step.a, solved_from(step, eta)], 1.0)
    here, landing = first_order(step._replace(b=down))
    return step.renoise((here, landing._replace(A=A, w=w)), d)
