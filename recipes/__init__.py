"""Recipes: how each model wants to be run, one small JSON a model family or distilled variant, with its sources.

What enters: facts that a publisher, diffusers or ComfyUI's templates state, and nothing by taste.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from torch import Tensor

from .library import check, get, load, matched, recognise, warned
from .recipe import Experts, Recipe, Tokens
from .trajectory import levels, published, span

__all__ = [
    "Experts", "Recipe", "Tokens", "check", "get", "levels", "load", "matched", "names", "published", "recognise",
    "sigmas", "span", "warned",
]  # fmt: skip


def names(folders: Iterable[str | Path] = ()) -> tuple[str, ...]:
    """The names of all recipes, ours and those of people's own `folders`."""
    return tuple(load(folders))


def sigmas(
    name: str, steps: int, *, width: int = 1024, height: int = 1024, frames: int = 1, folders: Iterable[str | Path] = ()
) -> Tensor:
    """The levels that recipe `name` wants for so many steps: float32 (steps + 1,), ending in 0.

    width, height, frames: of the finished picture or video, in pixels and frames; used where the recipe's schedule
    depends on them. Where levels are published for other numbers of steps only, the nearest list is resampled, with a
    warning. ValueError for an unknown recipe (with the nearest names), or naming what is no whole number from 1 up.
    """
    return levels(get(name, folders), steps, width=width, height=height, frames=frames)
