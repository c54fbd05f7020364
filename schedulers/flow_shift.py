"""Flow shift: even steps of a flow model's time, shifted towards noise as large pictures need it."""

import math

import numpy as np

from ..core.schedule.clocks import from_shares, shifted
from ..core.space import Span
from ..core.spec import Param, schedule

_BASE = 1.048576  # megapixels of 1024 x 1024, for which SD3's shift of 3 is meant


@schedule(
    "Flow shift",
    params=(
        Param("shift", 3.0, above=0.0, max=1000.0, help="Above 1: more steps at high noise. SD3 3, Wan 5 to 12."),
        Param("mu", 0.0, min=-10.0, max=10.0, help="A further shift, as its logarithm (Flux: 0.5 to 1.15, shift 1)."),
        Param(
            "megapixels", 0.0, min=0.0, max=10000.0,
            help="Size of the picture, to shift more for larger ones. 0: shift and mu as they are.",
        ),
        Param(
            "rule", "sqrt", kind="choice", choices=("sqrt", "flux"),
            help="How size shifts: sqrt (SD3: 1 megapixel as given, 4 twice as much) or flux (adds its own mu).",
        ),
        Param("end_time", 0.0, min=0.0, max=0.5, help="Time before the shift that the steps go to, as UniPC's: 0.001."),
        Param("last_time", 0.0, min=0.0, max=0.5, help="Time before the shift of the last level. 0: by end_time."),
    ),
    reference="Esser et al. 2024 (SD3), arXiv:2403.03206, eq. 23; mu and its growth with size: Flux.1",
)  # fmt: skip
def flow_shift(steps: int, span: Span, *, shift, mu, megapixels, rule, end_time, last_time) -> np.ndarray:
    """The usual schedule of flow models with a shift of your own, whatever the model's is. In sigma itself.

    sigma = s t / (1 + (s - 1) t), t even from the model's top to 0; s = shift e^mu, for pictures of a given size times
    sqrt(megapixels / 1.05) or Flux's e^(0.5 + 0.65 (tokens - 256)/3840). On VE models sigma / (1 + sigma) is so spaced.
    """
    log_shift = math.log(shift) + mu
    if megapixels and rule == "sqrt":
        log_shift += math.log(megapixels / _BASE) / 2
    elif megapixels:
        log_shift += 0.5 + 0.65 * (megapixels * 1e6 / 256 - 256) / 3840  # a token is 16 x 16 pixels
    s = math.exp(max(-20.0, min(log_shift, 20.0)))  # beyond, shares of noise are no longer told from 0 or 1
    return from_shares(shifted(steps, span, s, end_time, last_time), span)
