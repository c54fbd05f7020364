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
    """Steps on the quarter circle from pure noise to the clean picture: for few steps, and for the sampler arc.

    theta = atan2(sigma, alpha data_std), theta_i = theta_max (1 - i/n)^p: the same on every kind of model, with no
    singular end. The last level is never below sigma_min.
    """
    top, bottom = angles(span, data_std)
    return from_angles(top * to_zero(1.0, steps, (bottom / top) ** (1 / p)) ** p, span, data_std)
