"""What a step of `arc` leaves to the run: votes, each on two ways to land."""

from functools import partial

from ..core.table import Step
from ..core.vote import Errors, Vote, Weights
from ._arc import LONGEST, MOST, Way, clock_of, landing, many_for
from ._arc_path import Node, answer, length, prediction_error

PLAIN = 5  # the order above goes by vote: under strong guidance it swings
TRUST = 1.4  # order 6 may foretell so much worse than 5: where it is right, it wins later
WIDER, DOUBT = 8.0, 1.15  # times data_std: the other clock; it must foretell so much better
STAYS = 0.4  # an image that moves by less than this part of the noise taken out, moves little with x, too


def ode(
    step: Step, nodes: tuple[Node, ...], order: int, corrector: str, data_std: float, adapt: bool
) -> tuple[Weights, Vote | None]:
    """The landing of a step of the ODE as it is by itself, and the vote on others."""
    clock, most = clock_of(step.space, data_std), min(order, PLAIN)
    plain = Way(most, clock)
    bold = Way(most, clock_of(step.space, WIDER * data_std)) if adapt else Way(order, clock)
    if len(nodes) < 2 or not nodes[1].follow:  # no step of the ODE led here
        return landing(step, nodes, plain, plain, 0.0), None
    if corrector == "auto" and step.b.sigma == 0 and (errors := _moves(step, nodes, plain)):
        half, full = (partial(landing, step, nodes, share=share) for share in (0.5, 1.0))
        others = full(plain, plain), half(bold, bold), full(bold, bold)
        return half(plain, plain), Vote(errors, others, memory=0.0)
    way = partial(landing, step, nodes, share=float(corrector != "off"))
    errors = _missed(step, nodes, plain, bold) if adapt else _foretold(step, nodes, plain, bold)
    vote = errors and Vote(errors, (way(plain, bold), way(bold, plain), way(bold, bold)))
    return way(plain, plain), vote


def _foretold(step: Step, nodes: tuple[Node, ...], plain: Way, bold: Way) -> Errors | None:
    """How wrong both orders went in the step before; None where there is nothing to tell it by."""
    order, clock = bold
    if not len(nodes) > order > plain.order or length(clock, nodes[1].sigma, step.a.sigma) >= LONGEST[order]:
        return None
    return _told(TRUST, prediction_error(nodes, plain.order, clock), prediction_error(nodes, order, clock))


def _missed(step: Step, nodes: tuple[Node, ...], plain: Way, bold: Way) -> Errors | None:
    """By how much the paths of both clocks, up to here, miss what the model says here."""
    a, older = step.a.sigma, nodes[1:]
    if len(older) < 2:
        return None
    missed = [
        _less(nodes[0], answer(older, a, a, way.clock, many_for(way, older, older[0].sigma, a)), 1)
        for way in (plain, bold)
    ]
    return _told(1 / DOUBT, *missed)


def _moves(step: Step, nodes: tuple[Node, ...], way: Way) -> Errors | None:
    """How far the image has moved in the step before, and the part of the noise taken out that it must exceed.

    An exact model's image moves as much as the noise, near sigma 0. A network's hardly does, and there the correction
    of x is too large by half: the image does not follow it.
    """
    a, last = step.a, step.between(nodes[1].sigma)
    many = max(2, many_for(way, nodes, last.sigma, a.sigma))  # one tells of no move
    moved = _less(nodes[0], answer(nodes, a.sigma, last.sigma, way.clock, many), 0)
    if last.alpha == 0 or sum(map(abs, moved[1])) > MOST:  # nothing to compare with, or nodes too close to tell
        return None
    part = STAYS * (last.rho - a.rho) / a.sigma
    return moved, (part * (1 - a.alpha * nodes[0].follow), (-part * a.alpha,))


def _less(newest: Node, said: Weights, newer: int) -> Weights:
    """What the model says here, D = F + K x, less what is `said`, which knows nothing of the `newer` newest nodes."""
    A, w = said
    own, *rest = (0.0,) * newer + w
    return newest.follow - A, (1.0 - own, *(-weight for weight in rest))


def _told(factor: float, plain: Weights, bold: Weights) -> Errors:
    """Both errors, the plain one times `factor`; or none where nodes are too close to tell: the old votes decide."""
    if max(sum(map(abs, w)) for _, w in (plain, bold)) > MOST:
        return (0.0, ()), (0.0, ())
    A, w = plain
    return (factor * A, tuple(factor * weight for weight in w)), bold
