"""Align Your Steps: schedules that were optimized for Stable Diffusion 1, XL and Video at ten steps."""

import numpy as np

from ..core.model.discrete import Discrete
from ..core.schedule.clocks import interpolated
from ..core.space import Span
from ..core.spec import Param, schedule

SOURCE = "Sabour et al. 2024, arXiv:2404.14507; numbers: research.nvidia.com/labs/toronto-ai/AlignYourSteps/howto.html"

_SD = Discrete.stable_diffusion().sigmas
TABLES = {
    "sd1": _SD[[999, 850, 736, 645, 545, 455, 343, 233, 124, 24, 0]],
    "sdxl": _SD[[999, 845, 730, 587, 443, 310, 193, 116, 53, 13, 0]],
    "svd": np.array([700.00, 54.5, 15.886, 7.977, 4.248, 1.789, 0.981, 0.403, 0.173, 0.034, 0.002]),
}


@schedule(
    "Align Your Steps",
    params=(
        Param("table", "sd1", kind="choice", choices=tuple(TABLES), help="The model that the numbers were found for."),
    ),
    reference=SOURCE,
)
def ays(steps: int, span: Span, *, table: str) -> np.ndarray:
    """Optimized for Stable Diffusion 1 at about 10 steps. In log-SNR, on flow models too.

    The published levels, log-linear in between for other step counts, and stretched in log(sigma / alpha) to the
    model's own range.
    """
    return interpolated(TABLES[table], steps, span)


@schedule("Align Your Steps XL", reference=SOURCE)
def ays_sdxl(steps: int, span: Span) -> np.ndarray:
    """Optimized for SDXL at about 10 steps. In log-SNR, on flow models too."""
    return interpolated(TABLES["sdxl"], steps, span)


@schedule("Align Your Steps Video", reference=SOURCE)
def ays_svd(steps: int, span: Span) -> np.ndarray:
    """Optimized for Stable Video Diffusion at about 10 steps. In log-SNR, on flow models too."""
    return interpolated(TABLES["svd"], steps, span)
