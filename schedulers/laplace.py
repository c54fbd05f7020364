"""Laplace: most steps around a middle level of noise, fewer and fewer on both sides."""

import math

import numpy as np

from ..core.schedule.clocks import from_log_rho, log_rho_ends
from ..core.schedule.quantile import even_shares
from ..core.space import Span
from ..core.spec import Param, schedule

_EPSILON = 1e-5  # k-diffusion's, so that its levels come out to the last digit


@schedule(
    "Laplace",
    params=(
        Param("mu", 0.0, min=-10.0, max=10.0, help="The middle, as log(sigma / alpha): 0 is as much noise as image."),
        Param("beta", 0.5, above=0.0, max=10.0, help="How far the steps spread around the middle."),
    ),
    reference="Hang et al. 2024, arXiv:2407.03297; k-diffusion's get_sigmas_laplace",
)
def laplace(steps: int, span: Span, *, mu: float, beta: float) -> np.ndarray:
    """Most steps around medium noise, where the content of a picture is decided; in log-SNR, on flow models too.

    log rho_i = mu - beta sign(1/2 - t_i) log(1 - 2 |1/2 - t_i|), t_i = i/(n-1). Where that leaves the model's range
    (k-diffusion then repeats its ends), t_i goes over the part that lies inside.
    """
    high, low = log_rho_ends(span)
    t = np.linspace(0, 1, steps)
    inside = np.minimum(1 - 2 * np.abs(0.5 - t) + _EPSILON, 1.0)  # above 1, some of 100,000 steps would turn back
    places = mu - beta * np.sign(0.5 - t) * np.log(inside)
    if not ((places[1:-1] < high) & (places[1:-1] > low)).all():
        try:
            places = mu + beta * even_shares(steps, (high - mu) / beta, (low - mu) / beta, _tail, _quantile)
        except ValueError:
            raise ValueError(
                f"mu is {mu:g} and beta is {beta:g}: no steps fall into the model's range, which is {low:.3g} to "
                f"{high:.3g} in log(sigma / alpha). Give a mu inside of it or a larger beta."
            ) from None
    places[-1] = low
    return from_log_rho(places, span)


def _tail(z: float) -> float:
    return math.exp(-z) / 2 if z >= 0 else 1 - math.exp(z) / 2


def _quantile(mass: float) -> float:
    return -math.log(2 * mass) if mass > 0 else math.inf
