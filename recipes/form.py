"""How a recipe is read from a JSON object: every field is checked, every problem named."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from .. import samplers, schedulers
from ..core import curve, space as spaces
from .recipe import PREDICTIONS, Experts, Recipe, Tokens


def read(name: str, given: Mapping[str, Any]) -> tuple[Recipe | None, list[str]]:
    """The recipe that a JSON object says, and the problems found in it as "field: what is wrong" (then no recipe)."""
    known = {f.name: f for f in fields(Recipe) if f.name != "name"}
    problems = [f"{key}: there is no such field; there are {', '.join(known)}." for key in given if key not in known]
    needed = [key for key, f in known.items() if f.default is MISSING and f.default_factory is MISSING]
    problems += [f"{key}: is missing." for key in needed if key not in given]
    values = {}
    for key in known.keys() & given.keys():
        try:
            values[key] = READERS[key](given[key])
        except (ValueError, TypeError) as error:
            problems.append(f"{key}: {error}")
    if problems:
        return None, sorted(problems)
    recipe = Recipe(name=name, **values)
    return recipe, _contradictions(recipe)


def _contradictions(recipe: Recipe) -> list[str]:
    problems = []
    for key, registry, name, given in (
        ("params", schedulers, recipe.schedule, recipe.params),
        ("settings", samplers, recipe.sampler, recipe.settings),
    ):
        try:
            registry.get(name).resolve(dict(given))
        except ValueError as error:
            problems.append(f"{key}: {error}")
    if (recipe.schedule == "drawn") != bool(recipe.levels or recipe.timesteps):
        problems.append("schedule: give either a schedule or levels (timesteps).")
    takes_tokens = any(param.name == "tokens" for param in schedulers.get(recipe.schedule).params)
    if takes_tokens != (recipe.tokens is not None):
        problems.append(f"tokens: the schedule {recipe.schedule} {'needs' if takes_tokens else 'does not know'} them.")
    if recipe.steps_range and not recipe.steps_range[0] <= recipe.steps <= recipe.steps_range[1]:
        problems.append(f"steps: {recipe.steps} is not in steps_range.")
    if recipe.space == "flow" and recipe.betas:
        problems.append("betas: only models with space 've' have them.")
    return problems


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"is {value!r}: give text.")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError(f"is {value!r}: give a list of texts.")
    return tuple(map(_text, value))


def _number(low: float = -math.inf, high: float = math.inf) -> Callable[[Any], float]:
    def read(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise ValueError(f"is {value!r}: give a number from {low:g} to {high:g}.")
        return float(value)

    return read


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= schedulers.MOST_STEPS:
        raise ValueError(f"is {value!r}: give a whole number from 1 up.")
    return value


def _one_of(choices: tuple[str, ...]) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"is {value!r}: give one of {', '.join(choices)}.")
        return value

    return read


def _registered(registry: Any) -> Callable[[Any], str]:
    return lambda value: registry.get(_text(value)).name


def _pair(item: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, Any]]:
    def read(value: Any) -> tuple[Any, Any]:
        if not isinstance(value, list) or len(value) != 2:
            raise ValueError(f"is {value!r}: give two numbers in a list.")
        low, high = map(item, value)
        if low > high:
            raise ValueError(f"is {value!r}: give the smaller one first.")
        return low, high

    return read


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"is {value!r}: give an object, {{...}}.")
    return MappingProxyType(dict(value))


def _lists(value: Any) -> Mapping[int, tuple[float, ...]]:
    """One falling list, or several; by their number of steps. A closing 0 is understood."""
    lists = {}
    for item in value if isinstance(value, list) and value and isinstance(value[0], list) else [value]:
        if not isinstance(item, list) or not item:
            raise ValueError(f"is {item!r}: give a list of falling numbers, or several.")
        numbers = tuple(map(_number(0.0, spaces.LARGEST), item))
        numbers = numbers[:-1] if len(numbers) > 1 and numbers[-1] == 0 else numbers
        if any(b >= a for a, b in pairwise((*numbers, 0.0))):
            raise ValueError(f"is {item!r}: give numbers above 0 that fall.")
        lists[len(numbers)] = numbers
    return MappingProxyType(lists)


def _betas(value: Any) -> tuple[float, float, int]:
    if not isinstance(value, list) or len(value) != 3 or value[2] not in (1, 2) or not 0 < value[0] < value[1] < 1:
        raise ValueError(f"is {value!r}: give the first and the last beta, and 1 (linear) or 2 (scaled linear).")
    return tuple(value)


def _cfg(value: Any) -> float | str:
    return curve.parse(value) and value if isinstance(value, str) else _number(0.0, 100.0)(value)


def _tokens(value: Any) -> Tokens:
    return Tokens(**{key: _whole(number) for key, number in _object(value).items()})


def _experts(value: Any) -> Experts:
    readers = {
        "boundary": _number(spaces.SMALLEST, spaces.LARGEST),
        "cfg": _number(0.0, 100.0),
        "high": _text,
        "low": _text,
    }
    given = _object(value)
    if given.keys() != readers.keys():
        raise ValueError(f"has {', '.join(given)}: give {', '.join(readers)}.")
    return Experts(**{key: read(given[key]) for key, read in readers.items()})


READERS: dict[str, Callable[[Any], Any]] = {
    "title": _text, "models": _texts, "files": _texts, "sources": _texts, "date": _text, "note": _text,
    "space": _one_of(spaces.SPACES), "prediction": _one_of(PREDICTIONS),
    "schedule": _registered(schedulers), "params": _object, "levels": _lists, "timesteps": _lists,
    "tokens": _tokens, "betas": _betas, "range": _pair(_number(spaces.SMALLEST, spaces.LARGEST)),
    "first_sigma": _number(spaces.SMALLEST, spaces.LARGEST),
    "sampler": _registered(samplers), "settings": _object, "steps": _whole, "steps_range": _pair(_whole),
    "cfg": _cfg, "guidance": _number(0.0, 100.0), "experts": _experts, "noise": _one_of(("gaussian", "brownian")),
}  # fmt: skip
