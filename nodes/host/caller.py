"""Who asks for a schedule: the host hands a scheduler the model_sampling alone, its callers know the rest.

Read from the callers' variables, since the host has no other way to them: nothing of theirs is changed.
"""

import sys
from collections.abc import Sequence
from typing import Any

from torch import Tensor

NEAR = 16  # callers that are looked at
LATENTS = ("latent_image", "latent", "noise")


def run_around(model_sampling: Any) -> tuple[Any, Sequence[int] | None]:
    """(the MODEL that this model_sampling is of, the shape of the latent that is to be run); None for what none has."""
    model, frame = None, sys._getframe(1)
    for _ in range(NEAR):
        if frame is None:
            break
        here = frame.f_locals
        for one in (here.get("model"), getattr(here.get("self"), "model", None)):
            if model is None and _has(one, model_sampling):
                model = one
        shape = next(filter(None, (_shape(here.get(name)) for name in LATENTS)), None)
        if model is not None and shape:
            return model, shape
        frame = frame.f_back
    return model, None


def cfg_around(model_sampling: Any) -> float | None:
    """The guidance of the run that asks, where a caller with its MODEL has it; None where none says."""
    frame = sys._getframe(1)
    for _ in range(NEAR):
        if frame is None:
            break
        here = frame.f_locals
        cfg = here.get("cfg")
        if _has(here.get("model"), model_sampling) and isinstance(cfg, (int, float)) and not isinstance(cfg, bool):
            return float(cfg)
        frame = frame.f_back
    return None


def _has(model: Any, model_sampling: Any) -> bool:
    return hasattr(model, "get_model_object") and model.get_model_object("model_sampling") is model_sampling


def _shape(value: Any) -> Sequence[int] | None:
    value = value.get("samples") if isinstance(value, dict) else value
    return tuple(value.shape) if isinstance(value, Tensor) and value.ndim >= 4 else None
