"""DEIS: Adams-Bashforth on the noise prediction, interpolated in the time of the variance-preserving diffusion."""

import math

import numpy as np

from ..core.spec import CLOCK, Param, sampler
from ..core.table import Stage, Step, first_order, noise_seen
from ..core.weights import weights

# The VP diffusion's time t: log(1 + rho^2) = BETA_D t^2 / 2 + BETA_MIN t, the integral of its linear beta(t). The two
# constants lay it through rho = .002 at t = .001 and rho = 80 at t = 1, as diff-sampler does.
_LOW, _HIGH, _START = math.log1p(0.002**2), math.log1p(80.0**2), 1e-3
BETA_D = 2 * (_LOW / _START - _HIGH) / (_START - 1)
BETA_MIN = _HIGH - BETA_D / 2


def time(rho: np.ndarray) -> np.ndarray:
    """The time of the VP diffusion at the noise-to-signal ratio `rho`."""
    return (np.sqrt(BETA_MIN**2 + 2 * BETA_D * np.log1p(np.square(rho))) - BETA_MIN) / BETA_D


@sampler(
    "DEIS",
    family="multistep",
    order=3,
    history=3,
    clock="lam",
    params=(
        Param("max_order", 3, "int", min=1, max=4, help="How many predictions are used, the newest included."),
        CLOCK,
    ),
    reference="Zhang and Chen 2022, arXiv:2204.13902, tAB-DEIS; the time of VP diffusion as of diff-sampler",
)
def deis(step: Step, *, max_order: int) -> tuple[Stage, ...]:
    """A calm memory of the noise prediction, at home from 8 to 20 steps.

    x'/alpha' = x/alpha + integral over rho of eps, interpolated in VP time through up to four predictions.
    """
    a, b = step.a, step.b
    if a.alpha == 0:
        return first_order(step)
    nodes = [at.rho for at in (a, *step.past)][:max_order]
    w = weights(nodes, a.rho, b.rho, clock=time)
    return noise_seen(a), Stage(b.sigma, b.alpha / a.alpha, tuple(b.alpha * weight for weight in w))
