"""Constant rate: every step changes the distribution of the noisy pictures by as much."""

import numpy as np

from ..core.schedule.clocks import from_log_rho, log_rho_ends, to_zero
from ..core.space import Span
from ..core.spec import Param, schedule


@schedule(
    "Constant rate",
    params=(Param("data_std", 0.5, above=0.0, max=100.0, help="Spread of the data; less is finer at low noise."),),
    reference="Okada et al. 2024, arXiv:2411.12188, in closed form: Fisher-Rao length, for Gaussian data",
)
def constant_rate(steps: int, span: Span, *, data_std: float) -> np.ndarray:
    """Every step changes the noisy pictures' distribution by as much: many steps at high noise. In log-SNR on flow too.

    Even steps in log(data_std^2 + rho^2), rho = sigma / alpha, the length of the way that Gaussian data goes; all the
    way to 0 (the last level never below sigma_min). It is even time in a VP process of constant rate, too.
    """
    high, low = np.logaddexp(0, 2 * (np.array(log_rho_ends(span)) - np.log(data_std)))
    way = to_zero(high, steps, low)  # log(1 + (rho / data_std)^2)
    return from_log_rho(np.log(data_std) + (way + np.log(-np.expm1(-way))) / 2, span)
