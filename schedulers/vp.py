"""VP: even steps in the time of a variance-preserving process."""

import numpy as np

from ..core.schedule.clocks import from_log_rho, log_rho_ends
from ..core.space import Span
from ..core.spec import Param, schedule


@schedule(
    "VP",
    params=(
        Param("beta_d", 19.9, min=0.0, max=5000.0, help="How much the rate of noising grows over the process."),
        Param("beta_min", 0.1, above=0.0, max=5000.0, help="The rate of noising at its start."),
    ),
    reference="Song et al. 2021, arXiv:2011.13456, as in Karras et al. 2022, arXiv:2206.00364, table 1",
)
def vp(steps: int, span: Span, *, beta_d: float, beta_min: float) -> np.ndarray:
    """Even steps in the time of the VP process that DDPM-like models are trained on. In log-SNR, on flow models too.

    (sigma / alpha)^2 = exp(beta_d t^2/2 + beta_min t) - 1, with t even between the model's own ends (k-diffusion's
    has ends of its own, t = 1 and eps_s).
    """
    unit = max(beta_d**0.5, beta_min)  # time may run at any rate, as the ends are given
    beta_d, beta_min = beta_d / unit / unit, beta_min / unit
    squared = np.logaddexp(0, 2 * np.array(log_rho_ends(span)))  # log(1 + rho^2) at both ends
    top, bottom = 2 * squared / (np.sqrt(beta_min**2 + 2 * beta_d * squared) + beta_min)
    t = np.linspace(top, bottom, steps)
    grown = beta_d * t**2 / 2 + beta_min * t
    return from_log_rho((grown + np.log(-np.expm1(-grown))) / 2, span)
