"""What denoise below 1 means: which part of the way a run goes."""

from __future__ import annotations

from dataclasses import replace

from ..core.space import Span
from ._params import MOST_STEPS


def total_steps(steps: int, denoise: float) -> int:
    """The steps of the schedule whose last `steps` are run: int(steps / denoise), ComfyUI's rule.

    ValueError where that is above MOST_STEPS; denoise is above 0.
    """
    if denoise > 0.9999:
        return steps
    if steps / denoise > MOST_STEPS:
        raise ValueError(
            f"denoise is {denoise:g}: {steps} steps would be the last of {steps / denoise:.3g}, and up to {MOST_STEPS} "
            "can be made. Give more denoise, or fewer steps."
        )
    return int(steps / denoise)


def lowered(place: Span, denoise: float) -> Span:
    """`place` from denoise times sigma_max down: the rule "sigma". ValueError where nothing of it is left."""
    top = place.sigma_max * denoise
    if top <= place.sigma_min:
        raise ValueError(
            f"denoise is {denoise:g}: by the rule 'sigma' the run would begin at {top:g}, and the range ends at "
            f"{place.sigma_min:g}. Give a denoise above {place.sigma_min / place.sigma_max:.3g}."
        )
    return replace(place, sigma_max=top)
