"""The levels of noise that a recipe wants."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .. import schedulers
from ..core.model.discrete import Discrete
from ..core.schedule.levels import to_sigma
from ..core.space import Span
from .recipe import Recipe


def span(recipe: Recipe) -> Span:
    """The range of levels of the recipe's model, with its own table: of a flow model as it is before any shift."""
    table = Discrete.from_betas(*recipe.betas[:2], scaled=recipe.betas[2] == 2).sigmas if recipe.betas else None
    low, high = recipe.range or (None, None)
    return schedulers.span(sigma_min=low, sigma_max=high, model_sigmas=table, space=recipe.space)


def published(recipe: Recipe) -> Mapping[int, tuple[float, ...]]:
    """The recipe's lists of sigmas by number of steps, without the closing 0; nothing if it names a schedule."""
    if not recipe.timesteps:
        return recipe.levels
    model = span(recipe)
    return {n: tuple(to_sigma(t, "timestep", model) for t in places) for n, places in recipe.timesteps.items()}


def levels(
    recipe: Recipe, steps: int, *, width: int = 1024, height: int = 1024, frames: int = 1, model: Span | None = None
) -> Tensor:
    """The sigmas of the recipe: float32 (steps + 1,), ending in 0; width, height and frames of the finished picture.

    model: its range, where it is not the recipe's. ValueError naming what is no whole number from 1 up. Where levels
    are published for other numbers of steps only, the nearest list is resampled, with a warning.
    """
    for key, value in (("steps", steps), ("width", width), ("height", height), ("frames", frames)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f"{key} is {value!r}: give a whole number from 1 up.")
    params, lists = dict[str, Any](recipe.params), published(recipe)
    if steps in lists:
        return torch.from_numpy(np.append(lists[steps], 0.0).astype(np.float32))
    if lists:
        nearest = min(lists, key=lambda count: (abs(count - steps), count))
        params["points"] = ", ".join(map(repr, lists[nearest]))
        counts = ", ".join(map(str, sorted(lists)))
        warnings.warn(
            f"{recipe.title}: levels are published for {counts} steps; those for {nearest} are resampled to {steps}.",
            UserWarning,
            stacklevel=3,
        )
    if recipe.tokens:
        params["tokens"] = recipe.tokens.at(width, height, frames)
    model = model or span(recipe)
    return schedulers.sigmas(
        recipe.schedule, steps, model_sigmas=model.table, sigma_min=model.sigma_min, sigma_max=model.sigma_max,
        space=model.space, first_sigma=recipe.first_sigma, **params,
    )  # fmt: skip
