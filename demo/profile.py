"""The command `fit`: a profile of one of the embedded models, or of one that a Python file makes."""

from __future__ import annotations

import argparse
import runpy
from operator import methodcaller
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from .. import profiles
from . import digits, mixture, tiles
from .files import check_writable
from .flags import add_seed, number, whole

NETWORKS = {"digits": digits, "tiles": tiles}
SHOWN = (4, 6, 8, 10, 20)  # steps whose levels are printed
MADE = "model(x, sigma) and shape, that of one item; space, sigma_min and sigma_max if they are not the usual ones"


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """The model, how much may be spent, where the profile goes."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--model", choices=(*NETWORKS, "mixture"), default="tiles", help="default %(default)s")
    which.add_argument("--from", dest="file", type=Path, metavar="FILE", help=f"a Python file that makes {MADE}")
    parser.add_argument("--cfg", type=number(0, 100), metavar="SCALE", help="guidance of the embedded ones; default 2")
    parser.add_argument("--space", choices=("ve", "flow"), help="kind of model, default ve")
    parser.add_argument("--latents", type=whole(4, 64), default=4, metavar="N", help="at once, default %(default)s")
    least = whole(profiles.LEAST, 100_000)
    budget = f"evaluations of the model, default {profiles.BUDGET}"
    parser.add_argument("--budget", type=least, default=profiles.BUDGET, metavar="N", help=budget)
    parser.add_argument("--save", metavar="NAME", default="profile", help="writes NAME.json, default %(default)s")
    add_seed(parser)


def execute(args: argparse.Namespace, command: str) -> None:
    """Fit, write the file, say what the fit brings."""
    target = Path(args.save if args.save.endswith(".json") else args.save + ".json")
    check_writable(target, "--save")
    made = _from_file(args.file) if args.file else _embedded(args)
    model, shape, space = made.pop("model"), made.pop("shape"), args.space or made.pop("space", "ve")
    made.pop("space", None)
    generator = torch.Generator().manual_seed(args.seed)
    x = torch.randn((args.latents, *shape), generator=generator)
    with tqdm(total=args.budget, desc="fit") as bar:

        def counted(x: torch.Tensor, sigma: torch.Tensor, **extra_args: Any) -> Any:
            bar.update()
            return model(x, sigma, **extra_args)

        # What there is so far is written at once, so that a fit that is broken off has not been for nothing.
        keep = methodcaller("save", target)
        profile = profiles.fit(counted, x, space=space, budget=args.budget, keep=keep, **made)
    profile.save(target)
    for steps in sorted(profile.error):
        usual = profile.usual.get(steps)
        beside = f", arc as it comes {usual:.4g}" if usual else ""
        print(f"{steps} steps: error {profile.error[steps]:.4g}{beside}")
    for steps in SHOWN:
        print(f"sigmas of {steps} steps: {', '.join(f'{sigma:.4g}' for sigma in profile.sigmas(steps).tolist())}")
    print(target)


def _embedded(args: argparse.Namespace) -> dict[str, Any]:
    """One of the embedded models, each latent of another class."""
    space = args.space or "ve"
    if args.model == "mixture":
        if args.cfg is not None:
            raise ValueError("--cfg: the mixture is not guided by anything; leave it out.")
        return {"model": mixture.Mixture((16,)).denoiser(space), "shape": (16,)}
    network = NETWORKS[args.model]
    labels = [k % network.CLASSES for k in range(args.latents)]
    cfg = network.GUIDANCE if args.cfg is None else args.cfg
    return {"model": network.denoiser(labels, space=space, cfg=cfg), "shape": (network.MODEL.colours, 32, 32)}


def _from_file(file: Path) -> dict[str, Any]:
    """What a Python file makes; ValueError naming what is missing in it."""
    if not file.is_file():
        raise ValueError(f"--from {file}: there is no such file; give a Python file that makes {MADE}.")
    made = runpy.run_path(str(file))
    if not callable(made.get("model")) or not isinstance(made.get("shape"), tuple):
        raise ValueError(f"--from {file}: it must make {MADE}.")
    if made.get("space", "ve") not in ("ve", "flow"):
        raise ValueError(f"--from {file}: space is {made['space']!r}: give 've' or 'flow'.")
    wanted = ("model", "shape", "space", "sigma_min", "sigma_max")
    return {name: made[name] for name in wanted if name in made}
