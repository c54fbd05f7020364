"""The kind of noise of a run's steps, as the widget `noise` names it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import comfy.k_diffusion.sampling as K
import torch
from torch import Tensor

from ... import samplers
from ...core.noise import kinds
from ..host import warnings
from . import foreign_noise

DEFAULT_NOISE = "default"
PLAIN = "brownian"
"""In place of a kind that needs a height and width where there is none."""


def step_noise(
    kind: str, spec: Any, x: Tensor, sigmas: Tensor, seed: int, parts: Sequence[samplers.Stream] = ()
) -> tuple[Any, Sequence[samplers.Stream]]:
    """What `samplers.sample` takes as noise and as streams for the widget's `kind` and the streams of x."""
    if kind == DEFAULT_NOISE:
        return None, parts
    if kind == "comfy":
        tree, plain = K.BrownianTreeNoiseSampler, K.default_noise_sampler
        if not samplers.has_tree(spec.name):
            return foreign_noise.of_tensors(plain(x, seed=seed), sigmas), parts
        drawn = tree(x, sigmas[sigmas > 0].min(), sigmas.max(), seed=seed, cpu=True)
        return foreign_noise.of_tensors(drawn, sigmas), parts
    if not parts:
        return noise_kind_for(kind, x), parts
    first, *others = (torch.empty(1, *part.shape) for part in parts)
    also = [None if fits(kind, other) is None else PLAIN for other in others]
    named = [replace(part, noise=noise) for part, noise in zip(parts[1:], also, strict=True)]
    return noise_kind_for(kind, first), (parts[0], *named)


def noise_kind_for(kind: str, x: Tensor) -> str:
    """`kind`, or PLAIN with a warning where it needs a height and width that x does not have."""
    why = fits(kind, x)
    if why is None:
        return kind
    warnings.warn([f"white noise instead of {kind}. {why}"])
    return PLAIN


def fits(kind: str, x: Tensor) -> str | None:
    """Why noise of that kind cannot be made for x; None where it can."""
    try:
        kinds.KINDS[kind](x[:1], 0)
    except ValueError as error:
        return str(error)
    return None
