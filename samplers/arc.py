"""Arc: predictor and free corrector along a path that agrees with what the model said, down to sigma = 0 itself."""

from typing import Any

import numpy as np

from ..core import policy
from ..core.exponential import rate
from ..core.memory import HEAVIEST
from ..core.spec import ETA, S_NOISE, Param, sampler
from ..core.table import Stage, Step, first_order
from ..core.weights import weights
from ._arc import USUAL, clock_of, known, landing, soft
from ._arc_path import Node

PAPER = "ours; the corrector is that of predictor-corrector methods in PEC mode (UniPC, arXiv:2302.04867, section 3)"
FULL = 0.87  # an exact model's image follows x wholly near sigma 0; a network's stays behind, by half
PARAMS = (
    Param("order", 5, "int", min=1, max=5, help="Predictions used at most; above 3 in short steps only."),
    Param(
        "corrector", "auto", "choice", choices=("auto", "on", "off"),
        help="Corrects every step with the next prediction; auto: the one before the step to 0 by half.",
    ),
    Param("last", "denoised", "choice", choices=("denoised", "integrate"), help="The step to 0; denoised if masked."),
    Param("follow", 0.13, min=0.01, max=10.0, help="How the model's image moves with x: .87 follow / (follow + rho)."),
    Param(
        "data_std", USUAL, min=0.001, max=100.0, steady=True,
        help="The noise-to-signal ratio in the middle of the clock: larger for pictures that are spread more widely.",
    ),
)  # fmt: skip


def _noisy(step: Step, d: float, order: int, data_std: float) -> tuple[Stage, ...]:
    """A step of the SDE: D interpolated in the same clock, the rest solved exactly."""
    here, end = first_order(step, d)
    nodes = known(step, 0.0, clock_of(step.space, data_std))[: min(order, 3)]
    if d == 0 or step.a.alpha == 0:
        return here, end
    fade, goal = rate(step.a, step.b, d), step.b.lam

    def clock(lam: np.ndarray) -> np.ndarray:
        return soft(np.ones_like(lam), np.exp(lam), data_std)

    def through(nodes: tuple[Node, ...]) -> list[float]:
        lams = [step.between(node.sigma).lam for node in nodes]
        return weights(lams, step.a.lam, goal, lambda lam: fade * np.exp(fade * (lam - goal)), clock)

    w = through(nodes)
    while sum(map(abs, w)) > HEAVIEST * abs(sum(w)):
        w = through(nodes[: len(w) - 1])
    (whole,) = end.w
    return here, end._replace(w=tuple(whole * weight / sum(w) for weight in w))


def _arc(
    step: Step, d: float, *, order: int, corrector: str, last: str, follow: float, data_std: float
) -> tuple[Stage, ...]:
    a, b = step.a, step.b
    if d < 1 or (b.sigma == 0 and last == "denoised"):
        return _noisy(step, d, order, data_std) if b.sigma else first_order(step)
    half = follow * data_std / USUAL  # the rho where K is half of FULL
    K = FULL * half / (half * a.alpha + a.sigma)
    clock = clock_of(step.space, data_std)
    A, w = landing(step, known(step, K, clock), order, corrector, clock)
    return Stage(a.sigma, 1.0, (), (), -K, 1.0), Stage(b.sigma, A, w)


@sampler("Arc", family="multistep", order=5, history=5, integrates_to_zero=True, params=PARAMS, reference=PAPER)
def arc(step: Step, **chosen: Any) -> tuple[Stage, ...]:
    """Ours: of all fixed choices the least error, on any model; puts every step right for free. From 6 steps up."""
    return _arc(step, 1.0, **chosen)


@sampler(
    "Arc SDE",
    family="sde",
    order=5,
    history=5,
    integrates_to_zero=True,
    params=(ETA, *PARAMS, S_NOISE),
    reference=PAPER,
)
def arc_sde(step: Step, *, eta: float, **chosen: Any) -> tuple[Stage, ...]:
    """Arc with noise in every step. eta 0 is Arc.

    The noise is that of the reverse SDE, as much of it as theta turns: what is left of the old is (tan theta' / tan
    theta)^eta, tan theta = sigma / alpha. D is interpolated in arc's clock by three predictions at most, and only eta 0
    puts steps right: it is another, better method, not the limit of small eta.
    """
    return _arc(step, policy.sde(step.a, step.b, eta) if eta else 1.0, **chosen)
