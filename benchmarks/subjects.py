"""What quality is measured on: models whose exact answer is known, each with starting noise and the exact end.

A subject's rows are whole runs that do not mix: `groups` equal blocks of them, such as the mixtures of eight seeds.
"""

from __future__ import annotations

import importlib
import math
from dataclasses import dataclass
from pathlib import Path

import inhost
import torch
from torch import Tensor

SIGMA_MAX = 14.614643  # of Stable Diffusion's table, where every run on VE starts
CLASSES = 10


@dataclass
class Subject:
    """A model, its starting noise (unit normals like x) and the exact solution of its ODE; all float64."""

    name: str
    space: str
    model: object
    noise: Tensor
    groups: int = 1
    exact: Tensor | None = None

    @property
    def sigma_max(self) -> float:
        """Where the exact solution starts."""
        return 1.0 if self.space == "flow" else SIGMA_MAX

    def start(self, sigma: float) -> Tensor:
        """x at the level `sigma`, where a run starts."""
        return self.noise * sigma

    def error(self, x0: Tensor) -> list[float]:
        """For every group, the median over its rows of the RMSE per coordinate to the exact end."""
        assert self.exact is not None
        gaps = (x0.double() - self.exact).flatten(1).pow(2).mean(1).sqrt().nan_to_num(nan=1e9)
        return gaps.reshape(self.groups, -1).median(1).values.tolist()


class Mixtures:
    """The exact denoisers of several mixtures side by side: rows (groups x paths, d), one mixture for each group."""

    def __init__(self, dimensions: int, seeds: range) -> None:
        mixture = importlib.import_module("sigmatic.demo.mixture").Mixture
        made = [mixture((dimensions,), seed=seed) for seed in seeds]
        self.centres, self.spread = torch.stack([one.centres for one in made]), made[0].spread

    def denoise(self, x: Tensor, alpha: float, sigma: float) -> Tensor:
        """E[x0 | x] at x = alpha x0 + sigma n."""
        rows = x.reshape(len(self.centres), -1, x.shape[-1])
        variance = (alpha * self.spread) ** 2 + sigma**2
        reach = alpha * (alpha * self.centres.pow(2).sum(2)[:, None] - 2 * rows @ self.centres.mT)
        mean = torch.softmax(-reach / (2 * variance), dim=2) @ self.centres
        return (mean + alpha * self.spread**2 / variance * (rows - alpha * mean)).reshape(x.shape)

    def model(self, space: str):
        """model(x, sigma) -> x0; all of sigma is equal."""

        def model(x: Tensor, sigma: Tensor, **_: object) -> Tensor:
            level = float(sigma.flatten()[0])
            return self.denoise(x, 1 - level if space == "flow" else 1.0, level)

        return model


def mixtures(dimensions: int, space: str, seeds: range, paths: int) -> Subject:
    """The mixtures of `seeds`, `paths` runs of each."""
    model = Mixtures(dimensions, seeds).model(space)
    noise = torch.randn(len(seeds) * paths, dimensions, generator=_generator(7), dtype=torch.float64)
    return Subject(f"mixture-{dimensions}-{space}", space, model, noise, groups=len(seeds))


def digits(cfg: float, space: str, paths: int, exact: bool = False) -> Subject:
    """The digit network under guidance `cfg`; with `exact` it computes in float64."""
    package = importlib.import_module("sigmatic.demo.digits")
    net = package.load()
    if exact:
        net = importlib.import_module("copy").deepcopy(net).double()
    model = package.guided(net, [k % CLASSES for k in range(paths)], space=space, cfg=cfg)
    noise = torch.randn(paths, 1, 32, 32, generator=_generator(11), dtype=torch.float64)
    return Subject(f"digits-{cfg:g}-{space}", space, model, noise)


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def solve(subject: Subject, steps: int) -> Tensor:
    """The exact end: a method of order 5 in theta, from the top to sigma 0 (its last stretch, 1e-5, is x = D)."""
    sigmatic = inhost.load_sigmatic()
    top = math.pi / 2 if subject.space == "flow" else math.atan(SIGMA_MAX / 0.5)
    theta = top * torch.linspace(1, 0, steps + 1, dtype=torch.float64) ** 1.5
    rho = 0.5 * torch.tan(theta)
    sigmas = rho / (1 + rho) if subject.space == "flow" else rho
    sigmas[0] = subject.sigma_max
    sigmas = torch.cat([sigmas[sigmas > 1e-5], torch.tensor([1e-5, 0.0], dtype=torch.float64)])
    return sigmatic.samplers.sample(
        "dormand_prince", subject.model, subject.start(subject.sigma_max), sigmas, space=subject.space, disable=True
    )


def with_exact(subject: Subject, precise: Subject, steps: int, folder: Path) -> Subject:
    """`subject` with its exact end, computed by `precise` once and kept in `folder`."""
    rows = "x".join(str(n) for n in subject.noise.shape)
    kept = folder / f"exact-{subject.name}-{rows}-{steps}.pt"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        torch.save(solve(precise, steps), kept)
    subject.exact = torch.load(kept)
    return subject
