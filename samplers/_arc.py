"""The ways that a step of `arc` can go: its clocks, its nodes, its orders."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ..core.table import Step
from ..core.vote import Weights
from ._arc_path import Clock, Node, correct_start, length, path

USUAL = 2.2  # of data_std: that of latents
LOW, HIGH = 0.15, 12.0  # times data_std: between, the clock is the log-SNR; rho itself far below, 1/rho far above
APART = 1e-4
LONGEST = {6: 0.13, 5: 0.13, 4: 0.35, 3: np.inf}  # steps in the clock that so many predictions are still good for
MOST = 50.0  # weights of predictions add up to no more, before a correction: networks compute in half precision


class Way(NamedTuple):
    """The highest order a step may take, and its clock."""

    order: int
    clock: Clock


def soft(sigma: np.ndarray, alpha: np.ndarray | float, data_std: float) -> np.ndarray:
    """log(rho), soft at both ends: straight in rho (1/rho) there, as the slope is, which is odd in sigma; D is even."""
    low, high = LOW * data_std, HIGH * data_std
    return np.log(sigma + np.hypot(sigma, low * alpha)) - np.log(alpha + np.hypot(alpha, sigma / high))


@lru_cache(maxsize=64)  # the same object, so that what is kept by clock is found again
def clock_of(space: str, data_std: float) -> Clock:
    """The clock over sigma."""
    if space == "flow":
        return lambda sigma: soft(sigma, 1.0 - sigma, data_std)
    return lambda sigma: soft(sigma, 1.0, data_std)


def known(step: Step, own: float, clock: Clock) -> tuple[Node, ...]:
    """The nodes a step may use, newest first: noise parts a path from what lies before it, unless K is 0 there.

    Far out the clock hardly moves: nodes that lie closer together in it than APART tell nothing of the path.
    """
    nodes = [Node(step.a.sigma, own)]
    for kept in step.kept:
        if (kept.p and not nodes[-1].follow) or length(clock, kept.sigma, nodes[-1].sigma) < APART:
            break
        nodes.append(Node(kept.sigma, -kept.p))
    return tuple(nodes)


def landing(step: Step, nodes: tuple[Node, ...], before: Way, now: Way, share: float) -> Weights:
    """The step by the way `now`; first the step before, which went by `before`, is put right by `share`."""
    a, newest = step.a.sigma, nodes[: max(LONGEST)]
    ahead = _through(now, newest, a, step.b.sigma)
    if not share:
        return ahead
    last = nodes[1].sigma
    return correct_start(ahead, _through(before, nodes[1:], last, a), _through(now, newest, last, a), share)


@lru_cache(maxsize=64)  # a vote's ways share their parts, and what was ahead is what is put right in the next step
def _through(way: Way, nodes: tuple[Node, ...], start: float, goal: float) -> Weights:
    """`path` from sigma = start to goal, through as many of the newest nodes as are good for that."""
    many = many_for(way, nodes, start, goal)
    A, w = path(nodes, start, goal, way.clock, many)
    while many > 1 and sum(map(abs, w)) > MOST:
        many -= 1
        A, w = path(nodes, start, goal, way.clock, many)
    return A, w


def many_for(way: Way, nodes: tuple[Node, ...], start: float, goal: float) -> int:
    """How many nodes the step from start to goal may use."""
    far = length(way.clock, start, goal)
    return min(way.order, len(nodes), max(many for many, longest in LONGEST.items() if far < longest))
