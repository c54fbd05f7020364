"""Drawn: the levels through points of your own, written, drawn or measured."""

import math
from itertools import pairwise

import numpy as np

from ..core.curve import parse as percents
from ..core.schedule.sigmas import parse
from ..core.space import Span
from ..core.spec import Param, schedule

POINTS = Param(
    "points",
    "",
    "text",
    help="Sigmas with commas, evenly placed over the steps; or percent:sigma, as in 0:14.6, 60:1, 100:0.03.",
)


@schedule("Drawn", params=(POINTS,), reference="ours")
def drawn(steps: int, span: Span, *, points: str) -> np.ndarray:
    """Through points of your own: a list of sigmas for any number of steps, such as Fit Schedule's. Log-linear between.

    The points are sigmas as they are on VE and on flow; where they begin above sigma_max, the run starts at the place
    where they meet it. Without points: even in log-sigma from sigma_max to sigma_min. A closing 0 is understood.
    """
    places, levels = _read(points) if points.strip() else ([0.0, 1.0], [span.sigma_max, span.sigma_min])
    if any(level <= 0 for level in levels) or any(b >= a for a, b in pairwise(levels)):
        raise ValueError(f"points is {points[:60]!r}: give sigmas above 0 that fall, such as 14.6, 4, 1, 0.03.")
    if span.space == "flow" and levels[0] > 1:
        raise ValueError(f"points begins at {levels[0]:g}: on flow models sigma goes from 1 to 0.")
    first = 0.0
    if levels[0] > span.sigma_max > levels[-1]:
        first = float(np.interp(-math.log(span.sigma_max), -np.log(levels), places))
    t = np.linspace(first, 1, steps) if steps > 1 else np.full(1, first)
    return np.exp(np.interp(t, places, np.log(levels)))


def _read(text: str) -> tuple[list[float], list[float]]:
    """Where the points lie in the run, from 0 to 1, and their sigmas; ValueError naming points for what is neither."""
    try:
        if ":" in text:
            pairs = [(place / 100, value) for place, value in percents(text).points]
            pairs = pairs[:-1] if len(pairs) > 1 and pairs[-1][1] == 0 else pairs
            return [place / (pairs[-1][0] or 1.0) for place, _ in pairs], [value for _, value in pairs]
        values = list(parse(text))
    except ValueError as error:
        raise ValueError(f"points: {error}") from None
    levels = values[:-1] if len(values) > 1 and values[-1] == 0 else values
    return np.linspace(0, 1, len(levels)).tolist(), levels
