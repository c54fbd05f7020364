"""The axes of a grid: lists and ranges of values, read in one way; their combinations; the key of a run."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence, Set
from difflib import get_close_matches
from typing import Any

Value = str | int | float | bool

MOST = 10_000_000
"""Combinations in one plan."""
_RANGE = re.compile(r"(-?\d+):(-?\d+)(?::(\d+))?")


def axis(where: str, given: Any) -> tuple[Value, ...]:
    """The values of an axis: of a list, or a range of whole numbers as "0:8". ValueError begins with `where`."""
    if isinstance(given, str):
        match = _RANGE.fullmatch(given)
        if match is None:
            raise ValueError(f'{where} is {given!r}: give a list, or a range of whole numbers as "0:8".')
        first, last, step = int(match[1]), int(match[2]), int(match[3] or 1)
        if step < 1 or last <= first or (last - first) // step > MOST:
            raise ValueError(f"{where}: the range {given!r} is empty or too long; its end is not part of it.")
        return tuple(range(first, last, step))
    if not isinstance(given, list) or not given:
        raise ValueError(f'{where} is {given!r}: give a list with something in it, or a range as "0:8".')
    values = tuple(value(where, one) for one in given)
    if len({(type(one), one) for one in values}) < len(values):
        raise ValueError(f"{where}: a value stands there twice.")
    return values


def is_range(text: str) -> bool:
    """Whether it is written as a range."""
    return _RANGE.fullmatch(text) is not None


def value(where: str, given: Any) -> Value:
    """One value; ValueError for what is none."""
    if isinstance(given, (str, bool, int)) or (isinstance(given, float) and math.isfinite(given)):
        return given
    raise ValueError(f"{where} is {given!r}: give finite numbers, words, or true and false.")


def require_size(where: str, axes: Mapping[str, Sequence[Value]]) -> None:
    """ValueError where the axes have too many combinations."""
    size = math.prod(map(len, axes.values()))
    if size > MOST:
        raise ValueError(f"{where}: {size} combinations, at most {MOST} in one plan. Make several plans.")


def combinations(
    axes: Mapping[str, Sequence[Value]], fixed: Mapping[str, Value], skip: Sequence[Mapping[str, Any]]
) -> Iterator[dict[str, Value]]:
    """Every combination of the axes' values with the fixed ones, less those to skip."""
    for chosen in itertools.product(*axes.values()):
        values = {**dict(zip(axes, chosen, strict=True)), **fixed}
        if not any(matches(values, rule) for rule in skip):
            yield values


def matches(values: Mapping[str, Value], rule: Mapping[str, Any]) -> bool:
    """Whether the values are those of the rule: each equal to its, or among its where it has a list."""
    return all(
        values[name] in (wanted if isinstance(wanted, (list, tuple)) else [wanted]) for name, wanted in rule.items()
    )


def require_owner(name: str, takes: Mapping[str, Set[str]], words: Sequence[str], whole: str) -> None:
    """ValueError unless `name` is one of `words`, or a parameter that samplers or schedules take, not both.

    takes: {"sampler": names, "schedule": names}. `whole`: whose they are, for the error. sampler.rho is the sampler's.
    """
    word, dot, bare = name.rpartition(".")
    owners = [kind for kind in takes if bare in takes[kind] and (not dot or word == kind)]
    if name in words or len(owners) == 1:
        return
    if len(owners) == 2:
        raise ValueError(f"{name}: samplers and schedules have one; write sampler.{name} or schedule.{name}.")
    near = get_close_matches(name, [*words, *takes["sampler"], *takes["schedule"]], 2)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(words)}."
    raise ValueError(f"{name}: no sampler or schedule of {whole} takes it: {hint}")


def key(content: Mapping[str, Any]) -> str:
    """32 hex digits, equal for equal contents (JSON values)."""
    text = json.dumps(content, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
