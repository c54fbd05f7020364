"""ComfyUI's own step noise, for people who must match old pictures: noise="comfy".

It depends on the batch, on how the run is split and, for ancestral samplers, on the device; that is why it is not the
default. The numbers are those of ComfyUI from 0.7 on; before, its ancestral noise on the CPU took the seed as it is.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from ..core.loop import Noise
from ..core.noise.keys import MASK, PLAIN
from ..core.table import Draw

_CLOSEST = 1e-5
"""torchsde's tree divides down to 1e-6: at or below that it finds no interval and recurses until Python gives up."""


def has_tree(name: str) -> bool:
    """Whether ComfyUI's sampler of that name draws from a Brownian tree: its DPM++ SDE samplers, and no others."""
    return name.startswith("dpmpp_") and name.endswith("_sde")


def comfy(name: str, x: Tensor, seed: int, sigmas: Sequence[float]) -> Noise:
    """The noise that ComfyUI's sampler `name` would draw for x (B, ...) over `sigmas`.

    Either one torchsde tree in sigma for the whole batch (k-diffusion's BrownianTreeNoiseSampler), or one generator on
    x's device, drawn from step after step. Raises ValueError where torchsde is needed and not installed, or where
    two levels lie closer together than its tree can tell.
    """
    return _tree(x, seed, sigmas) if has_tree(name) else _generator(x, seed)


def _generator(x: Tensor, seed: int) -> Noise:
    generator = torch.Generator(device=x.device).manual_seed((seed + (x.device.type == "cpu")) & MASK)

    def draw(_: Draw) -> Tensor:
        return torch.randn(x.shape, dtype=x.dtype, device=x.device, generator=generator)

    return draw


def _tree(x: Tensor, seed: int, sigmas: Sequence[float]) -> Noise:
    try:
        import torchsde
    except ImportError as error:
        raise ValueError("noise is 'comfy': ComfyUI's SDE noise needs the package torchsde. pip install it.") from error
    for i, (a, b) in enumerate(pairwise(sigmas)):
        if 0 < abs(a - b) < _CLOSEST:
            raise ValueError(
                f"noise is 'comfy', and sigmas[{i}] and sigmas[{i + 1}] are {abs(a - b):.2g} apart ({a:g}): that noise "
                f"cannot be drawn between levels closer than {_CLOSEST:g}. Leave one out, or choose another noise."
            )
    ends = torch.tensor([min(s for s in sigmas if s > 0), max(sigmas)], **PLAIN)
    tree = torchsde.BrownianTree(ends[0], torch.zeros_like(x, device="cpu"), ends[1], entropy=seed)

    def increment(draw: Draw) -> Tensor:
        low, high = torch.tensor(sorted((draw.sigma, draw.sigma_next)), **PLAIN)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Should have")  # rounding of the ends; harmless
            drawn = torch.as_tensor(tree(low, high))
        return (drawn / (high - low).sqrt()).to(x) * (1 if draw.sigma < draw.sigma_next else -1)

    return increment
