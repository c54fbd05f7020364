"""Sigmatic Noise: the noise that a custom run starts from, the same for a picture in every batch."""

from typing import Any

import torch
from torch import Tensor

from ..core.noise.kinds import initial
from .host.api import CATEGORY, io, schema
from .inputs import widgets
from .running.step_noise import noise_kind_for


class KeyedNoise:
    """A NOISE of the host: `seed`, and `generate_noise(latent)` on the CPU."""

    def __init__(self, seed: int, kind: str) -> None:
        self.seed = seed
        self.kind = kind

    def generate_noise(self, latent: dict[str, Any]) -> Tensor:
        """Noise like the LATENT's samples; its batch_index says which pictures of a larger batch these are."""
        samples = latent["samples"]
        if getattr(samples, "is_nested", False):  # picture and sound together: each its own noise
            parts = [self._of(part, latent, place) for place, part in enumerate(samples.unbind())]
            return type(samples)(parts)
        return self._of(samples, latent, 0)

    def _of(self, samples: Tensor, latent: dict[str, Any], place: int) -> Tensor:
        x = torch.empty_like(samples, device="cpu", dtype=torch.float32)
        index = latent.get("batch_index")
        index = [int(i) for i in (range(len(x)) if index is None else index)]
        # Pictures of one batch are far below 2^32 in number: a second part of the latent takes other places.
        return initial(x, self.seed, [i + (place << 32) for i in index], kind=noise_kind_for(self.kind, x))


class SigmaticNoise(io.ComfyNode):
    """Makes the NOISE that a custom run starts from."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """A seed, and a kind of noise that needs no run."""
        return schema(
            node_id="SigmaticNoise",
            display_name="Sigmatic Noise",
            category=CATEGORY,
            description="The noise that SamplerCustomAdvanced starts from. A picture gets the same noise alone and in "
            "any batch, on every machine.",
            search_aliases=["random noise", "seed", "pink noise"],
            inputs=[
                widgets.seed(),
                io.Combo.Input(
                    "noise", options=widgets.NOISE_KINDS, default="gaussian",
                    tooltip="The kind of noise. gaussian is what models are trained with. pink and pyramid give larger "
                    "shapes, blue and violet finer grain. window, loop: long videos; frames share the noise of 16. "
                    "a1111: that of A1111 and Forge.",
                ),
            ],
            outputs=[io.Noise.Output(display_name="noise", tooltip="For the noise input of SamplerCustomAdvanced.")],
        )  # fmt: skip

    @classmethod
    def execute(cls, seed: int, noise: str = "gaussian") -> io.NodeOutput:
        """The NOISE of that seed and kind, as SamplerCustomAdvanced takes it."""
        widgets.require_names(noise=(noise, widgets.NOISE_KINDS))
        return io.NodeOutput(KeyedNoise(seed, noise))
