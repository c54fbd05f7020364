"""Linear-quadratic: small even steps at high noise, then growing ones."""

import numpy as np

from ..core.schedule.clocks import stretched
from ..core.space import Span
from ..core.spec import Param, schedule


@schedule(
    "Linear-quadratic",
    params=(
        Param("threshold", 0.025, above=0.0, max=0.99, help="Share of sigma's range that the even steps cover."),
        Param("linear_steps", 0, kind="int", min=0, max=10000, help="How many steps are even. 0: half of them."),
    ),
    spaces=("flow",),
    reference="Polyak et al. 2024 (Movie Gen), arXiv:2410.13720, as in Mochi 1 and ComfyUI",
)
def linear_quadratic(steps: int, span: Span, *, threshold: float, linear_steps: int) -> np.ndarray:
    """Half the steps creep through the highest noise, the others grow quadratically: for video models. In sigma itself.

    sigma_max (1 - x): x grows evenly to `threshold` in the first steps, then as a parabola that starts there with
    the same slope and ends in 1.
    """
    if steps == 1:
        return np.array([span.sigma_max])
    even = linear_steps or steps // 2
    if even >= steps:
        raise ValueError(f"linear_steps is {linear_steps}: give fewer than steps, which is {steps} (0: half of them).")
    most = 2 * even / (steps + even)  # from here on the parabola would turn back before it arrives
    if threshold >= most:
        raise ValueError(f"threshold is {threshold:g}: with {even} even steps of {steps} give less than {most:.3g}.")
    i = np.arange(steps)
    slope = threshold / even
    bend = (1 - slope * steps) / (steps - even) ** 2
    return stretched(span.sigma_max * (1 - slope * i - bend * np.maximum(i - even, 0) ** 2), span.sigma_min)
