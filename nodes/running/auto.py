"""sig_auto: the sampler and the levels that the recipe of the model at hand wants."""

import logging
import warnings as python_warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import folder_paths
from torch import Tensor

from ... import recipes, samplers, schedulers
from ...recipes import Recipe
from ..host import caller, facts, identity, warnings
from . import settings_on_model
from .host_functions import Choice, function_of

NAME = "auto"
RECIPE = "recipe"  # among the settings on a MODEL: the name of the one that Sigmatic Recipe chose for it
BY_KIND = {"ve": ("dpmpp_2m", "karras"), "flow": ("euler", "simple")}  # for a model that no recipe is known for
FEW, FEW_STEPS = "arc", 10  # for base models with fewer steps than their publishers take: docs/quality.md
DISTILLED_CFG = samplers.get("lcm").most_cfg or 1.0  # a little guidance is in use with them, too
SHIFTED = ("flow_shift", "token_shift", "flux2", "ltxv")  # schedules that a shift on the MODEL takes the place of
CLEANEST = 0.001  # where `last_time` of a recipe comes from: that time, shifted
_log = logging.getLogger("sigmatic")


class Match(NamedTuple):
    """The recipe of a model, None if none is known; and what it was recognised by, or what is missing, in words."""

    recipe: Recipe | None
    by: str


def known() -> Mapping[str, Recipe]:
    """All recipes, people's own in the user directory too; those are read anew when a file has changed."""
    folder = Path(folder_paths.get_user_directory()) / "sigmatic" / "recipes"
    return _loaded(str(folder), tuple((path.name, path.stat().st_mtime_ns) for path in sorted(folder.glob("*.json"))))


@lru_cache(maxsize=1)
def _loaded(folder: str, stamp: tuple) -> Mapping[str, Recipe]:
    with python_warnings.catch_warnings(record=True) as caught:
        python_warnings.simplefilter("always", UserWarning)
        found = recipes.load([folder] if stamp else [])
    for warning in caught:
        _log.warning("Sigmatic: %s", warning.message)
    return found


def match(model: Any) -> Match:
    """The recipe of a MODEL or of what a sampler function is handed.

    The one that Sigmatic Recipe put on it; else by its class, then by the names of its files.
    """
    chosen = known().get(settings_on_model.of_model(facts.patcher(model)).get(RECIPE, ""))
    if chosen is not None:
        return named(chosen, facts.model_sampling(model))
    classes, files, found = identity.classes(model), identity.files(model), known()
    of_recipes = {name for recipe in found.values() for name in recipe.models}
    here = next((name for name in classes if name in of_recipes), None)
    if here is None:
        return Match(None, f"there is no recipe for {classes[0]}" if classes else "the model does not say what it is")
    recipe = recipes.recognise(files, here, found)
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


def sampler(found: Match, ms: Any, steps: int, whole: bool = True) -> tuple[str, dict[str, Any], str]:
    """(sampler, its settings, why in words) for a run of so many steps; `whole`: from the model's top to 0."""
    recipe = found.recipe
    if recipe is None:
        name = BY_KIND[facts.space(ms)][0]
        return name, {}, f"{name}, which is safe for any model of this kind: {found.by}"
    least = (recipe.steps_range or (1,))[0]
    if whole and steps < least and steps <= FEW_STEPS and not recipe.distilled:
        return FEW, {}, f"{FEW} instead of {recipe.sampler}: {recipe.title} is made for {least} steps or more"
    return recipe.sampler, dict(recipe.settings), f"{recipe.sampler}, as {recipe.title} wants it, by {found.by}"


