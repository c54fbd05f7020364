"""The samplers, one method or one tight family a file, found by looking; files that begin with _ hold the calls.

Core and these only: a sampler knows no schedule, no node and no host.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from torch import Tensor

from ..core.loop import Output
from ..core.spec import SAMPLERS, SamplerSpec
from ..core.streams import Stream
from ._comfy import has_tree
from ._run import sample_with_state
from ._state import State
from ._table import table

for _module in pkgutil.iter_modules(__path__):
    if not _module.name.startswith("_"):
        import_module(f".{_module.name}", __name__)

__all__ = ["Output", "State", "Stream", "get", "has_tree", "names", "sample", "sample_with_state", "table"]


def names() -> tuple[str, ...]:
    """The names of all samplers."""
    return SAMPLERS.names()


def get(name: str) -> SamplerSpec:
    """The declaration of sampler `name`; ValueError with the nearest names if there is none."""
    return SAMPLERS.get(name)


def sample(
    name: str, model: Callable[..., Tensor], x: Tensor, sigmas: Sequence[float] | Tensor, **options: Any
) -> Tensor:
    """Denoise x along sigmas with sampler `name`; return a tensor like x.

    model(x, sigma, **extra_args) -> denoised (the clean image), sigma of shape (B,). x (B, ...) holds noise at
    sigmas[0]; sigmas (n+1,) go down (or, for ODE samplers, up). All options are those of `sample_with_state`.
    """
    return sample_with_state(name, model, x, sigmas, **options)[0]
