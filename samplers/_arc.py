"""How a step of `arc` is made: its clock, the nodes it may use, its order, its corrector."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ..core.memory import HEAVIEST
from ..core.table import Step
from ._arc_path import Clock, Node, Weights, correct_start, length, path

USUAL = 2.2  # of data_std: that of latents
LOW, HIGH = 0.15, 12.0  # times data_std: between, the clock is the log-SNR; rho itself far below, 1/rho far above
APART = 1e-4
LONGEST = {5: 0.13, 4: 0.35, 3: np.inf}  # steps in the clock that so many predictions are still good for
LAST_SHARE = 0.5
"""How much of the correction before the step to 0 is made. Near sigma 0 a network's image hardly follows x, and all of
it is too much: half leaves 0.91 of the error on digits and on a public ViT within what it knows (0.70 to 1.08), 1.22 on
mixtures."""


def soft(sigma: np.ndarray, alpha: np.ndarray | float, data_std: float) -> np.ndarray:
    """log(rho), soft at both ends: straight in rho (1/rho) there, as the slope is, which is odd in sigma; D is even."""
    low, high = LOW * data_std, HIGH * data_std
    return np.log(sigma + np.hypot(sigma, low * alpha)) - np.log(alpha + np.hypot(alpha, sigma / high))


@lru_cache(maxsize=64)  # the same object, so that what is kept by clock is hit again
def clock_of(space: str, data_std: float) -> Clock:
    """The clock over sigma."""
    if space == "flow":
        return lambda sigma: soft(sigma, 1.0 - sigma, data_std)
    return lambda sigma: soft(sigma, 1.0, data_std)


def known(step: Step, follow: float, clock: Clock) -> tuple[Node, ...]:
    """The nodes a step may use, newest first: noise parts a path from what lies before it, unless K is 0 there.

    `follow`: K of the newest one. Far out the clock hardly moves: nodes that lie closer together in it than APART say
    nothing of the path.
    """
    nodes = [Node(step.a.sigma, follow)]
    for kept in step.kept:
        if (kept.p and not nodes[-1].follow) or length(clock, kept.sigma, nodes[-1].sigma) < APART:
            break
        nodes.append(Node(kept.sigma, -kept.p))
    return tuple(nodes)


def landing(step: Step, nodes: tuple[Node, ...], order: int, corrector: str, clock: Clock) -> Weights:
    """A and w of a step of the ODE, the step before corrected first: `corrector` says by how much (see LAST_SHARE)."""
    a, newest = step.a.sigma, nodes[: max(LONGEST)]
    ahead = _through(newest, a, step.b.sigma, order, clock)
    if corrector == "off" or len(nodes) < 2 or not nodes[1].follow:  # no step of the ODE led here
        return ahead
    share = LAST_SHARE if corrector == "auto" and step.b.sigma == 0 else 1.0
    last = nodes[1].sigma
    wrong, right = (_through(seen, last, a, order, clock) for seen in (nodes[1:], newest))
    return correct_start(ahead, wrong, right, share)


@lru_cache(maxsize=64)  # what was ahead is what is corrected in the next step
def _through(nodes: tuple[Node, ...], start: float, goal: float, order: int, clock: Clock) -> Weights:
    """`path` from sigma = start to goal, through as many of the newest nodes as are good for that."""
    far = length(clock, start, goal)
    many = min(order, len(nodes), max(many for many, longest in LONGEST.items() if far < longest))
    A, w = path(nodes, start, goal, clock, many)
    while many > 1 and sum(map(abs, w)) > HEAVIEST:  # before a correction
        many -= 1
        A, w = path(nodes, start, goal, clock, many)
    return A, w