def levels(
    found: Match, model: Any, ms: Any, steps: int, shape: Sequence[int] | None = None, *, warn: Callable[[str], Any]
) -> Tensor:
    """The levels that the recipe wants on this model for a latent of this shape; `warn` gets what the user set."""
    recipe = found.recipe
    if recipe is None:
        return schedulers.sigmas(BY_KIND[facts.space(ms)][1], steps, **facts.levels(ms))
    size, span = identity.pixels(model, shape), None
    own = getattr(facts.network(model), "model_sampling", ms)
    if recipe.space == "ve":
        same = all(float(getattr(own, end)) == float(getattr(ms, end)) for end in ("sigma_min", "sigma_max"))
        span = schedulers.span(**facts.levels(ms)) if recipe.range is None or not same else None
    else:
        recipe = _with_shift(recipe, _shift(ms), _shift(own), warn)
    if recipe.depends_on and not size:
        warn(f"the levels of {recipe.title} depend on the size, which is not known here: they are for 1024 x 1024.")
    with python_warnings.catch_warnings(record=True) as caught:
        python_warnings.simplefilter("always", UserWarning)
        sigmas = recipes.levels(recipe, steps, model=span, **size)
    for warning in caught:
        warn(str(warning.message))
    return sigmas


def _with_shift(recipe: Recipe, shift: float, own: float, warn: Callable[[str], Any]) -> Recipe:
    """The recipe with the shift that a node has put on the model: the user's wish goes first."""
    if abs(shift - own) <= 1e-4 * own or recipe.schedule not in SHIFTED:
        return recipe
    params = dict(recipe.params) if recipe.schedule == "flow_shift" else {}
    if "last_time" in params:
        params["last_time"] = shift * CLEANEST / (1 + (shift - 1) * CLEANEST)
    before, params = params.get("shift"), {**params, "shift": shift, "mu": 0.0}
    if before is None or abs(before - shift) > 1e-4 * shift:
        wish = f"{recipe.title}'s is {before:g}" if before else f"{recipe.title}'s depends on the size"
        warn(f"the shift of {shift:.4g} that is set on the model is used; {wish}.")
    return replace(recipe, schedule="flow_shift", params=params, tokens=None)


def _shift(ms: Any) -> float:
    """A flow model's shift s, by where it puts the middle of its time: s / (1 + s); 1 for ranges of another kind."""
    middle = float(ms.percent_to_sigma(0.5))
    return middle / (1 - middle) if 0 < middle < 1 else 1.0


def leaves(recipe: Recipe, steps: int, whole: bool, cfg: float = 1.0) -> list[str]:
    """Warnings where a run leaves a distilled model's recipe, each with the way back; none for a run by the recipe."""
    if not recipe.distilled:
        return []
    low, high = recipe.steps_range or (recipe.steps, recipe.steps)
    said = []
    if whole and not low <= steps <= high:
        wish = f"{low}" if low == high else f"{low} to {high}"
        said.append(f"take {wish} steps: {recipe.title} was distilled for those, and this run has {steps}.")
    if recipe.cfg == 1.0 and cfg > DISTILLED_CFG:
        said.append(f"set cfg to 1: {recipe.title} was distilled to run without guidance, and cfg is {cfg:g}.")
    return said


def sample_auto(
    model, x, sigmas, extra_args=None, callback=None, disable=None, *, eta=None, s_noise=None, noise_sampler=None
):
    """The publisher's sampler for the model at hand."""
    ms, steps = facts.model_sampling(model), len(sigmas) - 1
    whole = steps > 0 and float(sigmas[-1]) == 0 and float(sigmas[0]) >= 0.9 * float(ms.sigma_max)
    found = match(model)
    name, settings, why = sampler(found, ms, steps, whole)
    _log.info("Sigmatic: sig_auto is %s.", why)
    if found.recipe is not None:
        cfg = getattr(getattr(model, "inner_model", None), "cfg", None)
        warnings.warn(leaves(found.recipe, steps, whole, cfg if isinstance(cfg, (int, float)) else 1.0))
    given = {key: value for key, value in (("eta", eta), ("s_noise", s_noise)) if value is not None}
    choice = Choice.of(name, settings)
    run = function_of(choice._replace(fixed=choice.spec.take(given, others=True)))
    return run(model, x, sigmas, extra_args, callback, disable, noise_sampler=noise_sampler)


def schedule_auto(model_sampling: Any, steps: int) -> Tensor:
    """The publisher's levels for the model at hand."""
    model, shape = caller.run_around(model_sampling)
    found = match(model) if model is not None else Match(None, "the node that asks does not say for which model")
    _log.info("Sigmatic: the levels of sig_auto are %s's.", found.recipe.title if found.recipe else "a usual schedule")
    return levels(found, model, model_sampling, steps, shape, warn=lambda note: warnings.warn([note]))
