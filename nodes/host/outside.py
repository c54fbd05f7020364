"""What lies outside of a noise mask: the picture that the host keeps there, and the noise that it puts on it.

The host takes both from the node that it runs. Where a run is done in parts, the second node has neither: its latent is
the noisy one, and its noise is none.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from . import facts


class Outside(NamedTuple):
    """As the host keeps it during a run: like x, the picture in the model's scale, the noise in units."""

    picture: Tensor
    noise: Tensor

    def put(self, model: Any) -> None:
        """Give it to the run of the model that a sampler function was handed; the host makes that model for one run."""
        keeper = _keeper(model)
        if keeper is not None and keeper.latent_image.shape == self.picture.shape:
            keeper.latent_image = self.picture.to(keeper.latent_image)
            keeper.noise = self.noise.to(keeper.latent_image)

    def over(self, x: Tensor, sigma: float, mask: Tensor, ms: Any) -> Tensor:
        """x of a run up to `sigma`, with what the host has there where the mask is 0: the run itself has rounded it."""
        level = x.new_tensor(sigma)
        return torch.where(mask > 0, x, ms.noise_scaling(level, self.noise.to(x), self.picture.to(x)))


def noise_of(model: Any) -> Tensor | None:
    """The noise (B, ...) that the host has started the run with, in units; None where other packs hide it."""
    keeper = _keeper(model)
    return None if keeper is None else keeper.noise


def outside(model: Any, extra_args: dict[str, Any]) -> Outside | None:
    """Of the model that a sampler function was handed with `extra_args`; None in a run without a mask."""
    keeper = _keeper(model) if extra_args.get("denoise_mask") is not None else None
    return Outside(keeper.latent_image.cpu(), keeper.noise.cpu()) if keeper is not None else None


def _keeper(model: Any) -> Any:
    """What blends outside of the mask, None where other packs hide it."""
    kept = (
        link
        for link in facts.links(model)
        if isinstance(getattr(link, "latent_image", None), Tensor) and isinstance(getattr(link, "noise", None), Tensor)
    )
    return next(kept, None)
