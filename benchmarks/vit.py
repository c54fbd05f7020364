"""A public network that others trained: a class-conditional flow ViT on MNIST, 28x28 pixels in [0, 1].

Its weights are DiffusionViT.pth of github.com/sofia-dominguezc/MNIST-diffusion (MIT), parameters/MNIST, at commit
88bc058; a plain state dict. Below sigma / alpha = 0.055 its error is larger than the noise: runs on it end there.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

FILE, LOWEST, NONE = "DiffusionViT.pth", 0.055, 10
PATCH, WIDTH, HEADS, LAYERS, TIMES = 7, 64, 4, 4, 64


class ViT(nn.Module):
    """x0 (B, 1, 28, 28) from x_t = t x0 + (1 - t) n of that shape, t (B,) and classes (B,), NONE for no class."""

    def __init__(self) -> None:
        super().__init__()
        self.patch_embed = nn.Conv2d(1, WIDTH, PATCH, stride=PATCH)
        self.pos_embed = nn.Parameter(torch.zeros(1, 16, WIDTH))
        self.y_encoder = nn.Embedding(NONE + 1, 2 * WIDTH)
        layer = (WIDTH, HEADS, 4 * WIDTH, 0.0, "gelu")
        self.transformer = nn.ModuleList(nn.TransformerEncoderLayer(*layer, batch_first=True) for _ in range(LAYERS))
        self.unpatch = nn.ConvTranspose2d(WIDTH, 1, PATCH, stride=PATCH)

    def forward(self, x: Tensor, t: Tensor, labels: Tensor) -> Tensor:
        tokens = self.patch_embed(x).flatten(2).mT + self.pos_embed
        rates = 10000.0 ** (-torch.arange(TIMES, device=x.device) / (TIMES - 1))
        angles = t[:, None] * rates.to(x)
        time = torch.cat([angles.sin(), angles.cos()], 1).unflatten(1, (2, WIDTH))
        tokens = torch.cat([tokens, time, self.y_encoder(labels).unflatten(1, (2, WIDTH))], 1)
        for layer in self.transformer:
            tokens = layer(tokens)
        return self.unpatch(tokens[:, :16].mT.unflatten(2, (4, 4)))


def load(folder: Path) -> ViT:
    """The network of DiffusionViT.pth in `folder`."""
    net = ViT()
    net.load_state_dict(torch.load(folder / FILE, weights_only=True))
    return net.eval().requires_grad_(False)


def denoiser(net: ViT, labels: list[int], space: str, cfg: float):
    """model(x, sigma) -> x0, k-diffusion's call contract, under classifier-free guidance `cfg`."""
    given = torch.tensor(labels)
    both = torch.cat([given, torch.full_like(given, NONE)])

    @torch.no_grad()
    def model(x: Tensor, sigma: Tensor, **_: object) -> Tensor:
        level = sigma.flatten()[:1].float().expand(len(x))
        t = 1 - level if space == "flow" else 1 / (1 + level)
        z = (x if space == "flow" else x * t.to(x)[:, None, None, None]).float()
        if cfg == 1:
            return net(z, t, given).to(x)
        steered, free = net(z.repeat(2, 1, 1, 1), t.repeat(2), both).chunk(2)
        return torch.lerp(free, steered, cfg).to(x)

    return model
