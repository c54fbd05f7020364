"""KL-optimal: even steps in arctan of the noise-to-signal ratio."""

import numpy as np

from ..core.schedule.clocks import angles, from_angles
from ..core.space import Span
from ..core.spec import schedule


@schedule("KL optimal", reference="Sabour et al. 2024 (Align Your Steps), arXiv:2404.14507, for Gaussian data")
def kl_optimal(steps: int, span: Span) -> np.ndarray:
    """The best schedule for Gaussian data of spread 1; good at few steps. In sigma / alpha, on flow models too.

    sigma_i / alpha_i = tan of even steps from atan(sigma_max / alpha) to atan(sigma_min / alpha). (ComfyUI's takes
    sigma for the ratio on flow models, and is not a number at 1 step.)
    """
    return from_angles(np.linspace(*angles(span, 1.0), steps), span, 1.0)
