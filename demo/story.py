"""The command `demo story`: from noise to a picture, by networks that know nothing, one picture, digits, and tiles.

Each row is a run of the original DDPM (Ho et al. 2020, arXiv:2006.11239), from noise on the left to the end.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import torch
from PIL.Image import Image, new
from torch import Tensor
from tqdm import tqdm

from .. import samplers
from ..core.model.discrete import Discrete
from ..core.model.trajectory import Trajectory
from ..core.noise import kinds
from . import digits, sheet, tiles, tiny
from .files import check_target, write_png
from .flags import add_seed, whole

SHORT, LONG, MODEL_STEPS = 24, 1000, 100
DIGITS, KINDS = (3, 8), ("potion", "book")
STAGES = (0.0, 0.25, 0.5, 0.75, 0.875, 1.0)
COLUMNS = ("noise", "1/4 of the way", "half-way", "3/4", "7/8", "the end")
PIXELS = 96  # of one picture's side on the sheet
PAIR, APART = 2, 4  # pictures in a cell, from two noises, and pixels between them
NOTE = (
    "DDPM, the sampler that started it: every step takes away some noise and puts a little back. "
    "Two noises a row, the same in all rows of one size."
)


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """The flags."""
    help_train = "training steps of each of the two small networks, default %(default)s (about a minute in all)"
    parser.add_argument("--train-steps", metavar="N", type=whole(1, 1_000_000), default=4000, help=help_train)
    add_seed(parser)
    out = Path("sigmatic-story.png")
    parser.add_argument("--out", metavar="FILE", type=Path, default=out, help="PNG to write, default %(default)s")


def execute(args: argparse.Namespace, command: str) -> None:
    """Train, run, write the file, print its path."""
    check_target(args.out)
    for model in (digits, tiles):
        model.load()  # a missing or damaged file is to be known before the work begins
    runs = LONG + SHORT + LONG + 2 * MODEL_STEPS
    with tqdm(total=2 * args.train_steps + runs, unit="step", leave=False) as bar:
        picture = story(args.train_steps, args.seed, bar)
    write_png(picture, args.out, command, args)
    print(args.out)


def story(train_steps: int, seed: int, bar: tqdm) -> Image:
    """The sheet: five rows of six stages."""
    rows, labels = [], []
    for title, count, training in (
        ("Untrained", LONG, 0),
        ("One picture by heart", SHORT, train_steps),
        ("One picture by heart", LONG, train_steps),
    ):
        bar.set_description(f"{title}, {count} steps")
        table = tiny.betas(count)
        with tiny.one_thread():
            model = tiny.model(_learned(table, training, seed, bar), table)
            rows.append(_row(model, table.schedule(), (1, tiny.SIDE, tiny.SIDE), seed, bar))
        training_text = "chance weights:\nnothing comes of it"
        if training:
            training_text = f"{training:,} steps of training:\nall noise ends in it"
        labels.append(f"{title}\n{count:,} sampling steps,\n{training_text}")
    schedule = Discrete.from_betas().schedule(MODEL_STEPS)
    for known, model, labels_of in (("4,500 digits", digits, DIGITS), ("2,655 tiles", tiles, KINDS)):
        bar.set_description(known)
        shape = (model.MODEL.colours, 32, 32)
        rows.append(_row(model.denoiser(labels_of, cfg=model.GUIDANCE), schedule, shape, seed, bar))
        wanted = " and ".join(map(str, labels_of))
        labels.append(f"{known}\n{MODEL_STEPS} sampling steps,\nasked for {wanted}:\nnew ones from every noise")
    return sheet.contact_sheet(rows, labels, COLUMNS, "How diffusion makes a picture", NOTE)


def _learned(table: Discrete, steps: int, seed: int, bar: tqdm) -> tiny.TinyNet:
    """The small network after `steps` of training; the caller's random state is left alone."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = tiny.TinyNet(len(table))

    def tick(loss: float) -> None:
        bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
        bar.update()

    tiny.train(net, table, tiny.picture(), steps, tick)
    bar.set_postfix()
    return net.eval().requires_grad_(False)


def _row(model: Callable[..., Tensor], sigmas: Tensor, shape: tuple, seed: int, bar: tqdm) -> list[Image]:
    """One run of DDPM on two noises, looked at in its stages."""
    kept, size = Trajectory(), torch.hypot(sigmas, torch.ones(()))
    start = kinds.initial(torch.empty(PAIR, *shape), seed) * size[0]  # DDPM's own: of unit size, as the papers scale

    def watch(step: dict) -> None:
        kept(step)
        bar.update()

    out = samplers.sample("ddpm", model, start, sigmas, seed=seed, callback=watch, disable=True)
    states = kept.finished(out) / size.reshape(-1, 1, 1, 1, 1)
    return [_cell(states[round(stage * (len(states) - 1))]) for stage in STAGES]


def _cell(x: Tensor) -> Image:
    """A pair of pictures (2, C, H, W) side by side; small ones keep their square pixels."""
    x = torch.nn.functional.interpolate(x, size=(32, 32))
    images = (tiles if x.shape[1] == 3 else digits).to_images(x)
    large = [sheet.tiles([image], 1, PIXELS // 32) for image in images]
    both = new("RGB", (PAIR * (PIXELS + APART) - APART, PIXELS), sheet.QUIET)
    for k, one in enumerate(large):
        both.paste(one, (k * (PIXELS + APART), 0))
    return both
