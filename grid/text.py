"""Axes as people type them, `name = value, value` a line; a line of a plan's [axes] is one, quotes and brackets too."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .axes import Value, axis, is_range, require_size

SKIP = "skip"
"""Before the values that a line leaves out."""
_ITEM = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([^,"']+?))\s*(?:,|$)""")
_PAIRS = re.compile(r"""(?:[^;"']|"[^"]*"|'[^']*')+""")
_NAME = re.compile(r"[A-Za-z_][\w.]*")


@dataclass(frozen=True)
class Axes:
    """What is written. `lines`: where each axis stands; `skip`: the rules, each with its line."""

    axes: Mapping[str, tuple[Value, ...]]
    lines: Mapping[str, int]
    skip: tuple[tuple[int, Mapping[str, tuple[Value, ...]]], ...]

    @property
    def rules(self) -> list[Mapping[str, tuple[Value, ...]]]:
        """What is left out, as `axes.combinations` takes it."""
        return [rule for _, rule in self.skip]


def read(widget: str, text: str) -> Axes:
    """The axes and what is skipped; lines that begin with # are left out. ValueError names the widget and the line."""
    there: dict[str, tuple[Value, ...]] = {}
    lines: dict[str, int] = {}
    skip: list[tuple[int, dict[str, tuple[Value, ...]]]] = []
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        where = f"{widget}, line {number}"
        first, _, rest = bare.partition(" ")
        if first.rstrip(":") == SKIP and not rest.lstrip().startswith("="):
            skip.append((number, dict(_pair(where, pair) for pair in _PAIRS.findall(rest))))
            if not skip[-1][1]:
                raise ValueError(f"{where}: skip what? Write skip sampler = sig_euler; steps = 4.")
            continue
        for pair in filter(str.strip, _PAIRS.findall(bare)):
            name, values = _pair(where, pair)
            if name in there:
                raise ValueError(f"{where}: {name} is in line {lines[name]} already. Leave it in one of them.")
            there[name], lines[name] = values, number
    if not there:
        raise ValueError(
            f"{widget}: empty. Give at least one line, as sampler = sig_euler, sig_dpmpp_2m or seed = 0:8."
        )
    for number, rule in skip:
        for name in set(rule) - set(there):
            raise ValueError(f"{widget}, line {number}: skip {name}: no line gives its values.")
    require_size(widget, there)
    return Axes(there, lines, tuple(skip))


def _pair(where: str, text: str) -> tuple[str, tuple[Value, ...]]:
    name, equals, given = (part.strip() for part in text.partition("="))
    if not equals or not _NAME.fullmatch(name):
        raise ValueError(f"{where}: {text.strip()[:60]!r} is no axis: write name = value, value.")
    return name, axis(f"{where}: {name}", _values(where, name, given))


def _values(where: str, name: str, given: str) -> Any:
    """What is written behind the =, as a plan has it: a list, or the text of a range."""
    inner = given[1:-1].strip().removesuffix(",") if given.startswith("[") and given.endswith("]") else given
    items, place = [], 0
    while place < len(inner):
        match = _ITEM.match(inner, place)
        if match is None or match.end() == place:
            raise ValueError(
                f"{where}: {name}: {inner[place:][:40]!r} cannot be read: give values with commas between."
            )
        double, single, plain = match.groups()
        quoted = double if double is not None else single
        items.append(_plain(plain) if quoted is None else quoted)
        place = match.end()
    if len(items) == 1 and isinstance(items[0], str) and is_range(items[0]) and inner is given:
        return items[0]
    return items


def _plain(text: str) -> Value:
    """A word, a number or a switch as written without quotes."""
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
