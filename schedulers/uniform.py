"""Even steps in the model's own table: normal, simple, sgm_uniform; and linear, even steps in sigma.

(ComfyUI's normal and sgm_uniform end too high on flow models with a shift: they shift the cleanest level twice.)
"""

import numpy as np

from ..core.schedule.clocks import table_ends, to_zero
from ..core.space import Span
from ..core.spec import schedule

SOURCE = "ComfyUI's schedule of the same name, from the model's own table of sigmas"


@schedule("Normal", reference=SOURCE)
def normal(steps: int, span: Span) -> np.ndarray:
    """Even steps in the model's table, from its noisiest level to its cleanest: on flow, in sigma before the shift."""
    return span.sigma(np.linspace(*table_ends(span), steps))


@schedule("SGM uniform", reference=SOURCE)
def sgm_uniform(steps: int, span: Span) -> np.ndarray:
    """Even steps in the model's table, with the step to 0 as long as the others: on flow, in sigma before the shift."""
    return span.sigma(np.linspace(*table_ends(span), steps + 1)[:-1])


@schedule("Simple", reference=SOURCE)
def simple(steps: int, span: Span) -> np.ndarray:
    """Every n-th entry of the model's own table: usual on flow models, where that is sigma with their shift."""
    top, bottom = table_ends(span)
    stride = (top - bottom + 1) / steps
    if stride < 1:  # more steps than entries: in between them
        return span.sigma(np.linspace(top, bottom, steps))
    return span.sigma(np.maximum(top - np.floor(np.arange(steps) * stride + 1e-9), bottom))


@schedule(
    "Linear", spaces=("flow",), reference="Even steps in sigma; Liu et al. 2022 (rectified flow), arXiv:2209.03003"
)
def linear(steps: int, span: Span) -> np.ndarray:
    """Even steps in sigma, the plain schedule of flow models; on others almost all steps fall on heavy noise."""
    return to_zero(span.sigma_max, steps, span.sigma_min)
