"""Arc: steps on the quarter circle between noise and image."""

import math

import numpy as np

from ..core.schedule.clocks import to_zero
from ..core.space import Span, at_rho, level
from ..core.spec import Param, schedule

P = {7: 1.0, 10: 1.25, 15: 1.25, 30: 1.35}  # by number of steps: what suits networks
P_CUT = {7: 1.0, 10: 1.25, 15: 1.25, 20: 1.45}  # where sigma_min leaves a last step of more than twice the others
FAR = 5.0  # times the steps: beyond this rho the model answers so nearly with its mean that no step belongs there
LONG = 20  # steps: more than so many are so exact that it matters farther out


@schedule(
    "Arc",
    params=(
        Param(
            "p", 0.0, min=0.0, max=10.0,
            help="1 is even in the angle; above 1 crowds the steps at low noise. "
            "0: 1 up to 7 steps, 1.25 from 10 to 15, 1.35 from 30 up; 1.45 from 20 where sigma_min is high.",
        ),
        Param("data_std", 2.2, min=0.001, max=100.0, help="The noise-to-signal ratio in the middle of the circle."),
        Param("power", 0.58, above=0.0, max=4.0, help="1 is the true angle; below 1 spreads the steps further out."),
    ),
    reference="Sigmatic's own; the angle as in v-prediction, Salimans and Ho 2022, arXiv:2202.00512",
)  # fmt: skip
def arc(steps: int, span: Span, *, p: float, data_std: float, power: float) -> np.ndarray:
    """Steps on the quarter circle from noise to picture, for the sampler arc. In sigma / alpha, on flow models too.

    theta = atan((rho / data_std)^power), rho = sigma / alpha; theta_i = theta_max (1 - i/n)^p: no singular end, on VE
    and on flow alike. p, if not given, grows with the steps. theta_max is never above that of rho = 5 steps (steps^3 /
    80 with more than 20): what lies beyond is part of the first step. The last level is never below sigma_min.
    """
    return _arc(steps, span, p, data_std, power, FAR * steps * max(1.0, steps / LONG) ** 2)


@schedule("Wide arc", reference="Sigmatic's own: arc with data_std 5, power 1 and p 2.5, on all of the circle")
def wide_arc(steps: int, span: Span) -> np.ndarray:
    """Arc with more steps at high noise, for networks on pictures: for 6 to 20 steps. In sigma / alpha, as arc."""
    return _arc(steps, span, 2.5, 5.0, 1.0, math.inf)


def usual_p(steps: int, lowest: float) -> float:
    """What suits so many steps, where the last but one ends at the share `lowest` of the angle."""
    p, cut = (float(np.interp(steps, list(by), list(by.values()))) for by in (P, P_CUT))
    return cut if steps * lowest ** (1 / p) > 2 else p


def _arc(steps: int, span: Span, p: float, scale: float, power: float, far: float) -> np.ndarray:
    high, low = (level(s, span.space).rho for s in (span.sigma_max, span.sigma_min))
    top, bottom = (math.atan((rho / scale) ** power) for rho in (min(high, max(far, 2 * low)), low))
    p = p or usual_p(steps, bottom / top)
    angles = top * to_zero(1.0, steps, (bottom / top) ** (1 / p)) ** p
    sigmas = np.array([at_rho(float(r), span.space).sigma for r in scale * np.tan(angles) ** (1 / power)])
    sigmas[0] = span.sigma_max
    return np.clip(sigmas, span.sigma_min, span.sigma_max)
