"""A plan: which runs there are to be, read from TOML and checked whole before anything runs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any

from .. import __version__
from ..grid import axes as grid
from ..grid.axes import Value

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

SECTIONS = {"axes", "fixed", "skip", "source", "out", "limits"}
LIMITS = {"seconds": 120.0, "retries": 2}
"""Of one cell: how long it may take, and how often it is tried again after it was lost."""
MODELS = ("mixture", "digits", "tiles")


@dataclass(frozen=True)
class Cell:
    """One run: its values by name, and the key that is its own: equal for equal runs, whatever plan they are in."""

    values: Mapping[str, Value]
    key: str


@dataclass(frozen=True)
class Plan:
    """What a plan file says. `source` and `out` as in the file; `folder` is the file's, where relative paths begin."""

    axes: Mapping[str, tuple[Value, ...]]
    fixed: Mapping[str, Value]
    skip: tuple[Mapping[str, Any], ...]
    source: Mapping[str, Any]
    out: Path
    pictures: bool
    limits: Mapping[str, float]
    folder: Path = field(default_factory=Path)

    @property
    def names(self) -> tuple[str, ...]:
        """Of all values, in the file's order."""
        return (*self.axes, *self.fixed)

    def combinations(self) -> Iterator[dict[str, Value]]:
        """Every combination of the axes' values with the fixed ones, less those to skip."""
        return grid.combinations(self.axes, self.fixed, self.skip)

    @cached_property
    def identity(self) -> dict[str, Any]:
        """What of the source makes a result: its name, or the contents of its files; not where it runs."""
        known = {name: value for name, value in self.source.items() if name not in ("servers", "model", "workflow")}
        for name in ("model", "workflow"):
            if name in self.source:
                file = self.folder / str(self.source[name])
                known[name] = hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else self.source[name]
        return known

    def cell(self, values: Mapping[str, Value]) -> Cell:
        """The cell with these values."""
        ordered = dict(sorted(values.items()))
        content = {"values": ordered, "source": self.identity, "pictures": self.pictures, "version": __version__}
        return Cell(ordered, grid.key(content))


def read(file: Path) -> Plan:
    """The plan in a TOML file; ValueError says what is wrong with it, OSError where it cannot be read."""
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{file}: this is no TOML: {error}.") from None
    return parse(data, file.parent)


def parse(data: Mapping[str, Any], folder: Path = Path()) -> Plan:
    """The plan in the contents of a file."""
    for name in data:
        if name not in SECTIONS:
            near = get_close_matches(name, SECTIONS, 1)
            hint = f"did you mean [{near[0]}]?" if near else f"there are {', '.join(sorted(SECTIONS))}."
            raise ValueError(f"[{name}]: no such section: {hint}")
    axes = {name: grid.axis(f"[axes] {name}", value) for name, value in _table(data, "axes").items()}
    if not axes:
        raise ValueError('[axes]: empty. Give at least one, as sampler = ["euler", "dpmpp_2m"] or seed = "0:8".')
    fixed = {name: grid.value(f"[fixed] {name}", value) for name, value in _table(data, "fixed").items()}
    if twice := set(axes) & set(fixed):
        raise ValueError(f"{', '.join(sorted(twice))}: both in [axes] and in [fixed]. Leave it in one of them.")
    out = _table(data, "out")
    if not isinstance(out.get("dir"), str) or set(out) - {"dir", "pictures"}:
        raise ValueError('[out]: give dir = "folder", and pictures = true if they are wanted; nothing else.')
    limits = {**LIMITS, **_table(data, "limits")}
    for name, limit in limits.items():
        if name not in LIMITS or isinstance(limit, bool) or not isinstance(limit, (int, float)) or not limit >= 0:
            raise ValueError(f"[limits] {name} is {limit!r}: give {' and '.join(LIMITS)}, numbers from 0 up.")
    grid.require_size("[axes]", axes)
    skip = data.get("skip", [])
    if not isinstance(skip, list) or not all(isinstance(rule, dict) and rule for rule in skip):
        raise ValueError('skip: write [[skip]] and below it what is left out, as sampler = "euler".')
    for rule in skip:
        for name in rule:
            if name not in {*axes, *fixed}:
                raise ValueError(f"[[skip]] {name}: neither in [axes] nor in [fixed].")
    return Plan(
        axes, fixed, tuple(skip), _source(_table(data, "source"), folder), folder / out["dir"],
        out.get("pictures", False) is True, limits, folder,
    )  # fmt: skip


def _table(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    table = data.get(name, {})
    if not isinstance(table, dict):
        raise ValueError(f"{name} is {table!r}: make it a section, [{name}].")
    return table


def _source(source: dict[str, Any], folder: Path) -> dict[str, Any]:
    if ("model" in source) == ("servers" in source):
        raise ValueError(
            '[source]: give either model = "mixture", "digits", "tiles" or "file.py", or servers = ["127.0.0.1:8188"].'
        )
    allowed = {"model"} if "model" in source else {"servers", "workflow", "slots"}
    if extra := set(source) - allowed:
        raise ValueError(f"[source] {', '.join(sorted(extra))}: goes with {', '.join(sorted(allowed))} only.")
    for name in ("model", "workflow"):
        path = source.get(name, "")
        if not isinstance(path, str):
            raise ValueError(f"[source] {name} is {path!r}: give a name or a path.")
        if name == "model" and path and path not in MODELS and not path.endswith(".py"):
            raise ValueError(f"[source] model is {path!r}: give {', '.join(MODELS)}, or a file.py of your own.")
        if path.endswith((".py", ".json")) and not (folder / path).is_file():
            raise ValueError(f"[source] {name}: there is no file {folder / path}.")
    return source
