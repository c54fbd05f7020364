"""The path of the ODE through what the model has said at several levels, with weights known beforehand.

The slope d = (x - D)/sigma is a polynomial in a clock u(sigma), x its integral from an anchor. The polynomial is not
laid through the slopes that were seen: a corrector moves x after the model has spoken, so no old slope belongs to the
path any more. It is chosen so that at every node the path agrees with the model as far as that is known,
D = D_j + K_j (x - x_j): at another x the model would have said something else, and the scalar K_j says by how much.
With K = 0 the old predictions are taken as they are, with K = 1 the old slopes are.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import zip_longest
from typing import NamedTuple

import numpy as np

from ..core.vote import Weights

Clock = Callable[[np.ndarray], np.ndarray]
_T, _WIDTH = (0.5 * found for found in np.polynomial.legendre.leggauss(48))
_T += 0.5  # points and weights of Gauss on 0 to 1
_DEEP = 1e-3  # steps to less than this part of sigma are integrated in another variable


class Node(NamedTuple):
    """The model was asked at `sigma`; the register kept is D - follow x."""

    sigma: float
    follow: float


@lru_cache(maxsize=256)
def length(clock: Clock, start: float, goal: float) -> float:
    """How far it is from sigma = start to sigma = goal in a clock."""
    return float(np.ptp(clock(np.array([start, goal]))))


def path(nodes: tuple[Node, ...], start: float, goal: float, clock: Clock, order: int) -> Weights:
    """A and w of x' = A x + sum_j w_j (D_j - K_j x_j): along the path through x at sigma = start to sigma = goal.

    One degree of the polynomial for each of the first `order` nodes. Exact wherever D does not change, whatever K.
    `clock` must be monotone and finite on all of it, 0 included if that is the goal.
    """
    system, ahead, _ = _conditions(nodes, start, goal, clock)
    return _solved(system, ahead, nodes, order)


def answer(nodes: tuple[Node, ...], start: float, goal: float, clock: Clock, order: int) -> Weights:
    """A and w of what the model says at sigma = goal if the path is right: D = x' - sigma d, with x' as of `path`."""
    system, ahead, slope = _conditions(nodes, start, goal, clock)
    return _solved(system, ahead - goal * slope, nodes, order)


def _solved(system: np.ndarray, wanted: np.ndarray, nodes: tuple[Node, ...], order: int) -> Weights:
    """A and w of x plus the `wanted` sum of the polynomial's coefficients."""
    share = np.linalg.solve(system[:order, :order].T, wanted[:order]).tolist()
    return 1.0 - sum(part * (1 - node.follow) for part, node in zip(share, nodes, strict=False)), tuple(share)


@lru_cache(maxsize=64)  # votes, and neighbouring steps, ask for the same
def _conditions(nodes: tuple[Node, ...], start: float, goal: float, clock: Clock) -> tuple[np.ndarray, ...]:
    """What the nodes ask of the polynomial's coefficients; what each of them adds to x, and to d, at the goal."""
    sigmas, follow = np.array([node.sigma for node in nodes]), np.array([node.follow for node in nodes])
    places = clock(sigmas)
    low, reach = places.min(), float(np.ptp(places)) or 1.0

    def basis(at: np.ndarray) -> np.ndarray:
        powers = np.empty((*at.shape, len(nodes)))
        powers[..., 0], powers[..., 1:] = 1.0, ((clock(at) - low) / reach)[..., None]
        return np.multiply.accumulate(powers, axis=-1)

    at, width = _points(start, np.append(sigmas, goal))
    moved = np.einsum("gp,gpk->gk", width, basis(at))
    # x = x_a + sum_k a_k moved_k and D = x - sigma sum_k a_k basis_k at every node
    asked = (1 - follow)[:, None] * moved[:-1] - sigmas[:, None] * basis(sigmas)
    return asked, moved[-1], basis(np.array([goal]))[0]


def correct_start(ahead: Weights, wrong: Weights, right: Weights, share: float = 1.0) -> Weights:
    """`ahead` from where `right` leads, given where `wrong` has led: x = A x_0 + w F gives x_0, which is gone.

    `wrong` knew all registers but the newest. With a `share` below 1 from so far on the way from there to `right`.
    """
    (A, w), (was, before), (now, after) = ahead, wrong, right
    grown = now / was - 1
    terms = zip_longest(w, after, (0.0, *before), fillvalue=0.0)
    changed = share * A
    return A + changed * grown, tuple(own + changed * (new - (1 + grown) * old) for own, new, old in terms)


def prediction_error(nodes: tuple[Node, ...], order: int, clock: Clock) -> Weights:
    """By how much the path through `order` nodes missed the newest one, told in x where the next newest lies."""
    at, back = nodes[0].sigma, nodes[1].sigma
    (A, w), (B, v) = path(nodes, at, back, clock, order + 1), path(nodes[1:], at, back, clock, order)
    return A - B, tuple(new - old for new, old in zip(w, (0.0, *v), strict=True))


def _points(start: float, goals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points and weights of integrals over sigma from start to each goal: even in log sigma, or dense towards 0."""
    ends = goals[:, None]
    dense = np.minimum(start, ends) < _DEEP * np.maximum(start, ends)
    ratio = np.log(np.where(dense, 1.0, ends / start))
    at = start * np.exp(_T * ratio)
    width = at * ratio
    if dense.any():
        at = np.where(dense, np.minimum(start, ends) + abs(ends - start) * _T**3, at)
        width = np.where(dense, (ends - start) * 3 * _T**2, width)
    return at, _WIDTH * width
