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
from . import digits, sheet, tiles
from .files import check_target, write_png
from .flags import ANY, USUAL_SCHEDULE, add_declared, add_run, digit, kind, number, split, whole
from .subject import Pictures, Points, Subject, run

DEMO_SAMPLERS = ("euler", "heun", "dpmpp_2m", "euler_ancestral", "dpmpp_2m_sde", "dpmpp_3m_sde")
DEMO_STEPS = (4, 8, 16, 30)
DEMO_DIGITS = (2, 3, 4, 5, 8)
DEMO_KINDS = ("potion", "book", "altar", "wall", "monster")
NETWORKS = {"digits": digits, "tiles": tiles}
USUAL = {"digits": 30, "tiles": 40, "mixture": 1500}
"""How many are drawn unless a number is given."""
USUAL_MODEL = {"demo": "tiles", "sample": "digits"}
MOST_STEPS, MOST_ITEMS, MOST_PICTURES = 10_000, 100_000, 1_000
STEPS = whole(1, MOST_STEPS)
DEMO_WIDE, WIDE = 5, 10  # pictures in a row


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """The flags of one of the two commands."""
    (_demo_arguments if command == "demo" else _sample_arguments)(parser)
    add_run(parser)
    help_model = "digits, tiles in colour, or Gaussians in 2-D; default the one that knows what is asked for, else "
    help_model += USUAL_MODEL[command]
    parser.add_argument("--model", choices=tuple(USUAL), help=help_model)
    help_cfg = f"pull towards the digit or kind; default {digits.GUIDANCE:g}"
    parser.add_argument("--cfg", metavar="SCALE", type=number(0, 100), help=help_cfg)
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
    help_kinds = f"of tiles, or {ANY}; default {' '.join(DEMO_KINDS)}; all: {', '.join(tiles.KINDS)}"
    parser.add_argument("--kinds", "--kind", nargs="+", metavar="KIND", type=kind, help=help_kinds)


def _sample_arguments(parser: argparse.ArgumentParser) -> None:
    every = ", ".join(samplers.names())
    parser.add_argument("--sampler", default="dpmpp_2m_sde", metavar="NAME", help=f"default %(default)s; all: {every}")
    parser.add_argument("--steps", default=20, metavar="N", type=STEPS, help="default %(default)s")
    help_count = "how many, default " + ", ".join(f"{count} of {model}" for model, count in USUAL.items())
    parser.add_argument("--count", metavar="N", type=whole(1, MOST_ITEMS), help=help_count)
    parser.add_argument("--digit", type=digit, help=f"0 to 9, or {ANY}: the network picks; default all in turn")
    help_kind = f"of tiles, or {ANY}; default all in turn: {', '.join(tiles.KINDS)}"
    parser.add_argument("--kind", metavar="KIND", type=kind, help=help_kind)
    for name, what in (("min", "least noise of the schedule, before 0"), ("max", "noise that the run starts from")):
        parser.add_argument(f"--sigma-{name}", metavar="SIGMA", type=number(0, 1e6), help=what)


def execute(args: argparse.Namespace, command: str) -> None:
    """Check everything, run, write the file, print its path."""
    check_target(args.out)
    args.schedule = args.schedule or USUAL_SCHEDULE[args.space]
    usual = _usual_model(args, command)
    missing = args.model is None and not NETWORKS[usual].WEIGHTS.is_file()
    args.model = args.model or ("mixture" if missing else usual)
    args.cfg = NETWORKS[args.model].GUIDANCE if args.cfg is None and args.model in NETWORKS else args.cfg
    picture = demo(args) if command == "demo" else sample(args)
    write_png(picture, args.out, command, args)
    if missing:
        print(f"sigmatic: no {NETWORKS[usual].WEIGHTS.name}, so this shows the mixture model instead", file=sys.stderr)
    print(args.out)


def _usual_model(args: argparse.Namespace, command: str) -> str:
    """The network that knows what is asked for; the command's usual one where nothing is."""
    numbers, kinds = (args.digits, args.kinds) if command == "demo" else (args.digit, args.kind)
    if (numbers is None) == (kinds is None):
        return USUAL_MODEL[command]
    return "digits" if kinds is None else "tiles"


def demo(args: argparse.Namespace) -> Image:
    """The contact sheet: a row for each sampler, a column for each number of steps, one seed for all."""
    specs = [samplers.get(name) for name in args.samplers]
    sigmas = [schedulers.sigmas(args.schedule, n, space=args.space) for n in args.steps]
    usual = list(DEMO_KINDS if args.model == "tiles" else DEMO_DIGITS)
    subject = _subject(args, args.digits, args.kinds, usual, USUAL["mixture"], DEMO_WIDE)
    cells = []
    with _bar(sum(args.steps) * len(specs), subject) as bar:
        for spec in specs:
            bar.set_description(f"{args.model} by {spec.name}")
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
    if args.model in NETWORKS and (args.count or 0) > MOST_PICTURES:
        raise ValueError(f"--count {args.count}: one picture has room for {MOST_PICTURES} {args.model}.")
    count = args.count or USUAL[args.model]
    numbers, kinds = ([label] * count if label is not None else None for label in (args.digit, args.kind))
    every = [i % NETWORKS[args.model].CLASSES for i in range(count)] if args.model in NETWORKS else []
    subject = _subject(args, numbers, kinds, every, count, WIDE)
    with _bar(args.steps, subject) as bar:
        bar.set_description(spec.name)
        cell = _cell(subject, spec, sigmas, params, args, bar, scale=3)
    given = {**params, **bend, **{name: value for name, value in ends.items() if value is not None}}
    settings = "".join(f", {k} {v:g}" if isinstance(v, float) else f", {k} {v}" for k, v in given.items())
    note = f"{args.steps} steps, {_what(args)}, seed {args.seed}{settings}"
    return sheet.contact_sheet([[cell]], [""], [""], spec.title, note)


def _subject(
    args: argparse.Namespace, numbers: list | None, kinds: list | None, usual: list, points: int, columns: int
) -> Subject:
    """What `args` ask for, `usual` where neither digits (`numbers`) nor kinds of tiles are given.

    ValueError for what the model knows nothing of.
    """
    strange = {"digits": {"--kind": kinds}, "tiles": {"--digit": numbers}}
    strange["mixture"] = {"--digit": numbers, "--kind": kinds, "--cfg": args.cfg}
    for name, value in strange[args.model].items():
        if value is not None:
            cure = "tiles" if name == "--kind" else "digits"
            raise ValueError(
                f"{name}: the model {args.model} knows nothing of it; leave it out, or take --model {cure}."
            )
    if args.model == "mixture":
        return Points(points)
    labels = [None if label == ANY else label for label in numbers or kinds or usual]
    return Pictures(NETWORKS[args.model], labels, args.cfg, columns)


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
    names = {"digits": "digit network", "tiles": "network of coloured tiles"}
    model = f"{names[args.model]}, cfg {args.cfg:g}" if args.model in names else "mixture of Gaussians (grey: exact)"
    return f"{model}, {'flow' if args.space == 'flow' else 'VE'}, {args.schedule} schedule"
