"""iPNDM for uneven steps, with the coefficients that ComfyUI's pictures were made with."""

from itertools import pairwise

from ..core.spec import Param, sampler
from ..core.table import Stage, Step, slope

PAPER = "Zhang and Chen 2022, arXiv:2204.13902, appendix; coefficients as in diff-sampler and ComfyUI"


def _shares(h: list[float]) -> tuple[float, ...]:
    """The weights of the newest and older slopes, in units of the step; h: this step and those before it.

    Adams-Bashforth in Newton's form: every order adds one more divided difference of the slopes to the weights of the
    order below. Three misprints are kept, as the pictures were made with them; ipndm_v_exact is without.
    """
    r = h[0] / h[1]
    first = (2 + r) / 2, -r / 2
    if len(h) == 2:
        return first
    damp = h[0] / (3 * (h[0] + h[1]))
    # should be (1 - damp) h0 (h0 + h1) / (h1 (h1 + h2)) / 2, which on even steps is the same
    third = (1 - damp * h[0] * (h[0] + h[1]) / (h[1] * (h[1] + h[2]))) / 2
    back = h[1] / h[2]
    second = first[0] + third, first[1] - (1 + back) * third, third * back
    if len(h) == 3:
        return second
    far = h[1] * (h[1] + h[2]) / (h[2] * (h[2] + h[3]))
    # the sum should be a difference
    fourth = (1 - damp) / 2 + (1 - h[0] / (2 * (h[0] + h[1]))) * h[0] / (6 * (h[0] + h[1] + h[2]))
    fourth *= h[0] * (h[0] + h[1]) * (h[0] + h[1] + h[2]) / (h[1] * (h[1] + h[2]) * (h[1] + h[2] + h[3]))
    return (
        second[0] + fourth,
        second[1] - (1 + back + far) * fourth,
        second[2] + (back + far * (1 + h[2] / h[3])) * fourth,
        -far * back * fourth,  # back should be h2 / h3
    )


@sampler(
    "iPNDM-v",
    family="multistep",
    order=2,
    history=3,
    params=(Param("max_order", 4, "int", min=1, max=4, help="How many slopes are used, the newest one included."),),
    reference=PAPER,
    checked="none",
)
def ipndm_v(step: Step, *, max_order: int) -> tuple[Stage, ...]:
    """Adams-Bashforth for uneven steps with misprinted constants that damp it: for 6 to 12 steps.

    Its constants do not quite add up to 1 (a bracket, a sign and an index are misprinted): second order. Kept because
    pictures depend on them, and they do well at few steps; ipndm_v_exact has the right ones.
    """
    levels = [step.b, step.a, *step.past][: max_order + 1]
    h = [left.sigma - right.sigma for left, right in pairwise(levels)]
    shares = (1.0,) if len(h) == 1 else _shares(h)
    return slope(step.a), Stage(step.b.sigma, 1.0, tuple(h[0] * share for share in shares))
