"""The commands `demo` (a contact sheet of samplers against step counts) and `sample` (one grid)."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from PIL.Image import Image
from torch import Tensor
from tqdm import tqdm

from .. import samplers, schedulers
from ..core.spec import SamplerSpec
from . import digits, sheet
from .files import check_target, write_png
from .flags import ANY, USUAL_SCHEDULE, add_declared, add_run, digit, number, split, whole
from .subject import Digits, Points, Subject, run

DEMO_SAMPLERS = ("euler", "heun", "dpmpp_2m", "euler_ancestral", "dpmpp_2m_sde", "dpmpp_3m_sde")
DEMO_STEPS = (4, 8, 16, 30)
DEMO_DIGITS = (2, 3, 4, 5, 8)
POINTS, DIGITS = 1500, 30  # how many are drawn unless asked
MOST_STEPS, MOST_ITEMS, MOST_DIGITS = 10_000, 100_000, 1_000
STEPS = whole(1, MOST_STEPS)
DEMO_WIDE, WIDE = 5, 10  # digits in a row
CFG = 2.0


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """The flags of one of the two commands."""
    (_demo_arguments if command == "demo" else _sample_arguments)(parser)
    add_run(parser)
    parser.add_argument(
        "--model", choices=("digits", "mixture"), help="the digit network (default), or Gaussians in 2-D"
    )
    parser.add_argument("--cfg", metavar="SCALE", type=number(0, 100), help=f"pull towards the digit; default {CFG:g}")
    out = Path(f"sigmatic-{command}.png")
    parser.add_argument("--out", metavar="FILE", type=Path, default=out, help="PNG to write, default %(default)s")
    if command == "sample":
        add_declared(parser)


def _demo_arguments(parser: argparse.ArgumentParser) -> None:
    rows, steps = " ".join(DEMO_SAMPLERS), " ".join(map(str, DEMO_STEPS))
    every, wanted = ", ".join(samplers.names()), " ".join(map(str, DEMO_DIGITS))
    help_rows, help_steps = f"the rows, default {rows}; all: {every}", f"the columns, default {steps}"
    parser.add_argument("--samplers", nargs="+", default=list(DEMO_SAMPLERS), metavar="NAME", help=help_rows)
    parser.add_argument("--steps", nargs="+", default=list(DEMO_STEPS), type=STEPS, metavar="N", help=help_steps)
    help_digits = f"0 to 9, or {ANY}: the network picks; default {wanted}"
    parser.add_argument("--digits", "--digit", nargs="+", metavar="DIGIT", type=digit, help=help_digits)


def _sample_arguments(parser: argparse.ArgumentParser) -> None:
    every = ", ".join(samplers.names())
    parser.add_argument("--sampler", default="dpmpp_2m_sde", metavar="NAME", help=f"default %(default)s; all: {every}")
    parser.add_argument("--steps", default=20, metavar="N", type=STEPS, help="default %(default)s")
    help_count = f"how many, default {DIGITS} digits or {POINTS} points"
    parser.add_argument("--count", metavar="N", type=whole(1, MOST_ITEMS), help=help_count)
    parser.add_argument("--digit", type=digit, help=f"0 to 9, or {ANY}: the network picks; default all in turn")
    for name, what in (("min", "least noise of the schedule, before 0"), ("max", "noise that the run starts from")):
        parser.add_argument(f"--sigma-{name}", metavar="SIGMA", type=number(0, 1e6), help=what)


def execute(args: argparse.Namespace, command: str) -> None:
    """Check everything, run, write the file, print its path."""
    check_target(args.out)
    args.schedule = args.schedule or USUAL_SCHEDULE[args.space]
    missing = args.model is None and not digits.WEIGHTS.is_file()
    args.model = args.model or ("mixture" if missing else "digits")
    args.cfg = CFG if args.cfg is None and args.model == "digits" else args.cfg
    picture = demo(args) if command == "demo" else sample(args)
    write_png(picture, args.out, command, args)
    if missing:
        print(f"sigmatic: no {digits.WEIGHTS.name}, so this shows the mixture model instead", file=sys.stderr)
    print(args.out)


def demo(args: argparse.Namespace) -> Image:
    """The contact sheet: a row for each sampler, a column for each number of steps, one seed for all."""
    specs = [samplers.get(name) for name in args.samplers]
    sigmas = [schedulers.sigmas(args.schedule, n, space=args.space) for n in args.steps]
    subject = _subject(args, args.digits, list(DEMO_DIGITS), POINTS, DEMO_WIDE)
    cells = []
    with _bar(sum(args.steps) * len(specs), subject) as bar:
        for spec in specs:
            bar.set_description(spec.name)
            cells.append([_cell(subject, spec, levels, {}, args, bar) for levels in sigmas])
    columns = [f"{n} step{'s' * (n > 1)}" for n in args.steps]
    note = f"{_what(args)}, seed {args.seed} everywhere"
    return sheet.contact_sheet(cells, [_row_label(spec) for spec in specs], columns, "Sigmatic", note)


def sample(args: argparse.Namespace) -> Image:
    """One grid of digits, or one scatter plot, under a line that says how it was made."""
    spec, schedule = samplers.get(args.sampler), schedulers.get(args.schedule)
    params, bend = split(args, spec, schedule)
    ends = {"sigma_min": args.sigma_min, "sigma_max": args.sigma_max}
    sigmas = schedulers.sigmas(schedule.name, args.steps, space=args.space, **ends, **bend)
    if args.model == "digits" and (args.count or 0) > MOST_DIGITS:
        raise ValueError(f"--count {args.count}: one picture has room for {MOST_DIGITS} digits.")
    asked = None if args.digit is None else [args.digit] * (args.count or DIGITS)
    every = [i % 10 for i in range(args.count or DIGITS)]
    subject = _subject(args, asked, every, args.count or POINTS, WIDE)
    with _bar(args.steps, subject) as bar:
        bar.set_description(spec.name)
        cell = _cell(subject, spec, sigmas, params, args, bar, scale=3)
    given = {**params, **bend, **{name: value for name, value in ends.items() if value is not None}}
    settings = "".join(f", {k} {v:g}" if isinstance(v, float) else f", {k} {v}" for k, v in given.items())
    note = f"{args.steps} steps, {_what(args)}, seed {args.seed}{settings}"
    return sheet.contact_sheet([[cell]], [""], [""], spec.title, note)


def _subject(args: argparse.Namespace, asked: list | None, usual: list, points: int, columns: int) -> Subject:
    if args.model == "mixture":
        for name, value in (("--digit", asked), ("--cfg", args.cfg)):
            if value is not None:
                raise ValueError(f"{name}: the mixture knows nothing of it; leave it out, or take --model digits.")
        return Points(points)
    return Digits([None if label == ANY else label for label in asked or usual], args.cfg, columns)


def _cell(
    subject: Subject,
    spec: SamplerSpec,
    sigmas: Tensor,
    params: dict[str, Any],
    args: argparse.Namespace,
    bar: tqdm,
    scale: int = 2,
) -> Image:
    settings = {"space": args.space, "seed": args.seed, "params": params}
    return subject.picture(run(subject, spec.name, sigmas, **settings, tick=lambda _: bar.update()), scale)


def _bar(steps: int, subject: Subject) -> tqdm:
    chunks = -(-subject.shape[0] // subject.chunk)
    return tqdm(total=steps * chunks, unit="step", leave=False)


def _row_label(spec: SamplerSpec) -> str:
    """Its title, its name, and what a step costs where that is not one evaluation."""
    cost = f"\n{spec.evals_per_step} evaluations a step" if spec.evals_per_step > 1 else ""
    return f"{spec.title}\n{spec.name}{cost}"


def _what(args: argparse.Namespace) -> str:
    model = f"digit network, cfg {args.cfg:g}" if args.model == "digits" else "mixture of Gaussians (grey: exact)"
    return f"{model}, {'flow' if args.space == 'flow' else 'VE'}, {args.schedule} schedule"
