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
SIGMA_LOW = 0.029168  # where most schedules end there, and where x = D has its floor
CLASSES = 10
NOISE = {"mixture": 21, "digits": 13, "fit": 12}  # seeds; arc was tuned on others


@dataclass
class Subject:
    """A model, its starting noise (unit normals like x) and the exact end of its ODE, all float64.

    `floor`: the error of an exact run that ends with x = D at SIGMA_LOW.
    """

    name: str
    space: str
    model: object
    noise: Tensor
    groups: int = 1
    exact: Tensor | None = None
    floor: list[float] | None = None

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
        extent = alpha * (alpha * self.centres.pow(2).sum(2)[:, None] - 2 * rows @ self.centres.mT)
        mean = torch.softmax(-extent / (2 * variance), dim=2) @ self.centres
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
    noise = torch.randn(len(seeds) * paths, dimensions, generator=_generator(NOISE["mixture"]), dtype=torch.float64)
    return Subject(f"mixture-{dimensions}-{space}", space, model, noise, groups=len(seeds))


def digits(cfg: float, space: str, paths: int, exact: bool = False, use: str = "digits") -> Subject:
    """The digit network under guidance `cfg`; with `exact` it computes in float64. `use`: its noise, of NOISE."""
    package = importlib.import_module("sigmatic.demo.digits")
    net = package.load()
    if exact:
        net = importlib.import_module("copy").deepcopy(net).double()
    model = package.guided(net, [k % CLASSES for k in range(paths)], space=space, cfg=cfg)
    noise = torch.randn(paths, 1, 32, 32, generator=_generator(NOISE[use]), dtype=torch.float64)
    return Subject(f"{use}-{cfg:g}-{space}", space, model, noise)


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def solve(subject: Subject, steps: int) -> tuple[Tensor, Tensor]:
    """The exact solution at SIGMA_LOW and at 0, by a method of order 5; the last stretch, from 1e-5 to 0, is x = D.

    Even in atan(rho^(1/2)): what a network says goes on changing with log(rho) far above and below the data.
    """
    top = math.pi / 2 if subject.space == "flow" else math.atan(math.sqrt(SIGMA_MAX))
    rho = torch.tan(top * torch.linspace(1, 0, steps + 1, dtype=torch.float64)).square()
    sigmas = rho / (1 + rho) if subject.space == "flow" else rho
    sigmas[0] = subject.sigma_max
    above, below = sigmas[sigmas > 1.01 * SIGMA_LOW], sigmas[(sigmas < SIGMA_LOW / 1.01) & (sigmas > 1.01e-5)]
    near = _run(subject, subject.start(subject.sigma_max), [*above.tolist(), SIGMA_LOW])
    return near, _run(subject, near, [SIGMA_LOW, *below.tolist(), 1e-5, 0.0])


def _run(subject: Subject, x: Tensor, sigmas: list[float]) -> Tensor:
    levels, sample = torch.tensor(sigmas, dtype=torch.float64), inhost.load_sigmatic().samplers.sample
    return sample("dormand_prince", subject.model, x, levels, space=subject.space, disable=True)


def with_exact(subject: Subject, precise: Subject, steps: int, folder: Path) -> Subject:
    """`subject` with its exact end and the floor of x = D, computed by `precise` once and kept in `folder`."""
    rows = "x".join(str(n) for n in subject.noise.shape)
    kept = folder / f"exact-{subject.name}-{rows}-{steps}.pt"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        near, end = solve(precise, steps)
        low = torch.full((len(subject.noise),), SIGMA_LOW, dtype=torch.float64)
        torch.save((end, precise.model(near, low)), kept)
    subject.exact, denoised = torch.load(kept)
    subject.floor = subject.error(denoised)
    return subject
