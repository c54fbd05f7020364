"""Exponential: even steps in log sigma."""

import numpy as np

from ..core.space import Span
from ..core.spec import Param, schedule

SOURCE = "k-diffusion's get_sigmas_exponential and get_sigmas_polyexponential (Crowson)"


@schedule("Exponential", spaces=("ve",), reference=SOURCE)
def exponential(steps: int, span: Span) -> np.ndarray:
    """Even steps in log sigma (on flow models too): the most steps at low noise. Suits the DPM++ SDE samplers."""
    return np.geomspace(span.sigma_max, span.sigma_min, steps)


@schedule(
    "Polyexponential",
    params=(Param("rho", 1.0, above=0.0, max=1000.0, help="1 is exponential; above 1 crowds at low noise."),),
    spaces=("ve",),
    reference=SOURCE,
)
def polyexponential(steps: int, span: Span, *, rho: float) -> np.ndarray:
    """Exponential with a bend: log sigma, on flow models too, falls as (1 - i/(n-1))^rho."""
    ramp = np.linspace(1, 0, steps) ** rho
    low, high = np.log(span.sigma_min), np.log(span.sigma_max)
    return np.exp(ramp * (high - low) + low)
