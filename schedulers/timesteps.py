"""Timesteps: whole entries of the model's own table, as libraries count them; LCM's and SD Turbo's are such, too."""

import numpy as np

from ..core.schedule.clocks import table_ends
from ..core.space import Span
from ..core.spec import Param, schedule

SPACINGS = ("trailing", "leading", "linspace", "both ends")


@schedule(
    "Timesteps",
    params=(
        Param(
            "spacing", "trailing", "choice", choices=SPACINGS,
            help="From the top by whole strides (trailing), down to an entry near 0 by whole strides (leading), even "
            "down to 0 (linspace) or to the cleanest entry (both ends).",
        ),
        Param("offset", 0, "int", min=0, max=100, help="Leading: how far above the cleanest entry the last step is."),
        Param("grid", 0, "int", min=0, max=10000, help="Only so many even entries of the table: LCM 50. 0: all."),
        Param("stride", 0, "int", min=0, max=10000, help="Entries from one step to the next: SD Turbo 100. 0: even."),
    ),
    reference="Lin et al. 2023, arXiv:2305.08891, table 2; as diffusers' timestep_spacing",
)  # fmt: skip
def timesteps(steps: int, span: Span, *, spacing: str, offset: int, grid: int, stride: int) -> np.ndarray:
    """Whole entries of the model's own table: trailing for Turbo, Lightning and DMD2, leading for Stable Diffusion.

    Leading begins up to a stride below the model's top, as there. With more steps than entries: in between them.
    """
    top, bottom = table_ends(span)
    count, i = top - bottom + 1, np.arange(steps)
    if stride and (steps - 1) * stride < count:
        places = top - stride * i
    elif grid and steps <= grid <= count:
        places = top - np.floor(np.linspace(0, grid, steps, endpoint=False)) * (count // grid)
    elif spacing == "trailing":
        places = bottom + np.round(count - i * (count / steps)) - 1
    elif spacing == "leading":
        places = bottom + offset + (count // steps) * i[::-1]
    else:
        places = bottom + np.round(np.linspace(0, count - 1, steps + (spacing == "linspace")))[::-1][:steps]
    places = np.clip(places, bottom, top)
    if (np.diff(places) >= 0).any():
        places = np.linspace(top, bottom, steps)
    sigmas = span.sigma(places)
    return sigmas if spacing == "leading" else np.append(span.sigma_max, sigmas[1:])


@schedule("LCM", reference="Luo et al. 2023, arXiv:2310.04378; TCD's are the same, arXiv:2402.19159")
def lcm(steps: int, span: Span) -> np.ndarray:
    """The timesteps of LCM and TCD: of the 50 that they were distilled on, as many as asked for."""
    return timesteps(steps, span, spacing="trailing", offset=0, grid=50, stride=0)


@schedule("SD Turbo", reference="Stability AI, github.com/Stability-AI/generative-models, scripts/demo/turbo.py")
def sd_turbo(steps: int, span: Span) -> np.ndarray:
    """SD Turbo's: every tenth of the model's table from the noisiest on, for 1 to 4 steps; above 10 trailing."""
    return timesteps(steps, span, spacing="trailing", offset=0, grid=0, stride=100)
