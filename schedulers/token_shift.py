"""Token shift: even steps of a flow model's time, shifted by how many tokens the picture has."""

import math

import numpy as np

from ..core.schedule.clocks import from_shares, share_ends, shifted
from ..core.space import Span
from ..core.spec import Param, schedule

TOKENS = Param("tokens", 4096.0, min=1.0, max=1e8, help="Of the picture or video; most models: one for 16 x 16 pixels.")
BENDS = {"linear": 1.0, "sqrt": 0.5}


@schedule(
    "Token shift",
    params=(
        TOKENS,
        Param("base_mu", 0.5, min=-10.0, max=10.0, help="mu at base_tokens."),
        Param("max_mu", 1.15, min=-10.0, max=10.0, help="mu at max_tokens."),
        Param("base_tokens", 256.0, min=0.0, max=1e8, help="Where base_mu is right."),
        Param("max_tokens", 4096.0, min=0.0, max=1e8, help="Where max_mu is right."),
        Param("rule", "linear", "choice", choices=tuple(BENDS), help="mu is even in the tokens, or in their root."),
        Param("shift_by", "exp mu", "choice", choices=("exp mu", "mu"), help="mu is the shift, or its logarithm."),
        Param("stretch_to", 0.0, min=0.0, max=0.99, help="The last level, by stretching. 0: as it comes."),
    ),
    reference="Flux.1 (Black Forest Labs); the stretch: LTX-Video (Lightricks), Qwen-Image; mu itself: CogView 4",
)  # fmt: skip
def token_shift(
    steps: int, span: Span, *, tokens, base_mu, max_mu, base_tokens, max_tokens, rule, shift_by, stretch_to
) -> np.ndarray:
    """Flux's: larger pictures have more of their steps at high noise. In sigma itself.

    sigma = s t / (1 + (s - 1) t), s = e^mu, t even from the model's top to 0; mu goes in a straight line over the
    tokens (or their square root) from base_mu at base_tokens to max_mu at max_tokens, and on beyond. stretch_to: the
    levels are moved evenly away from the first until the last is this one.
    """
    low, here, high = (count ** BENDS[rule] for count in (base_tokens, tokens, max_tokens))
    mu = base_mu + (max_mu - base_mu) * ((here - low) / (high - low) if high != low else 0.0)
    mu = mu if shift_by == "exp mu" else math.log(max(mu, 1e-9))
    shares = shifted(steps, span, math.exp(max(-20.0, min(mu, 20.0))))  # beyond, none is told from 0 or 1
    first, last, goal = shares[0], shares[-1], max(stretch_to, share_ends(span)[1])
    if stretch_to and steps > 1 and goal < first:
        shares = first - (first - shares) * ((first - goal) / (first - last))
    return from_shares(shares, span)


@schedule("LTX-Video", params=(TOKENS,), reference="Lightricks; ComfyUI's LTXVScheduler")
def ltxv(steps: int, span: Span, *, tokens: float) -> np.ndarray:
    """LTX-Video's: token shift with mu 0.95 at 1024 tokens to 2.05 at 4096, and the last level at 0.1."""
    return token_shift(steps, span, tokens=tokens, base_mu=0.95, max_mu=2.05, base_tokens=1024.0, max_tokens=4096.0,
                       rule="linear", shift_by="exp mu", stretch_to=0.1)  # fmt: skip
