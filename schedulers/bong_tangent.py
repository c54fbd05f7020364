"""Bong tangent: two arctangents, gentle at both ends and steep in the middle."""

import numpy as np

from ..core.schedule.clocks import from_shares, share_ends, stretched
from ..core.space import Span
from ..core.spec import schedule


@schedule("Bong tangent", reference="RES4LYF's schedule of that name (Clownshark Batwing), as a formula")
def bong_tangent(steps: int, span: Span) -> np.ndarray:
    """Gentle at both ends, steep in the middle: for the RES samplers, on flow models above all. In sigma itself.

    Two arctangents meet at half the noise: from 1 to 1/2 and from 1/2 to 0, times the model's own top (theirs always
    starts at 1). On VE models sigma / (1 + sigma) is so spaced. One step goes from the top to 0.
    """
    if steps == 1:
        return np.array([span.sigma_max])
    places = steps + 2
    pivot, slope = int(0.6 * places), 0.2 / (places / 40)
    first = _arctangent(np.arange(pivot), slope, pivot, 1.0, 0.5)[:-1]
    second = _arctangent(np.arange(places - pivot), slope, 0, 0.5, 0.0)[:-1]
    top, bottom = share_ends(span)
    return from_shares(stretched(top * np.concatenate([first, second]), bottom), span)


def _arctangent(x: np.ndarray, slope: float, pivot: int, start: float, end: float) -> np.ndarray:
    """An arctangent falling through `pivot`, scaled to go from start to end."""
    f = -np.arctan(slope * (x - pivot))
    return end + (start - end) * (f - f[-1]) / (f[0] - f[-1]) if len(x) > 1 else np.array([start])
