"""The command `demo trajectory`: a cloud of points in the plane on its way from noise to the data."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import torch
from PIL.Image import Image
from torch import Tensor
from tqdm import tqdm

from .. import samplers, schedulers
from ..core import space as spaces
from ..core.model.trajectory import Trajectory
from . import sheet
from .files import check_target, write_gif, write_png
from .flags import USUAL_SCHEDULE, add_declared, add_run, split, whole
from .subject import Points, run

POINTS, FRAMES = 800, 8
MOST_STEPS, MOST_POINTS, MOST_SHOWN, MOST_MOVING = 1000, 20_000, 40, 120
FRAME_TIME, LAST_TIME = 90, 2000  # milliseconds
SEEN = "the cloud is drawn at the size of the data (grey: exact)"


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """The flags."""
    every = ", ".join(samplers.names())
    parser.add_argument(
        "--sampler", default="euler_ancestral", metavar="NAME", help=f"default %(default)s; all: {every}"
    )
    parser.add_argument("--steps", default=20, metavar="N", type=whole(1, MOST_STEPS), help="default %(default)s")
    add_run(parser)
    parser.add_argument(
        "--count", metavar="N", type=whole(1, MOST_POINTS), default=POINTS, help="points, default %(default)s"
    )
    shown = whole(2, MOST_SHOWN)
    parser.add_argument("--frames", metavar="N", type=shown, default=FRAMES, help="of the strip, default %(default)s")
    out, what = (
        Path("sigmatic-trajectory.png"),
        "PNG to write, default %(default)s; a GIF of that name is written beside it",
    )
    parser.add_argument("--out", metavar="FILE", type=Path, default=out, help=what)
    add_declared(parser)


def execute(args: argparse.Namespace, command: str) -> None:
    """Check everything, run, write both files, print their paths."""
    moving = args.out.with_suffix(".gif")
    check_target(args.out)
    if moving.is_dir():
        raise IsADirectoryError(f"--out {args.out}: {moving} beside it is a folder; the animation goes there.")
    args.schedule = args.schedule or USUAL_SCHEDULE[args.space]
    spec, schedule = samplers.get(args.sampler), schedulers.get(args.schedule)
    params, bend = split(args, spec, schedule)
    sigmas = schedulers.sigmas(schedule.name, args.steps, space=args.space, **bend)
    subject, kept = Points(args.count), Trajectory()
    with tqdm(total=args.steps, unit="step", leave=False, desc=spec.name) as bar:

        def watch(step: dict) -> None:
            kept(step)
            bar.update()

        settings = {"space": args.space, "seed": args.seed, "params": params}
        states = kept.finished(run(subject, spec.name, sigmas, **settings, tick=watch))
        levels = kept.sigmas  # those of the run itself: adaptive samplers and restarts have steps of their own
        facts = "".join(f", {k} {v:g}" if isinstance(v, float) else f", {k} {v}" for k, v in {**params, **bend}.items())
        space = "flow" if args.space == "flow" else "VE"
        note = f"{args.steps} steps, {space}, {schedule.name} schedule, seed {args.seed}{facts}; {SEEN}"
        strip = _strip(subject, states, levels, args, spec.title, note)
        frames = [_frame(subject, states, levels, k, args.space, spec.title) for k in picked(len(states), MOST_MOVING)]
    write_png(strip, args.out, command, args)
    write_gif(frames, moving, [FRAME_TIME] * (len(frames) - 1) + [LAST_TIME])
    print(args.out)
    print(moving)


def picked(total: int, count: int) -> list[int]:
    """At most `count` of 0 ... total - 1, evenly, both ends among them."""
    count = min(total, count)
    return sorted({round(k * (total - 1) / max(1, count - 1)) for k in range(count)} | {total - 1})


def _strip(
    subject: Points, states: Tensor, sigmas: list[float], args: argparse.Namespace, title: str, note: str
) -> Image:
    shown = picked(len(states), args.frames)
    cells = [_cell(subject, states[k], sigmas[k], args.space, 2) for k in shown]
    columns = [f"{_when(k, len(states) - 1)}\nsigma {sigmas[k]:.3g}" for k in shown]
    return sheet.contact_sheet([cells], [""], columns, title, note)


def _frame(subject: Points, states: Tensor, sigmas: list[float], k: int, space: str, title: str) -> Image:
    cell = _cell(subject, states[k], sigmas[k], space, 4)
    return sheet.contact_sheet([[cell]], [""], [""], title, f"{_when(k, len(states) - 1)}, sigma {sigmas[k]:.3g}")


def _when(step: int, steps: int) -> str:
    return "noise" if step == 0 else "the end" if step == steps else f"after step {step}"


def _cell(subject: Points, x: Tensor, sigma: float, space: str, scale: int) -> Image:
    """The cloud at `sigma`, shrunk from the spread it has there to the spread of the data."""
    at, spread = (
        spaces.level(sigma, space),
        float(subject.mixture.centres.var(0).mean() + subject.mixture.spread**2) ** 0.5,
    )
    shrink = spread / math.hypot(at.alpha * spread, at.sigma)
    return subject.picture(x.double() * torch.tensor(shrink), scale)
