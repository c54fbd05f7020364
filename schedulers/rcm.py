"""rCM: the angles at which NVIDIA's distilled video models were trained to be run."""

import numpy as np

from ..core.schedule.clocks import angles, from_angles, stretched, to_zero
from ..core.space import Span
from ..core.spec import schedule

INNER = (1.5, 1.4, 1.0)  # theta of the second, third and fourth level
TOP = np.arctan(80.0)  # theta of the first, where sigma / alpha is 80


@schedule("rCM", reference="Zheng et al. 2025 (rCM), arXiv:2510.08431, and its code, Apache 2.0")
def rcm(steps: int, span: Span) -> np.ndarray:
    """For rCM and TurboDiffusion: 1 to 4 steps, from sigma_max on. In the angle atan(sigma / alpha), on flow models.

    theta = atan(rho_max), 1.5, 1.4, 1.0, as many of them as there are steps; with more, even pieces of that and 0.
    Where the range begins below rho = 80, all in proportion. (sCM's own, even in the angle, is the schedule cosine.)
    """
    top, bottom = angles(span, 1.0)
    knots = np.array([top, *(min(1.0, top / TOP) * theta for theta in INNER)])
    if steps <= len(knots):
        theta = knots[:steps]
    else:
        theta = np.interp(to_zero(4.0, steps, 0.0), np.arange(5), [0.0, *knots[::-1]])
    theta = stretched(theta, bottom)
    return from_angles(theta, span, 1.0)
