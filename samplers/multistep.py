"""Multistep methods on dx/dsigma = (x - D)/sigma: memories of the slope, in sigma itself."""

from ..core.spec import GAMMA, Param, alias, sampler
from ..core.table import Stage, Step, slope
from ..core.weights import weights

MAX_ORDER = Param("max_order", 4, "int", min=1, max=4, help="How many slopes are used, the newest one included.")
IPNDM = "Liu et al. 2022 (PNDM), arXiv:2202.09778; Zhang and Chen 2022, arXiv:2204.13902, appendix"
ADAMS = {1: (1.0,), 2: (3 / 2, -1 / 2), 3: (23 / 12, -16 / 12, 5 / 12), 4: (55 / 24, -59 / 24, 37 / 24, -9 / 24)}


def _slopes(step: Step, shares: tuple[float, ...]) -> tuple[Stage, ...]:
    return slope(step.a), Stage(step.b.sigma, 1.0, shares)


@sampler(
    "LMS", family="multistep", order=4, history=3, params=(MAX_ORDER,), reference="Crowson, k-diffusion's sample_lms"
)
def lms(step: Step, *, max_order: int) -> tuple[Stage, ...]:
    """Adams-Bashforth, exact on uneven steps: strong with 25 steps and more, restless below 12. Starts as Euler."""
    nodes = [at.sigma for at in (step.a, *step.past)[:max_order]]
    return _slopes(step, tuple(weights(nodes, step.a.sigma, step.b.sigma)))


alias(
    "ipndm_v_exact",
    "lms",
    "iPNDM-v exact",
    "iPNDM-v with the constants as they must be, which makes it LMS: fourth order, for 25 steps and more.",
    "Zhang and Chen 2022, arXiv:2204.13902, appendix, put right",
)


@sampler("iPNDM", family="multistep", order=2, history=3, params=(MAX_ORDER,), reference=IPNDM)
def ipndm(step: Step, *, max_order: int) -> tuple[Stage, ...]:
    """Adams-Bashforth with the constants of even steps on any steps: a damped memory, strong at 6 to 20 steps."""
    width = step.b.sigma - step.a.sigma
    shares = ADAMS[min(max_order, 1 + len(step.past))]
    return _slopes(step, tuple(width * share for share in shares))


@sampler(
    "Gradient estimation",
    family="multistep",
    order=1,
    history=1,
    params=(GAMMA,),
    reference="Permenter and Yuan 2023, arXiv:2306.04848; smalldiffusion",
)
def gradient_estimation(step: Step, *, gamma: float) -> tuple[Stage, ...]:
    """Euler along gamma d - (gamma - 1) d_1: good from 5 to 8 steps, for which it was made."""
    width = step.b.sigma - step.a.sigma
    if not step.past:
        return _slopes(step, (width,))
    return _slopes(step, (width * gamma, width * (1 - gamma)))
