"""Arc: predictor and free corrector along a path that agrees with what the model said, down to sigma = 0 itself."""

from functools import partial

import numpy as np

from ..core import policy
from ..core.exponential import rate
from ..core.path import Clock, Node, foretold, length, path, put_right
from ..core.spec import ETA, S_NOISE, Param, sampler
from ..core.table import Stage, Step, first_order
from ..core.vote import Vote, Weights
from ..core.weights import weights

PAPER = "ours; the corrector is that of predictor-corrector methods in PEC mode (UniPC, arXiv:2302.04867, section 3)"
LOW, HIGH = 0.33, 12.5  # the clock is the log-SNR between, rho itself far below, 1/rho far above
APART = 1e-4
LONGEST = {6: 0.12, 5: 0.12, 4: 0.35, 3: np.inf}  # steps in the clock that so many predictions are still good for
PLAIN = 5  # the order above goes by vote: under strong guidance it swings
FULL = 0.87  # an exact model's image follows x wholly near sigma 0; a network's stays behind, by half
MOST = 50.0  # weights of predictions never add up to more: networks compute in half precision
PARAMS = (
    Param("order", 6, "int", min=1, max=6, help="Predictions used, above 3 in short steps only; 6 where it serves."),
    Param("corrector", "on", "choice", choices=("on", "off"), help="Puts the last step right with each prediction."),
    Param("last", "integrate", "choice", choices=("integrate", "denoised"), help="The step to 0; denoised if masked."),
    Param("follow", 0.13, min=0.01, max=10.0, help="How the model's image moves with x: .87 follow / (follow + rho)."),
)


def _soft(sigma: np.ndarray, alpha: np.ndarray | float) -> np.ndarray:
    """log(rho), soft at both ends: straight in rho (1/rho) there, as the slope is, which is odd in sigma; D is even."""
    return np.log(sigma + np.hypot(sigma, LOW * alpha)) - np.log(alpha + np.hypot(alpha, sigma / HIGH))


CLOCKS = {"ve": lambda sigma: _soft(sigma, 1.0), "flow": lambda sigma: _soft(sigma, 1.0 - sigma)}


def _through(clock: Clock, nodes: tuple[Node, ...], start: float, goal: float, order: int) -> Weights:
    """`path` from sigma = start to goal, through as many of the newest nodes as are good for that."""
    far, nodes = length(clock, start, goal), nodes[: max(LONGEST)]
    many = min(order, len(nodes), max(many for many, longest in LONGEST.items() if far < longest))
    A, w = path(nodes, start, goal, clock, many)
    while many > 1 and sum(map(abs, w)) > MOST:
        many -= 1
        A, w = path(nodes, start, goal, clock, many)
    return A, w


def _known(step: Step, own: float) -> tuple[Node, ...]:
    """The nodes a step may use, newest first: noise parts a path from what lies before it, unless K is 0 there.

    Far out the clock hardly moves: nodes that lie closer together in it than APART tell nothing of the path.
    """
    nodes = [Node(step.a.sigma, own)]
    for kept in step.kept:
        if (kept.p and not nodes[-1].follow) or length(CLOCKS[step.space], kept.sigma, nodes[-1].sigma) < APART:
            break
        nodes.append(Node(kept.sigma, -kept.p))
    return tuple(nodes)


def _way(step: Step, nodes: tuple[Node, ...], corrector: bool, before: int, now: int) -> Weights:
    """The step by the order `now`; first the step before, which went by the order `before`, is put right."""
    clock, a = CLOCKS[step.space], step.a.sigma
    ahead = _through(clock, nodes, a, step.b.sigma, now)
    if not corrector:
        return ahead
    last = nodes[1].sigma
    return put_right(ahead, _through(clock, nodes[1:], last, a, before), _through(clock, nodes, last, a, now))


def _ode(step: Step, own: float, order: int, corrector: bool) -> tuple[Stage, ...]:
    """A step that keeps D - own x. The order above PLAIN is put to the vote, where the step before can tell of it."""
    nodes, plain, clock, vote = _known(step, own), min(order, PLAIN), CLOCKS[step.space], None
    last = nodes[1] if len(nodes) > 1 and nodes[1].follow else None  # a step of the ODE led here from there
    way = partial(_way, step, nodes, corrector and last is not None)
    if last and len(nodes) > order > plain and length(clock, last.sigma, step.a.sigma) < LONGEST[order]:
        errors = foretold(nodes, plain, clock), foretold(nodes, order, clock)
        if max(sum(map(abs, w)) for _, w in errors) > MOST:  # nodes too close to tell: the old votes decide
            errors = (0.0, ()), (0.0, ())
        vote = Vote(errors, (way(plain, order), way(order, plain), way(order, order)))
    A, w = way(plain, plain)
    return Stage(step.a.sigma, 1.0, (), (), -own, 1.0), Stage(step.b.sigma, A, w, vote=vote)


def _noisy(step: Step, d: float, order: int) -> tuple[Stage, ...]:
    """A step of the SDE: D interpolated in the same clock, the rest solved exactly."""
    here, landing = first_order(step, d)
    nodes = _known(step, 0.0)[: min(order, 3)]
    if d == 0 or step.a.alpha == 0:
        return here, landing
    fade, end = rate(step.a, step.b, d), step.b.lam

    def clock(lam: np.ndarray) -> np.ndarray:
        return _soft(np.ones_like(lam), np.exp(lam))

    lams = [step.between(node.sigma).lam for node in nodes]
    w = weights(lams, step.a.lam, end, lambda lam: fade * np.exp(fade * (lam - end)), clock)
    (whole,) = landing.w
    return here, landing._replace(w=tuple(whole * weight / sum(w) for weight in w))


def _arc(step: Step, d: float, order: int, corrector: str, last: str, follow: float) -> tuple[Stage, ...]:
    a, b = step.a, step.b
    if d < 1 or (b.sigma == 0 and last == "denoised"):
        return _noisy(step, d, order) if b.sigma else first_order(step)
    return _ode(step, FULL * follow / (follow * a.alpha + a.sigma), order, corrector == "on")


@sampler("Arc", family="multistep", order=5, history=6, lands=True, params=PARAMS, reference=PAPER)
def arc(step: Step, *, order: int, corrector: str, last: str, follow: float) -> tuple[Stage, ...]:
    """Ours: goes on where others stop, to sigma 0 itself, and puts every step right for free. From 8 steps up."""
    return _arc(step, 1.0, order, corrector, last, follow)


@sampler("Arc SDE", family="sde", order=5, history=6, lands=True, params=(ETA, *PARAMS, S_NOISE), reference=PAPER)
def arc_sde(step: Step, *, eta: float, order: int, corrector: str, last: str, follow: float) -> tuple[Stage, ...]:
    """Arc with noise in every step. eta 0 is Arc."""
    return _arc(step, policy.sde(step.a, step.b, eta) if eta else 1.0, order, corrector, last, follow)
