"""Quantiles of distributions that schedules are spaced by. numpy only: the library does without scipy."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np


def beta_quantile(q: np.ndarray, a: float, b: float) -> np.ndarray:
    """x in [0, 1] with I_x(a, b) = q, elementwise: the quantile of the Beta(a, b) distribution; a, b > 0.

    Relative precision holds towards x = 0 (for x near 1 ask for the complement: 1 - beta_quantile(1 - q, b, a)).
    """
    q = np.clip(np.asarray(q, dtype=np.float64), 0.0, 1.0)
    upper = q > 0.5
    odds = np.where(upper, -_log_odds(np.where(upper, 1.0 - q, 0.5), b, a), _log_odds(np.where(upper, 0.5, q), a, b))
    with np.errstate(over="ignore"):
        return 1.0 / (1.0 + np.exp(-odds))


def _log_odds(q: np.ndarray, a: float, b: float) -> np.ndarray:
    """log(x / (1 - x)) of the quantile at q <= 1/2."""
    log_beta = math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    with np.errstate(divide="ignore", invalid="ignore"):
        # log I_x is concave in y: Newton's method arrives from wherever it starts, after the first step from below.
        y = np.minimum((np.log(q) + math.log(a) + log_beta) / a, math.log(a / b))
        for _ in range(60):
            mass, slope = _mass(y, a, b, log_beta)
            change = (np.log(q) - np.log(mass)) * mass / slope
            y = np.where(q > 0, y + change, -np.inf)
            if not (np.abs(change[q > 0]) > 1e-9 * np.maximum(1.0, np.abs(y[q > 0]))).any():
                break
    return y


def _mass(y: np.ndarray, a: float, b: float, log_beta: float) -> tuple[np.ndarray, np.ndarray]:
    """I_x(a, b) and its derivative by y = log(x / (1 - x))."""
    x, rest = 1.0 / (1.0 + np.exp(-y)), 1.0 / (1.0 + np.exp(y))
    slope = np.exp(-a * np.logaddexp(0.0, -y) - b * np.logaddexp(0.0, y) - log_beta)
    swap = x > (a + 1) / (a + b + 2)
    part = slope * _fraction(np.where(swap, rest, x), np.where(swap, b, a), np.where(swap, a, b))
    return np.where(swap, 1.0 - part, part), slope


def _fraction(x: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The continued fraction of I_x(a, b) (Abramowitz and Stegun 26.5.8) over a, by Lentz's method."""
    tiny = 1e-300
    c, d = np.ones_like(x), 1.0 - (a + b) * x / (a + 1)
    d = 1.0 / np.where(np.abs(d) < tiny, tiny, d)
    total = d.copy()
    for m in range(1, 300):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d, c = 1.0 + term * d, 1.0 + term / c
            d = 1.0 / np.where(np.abs(d) < tiny, tiny, d)
            c = np.where(np.abs(c) < tiny, tiny, c)
            total = total * d * c
        if np.all(np.abs(d * c - 1.0) < 4e-16):
            break
    return total / a


def even_shares(
    steps: int, high: float, low: float, tail: Callable[[float], float], quantile: Callable[[float], float]
) -> np.ndarray:
    """`steps` places from `high` down to `low`, even shares of a distribution (symmetric around 0) between them.

    tail(z) is the mass above z; quantile(mass) its inverse for masses up to 1/2. `high` may be infinite. Raises
    ValueError where the distribution has no mass between the ends (to the last digit of a float).
    """
    w = np.linspace(0, 1, steps)
    above = (1 - w) * tail(high) + w * tail(low)
    below = (1 - w) * tail(-high) + w * tail(-low)
    if not (tail(low) > tail(high) or tail(-high) > tail(-low)):
        raise ValueError(f"there is nothing between {low:g} and {high:g}")
    # Counted from the nearer end of the distribution, where the mass has all its digits.
    places = [quantile(u) if u < v else -quantile(v) for u, v in zip(above, below, strict=True)]
    return np.clip(places, low, high)
