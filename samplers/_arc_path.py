"""The path of the ODE through what the model has answered at several levels, with weights known beforehand.

Notation: x at level sigma, D = model(x, sigma), d = (x - D)/sigma the slope dx/dsigma, u(sigma) a monotone clock.

The slope is a polynomial in the clock, d = sum_k a_k u^k, and x is its integral from an anchor, as in any linear
multistep method (Hairer, Norsett and Wanner, Solving ODEs I, III.1). The polynomial is not laid through the slopes that
were seen: a corrector moves x after the model has answered, so no old slope belongs to the path any more. It is chosen
so that at every node j the path agrees with the model as far as that is known, D = D_j + K_j (x - x_j): at another x
the model would have answered otherwise, and the scalar K_j says by how much. With K = 0 the old predictions are taken
as they are, with K = 1 the old slopes are.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import zip_longest
from typing import NamedTuple

import numpy as np

Weights = tuple[float, tuple[float, ...]]
"""A and w of A x_i + sum_j w_j F_j."""
Clock = Callable[[np.ndarray], np.ndarray]
_T, _WIDTH = (0.5 * values for values in np.polynomial.legendre.leggauss(48))
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
    system, ahead = _conditions(nodes, start, goal, clock)
    share = np.linalg.solve(system[:order, :order].T, ahead[:order]).tolist()
    return 1.0 - sum(part * (1 - node.follow) for part, node in zip(share, nodes, strict=False)), tuple(share)


@lru_cache(maxsize=64)  # a smaller order, and the next step, want the same
def _conditions(nodes: tuple[Node, ...], start: float, goal: float, clock: Clock) -> tuple[np.ndarray, np.ndarray]:
    """The linear system that the nodes make of the coefficients a_k; what each a_k adds to x at the goal."""
    sigmas, follow = np.array([node.sigma for node in nodes]), np.array([node.follow for node in nodes])
    places = clock(sigmas)
    low, extent = places.min(), float(np.ptp(places)) or 1.0

    def basis(at: np.ndarray) -> np.ndarray:
        powers = np.empty((*at.shape, len(nodes)))
        powers[..., 0], powers[..., 1:] = 1.0, ((clock(at) - low) / extent)[..., None]
        return np.multiply.accumulate(powers, axis=-1)

    at, width = _points(start, np.append(sigmas, goal))
    moved = np.einsum("gp,gpk->gk", width, basis(at))
    # x = x_a + sum_k a_k moved_k and D = x - sigma sum_k a_k basis_k at every node
    return (1 - follow)[:, None] * moved[:-1] - sigmas[:, None] * basis(sigmas), moved[-1]


def correct_start(ahead: Weights, wrong: Weights, right: Weights, share: float = 1.0) -> Weights:
    """`ahead` from where `right` leads, given where `wrong` has led: x = A x_0 + w F gives x_0, which is gone.

    `wrong` knew all registers but the newest. With a `share` below 1 from so far on the way from there to `right`.
    """
    (A, w), (was, before), (now, after) = ahead, wrong, right
    grown = now / was - 1
    terms = zip_longest(w, after, (0.0, *before), fillvalue=0.0)
    changed = share * A
    return A + changed * grown, tuple(weight + changed * (new - (1 + grown) * old) for weight, new, old in terms)


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
