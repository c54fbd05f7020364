"""Karras: even steps in sigma^(1/rho)."""

import numpy as np

from ..core.space import Span
from ..core.spec import Param, schedule


@schedule(
    "Karras",
    params=(Param("rho", 7.0, above=0.0, max=1000.0, help="How much the steps crowd at low noise. 7 is the usual."),),
    spaces=("ve",),
    reference="Karras et al. 2022, arXiv:2206.00364, eq. 5",
)
def karras(steps: int, span: Span, *, rho: float) -> np.ndarray:
    """Many steps at low noise, for detail; the usual choice on Stable Diffusion. On flow models, too, in sigma itself.

    sigma_i = (sigma_max^(1/rho) + i/(n-1) (sigma_min^(1/rho) - sigma_max^(1/rho)))^rho.
    """
    # Relative to sigma_max, so that a small rho cannot overflow.
    low = (span.sigma_min / span.sigma_max) ** (1 / rho)
    t = np.linspace(0, 1, steps)
    return np.maximum(span.sigma_max * (1 - t + t * low) ** rho, span.sigma_min)
