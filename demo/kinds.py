"""The command `demo kinds`: one network as an eps, a v and a flow model draws the same digits."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from PIL.Image import Image
from torch import Tensor
from tqdm import tqdm

from .. import samplers, schedulers
from ..core.model import adapters
from ..core.model.discrete import Discrete
from ..core.noise import kinds
from . import digits, sheet
from .files import check_target, write_png
from .flags import add_seed, whole

DIGITS = (1, 2, 4, 7)
SAMPLERS = ("euler", "euler_ancestral", "dpmpp_2m", "dpmpp_2m_sde")
TABLE = Discrete.stable_diffusion()
KINDS = {
    "EPS\npredicts the noise,\nasked at DDPM's step numbers": ("ve", adapters.discrete("eps", TABLE)),
    "V\npredicts v,\nasked at DDPM's step numbers": ("ve", adapters.discrete("v", TABLE)),
    "Flow\npredicts noise - image,\nt = 1 is noise": ("flow", adapters.flow(1)),
    "Flow, the other way\npredicts image - noise,\nt = 0 is noise": ("flow", adapters.flow(0)),
}


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """The flags."""
    parser.add_argument("--steps", metavar="N", type=whole(1, 1000), default=12, help="default %(default)s")
    add_seed(parser)
    out = Path("sigmatic-kinds.png")
    parser.add_argument("--out", metavar="FILE", type=Path, default=out, help="PNG to write, default %(default)s")


def execute(args: argparse.Namespace, command: str) -> None:
    """Run, write the file, print its path."""
    check_target(args.out)
    digits.load()
    with tqdm(total=len(KINDS) * len(SAMPLERS) * args.steps, unit="step", leave=False) as bar:
        made = [[drawn(kind, name, args.steps, args.seed, bar) for name in SAMPLERS] for kind in KINDS]
    apart = max(float((row[k] - made[0][k]).abs().max()) for row in made for k in range(len(SAMPLERS)))
    note = (
        f"{args.steps} steps, Karras levels (on flow at the same signal-to-noise), seed {args.seed}. "
        f"Largest difference of any pixel, of a range of 2: {apart:.1g}"
    )
    columns = [f"{samplers.get(name).title}\n{name}" for name in SAMPLERS]
    cells: list[list[Image]] = [[sheet.tiles(digits.to_images(x0), 2, 2) for x0 in row] for row in made]
    write_png(
        sheet.contact_sheet(cells, list(KINDS), columns, "One network, four kinds", note), args.out, command, args
    )
    print(args.out)


def drawn(kind: str, sampler: str, steps: int, seed: int, bar: tqdm) -> Tensor:
    """Four digits (4, 1, 32, 32): the digit network made a network of `kind`, and that sampled through an adapter."""
    space, habits = KINDS[kind]
    bar.set_description(kind.split("\n")[0])
    rho = schedulers.sigmas("karras", steps).double()
    sigmas = rho / (1 + rho) if space == "flow" else rho
    network = adapters.network(digits.denoiser(DIGITS, space=space, cfg=digits.GUIDANCE), habits, space)
    x = kinds.initial(torch.empty(len(DIGITS), 1, 32, 32), seed) * sigmas[0].float()
    model = adapters.denoiser(network, habits, space)
    options = {"space": space, "seed": seed, "callback": lambda _: bar.update(), "disable": True}
    if "clock" in samplers.get(sampler).defaults:
        options["clock"] = "log_snr"  # in which the steps of all kinds are the same
    return samplers.sample(sampler, model, x, sigmas, **options)
