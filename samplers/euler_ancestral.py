"""Euler ancestral: an Euler step that goes too far down and comes back up with fresh noise."""

from ..core import policy
from ..core.spec import ETA, LAW, S_NOISE, alias, sampler
from ..core.table import Stage, Step, first_order

PAPER = "Song et al. 2020 (DDIM), arXiv:2010.02502, eq. 12 and 16; k-diffusion's get_ancestral_step"


@sampler("Euler ancestral", family="ancestral", order=1, params=(ETA, S_NOISE, LAW), reference=PAPER)
def euler_ancestral(step: Step, *, eta: float, law: str) -> tuple[Stage, ...]:
    """Euler with fresh noise in every step: livelier detail, never settles. eta 0 is Euler, eta 1 DDPM.

    Solves to rho_down with rho_down^2 = rho'^2 (1 - eta^2 (1 - rho'^2/rho^2)), then fills up with noise; exact on VE
    and on flow.
    """
    return first_order(step, policy.LAWS[law](step.a, step.b, eta))


alias(
    "ddpm",
    "euler_ancestral",
    "DDPM",
    "The original diffusion sampler, continuous in noise: each step draws from the DDPM posterior. Many steps.",
    "Ho et al. 2020, arXiv:2006.11239, eq. 7 (variance beta-tilde)",
    eta=1.0,
    law="ancestral",
)
