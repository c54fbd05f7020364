"""Beta: the quantiles of a beta distribution over the model's own table."""

import numpy as np

from ..core.schedule.clocks import table_ends
from ..core.schedule.quantile import beta_quantile
from ..core.space import Span
from ..core.spec import Param, schedule


def _quantiles(steps: int, span: Span, alpha: float, beta: float) -> np.ndarray:
    top, bottom = table_ends(span)
    places = top - beta_quantile(np.arange(steps) / steps, beta, alpha) * (top - bottom)
    whole = np.rint(places)
    # Two steps that round to one entry (ComfyUI loses one of them) stay where they are, between the entries.
    same = np.diff(whole) == 0
    kept = np.append(same, False) | np.append(False, same) | (whole > top) | (whole < bottom) | (places == top)
    return span.sigma(np.where(kept, places, whole))


@schedule(
    "Beta",
    params=(
        Param("alpha", 0.6, min=0.01, max=100.0, help="Below 1 the steps crowd at low noise."),
        Param("beta", 0.6, min=0.01, max=100.0, help="Below 1 the steps crowd at high noise."),
    ),
    reference="Lee et al. 2024, arXiv:2407.12173; ComfyUI's beta",
)
def beta(steps: int, span: Span, *, alpha: float, beta: float) -> np.ndarray:
    """Steps crowd at both ends of the model's own time: a good choice on SDXL and on flow models, with many steps.

    Step i goes to the quantile 1 - i/n of the Beta(alpha, beta) distribution over the model's table: exactly as many
    steps as asked for.
    """
    return _quantiles(steps, span, alpha, beta)


@schedule("Beta 57", reference="RES4LYF's name for Lee et al.'s with alpha 0.5 and beta 0.7")
def beta57(steps: int, span: Span) -> np.ndarray:
    """Beta with alpha 0.5 and beta 0.7: more steps at low noise. Much used on flow models (Flux, Wan)."""
    return _quantiles(steps, span, 0.5, 0.7)
