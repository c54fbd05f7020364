"""Logit-normal: steps as SD3 spreads its training over the levels of noise."""

import math
from statistics import NormalDist

import numpy as np

from ..core.schedule.clocks import from_log_rho
from ..core.schedule.quantile import even_shares
from ..core.space import Span, level
from ..core.spec import Param, schedule


@schedule(
    "Logit-normal",
    params=(
        Param("mean", 0.0, min=-10.0, max=10.0, help="The middle, as log(sigma / alpha); above 0 is more noise."),
        Param("std", 1.0, min=0.1, max=100.0, help="How far the steps spread around the middle."),
    ),
    reference="Esser et al. 2024 (SD3), arXiv:2403.03206, sec. 3.1; Karras et al. 2022 train so in log sigma",
)
def logit_normal(steps: int, span: Span, *, mean: float, std: float) -> np.ndarray:
    """Most steps around medium noise, few at both ends: as densely as SD3 and EDM are trained. In log-SNR, on flow too.

    log(sigma / alpha) at even shares of the normal distribution (mean, std), cut to the model's range.
    """
    high, low = (-level(sigma, span.space).lam for sigma in (span.sigma_max, span.sigma_min))
    try:
        places = even_shares(steps, (high - mean) / std, (low - mean) / std, _tail, _reach)
    except ValueError:
        raise ValueError(
            f"mean is {mean:g} and std is {std:g}: no steps fall into the model's range, which is {low:.3g} to "
            f"{high:.3g} in log(sigma / alpha). Give a mean inside of it or a larger std."
        ) from None
    return from_log_rho(mean + std * places, span)


def _tail(z: float) -> float:
    return math.erfc(z / math.sqrt(2)) / 2


def _reach(mass: float) -> float:
    return -NormalDist().inv_cdf(mass) if mass > 0 else math.inf
