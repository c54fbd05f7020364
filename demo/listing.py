"""The commands `samplers` and `schedules`: what there is, as a table for people or as JSON for machines."""

from __future__ import annotations

import argparse
import json
import shutil
import textwrap
from typing import Any

from .. import samplers, schedulers
from ..core.catalog import START_HERE, as_dict, between
from ..core.spec import Param, SamplerSpec

_HEADINGS = {"cfg++": "CFG++", "sde": "SDE"}  # families whose names are not words


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """The flags of both commands."""
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print a JSON list with every field instead of the table")
    form.add_argument("--markdown", action="store_true", help="print the page of docs/ instead of the table")


def execute(args: argparse.Namespace, command: str) -> None:
    """Print the list to stdout."""
    registry: Any = samplers if command == "samplers" else schedulers
    specs = [registry.get(name) for name in registry.names()]
    if args.json:
        print(json.dumps([as_dict(spec) for spec in specs], indent=2))
    else:
        print(page(specs) if args.markdown else table(specs))


def table(specs: list[Any]) -> str:
    """Aligned columns; under each line what it is good for, the models that it is for and its parameters."""
    rows = [_heads(specs), *map(_cells, specs)]
    widths = [max(map(len, column)) for column in zip(*(row[:-2] for row in rows), strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip() for row in rows]
    columns = max(60, min(120, shutil.get_terminal_size((100, 24)).columns))
    out = lines[:1]
    for spec, line, (*_, models, params) in zip(specs, lines[1:], rows[1:], strict=True):
        notes = [spec.summary]
        notes += [] if models == "any" else [f"Models: {models}."]
        notes += [] if params == "-" else [f"Parameters: {params}"]
        out += [
            "",
            line,
            *(textwrap.fill(note, columns, initial_indent="    ", subsequent_indent="    ") for note in notes),
        ]
    return "\n".join(out)


def page(specs: list[Any]) -> str:
    """The page docs/samplers.md or docs/schedules.md, made from the declarations."""
    noun = "samplers" if isinstance(specs[0], SamplerSpec) else "schedules"
    out = [
        f"# The {noun}",
        "",
        f"Made by `python -m sigmatic {noun} --markdown`. In ComfyUI every name begins with `sig_`.",
        "",
        "**Start here:** in ComfyUI with `sig_auto`, which goes by your model's [recipe](recipes.md); else with "
        f"{', '.join(f'`{name}`' for name in START_HERE[noun])}. Which, and how many steps: [choosing](choosing.md).",
    ]
    groups: dict[str, list[Any]] = {}
    for spec in specs:
        groups.setdefault(getattr(spec, "family", ""), []).append(spec)
    for family in sorted(groups):
        out += ["", *([f"## {_HEADINGS.get(family, family.capitalize())}", ""] if family else [])]
        heads = _heads(specs)[2:]
        out += [f"| name | use it when | {' | '.join(heads)} | source |", "|---" * (len(heads) + 3) + "|"]
        for spec in groups[family]:
            out.append(f"| `{spec.name}` | {spec.summary} | {' | '.join(_cells(spec)[2:])} | {spec.reference} |")
    return "\n".join(out)


def _heads(specs: list[Any]) -> list[str]:
    solver = ["order", "evaluations a step", "noise"] if isinstance(specs[0], SamplerSpec) else []
    return ["name", "title", *solver, "models", "parameters (defaults)"]


def _cells(spec: Any) -> list[str]:
    cells = [spec.name, spec.title]
    if isinstance(spec, SamplerSpec):
        cells += [str(spec.order), str(spec.evals_per_step), "yes" if spec.stochastic else "no"]
    cells.append(_models(spec))
    params = ", ".join(map(_parameter, spec.params)) or "-"
    same = f" (same as {spec.alias_of})" if getattr(spec, "alias_of", None) else ""
    return [*cells, params + same]


def _models(spec: Any) -> str:
    """What it is for, and what it asks of the model."""
    if not isinstance(spec, SamplerSpec):
        return "any" if len(spec.spaces) > 1 else {"ve": "VE", "flow": "flow"}[spec.spaces[0]]
    asks = [spec.models]
    asks += [f"cfg up to {spec.most_cfg:g}"] if spec.most_cfg else []
    asks += ["with a negative prompt"] if spec.uncond else []
    asks += ["with a learned variance"] if spec.learned else []
    asks += ["also asked between the levels"] if between(spec) else []
    return ", ".join(asks)


def _parameter(param: Param) -> str:
    value = f"{param.default:g}" if param.kind == "float" else str(param.default)
    return f"{param.name}={value or 'nothing'}"
