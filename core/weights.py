"""Exact weights of interpolation: the integral over a step of measure x Lagrange basis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np

Function = Callable[[np.ndarray], np.ndarray]


@lru_cache(maxsize=4)
def _gauss(points: int) -> tuple[np.ndarray, np.ndarray]:
    return np.polynomial.legendre.leggauss(points)


def weights(
    nodes: Sequence[float],
    a: float,
    b: float,
    measure: Function = np.ones_like,
    clock: Function = np.asarray,
    points: int = 32,
) -> list[float]:
    """The coefficients w_j = integral from a to b of measure(t) L_j(clock(t)) dt, in float64, one for each node.

    L_j are the Lagrange polynomials through the `nodes` (values of t) in the variable clock(t), any monotone function.
    Their values at the nodes times w is the integral of measure x interpolant. Gauss-Legendre: exact to rounding for
    the smooth measures and clocks of a step. Raises ValueError where two nodes coincide.
    """
    at, gauss = _gauss(points)
    t = 0.5 * (b - a) * at + 0.5 * (b + a)
    place, knots = clock(t), np.asarray(clock(np.asarray(nodes, dtype=float)))
    if len(np.unique(knots)) != len(knots):
        raise ValueError(f"interpolation nodes coincide: {list(nodes)}")
    density = 0.5 * (b - a) * gauss * measure(t)
    rows = []
    for j, knot in enumerate(knots):
        others = np.delete(knots, j)
        basis = np.prod((place[:, None] - others) / (knot - others), axis=1) if len(others) else np.ones_like(t)
        rows.append(float(density @ basis))
    return rows


def exponential(nodes: Sequence[float], a: float, b: float, rate: float = 1.0) -> list[float]:
    """The weights of D at `nodes` (values of lam) in a step from lam = a to b of the exponential integrator.

    w_j = integral of rate e^{-rate (b - lam)} L_j(lam): the data part of x'/alpha' (DPM-Solver++, 2211.01095, eq. 14).
    rate is 1 for the ODE and 1 + eta for the SDE; the sum is 1 - e^{-rate (b - a)}.
    """
    return weights(nodes, a, b, lambda t: rate * np.exp(rate * (t - b)))
