"""Cosine: even steps in the time of the cosine process."""

import numpy as np

from ..core.schedule.clocks import angles, from_angles, to_zero
from ..core.space import Span
from ..core.spec import Param, schedule


@schedule(
    "Cosine",
    params=(
        Param(
            "shift", 1.0, above=0.0, max=1000.0,
            help="Above 1: more steps at high noise, for large pictures; 1 leaves the schedule as it is.",
        ),
    ),
    reference="Nichol and Dhariwal 2021, arXiv:2102.09672; shift: Hoogeboom et al. 2023, arXiv:2301.11093",
)  # fmt: skip
def cosine(steps: int, span: Span, *, shift: float) -> np.ndarray:
    """Even steps in the time of the cosine process, all the way to 0: evenly spread. In log-SNR, on flow models too.

    sigma / alpha = shift tan(pi t / 2), t falling evenly from the model's top to 0, the last step as long as the
    others (its level never below sigma_min).
    """
    top, bottom = angles(span, shift)
    return from_angles(to_zero(top, steps, bottom), span, shift)
