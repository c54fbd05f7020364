"""The path of the ODE through what the model has said at several levels, with weights known beforehand.

The slope d = (x - D)/sigma is a polynomial in a clock u(sigma), x its integral from an anchor. The polynomial is not
laid through the slopes that were seen: a corrector moves x after the model has spoken, so no old slope belongs to the
path any more. It is chosen so that at every node the path agrees with the model as far as that is known,
D = D_j + K_j (x - x_j): at another x the model would have said something else, and the scalar K_j says by how much.
With K = 0 the old predictions are taken as they are, with K = 1 the old slopes are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import NamedTuple

import numpy as np

from .vote import Weights

Clock = Callable[[np.ndarray], np.ndarray]
_POINTS, _GAUSS = np.polynomial.legendre.leggauss(48)
_DEEP = 1e-3  # steps to less than this part of sigma are integrated in another variable


class Node(NamedTuple):
    """The model was asked at `sigma`; the register kept is D - follow x."""

    sigma: float
    follow: float


def length(clock: Clock, start: float, goal: float) -> float:
    """How far it is from sigma = start to sigma = goal in a clock."""
    return float(np.ptp(clock(np.array([start, goal]))))


def path(nodes: Sequence[Node], start: float, goal: float, clock: Clock) -> Weights:
    """A and w of x' = A x + sum_j w_j (D_j - K_j x_j): along the path through x at sigma = start to sigma = goal.

    One degree of the polynomial for each node. Exact wherever D does not change, whatever K. `clock` must be monotone
    and finite on all of it, 0 included if that is the goal.
    """
    sigmas, follow = np.array([node.sigma for node in nodes]), np.array([node.follow for node in nodes])
    places = clock(sigmas)
    low, reach = places.min(), float(np.ptp(places)) or 1.0

    def basis(at: np.ndarray) -> np.ndarray:
        return ((clock(at) - low) / reach)[..., None] ** np.arange(len(nodes))

    def moved(to: float) -> np.ndarray:
        """By what x has changed from the start to sigma = to, for each basis function."""
        at, width = _points(start, to)
        return width @ basis(at)

    # x = x_a + sum_k a_k moved_k and D = x - sigma sum_k a_k basis_k, so the nodes ask of the a_k:
    moves = np.array([moved(sigma) for sigma in sigmas])
    system = (1 - follow)[:, None] * moves - sigmas[:, None] * basis(sigmas)
    share = np.linalg.solve(system.T, moved(goal))
    return 1.0 - float(share @ (1 - follow)), tuple(share.tolist())


def put_right(ahead: Weights, wrong: Weights, right: Weights) -> Weights:
    """`ahead` from where `right` leads, given where `wrong` has led: x = A x_0 + w F gives x_0, which is gone.

    `wrong` knew all registers but the newest.
    """
    (A, w), (was, before), (now, after) = ahead, wrong, right
    grown = now / was
    terms = zip_longest(w, after, (0.0, *before), fillvalue=0.0)
    return A * grown, tuple(own + A * (new - grown * old) for own, new, old in terms)


def foretold(nodes: Sequence[Node], order: int, clock: Clock) -> Weights:
    """By how much the path through `order` nodes missed the newest one, told in x where the next newest lies."""
    at, back = nodes[0].sigma, nodes[1].sigma
    (A, w), (B, v) = path(nodes[: order + 1], at, back, clock), path(nodes[1 : order + 1], at, back, clock)
    return A - B, tuple(new - old for new, old in zip(w, (0.0, *v), strict=True))


def _points(start: float, goal: float) -> tuple[np.ndarray, np.ndarray]:
    """Points and weights of an integral over sigma from start to goal: even in log sigma, or dense towards 0."""
    if start == goal:
        return np.array([start]), np.zeros(1)
    high, low = max(start, goal), min(start, goal)
    t, weight = 0.5 * (_POINTS + 1), 0.5 * _GAUSS
    if low < _DEEP * high:
        at, weight = low + (high - low) * t**3, weight * (high - low) * 3 * t**2
    else:
        at = low * np.exp(t * math.log(high / low))
        weight = weight * at * math.log(high / low)
    return at, weight if goal > start else -weight
