"""The networks that regret is measured on, each with its range of noise, starting noise and the exact end of its ODE.

A run ends where the network's own range does, with its picture there: so does the exact solution.
"""

from __future__ import annotations

import importlib
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import inhost
import torch
import vit
from torch import Tensor

SEEDS = {"judge": 13, "fit": 12, "screen": 11}  # of the starting noise, by what it is for
PIXELS = {"digits": (1, 32, 32), "tiles": (3, 32, 32), "vit": (1, 28, 28), "mixture": (16,)}
CLASSES = {"digits": 10, "tiles": 20, "vit": 10, "mixture": 1}
EXACT_STEPS = 40  # of a method of order 5


class Group(NamedTuple):
    """A network under one guidance, on one kind of model."""

    network: str
    cfg: float
    space: str

    def __str__(self) -> str:
        return f"{self.network}-{self.cfg:g}-{self.space}"


GROUPS = tuple(
    Group(network, cfg, space)
    for network, guidance in (("vit", (1, 3)), ("digits", (1, 3, 6)), ("tiles", (1, 3)), ("mixture", (1,)))
    for cfg in guidance
    for space in ("ve", "flow")
)


@dataclass
class Subject:
    """A group's model, its own levels of noise (`table`, rising), starting noise (unit normals) and the exact end."""

    group: Group
    model: object
    noise: Tensor
    table: Tensor
    exact: Tensor | None = None

    @property
    def space(self) -> str:
        return self.group.space

    def start(self, sigma: float) -> Tensor:
        """x at the level `sigma`, where a run starts."""
        return self.noise * sigma

    def errors(self, x0: Tensor) -> list[float]:
        """For every picture the RMSE to the exact end."""
        assert self.exact is not None
        return (x0.double() - self.exact).flatten(1).square().mean(1).sqrt().nan_to_num(nan=1e9).tolist()


def lowest(network: str, space: str) -> float:
    """Where a network's range ends, in sigma; 0 where that is the host's own table's."""
    if network != "vit":
        return 0.0
    return vit.LOWEST / (1 + vit.LOWEST) if space == "flow" else vit.LOWEST


def table(network: str, space: str) -> Tensor:
    """A network's own levels: those of Stable Diffusion on VE, shift 1 on flow, as far down as it knows anything."""
    load = importlib.import_module
    if space == "flow":
        levels = torch.arange(1, 1001, dtype=torch.float64) / 1000
    else:
        inhost.load_sigmatic()
        levels = torch.from_numpy(load("sigmatic.core.model.discrete").Discrete.stable_diffusion().sigmas).double()
    return levels[levels >= lowest(network, space)]


def model(group: Group, count: int, nets: Path):
    """The denoiser of `count` pictures, of one class after the other."""
    inhost.load_sigmatic()
    labels = [k % CLASSES[group.network] for k in range(count)]
    if group.network == "vit":
        return vit.denoiser(vit.load(nets), labels, group.space, group.cfg)
    demo = importlib.import_module(f"sigmatic.demo.{group.network}")
    if group.network == "mixture":
        return demo.Mixture(PIXELS["mixture"]).denoiser(group.space)
    return demo.denoiser(labels, space=group.space, cfg=group.cfg)


def subject(group: Group, count: int, use: str, nets: Path, kept: Path, seed: int = 0) -> Subject:
    """The group with `count` starting noises for `use` (of SEEDS) and their exact end, computed once and `kept`."""
    generator = torch.Generator().manual_seed(SEEDS[use] + 100 * seed)
    noise = torch.randn((count, *PIXELS[group.network]), generator=generator, dtype=torch.float64)
    made = Subject(group, model(group, count, nets), noise, table(group.network, group.space))
    file = kept / f"exact-{group}-{use}-{count}-{seed}.pt"
    if not file.exists():
        kept.mkdir(parents=True, exist_ok=True)
        beside = file.with_name(f"{file.name}.{os.getpid()}")  # several processes may be at it
        torch.save(solve(made), beside)
        os.replace(beside, file)
    made.exact = torch.load(file)
    return made


def to_fit(group: Group, count: int, nets: Path, seed: int = 0) -> tuple[object, Tensor]:
    """The group's model and `count` unit normals that a profile is fitted on: float32, none that it is judged by."""
    generator = torch.Generator().manual_seed(SEEDS["fit"] + 100 * seed)
    return model(group, count, nets), torch.randn((count, *PIXELS[group.network]), generator=generator)


def solve(made: Subject, steps: int = EXACT_STEPS) -> Tensor:
    """The model's picture at the low end of the exact solution, by a method of order 5 with even steps in atan(rho^.5).

    What a network says goes on changing with log(rho) far above and below the data.
    """
    low, high = (float(made.table[k]) for k in (0, -1))
    flow = made.space == "flow"
    bottom = math.atan(math.sqrt(low / (1 - low) if flow else low))
    top = math.pi / 2 if flow else math.atan(math.sqrt(high))
    rho = torch.tan(torch.linspace(top, bottom, steps + 1, dtype=torch.float64)).square()
    sigmas = rho / (1 + rho) if flow else rho
    sigmas[0], sigmas[-1] = high, low
    sample = inhost.load_sigmatic().samplers.sample
    x = sample("dormand_prince", made.model, made.start(high), sigmas, space=made.space, disable=True)
    return made.model(x, torch.full((len(x),), low, dtype=torch.float64))  # type: ignore[operator]
