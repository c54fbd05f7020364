"""UniPC: a multistep predictor whose last step is put right by every new prediction, at no further evaluation."""

import math
from itertools import zip_longest

from ..core.exponential import interpolated
from ..core.space import Level
from ..core.spec import CLOCK, Param, sampler
from ..core.table import Stage, Step, first_order

PAPER = "Zhao et al. 2023, arXiv:2302.04867, Algorithms 5-8, with B(h) = "
KIND = {"family": "multistep", "order": 4, "history": 3, "clock": "lam"}
ORDER = Param("max_order", 3, "int", min=1, max=3, help="Predictions that are used; the order is one more.")


def _weights(a: Level, b: Level, nodes: list[Level], variant: str) -> tuple[float, ...]:
    """The weights of D at `nodes` in a step from a to b: exact (`core.exponential`) but for two nodes.

    With two, D(other) - D(a), over their distance in steps, weighs alpha' B(h) / 2 whatever the steps are: the authors'
    simplified version of that order, of which the best B(h) is a matter of taste (bh1, bh2).
    """
    if len(nodes) != 2:
        return interpolated(a, b, nodes, 1.0)[1]
    h = b.lam - a.lam
    scale = h if variant == "bh1" else -math.expm1(-h)
    other = next(node for node in nodes if node != a)
    change = 0.5 * b.alpha * scale * h / (other.lam - a.lam)  # the weight of D(other) - D(a)
    (base,) = interpolated(a, b, [a], 1.0)[1]
    return tuple(change if node == other else base - change for node in nodes)


def _uni_pc(step: Step, order: int, variant: str) -> tuple[Stage, ...]:
    """Predict with `order` predictions; the step before is corrected with the newest one and as many old ones.

    The corrector (UniC, section 3) makes the step before anew with the prediction that it led to, which is not made
    again. So all that changes is weights of registers, right - wrong, and they reach this step's end faded by A.
    """
    here, landing = first_order(step)
    if not step.past:
        return here, landing
    nodes = [step.a, *step.past]
    w = [0.0] * (order + 1)
    for j, weight in enumerate(_weights(step.a, step.b, nodes[:order], variant)):
        w[j] += weight
    if not step.follows:
        return here, landing._replace(w=tuple(w[: len(nodes)]))
    last, old = step.past[0], nodes[1:]
    right = _weights(last, step.a, [step.a, *old[:order]], variant)
    wrong = _weights(last, step.a, old[: min(order, 1 + (step.kept[0].used or 0))], variant)
    for j, (new, made) in enumerate(zip_longest(right, (0.0, *wrong), fillvalue=0.0)):
        w[j] += landing.A * (new - made)
    return here, landing._replace(w=tuple(w[: len(nodes)]))


@sampler("UniPC", params=(ORDER, CLOCK), reference=PAPER + "h", **KIND)
def uni_pc(step: Step, *, max_order: int) -> tuple[Stage, ...]:
    """Predictor and free corrector: among the best from 8 to 20 steps with little guidance. max_order 2 for much."""
    return _uni_pc(step, max_order, "bh1")


@sampler("UniPC BH2", params=(ORDER, CLOCK), reference=PAPER + "e^h - 1", **KIND)
def uni_pc_bh2(step: Step, *, max_order: int) -> tuple[Stage, ...]:
    """UniPC with the other choice of B(h): calmer under guidance. From 8 to 20 steps."""
    return _uni_pc(step, max_order, "bh2")
