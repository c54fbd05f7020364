"""A model whose answer is known: the exact denoiser of a mixture of Gaussians.

x0 is drawn from one of `components` Gaussians of spread `spread` around fixed centres; E[x0 | x] is then a softmax over
the centres. It serves as ground truth in tests and benchmarks, and as a MODEL that needs no weights.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..core import space as spaces


class Mixture:
    """A mixture over items of any shape: `denoise`, `sample`, and `denoiser(space)` for the samplers."""

    def __init__(self, shape: tuple[int, ...] = (2,), components: int = 8, spread: float = 0.15, seed: int = 0) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.shape, self.spread = tuple(shape), spread
        self.centres = torch.randn(components, math.prod(self.shape), generator=generator, dtype=torch.float64) * 0.7

    def denoise(self, x: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        """E[x0 | x] for x (B, *shape) = alpha x0 + sigma n; alpha, sigma (B,), sigma > 0. Returns a tensor like x."""
        centres = self.centres.to(x)
        flat = x.reshape(x.shape[0], -1)
        a, s = alpha.to(x)[:, None], sigma.to(x)[:, None]
        variance = (a * self.spread) ** 2 + s**2
        # |x - a m|^2 without the part that is equal for all m, which would drown the rest in float32.
        distance = a.T * (a.T * (centres**2).sum(1, keepdim=True) - 2 * centres @ flat.T)
        share = torch.softmax(-distance / (2 * variance.T), dim=0)  # over the first axis: many times as fast
        mean = share.T @ centres
        return (mean + a * self.spread**2 / variance * (flat - a * mean)).reshape(x.shape)

    def denoiser(self, space: str = "ve"):
        """model(x, sigma) -> x0, k-diffusion's call contract."""
        return spaces.from_network(lambda x, alpha, sigma, **_: self.denoise(x, alpha, sigma), space)

    def sample(self, count: int, seed: int = 0) -> Tensor:
        """Exact draws of x0, float64 (count, *shape)."""
        generator = torch.Generator().manual_seed(seed)
        which = torch.randint(len(self.centres), (count,), generator=generator)
        noise = torch.randn(count, self.centres.shape[1], generator=generator, dtype=torch.float64)
        return (self.centres[which] + self.spread * noise).reshape(count, *self.shape)

    def noised(self, count: int, sigma: float, space: str = "ve", seed: int = 0) -> Tensor:
        """Exact draws of x at noise level `sigma`, float64 (count, *shape)."""
        generator = torch.Generator().manual_seed(seed + 1)
        at = spaces.level(sigma, space)
        noise = torch.randn(count, *self.shape, generator=generator, dtype=torch.float64)
        return at.alpha * self.sample(count, seed) + at.sigma * noise
