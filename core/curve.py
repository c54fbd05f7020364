"""Parameters that change over the run: functions of sigma, never of a step index.

A run that is split, or has twice as many steps, follows the same curve. It is read while the table is built, once a
step, at the sigma where the step starts; it costs nothing at run time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

Value = float | Callable[[float], float]

MOST_POINTS = 1000
_GRID = 128  # percents are laid out on sigma at this many places, and at the points themselves


@dataclass(frozen=True)
class Curve:
    """Straight lines through `points` (sigma, value) over log sigma, from high sigma to low; constant outside.

    Two points at one sigma are a jump: a step that starts there gets the second value. Raises ValueError unless there
    is a point, every sigma is above 0 and they fall.
    """

    points: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        points = tuple((float(sigma), float(value)) for sigma, value in self.points)
        object.__setattr__(self, "points", points)
        if not points or not all(
            sigma > 0 and math.isfinite(sigma) and math.isfinite(value) for sigma, value in points
        ):
            raise ValueError(f"curve {points}: give one point (sigma, value) or more, every sigma above 0.")
        if any(b[0] > a[0] for a, b in pairwise(points)):
            raise ValueError(f"curve {points}: give the points from high sigma to low.")

    def __call__(self, sigma: float) -> float:
        """The value at `sigma` >= 0."""
        if sigma > self.points[0][0]:
            return self.points[0][1]
        for (high, before), (low, after) in pairwise(self.points):
            if low < sigma <= high and before != after:
                along = math.log(high / sigma) / math.log(high / low)
                return before + along * (after - before)
            if low < sigma <= high:
                return before
        return self.points[-1][1]


def scaled(value: Value, factor: float) -> Value:
    """`value`, a number or a function of sigma, times `factor`."""
    if isinstance(value, Curve):
        return Curve(tuple((sigma, factor * v) for sigma, v in value.points))
    return (lambda sigma: factor * value(sigma)) if callable(value) else factor * value


def interval(value: Value, low: float, high: float, outside: float = 0.0) -> Value:
    """`value`, a number or a function of sigma, for steps that start at low < sigma <= high; `outside` for others."""
    if not 0 <= low < high:
        raise ValueError(f"interval from sigma {high} down to {low}: give 0 <= low < high.")
    return lambda sigma: outside if not low < sigma <= high else value(sigma) if callable(value) else value


@dataclass(frozen=True)
class Percents:
    """Straight lines through `points` (percent of the run as a model counts it, value); what people write.

    Raises ValueError unless percents rise from 0 to 100, at most two at one place (a jump), and values are finite.
    """

    points: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        places = [place for place, _ in self.points]
        for place, value in self.points:
            if not 0 <= place <= 100 or not math.isfinite(value):
                raise ValueError(f"{place:g}:{value:g}: give a percent from 0 to 100 and a number.")
        for a, b in pairwise(places):
            if b < a:
                raise ValueError(f"{b:g} comes after {a:g}: give the percents in rising order.")
        if not places or len(places) > MOST_POINTS:
            raise ValueError(f"{len(places)} points: give 1 to {MOST_POINTS}.")
        if any(places.count(place) > 2 for place in set(places)):
            raise ValueError("more than two points at one percent: two make a jump.")

    def __call__(self, percent: float) -> float:
        """The value at `percent`; at a jump the second one."""
        for (left, before), (right, after) in pairwise(self.points):
            if left <= percent < right:
                return before + (percent - left) / (right - left) * (after - before)
        return self.points[-1][1] if percent >= self.points[-1][0] else self.points[0][1]

    def __str__(self) -> str:
        return ", ".join(f"{place:.12g}:{value:.12g}" for place, value in self.points)

    def curve(self, to_sigma: Callable[[float], float]) -> Curve:
        """The same over sigma. `to_sigma(percent)` is the model's falling map, within its own range of sigmas."""
        places = {place for place, _ in self.points}
        between = [(100 * k / _GRID, self(100 * k / _GRID)) for k in range(_GRID + 1) if 100 * k / _GRID not in places]
        inside = [p for p in between if self.points[0][0] < p[0] < self.points[-1][0]]
        merged = sorted([*self.points, *inside], key=lambda point: point[0])  # stable: jumps keep their order
        over: list[tuple[float, float]] = []
        for place, value in merged:
            sigma = float(to_sigma(place))
            over.append((min(sigma, over[-1][0]) if over else sigma, value))
        return Curve(tuple(over))


def parse(text: str) -> Percents:
    """Percents from text such as "0:1, 50:0.5, 100:0" (percent of the run : value). ValueError says what is wrong."""
    points = []
    for piece in text.strip().strip(",").split(","):
        place, colon, value = piece.partition(":")
        try:
            points.append((float(place.strip().removesuffix("%")), float(value)))
        except ValueError:
            colon = ""
        if not colon:
            raise ValueError(f"{piece.strip()[:40]!r} is no point: write percent:value, as in 0:1, 50:0.5, 100:0.")
    return Percents(tuple(points))
