"""Detail and guidance over the run, as Sigmatic Settings takes them: texts into values, and what is wrong with them."""

import math
import re
from dataclasses import dataclass
from typing import Any

from ...core.curve import Percents, parse
from ...core.model import cfg as ways, thresholding as ranges
from ...core.model.detail import MOST
from .widgets import require_names

MOST_CFG = 100.0
LEFT = "default"
WAYS = (LEFT, *ways.WAYS)
RANGES = (LEFT, *ranges.WAYS)
_RANGE = re.compile(r"\s*(\d+(?:\.\d*)?)\s*%?\s*-\s*(\d+(?:\.\d*)?)\s*%?\s*")


@dataclass(frozen=True)
class Cfg:
    """The scale of guidance over the run. points: percents and scales; None: the node's own scale.

    between: (start, end) in percent, outside of which it is 1; None: nowhere.
    """

    points: Percents | None = None
    between: tuple[float, float] | None = None

    def __str__(self) -> str:
        between = f"{self.between[0]:g}-{self.between[1]:g}" if self.between else ""
        return ", ".join(filter(None, (str(self.points) if self.points else "", between)))

    def most(self, otherwise: float) -> float:
        """The largest scale, or `otherwise`, the node's."""
        return max(scale for _, scale in self.points.points) if self.points else otherwise


def amount(text: str | None) -> float | Percents | None:
    """Detail as a number or a curve; None where nothing is written. ValueError naming the widget."""
    if not (text or "").strip():
        return None
    written = str(text).strip()
    try:
        value: float | Percents = parse(written) if ":" in written else float(written)
    except ValueError as error:
        wrong = str(error) if ":" in written else f"{written[:40]!r} is no number and no curve."
        raise ValueError(f"detail: {wrong} Write an amount (0.05) or percent:amount (20:0, 50:0.1, 80:0).") from None
    amounts = [amount for _, amount in value.points] if isinstance(value, Percents) else [value]
    for amount in amounts:
        if not abs(amount) <= MOST:
            raise ValueError(f"detail: {amount:g} is out of range: give -{MOST:g} to {MOST:g}; 0.02 to 0.1 is usual.")
    return value


def cfg(text: str | None) -> Cfg | None:
    """The scale of guidance over the run; None where nothing is written. ValueError naming the widget."""
    pieces = [piece for piece in (text or "").strip().strip(",").split(",") if piece.strip()]
    if not pieces:
        return None
    ranges = [match for match in map(_RANGE.fullmatch, pieces) if match]
    written = [piece for piece in pieces if not _RANGE.fullmatch(piece)]
    try:
        if len(ranges) > 1:
            raise ValueError(f"{len(ranges)} ranges: give one. Several are points: 0:1, 20:1, 20:6, 80:6, 80:1.")
        points = parse(",".join(written)) if written else None
        between = (float(ranges[0][1]), float(ranges[0][2])) if ranges else None
        if between and not 0 <= between[0] < between[1] <= 100:
            raise ValueError(f"{ranges[0][0].strip()}: give a range of percents from low to high, such as 20-80.")
        wrong = [scale for _, scale in (points.points if points else ()) if not 0 <= scale <= MOST_CFG]
        if wrong:
            raise ValueError(f"{wrong[0]:g} is out of range: give scales from 0 to {MOST_CFG:g}.")
    except ValueError as error:
        raise ValueError(f"cfg_curve: {error}") from None
    return Cfg(points, between)


def options(
    detail: str | None = "", cfg_curve: str | None = "", guidance: str | None = LEFT, thresholding: str | None = LEFT
) -> dict[str, Any]:
    """The options that the four widgets give; ValueError naming the widget that is wrong."""
    way, kept = guidance or LEFT, thresholding or LEFT
    require_names(guidance=(way, WAYS), thresholding=(kept, RANGES))
    given = {"detail": amount(detail), "cfg": cfg(cfg_curve), "guidance": way, "thresholding": kept}
    return {name: value for name, value in given.items() if value not in (None, LEFT)}


def bounds(between: tuple[float, float], to_sigma: Any) -> tuple[float, float]:
    """(low, high] of sigma for a range of percents."""
    start, end = between
    return (0.0 if end >= 100 else to_sigma(end)), (math.inf if start <= 0 else to_sigma(start))
