"""The smallest diffusion model there is: one 8x8 picture, learned by heart by a network of three layers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..core.model.adapters import clip_denoised, denoiser, discrete
from ..core.model.discrete import Discrete

SIDE = 8
HEART = """
........
.##.##..
#o#####.
o######.
.#####..
..###...
...#....
........
"""
GREYS = {".": -1.0, "o": 0.2, "#": 1.0}


def picture() -> Tensor:
    """A heart with a glint, (1, 1, 8, 8) in [-1, 1]."""
    rows = [[GREYS[mark] for mark in line] for line in HEART.split()]
    return torch.tensor(rows)[None, None]


class TinyNet(nn.Module):
    """eps (B, 1, 8, 8) from x of unit size and the step number t (B,) of `count`; about 90,000 weights."""

    freqs: Tensor

    def __init__(self, count: int, width: int = 192, waves: int = 16) -> None:
        super().__init__()
        self.count = count
        self.register_buffer("freqs", torch.logspace(0, math.log10(100.0), waves), persistent=False)
        self.into = nn.Linear(SIDE * SIDE + 2 * waves, width)
        self.middle = nn.Linear(width, width)
        self.out = nn.Linear(width, SIDE * SIDE)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        angle = (t.to(x) / self.count)[:, None] * self.freqs
        h = F.silu(self.into(torch.cat([x.flatten(1), angle.sin(), angle.cos()], 1)))
        h = h + F.silu(self.middle(h))
        return x + self.out(h).reshape(x.shape)  # at the noisy end, x is the noise


def betas(count: int) -> Discrete:
    """Ho et al.'s schedule for `count` steps: their betas, times 1000/count so that as much noise is added in all."""
    return Discrete.from_betas(0.1 / count, 20.0 / count, count)


@contextmanager
def one_thread() -> Iterator[None]:
    """A network this small is slower on more threads, by much where other programs want them too."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def train(
    net: TinyNet, table: Discrete, image: Tensor, steps: int, tick: Callable[[float], None], batch: int = 256
) -> None:
    """Ho et al.'s Algorithm 1 for `steps` steps of Adam on the one `image` (1, 1, 8, 8); `tick` gets each loss."""
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
    generator = torch.Generator().manual_seed(0)
    kept = torch.from_numpy(table.alphas_cumprod).float()
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * 0.5 * (1 + math.cos(math.pi * step / steps))
        t = torch.randint(len(table), (batch,), generator=generator)
        eps = torch.randn(batch, *image.shape[1:], generator=generator)
        a, s = kept[t].sqrt()[:, None, None, None], (1 - kept[t]).sqrt()[:, None, None, None]
        loss = F.mse_loss(net(a * image + s * eps, t), eps)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        tick(loss.item())


def model(net: TinyNet, table: Discrete) -> Callable[..., Tensor]:
    """The network as a denoiser for the samplers: eps, DDPM's step numbers, pixels held within [-1, 1]."""
    return clip_denoised(denoiser(net, discrete("eps", table)))
