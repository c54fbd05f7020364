"""How good an embedded model is: pictures drawn by rule, feature distance, and how near they are to known ones."""

from __future__ import annotations

import torch
from torch import Tensor
from tqdm import tqdm

from .. import samplers, schedulers
from .embedded import Embedded
from .network import SIDE, PictureNet

RUNS = {  # schedule, steps and options with which a finished model is measured, by Euler's method
    "ve": ("karras", 20, {"sigma_min": 0.03, "sigma_max": 14.6, "rho": 7.0}),
    "flow": ("linear", 20, {}),
}
AT_ONCE = 100


def draw(model: Embedded, net: PictureNet, labels: Tensor, *, space: str, cfg: float, seed: int = 7) -> Tensor:
    """An image of each class in labels (B,), by `net` as RUNS says: (B, C, 32, 32)."""
    generator, (name, steps, options) = torch.Generator().manual_seed(seed), RUNS[space]
    sigmas, done = schedulers.sigmas(name, steps, space=space, **options), []
    for some in tqdm(labels.split(AT_ONCE), desc=f"draw {space}"):
        x = torch.randn(len(some), model.colours, SIDE, SIDE, generator=generator) * sigmas[0]
        guided = model.guided(net, some.tolist(), space=space, cfg=cfg)
        done.append(samplers.sample("euler", guided, x, sigmas, space=space, disable=True))
    return torch.cat(done)


def frechet(a: Tensor, b: Tensor, weights: Tensor | None = None) -> float:
    """The squared Frechet distance of two normals with the mean and covariance of features a (N, F) and b (M, F).

    |m_a - m_b|^2 + tr(C_a + C_b - 2 (C_a C_b)^(1/2)), Dowson and Landau 1982; of few items it is too large.
    weights (N,): how much each item of a counts, all alike if None.
    """
    a, b = a.double(), b.double()
    weights = torch.ones(len(a)).double() if weights is None else weights.double()
    mean, spread, other = weights @ a / weights.sum(), a.T.cov(aweights=weights), b.T.cov()
    root = _root(spread)
    cross = torch.linalg.eigvalsh(root @ other @ root).clamp(min=0).sqrt().sum()
    return float((mean - b.mean(0)).square().sum() + spread.trace() + other.trace() - 2 * cross)


def _root(matrix: Tensor) -> Tensor:
    """The square root of a symmetric matrix without negative eigenvalues."""
    values, vectors = torch.linalg.eigh(matrix)
    return (vectors * values.clamp(min=0).sqrt()) @ vectors.T


def nearest(images: Tensor, known: Tensor) -> Tensor:
    """The distance (B,) of each image to the nearest of `known` in any position within a pixel: RMS over its values."""
    rows = images.flatten(1)
    best = torch.full((len(images),), torch.inf)
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            moved = known.roll((down, right), (-2, -1)).flatten(1)
            best = torch.minimum(best, torch.cdist(rows, moved).amin(1))
    return best / rows.shape[1] ** 0.5
