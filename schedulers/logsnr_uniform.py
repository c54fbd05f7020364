"""Log-SNR uniform: even steps in the log of the signal-to-noise ratio."""

import numpy as np

from ..core.schedule.clocks import from_log_rho, log_rho_ends
from ..core.space import Span
from ..core.spec import Param, schedule


@schedule(
    "Log-SNR uniform",
    params=(
        Param(
            "ends", "both", "choice", choices=("both", "first"),
            help="first: sigma_min is the place of the closing 0, not of the last level (Stable Audio 3).",
        ),
    ),
    reference="Lu et al. 2022 (DPM-Solver), arXiv:2206.00927",
)  # fmt: skip
def logsnr_uniform(steps: int, span: Span, *, ends: str) -> np.ndarray:
    """Even steps in log-SNR, the time of the DPM-Solver family; on VE models the same as exponential.

    On flow models that is even in log(sigma / (1 - sigma)), which crowds at both ends; the log-SNR has no bound at
    sigma = 1, so the steps are spaced from the model's last level below it.
    """
    return from_log_rho(np.linspace(*log_rho_ends(span), steps + (ends == "first"))[:steps], span)
