"""Finds recipes: ours beside this file, and people's own in folders of theirs, where a file of the same name wins."""

from __future__ import annotations

import difflib
import json
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..core.files import bare_name
from .form import read
from .recipe import Recipe

OURS = Path(__file__).parent
PLACING = ("schedule", "params", "levels", "timesteps", "tokens", "first_sigma")  # say together where the levels lie
Objects = dict[str, Mapping[str, Any]]


def load(folders: Iterable[str | Path] = ()) -> dict[str, Recipe]:
    """All recipes by name; those of a later folder win over those before it and over ours.

    A file that cannot be read, or says something wrong, is left out, and one warning names all of them.
    """
    given = tuple(str(folder) for folder in folders)
    if not given:
        return dict(_ours())
    objects, problems = dict(_our_objects()), []
    for folder in given:
        files = {path.stem: path for path in sorted(Path(folder).glob("*.json"))}
        parsed = {name: _parsed(path) for name, path in files.items()}
        wrong = {name: faults for name, (_, faults) in parsed.items() if faults}
        added = {name: fields for name, (fields, _) in parsed.items() if name not in wrong}
        while more := _unresolved(added, {**objects, **added}):
            wrong |= more
            added = {name: fields for name, fields in added.items() if name not in more}
        problems += [f"{files[name]}: {problem}" for name in sorted(wrong) for problem in wrong[name]]
        objects |= added
    if problems:
        warnings.warn(f"recipes left out: {' '.join(problems)}", UserWarning, stacklevel=3)
    return {name: recipe for name in sorted(objects) if (recipe := _resolved(name, objects)[0])}


@contextmanager
def warned() -> Iterator[list[str]]:
    """What recipes warn of in the block, each time anew, as texts in a list that is filled when it ends."""
    texts: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        yield texts
    texts += [str(warning.message) for warning in caught]


def check(path: str | Path) -> list[str]:
    """What is wrong with a recipe's file, as "file: field: problem"; nothing if it is right."""
    fields, problems = _parsed(Path(path))
    problems = problems or _resolved(Path(path).stem, {**_our_objects(), Path(path).stem: fields})[1]
    return [f"{path}: {problem}" for problem in problems]


def get(name: str, folders: Iterable[str | Path] = ()) -> Recipe:
    """The recipe `name`; ValueError with the nearest names if there is none. A title will do, too."""
    recipes = load(folders)
    if name in recipes:
        return recipes[name]
    titles = {recipe.title.casefold(): key for key, recipe in recipes.items()}
    wanted = str(name).casefold()
    if wanted in titles:
        return recipes[titles[wanted]]
    near = difflib.get_close_matches(wanted, [*recipes, *titles], n=6, cutoff=0.4)
    names = list(dict.fromkeys(titles.get(key, key) for key in near))[:3]
    hint = f"did you mean {', '.join(names)}?" if names else f"there are {', '.join(recipes)}."
    raise ValueError(f"unknown recipe {name!r}: {hint}")


def recognise(
    files: Sequence[str], model: str | None = None, recipes: Mapping[str, Recipe] | None = None
) -> Recipe | None:
    """The recipe for a model of the host's class `model` (any, without it) and the names of its file and LoRAs.

    The longest match in the names decides; without one, the recipe of that class that asks for no name, or the one
    with the shortest of several that are run alike. None where that leaves a doubt. `recipes`: those to choose from,
    all of ours without it.
    """
    there = (_ours() if recipes is None else recipes).values()
    there = [recipe for recipe in there if model is None or model in recipe.models]
    lengths = [max((matched(w, file) for w in recipe.files for file in files), default=-1) for recipe in there]
    if max(lengths, default=-1) > 0:
        return there[lengths.index(max(lengths))]
    if model is None:
        return None
    plain = sorted([r for r in there if not r.files] or there, key=lambda r: min(map(len, r.files), default=0))
    return plain[0] if plain and all(_run(recipe) == _run(plain[0]) for recipe in plain) else None


def _run(recipe: Recipe) -> tuple[Any, ...]:
    """What a run by the recipe depends on, steps and cfg aside."""
    return tuple(getattr(recipe, name) for name in (*PLACING, "sampler", "settings", "distilled"))


def matched(words: str, file: str) -> int:
    """How many letters of `words` are in a file's name, all of them in this order; -1 if they are not."""
    bare, place = bare_name(file).lower(), 0
    for word in words.lower().split():
        place = bare.find(word, place)
        if place < 0:
            return -1
        place += len(word)
    return len(words.replace(" ", ""))


def _parsed(path: Path) -> tuple[Mapping[str, Any], list[str]]:
    try:
        parsed = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        return {}, [f"cannot be read: {error.strerror}."]
    except ValueError as error:
        return {}, [f"is no JSON: {error}."]
    return (parsed, []) if isinstance(parsed, dict) else ({}, ["is no JSON object, {...}."])


def _resolved(name: str, objects: Objects) -> tuple[Recipe | None, list[str]]:
    """The recipe of an object with what its `base` says filled in.

    Its own schedule or list replaces the base's, its own sampler the settings of the base's; null takes away what the
    base says.
    """
    whole: dict[str, Any] = {}
    seen, here = [], name
    while here is not None:
        if here in seen or here not in objects:
            return None, ["base: is a circle." if here in seen else f"base: there is no recipe {here!r} to build on."]
        seen.append(here)
        fields = dict(objects[here])
        if whole.keys() & {"schedule", "levels", "timesteps"}:
            fields = {key: value for key, value in fields.items() if key not in PLACING}
        if "sampler" in whole:
            fields.pop("settings", None)
        whole, here = {**fields, **whole, "base": None}, fields.get("base")
    return read(name, {key: value for key, value in whole.items() if value is not None})


def _unresolved(names: Iterable[str], objects: Objects) -> dict[str, list[str]]:
    """The problems of those that cannot be made."""
    problems = {name: _resolved(name, objects)[1] for name in names}
    return {name: faults for name, faults in problems.items() if faults}


@lru_cache(maxsize=1)
def _our_objects() -> Objects:
    return {path.stem: _parsed(path)[0] for path in sorted(OURS.glob("*.json"))}


@lru_cache(maxsize=1)
def _ours() -> dict[str, Recipe]:
    resolved = {name: _resolved(name, _our_objects()) for name in _our_objects()}
    return {name: recipe for name, (recipe, _) in resolved.items() if recipe}
