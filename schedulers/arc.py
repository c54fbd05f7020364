"""Arc: steps on the quarter circle between noise and image."""

import numpy as np

from ..core.clocks import angles, from_angles, to_zero
from ..core.space import Span
from ..core.spec import Param, schedule


@schedule(
    "Arc",
    params=(
        Param("p", 1.5, above=0.0, max=10.0, help="1 is even in the angle; above 1 crowds the steps at low noise."),
        Param("data_std", 1.0, above=0.0, max=100.0, help="Spread of the model's data: 1 for most latents."),
    ),
    reference="Sigmatic's own; the angle as in v-prediction, Salimans and Ho 2022, arXiv:2202.00512",
)
def arc(steps: int, span: Span, *, p: float, data_std: float) -> np.ndarray:
    """Steps on the quarter circle from noise to picture: for smooth models and the sampler arc (else see wide_arc).

    theta = atan2(sigma, alpha data_std), theta_i = theta_max (1 - i/n)^p: the same on every kind of model, with no
    singular end. The last level is never below sigma_min.
    """
    return _arc(steps, span, p, data_std)


@schedule("Wide arc", reference="Sigmatic's own: arc with data_std 5 and p 2.5")
def wide_arc(steps: int, span: Span) -> np.ndarray:
    """Arc with more steps at high noise, for networks on pictures: for 6 to 20 steps, on every kind of model.

    Like karras where the noise is far below data_std, but without a singular end, and so as good on flow models.
    """
    return _arc(steps, span, 2.5, 5.0)


def _arc(steps: int, span: Span, p: float, scale: float) -> np.ndarray:
    top, bottom = angles(span, scale)
    return from_angles(top * to_zero(1.0, steps, (bottom / top) ** (1 / p)) ** p, span, scale)
