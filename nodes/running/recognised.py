"""Which recipe a MODEL has, and where a run leaves it."""

import logging
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from ... import recipes, samplers
from ...core.curve import parse
from ...recipes import Recipe
from ..host import facts, identity
from ..host.user_files import folder
from . import settings_on_model

RECIPE = "recipe"  # among the settings on a MODEL: the name of the one that Sigmatic Recipe chose for it
FEW, FEW_STEPS = "arc", 10  # for base models with fewer steps than their publishers take: docs/quality.md
DISTILLED_CFG = samplers.get("lcm").most_cfg or 1.0  # a little guidance is in use with them, too
WHOLE = 0.9  # of the model's highest noise: a run from there to 0 makes a picture of noise
_log = logging.getLogger("sigmatic")


class Match(NamedTuple):
    """The recipe of a model, None if none is known; and what it was recognised by, or what is missing, in words."""

    recipe: Recipe | None
    by: str


def known() -> Mapping[str, Recipe]:
    """All recipes, people's own in the user directory too; those are read anew when a file has changed."""
    place = folder() / "recipes"
    return _loaded(str(place), tuple((path.name, path.stat().st_mtime_ns) for path in sorted(place.glob("*.json"))))


@lru_cache(maxsize=1)
def _loaded(folder: str, stamp: tuple) -> Mapping[str, Recipe]:
    with recipes.warned() as remarks:
        there = recipes.load([folder] if stamp else [])
    for remark in remarks:
        _log.warning("Sigmatic: %s", remark)
    return there


def match(model: Any, wire: str = "") -> Match:
    """The recipe of a MODEL or of what a sampler function is handed.

    The one that Sigmatic Recipe put on it; else by its class, then by the names of its files. wire: as of `files`.
    """
    there = known()
    chosen = there.get(settings_on_model.of_model(facts.patcher(model)).get(RECIPE, ""))
    if chosen is not None:
        return named(chosen, facts.model_sampling(model))
    classes, files = identity.classes(model), identity.files(model, wire)
    of_recipes = {name for recipe in there.values() for name in recipe.models}
    here = next((name for name in classes if name in of_recipes), None)
    if here is None:
        return Match(None, f"there is no recipe for {classes[0]}" if classes else "the model does not say what it is")
    recipe = recipes.recognise(files, here, there)
    if recipe is not None and recipe.space != facts.space(facts.model_sampling(model)):
        return Match(None, f"this {here} is of another kind than {recipe.title}")
    if recipe is None:
        names = ", ".join(Path(file).name for file in files) or "no file that is known"
        return Match(None, f"which {here} it is, {names} does not say")
    by_name = [Path(file).name for file in files if any(recipes.matched(w, file) >= 0 for w in recipe.files)]
    return Match(recipe, f"class {here}" + (f" and {', '.join(by_name)}" if by_name else ""))


def named(recipe: Recipe, ms: Any) -> Match:
    """The match of a recipe that somebody chose; ValueError where the model is of another kind."""
    if recipe.space != facts.space(ms):
        kinds = {"ve": "eps, v and edm models", "flow": "flow models (Flux, SD3, Wan)"}
        raise ValueError(f"recipe is {recipe.title!r}, which is for {kinds[recipe.space]}: choose auto or another.")
    return Match(recipe, "its name in Sigmatic Recipe")


def described(match: Match) -> dict[str, Any] | None:
    """A match as JSON has it: what it is, by what it was recognised, its settings, its sources; None for none."""
    recipe = match.recipe
    if recipe is None:
        return None
    fields = {name: getattr(recipe, name) for name in ("title", "sampler", "schedule", "steps", "guidance", "note")}
    return {**fields, "cfg": first_cfg(recipe), "sources": list(recipe.sources), "by": match.by}


def first_cfg(recipe: Recipe) -> float:
    """The cfg of the first step: where it falls over the run, its highest."""
    return parse(recipe.cfg).points[0][1] if isinstance(recipe.cfg, str) else recipe.cfg


def leaves(recipe: Recipe, steps: int, whole: bool, cfg: float = 1.0, sampler: str = "") -> list[str]:
    """Warnings where a run leaves the recipe in a way that costs, each with the way back; none for a run by the recipe.

    sampler: the bare name of one of ours, or any other. A base model with few steps is warned of where guidance says
    that it is one: a LoRA or a merge that makes it fast runs without.
    """
    low, high = recipe.steps_range or (recipe.steps, recipe.steps)
    if not recipe.distilled:
        each = samplers.get(sampler).evals_per_step if sampler in samplers.names() else 1
        few = whole and steps * each < low and steps * each <= FEW_STEPS and sampler != FEW and cfg > DISTILLED_CFG
        made = f"{recipe.title} is made for {low} or more, and this run has {steps}."
        return [f"choose sig_auto, or take {low} steps: {made}"] if few else []
    warned = []
    if whole and not low <= steps <= high:
        wish = f"{low}" if low == high else f"{low} to {high}"
        warned.append(f"take {wish} steps: {recipe.title} was distilled for those, and this run has {steps}.")
    if recipe.cfg == 1.0 and cfg > DISTILLED_CFG:
        warned.append(f"set cfg to 1: {recipe.title} was distilled to run without guidance, and cfg is {cfg:g}.")
    return warned


def is_whole(sigmas: Sequence[float] | Any, ms: Any) -> bool:
    """Whether a run goes from the model's top to 0, and is not a part of one."""
    return len(sigmas) > 1 and float(sigmas[-1]) == 0 and float(sigmas[0]) >= WHOLE * float(ms.sigma_max)
