"""LATENTs as the host has them: checked, brought into the model's shape, given their noise."""

import inspect
from collections.abc import Sequence
from typing import Any

import comfy.sample
import torch
from torch import Tensor

_CLEANED = ("downscale_ratio_spacial", "downscale_ratio_temporal")  # newer hosts' notes about an empty latent

SEARCHED = 64
"""Pictures of a batch that a noise is looked for among: each is one more draw, in a run whose noise is somebody's."""


def require_content(name: str, samples: Tensor) -> None:
    """ValueError naming the input where there is no picture in it, or none with a size."""
    if 0 in samples.shape:
        raise ValueError(f"{name}: there is nothing in it (shape {tuple(samples.shape)}): give one picture or more.")


def fit_latent(model: Any, latent: dict[str, Any]) -> Tensor:
    """The LATENT's samples, with an empty latent made the shape this model wants (as the host's KSampler does).

    ValueError where there is nothing in it.
    """
    require_content("latent_image", latent["samples"])
    fix = comfy.sample.fix_empty_latent_channels
    known = inspect.signature(fix).parameters
    return fix(model, latent["samples"], **{name: latent.get(name) for name in _CLEANED if name in known})


def initial_noise(samples: Tensor, seed: int, batch_index: Any, wanted: bool) -> Tensor:
    """The host's own starting noise for `samples`: the seed's, or zeros if it is not `wanted`."""
    if wanted:
        return comfy.sample.prepare_noise(samples, seed, batch_index)
    empty = getattr(comfy.sample, "prepare_empty_noise", None)
    return empty(samples) if empty else torch.zeros_like(samples, device="cpu")


def places(noise: Tensor, seed: int) -> list[int] | None:
    """Which pictures of a larger batch these are, by the noise (B, ...) that the host made them from.

    The host hands a sampler no batch_index, but draws the noise of a batch picture by picture. None where the pictures
    are the first ones in their order, or the noise is not the seed's.
    """
    noise = noise.detach().cpu()
    generator = torch.Generator("cpu").manual_seed(seed)
    drawn: list[Tensor] = []

    def place(item: Tensor) -> int | None:
        for i in range(SEARCHED):
            if i == len(drawn):
                drawn.append(torch.randn((1, *item.shape), dtype=item.dtype, generator=generator)[0])
            if torch.equal(drawn[i], item):
                return i
        return None

    if not noise[0].any():
        return None
    indices: list[int] = []
    for item in noise:
        at = place(item)
        if at is None:
            return None
        indices.append(at)
    return None if indices == list(range(len(noise))) else indices


def numbers(samples: Any) -> Tensor:
    """All numbers of a LATENT's samples in one row, of several tensors together too: float32 on the CPU."""
    return torch.cat([part.detach().to("cpu", torch.float32).flatten() for part in parts(samples)])


def parts(samples: Any) -> Sequence[Tensor]:
    """The tensors of a LATENT's samples: several where picture and sound go together."""
    return samples.unbind() if getattr(samples, "is_nested", False) else [samples]


def with_samples(latent: dict[str, Any], samples: Tensor) -> dict[str, Any]:
    """A copy of the LATENT with new samples, without the notes that only an empty one carries."""
    return {**{key: value for key, value in latent.items() if key not in _CLEANED}, "samples": samples}
