"""The parameters that samplers and schedules declare, as flags of the command line; and checks of our own flags."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from typing import Any

from .. import samplers, schedulers
from ..core.catalog import declared
from ..core.spec import Param, SamplerSpec, ScheduleSpec, Spec
from .embedded import nearest
from .tiles_data import KINDS

PREFIX = "param_"
ANY = "any"
_YES, _NO = ("true", "yes", "on", "1"), ("false", "no", "off", "0")
USUAL_SCHEDULE = {"ve": "karras", "flow": "simple"}
_SHOWN = 4  # owners of a parameter that its help names


def flag(name: str) -> str:
    """--s-noise for s_noise."""
    return "--" + name.replace("_", "-")


def add_declared(parser: argparse.ArgumentParser) -> None:
    """One flag for each declared parameter, unset unless given: the sampler or schedule then uses its own default.

    Help names them only where it is asked about one sampler or schedule: --help NAME.
    """
    for name in declared():
        parser.add_argument(flag(name), dest=PREFIX + name, help=argparse.SUPPRESS)
    parser.add_argument(
        "-h", "--help", nargs="?", metavar="NAME", action=_Help,
        help="this; with the name of a sampler or schedule, the parameters that it takes as flags",
    )  # fmt: skip
    parser.usage = "%(prog)s [OPTION ...]"  # all of them would fill the screen before the first word of help


class _Help(argparse.Action):
    """--help, and --help NAME."""

    def __call__(self, parser: argparse.ArgumentParser, _space: Any, name: Any, _flag: str | None = None) -> None:
        owners = [registry.get(name) for registry in (samplers, schedulers) if name in registry.names()]
        if name and not owners:
            parser.error(f"--help {name}: {nearest(name, (*samplers.names(), *schedulers.names()))}")
        print("\n".join(map(_described, owners)) if owners else parser.format_help(), end="")
        parser.exit()


def _described(spec: Spec) -> str:
    """A sampler or schedule with its parameters."""
    what = "sampler" if isinstance(spec, SamplerSpec) else "schedule"
    page = argparse.ArgumentParser(prog=f"--{what} {spec.name}", description=spec.summary, add_help=False)
    page.usage = "%(prog)s [OPTION ...]"
    group = page.add_argument_group("parameters" if spec.params else "no parameters")
    for param in spec.params:
        metavar = "{" + ",".join(param.choices) + "}" if param.choices else param.kind.upper()
        limits = "" if param.choices else f", {param.allowed}"
        text = f"{param.help} Default {param.default}{limits}.".replace("%", "%%")
        group.add_argument(flag(param.name), metavar=metavar, help=text)
    return page.format_help()


def add_run(parser: argparse.ArgumentParser) -> None:
    """--schedule, --space and --seed, which every run has."""
    every = ", ".join(schedulers.names())
    parser.add_argument("--schedule", metavar="NAME", help=f"default karras, on flow simple; all: {every}")
    parser.add_argument("--space", choices=("ve", "flow"), default="ve", help="kind of model, default %(default)s")
    add_seed(parser)


def add_seed(parser: argparse.ArgumentParser) -> None:
    """--seed."""
    seed, what = whole(0, 2**64 - 1), "same seed, same picture; default %(default)s"
    parser.add_argument("--seed", metavar="N", type=seed, default=0, help=what)


def split(
    args: argparse.Namespace, sampler: SamplerSpec, schedule: ScheduleSpec
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The parameters that were given, for the sampler and for the schedule (one that both declare goes to both).

    ValueError where neither has the parameter, or where the value is not allowed.
    """
    given = {k.removeprefix(PREFIX): v for k, v in vars(args).items() if k.startswith(PREFIX) and v is not None}
    for name in given:
        if not any(name == param.name for spec in (sampler, schedule) for param in spec.params):
            owners = ", ".join(spec.name for spec, _ in declared()[name][:_SHOWN])
            raise ValueError(f"{flag(name)}: {_takes(sampler)}, {_takes(schedule)}; {name} is a parameter of {owners}.")
    return _of(sampler, given), _of(schedule, given)


def _takes(spec: Spec) -> str:
    return f"{spec.name} takes {', '.join(flag(p.name) for p in spec.params) or 'no parameters'}"


def _of(spec: Spec, given: dict[str, Any]) -> dict[str, Any]:
    return {p.name: p.check(_parse(p, given[p.name])) for p in spec.params if p.name in given}


def _parse(param: Param, text: str) -> Any:
    """`text` in the parameter's own type; as it is where it is none, for the parameter's own check to refuse."""
    if param.kind == "bool":
        return True if text.lower() in _YES else False if text.lower() in _NO else text
    if param.kind in ("choice", "text"):
        return text
    try:
        return int(text) if param.kind == "int" else float(text)
    except ValueError:
        return text


def whole(low: int, high: int) -> Callable[[str], int]:
    """A type for argparse: whole numbers from low to high."""

    def convert(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {low} to {high}")
        return value

    return convert


def number(low: float, high: float) -> Callable[[str], float]:
    """A type for argparse: numbers from low to high."""

    def convert(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from {low:g} to {high:g}")
        return value

    return convert


def digit(text: str) -> int | str:
    """A type for argparse: 0 to 9, or ANY, for which the network picks."""
    if text == ANY:
        return ANY
    if len(text) == 1 and text in "0123456789":
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a digit: give 0 to 9, or {ANY}")


def kind(text: str) -> str:
    """A type for argparse: a kind of tile, or ANY, for which the network picks."""
    if text != ANY and text not in KINDS:
        raise argparse.ArgumentTypeError(f"there is no kind {text!r}: {nearest(text, (*KINDS, ANY))}")
    return text
