"""Logit-normal: steps as SD3 spreads its training over the levels of noise; and Ideogram's, which know the size."""

import math
from dataclasses import replace
from statistics import NormalDist

import numpy as np

from ..core.schedule.clocks import from_log_rho
from ..core.schedule.quantile import even_shares
from ..core.space import Span, level
from ..core.spec import Param, schedule
from .token_shift import TOKENS


def _places(count: int, span: Span, mean: float, std: float) -> np.ndarray:
    high, low = (-level(sigma, span.space).lam for sigma in (span.sigma_max, span.sigma_min))
    try:
        return mean + std * even_shares(count, (high - mean) / std, (low - mean) / std, _tail, _quantile)
    except ValueError:
        raise ValueError(
            f"mean is {mean:g} and std is {std:g}: no steps fall into the model's range, which is {low:.3g} to "
            f"{high:.3g} in log(sigma / alpha). Give a mean inside of it or a larger std."
        ) from None


def _tail(z: float) -> float:
    return math.erfc(z / math.sqrt(2)) / 2


def _quantile(mass: float) -> float:
    return -NormalDist().inv_cdf(mass) if mass > 0 else math.inf


MEAN = Param("mean", 0.0, min=-10.0, max=10.0, help="The middle, as log(sigma / alpha); above 0 is more noise.")
STD = Param("std", 1.0, min=0.1, max=100.0, help="How far the steps spread around the middle.")


@schedule(
    "Logit-normal",
    params=(MEAN, STD),
    reference="Esser et al. 2024 (SD3), arXiv:2403.03206, sec. 3.1; Karras et al. 2022 train so in log sigma",
)
def logit_normal(steps: int, span: Span, *, mean: float, std: float) -> np.ndarray:
    """Most steps around medium noise, few at both ends: as densely as SD3 and EDM are trained. In log-SNR, on flow too.

    log(sigma / alpha) at even shares of the normal distribution (mean, std), cut to the model's range.
    """
    return from_log_rho(_places(steps, span, mean, std), span)


@schedule("Ideogram", params=(MEAN, replace(STD, default=1.5), TOKENS), reference="Ideogram 4, as in diffusers 0.42")
def ideogram(steps: int, span: Span, *, mean: float, std: float, tokens: float) -> np.ndarray:
    """Logit-normal all the way to 0, with more noise the larger the picture: Ideogram's. In log-SNR, on flow too.

    The mean is meant for 512 x 512 (1024 tokens); half the logarithm of how much larger the picture is comes on top.
    """
    return from_log_rho(_places(steps + 1, span, mean + math.log(tokens / 1024) / 2, std)[:-1], span)
