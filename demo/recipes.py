"""The command `recipes`: lists them, shows one, checks a file, makes the page docs/recipes.md."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import recipes
from ..recipes import Recipe
from .flags import whole

LEFT_OUT = {
    "Stable Cascade": "two models with levels of their own each, and no settings beyond ComfyUI's",
    "Stable Zero123, SD x4 upscaler": "no settings are published beyond those of Stable Diffusion",
    "Hunyuan3D, Trellis 2, TripoSplat, PiD": "shapes and splats: their nodes bring their own runs",
    "HunyuanImage 2.1 refiner": "no settings for it alone",
    "MiniMax Music 3, CogVideoX": "nothing published that says more than ComfyUI does",
    "OptimalSteps": "its authors publish the search, but no levels; Fit Schedule searches for your own model",
}
"""What a reader may miss, and why it is not here."""


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """NAME, --check, --folder and the forms of the list."""
    side = whole(1, 1 << 20)
    parser.add_argument("name", nargs="?", help="show this recipe and its levels (a name or a title)")
    parser.add_argument("--check", nargs="+", metavar="FILE", help="say what is wrong with recipes of your own")
    parser.add_argument("--folder", action="append", default=[], metavar="PATH", help="with recipes of your own")
    parser.add_argument("--steps", type=whole(1, 10000), metavar="N", help="with NAME: its levels for so many steps")
    for key, value in (("width", 1024), ("height", 1024), ("frames", 1)):
        parser.add_argument(f"--{key}", type=side, default=value, metavar="N", help="of the picture, for its levels")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON instead of the table")
    form.add_argument("--markdown", action="store_true", help="print the page of docs/ instead of the table")


def execute(args: argparse.Namespace, command: str) -> None:
    """Print what was asked for, and warnings on stderr; ValueError for an unknown name or a file that is wrong."""
    with recipes.warned() as warnings:
        _print(args)
    for warning in warnings:
        print(warning, file=sys.stderr)


def _print(args: argparse.Namespace) -> None:
    if args.check:
        _check(args.check)
        return
    for folder in args.folder:
        if not Path(folder).is_dir():
            raise ValueError(f"--folder: there is no folder {folder}.")
    if args.name:
        recipe = recipes.get(args.name, args.folder)
        size = {"width": args.width, "height": args.height, "frames": args.frames}
        levels = recipes.levels(recipe, args.steps or recipe.steps, **size).tolist()
        print(json.dumps({**_plain(recipe), "sigmas": levels}, indent=2) if args.json else _shown(recipe, levels))
        return
    listed = list(recipes.load(args.folder).values())
    if args.json:
        print(json.dumps([_plain(recipe) for recipe in listed], indent=2))
    else:
        print(page(listed) if args.markdown else _table(listed))


def page(listed: list[Recipe]) -> str:
    """The page docs/recipes.md."""
    out = [
        "# The recipes",
        "",
        "How each model wants to be run, as its publisher says. Made by `python -m sigmatic recipes --markdown` from",
        "the files in `recipes/`, one a model; `python -m sigmatic recipes NAME` shows one with its levels. A file of",
        "the same form in ComfyUI's `user/sigmatic/recipes` is added, or replaces ours of its name.",
        "",
        "| recipe | name | levels | sampler | steps | cfg | by the files named | sources and notes |",
        "|---" * 8 + "|",
    ]
    for recipe in listed:
        cells = (
            recipe.title, f"`{recipe.name}`", _levels(recipe), f"`{recipe.sampler}`{_in_brackets(recipe.settings)}",
            _steps(recipe), _cfg(recipe), ", ".join(recipe.files) or "any", " ".join([*_sources(recipe), recipe.note]),
        )  # fmt: skip
        out.append("| " + " | ".join(cell.strip().replace("|", "\\|") for cell in cells) + " |")
    out += ["", "## Left out", "", *(f"- {what}: {why}." for what, why in LEFT_OUT.items())]
    return "\n".join(out)


def _check(paths: list[str]) -> None:
    problems = [problem for path in paths for problem in recipes.check(path)]
    if problems:
        raise ValueError(" ".join(problems))
    print("\n".join(f"{path}: right" for path in paths))


def _plain(recipe: Recipe) -> dict[str, Any]:
    """A recipe for json.dumps."""
    fields = {name: getattr(recipe, name) for name in recipe.__dataclass_fields__}
    return {name: _of(value) for name, value in fields.items()}


def _of(value: Any) -> Any:
    if hasattr(value, "_asdict"):
        return value._asdict()
    return dict(value) if isinstance(value, Mapping) else value


def _table(listed: list[Recipe]) -> str:
    rows = [("name", "title", "sampler", "levels", "steps", "cfg")]
    rows += [(r.name, r.title, r.sampler, r.schedule, _steps(r), _cfg(r)) for r in listed]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def _shown(recipe: Recipe, levels: list[float]) -> str:
    lines = [
        f"{recipe.title} ({recipe.name}, {recipe.date})",
        f"  model     {', '.join(recipe.models)}; files named {', '.join(recipe.files) or 'anything'}",
        f"  sampler   {recipe.sampler}{_in_brackets(recipe.settings)}",
        f"  levels    {_levels(recipe)}",
        f"  steps     {_steps(recipe)}",
        f"  cfg       {_cfg(recipe)}",
    ]
    lines += textwrap.wrap(recipe.note, 100, initial_indent="  note      ", subsequent_indent=" " * 12)
    for source in recipe.sources:
        lines += textwrap.wrap(source, 100, initial_indent="  source    ", subsequent_indent=" " * 12)
    shown = ", ".join(f"{level:.6g}" for level in levels)
    return "\n".join([*lines, *textwrap.wrap(shown, 100, initial_indent="  sigmas    ", subsequent_indent=" " * 12)])


def _levels(recipe: Recipe) -> str:
    if recipe.levels or recipe.timesteps:
        counts = ", ".join(str(count) for count in sorted(recipe.levels or recipe.timesteps))
        return f"published, for {counts} steps"
    by = f", by {' and '.join(recipe.depends_on)}" if recipe.depends_on else ""
    return f"`{recipe.schedule}`{_in_brackets(recipe.params)}{by}"


def _in_brackets(params: Mapping[str, Any]) -> str:
    words = (f"{key} {value:.7g}" if isinstance(value, float) else f"{key} {value}" for key, value in params.items())
    return f" ({', '.join(words)})" if params else ""


def _steps(recipe: Recipe) -> str:
    low, high = recipe.steps_range or (recipe.steps, recipe.steps)
    return f"{recipe.steps}" if low == high else f"{recipe.steps} ({low} to {high})"


def _cfg(recipe: Recipe) -> str:
    words = recipe.cfg if isinstance(recipe.cfg, str) else f"{recipe.cfg:g}"
    words += f", guidance {recipe.guidance:g}" if recipe.guidance is not None else ""
    return words + (f", {recipe.experts.cfg:g} below {recipe.experts.boundary:g}" if recipe.experts else "")


def _sources(recipe: Recipe) -> list[str]:
    return [f"{source}." for source in recipe.sources]
