"""Samplers for distilled models (LCM, TCD, Turbo, Lightning): predict the picture, put noise back, again."""

from ..core.spec import S_NOISE, Param, sampler
from ..core.table import Stage, Step, first_order


@sampler(
    "LCM",
    family="distilled",
    models="distilled",
    most_cfg=2.5,
    order=1,
    params=(S_NOISE,),
    reference="Luo et al. 2023 (LCM), arXiv:2310.04378, Algorithm 3",
)
def lcm(step: Step) -> tuple[Stage, ...]:
    """Each step trusts the model's picture and adds new noise: for distilled models only, 1 to 8 steps."""
    return first_order(step, 0.0)


@sampler(
    "TCD",
    family="distilled",
    models="distilled",
    most_cfg=2.5,
    order=1,
    ode={"gamma": 0.0},
    params=(Param("gamma", 0.3, min=0.0, max=1.0, help="0: plain ODE steps. 1: all noise new, as LCM."), S_NOISE),
    reference="Zheng et al. 2024 (TCD), arXiv:2402.19159, Algorithm 4",
)
def tcd(step: Step, *, gamma: float) -> tuple[Stage, ...]:
    """LCM with a dial: goes down to (1 - gamma) sigma' and back up with new noise. Distilled models, 2 to 8 steps."""
    down = step.between((1.0 - gamma) * step.b.sigma)
    return first_order(step, down.rho / step.b.rho if gamma else 1.0)
