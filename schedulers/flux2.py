"""Flux.2: even steps of time, shifted by the number of tokens and, for few tokens, by the number of steps."""

import math

import numpy as np

from ..core.schedule.clocks import from_shares, shifted
from ..core.space import Span
from ..core.spec import schedule
from .token_shift import TOKENS

FEW, MANY = (8.73809524e-05, 1.89833333), (1.6927e-04, 0.45666666)  # slope and start of mu at 10 and at 200 steps
LARGE = 4300  # tokens: more have the mu of 200 steps


@schedule(
    "Flux.2",
    params=(TOKENS,),
    reference="Black Forest Labs, github.com/black-forest-labs/flux2 (compute_empirical_mu), Apache 2.0",
)
def flux2(steps: int, span: Span, *, tokens: float) -> np.ndarray:
    """Flux.2's: shifted by the size of the picture, and more with few steps. In sigma itself.

    sigma = s t / (1 + (s - 1) t), s = e^mu, t even from the model's top to 0. mu is a straight line over the tokens at
    10 steps and another at 200, and between them straight over the steps; above 4300 tokens that of 200.
    """
    at_10, at_200 = (slope * tokens + start for slope, start in (FEW, MANY))
    mu = at_200 if tokens > LARGE else at_200 + (at_200 - at_10) / 190 * (steps - 200)
    return from_shares(shifted(steps, span, math.exp(max(-20.0, min(mu, 20.0)))), span)
