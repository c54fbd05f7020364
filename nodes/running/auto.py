"""sig_auto: the sampler and the levels that the recipe of the model at hand wants."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from torch import Tensor

from ... import recipes, schedulers
from ...profiles.profile import SAMPLER
from ...recipes import Recipe
from ..host import caller, facts, identity, warnings
from . import fitted, settings_on_model
from .host_functions import RUN, Choice, function_of
from .recognised import FEW, FEW_STEPS, Match, is_whole, match
from .record import Record

NAME = "auto"
FITTED = SAMPLER  # the sampler that profiles are for
BY_KIND = {"ve": ("dpmpp_2m", "karras"), "flow": ("euler", "simple")}  # for a model that no recipe is known for
SHIFTED = ("flow_shift", "token_shift", "flux2", "ltxv")  # schedules that a shift on the MODEL takes the place of
CLEANEST = 0.001  # where `last_time` of a recipe comes from: that time, shifted
_log = logging.getLogger("sigmatic")


def sampler(meant: Match, ms: Any, steps: int, whole: bool = True) -> tuple[str, dict[str, Any], str]:
    """(sampler, its settings, why in words) for a run of so many steps; `whole`: from the model's top to 0."""
    recipe = meant.recipe
    if recipe is None:
        name = BY_KIND[facts.space(ms)][0]
        return name, {}, f"{name}, which is safe for any model of this kind: {meant.by}"
    least = (recipe.steps_range or (1,))[0]
    if whole and steps < least and steps <= FEW_STEPS and not recipe.distilled:
        return FEW, {}, f"{FEW} instead of {recipe.sampler}: {recipe.title} is made for {least} steps or more"
    return recipe.sampler, dict(recipe.settings), f"{recipe.sampler}, as {recipe.title} wants it, by {meant.by}"


def levels(
    meant: Match, model: Any, ms: Any, steps: int, shape: Sequence[int] | None = None, *, bare: Any = None,
    warn: Callable[[str], Any],
) -> Tensor:  # fmt: skip
    """The levels that the recipe wants on this model for a latent of this shape; `warn` gets what the user set.

    bare: the model's own sampling, where there is no model to ask.
    """
    recipe = meant.recipe
    if recipe is None:
        return schedulers.sigmas(BY_KIND[facts.space(ms)][1], steps, **facts.levels(ms))
    size, span = identity.pixels(model, shape), None
    bare = getattr(facts.network(model), "model_sampling", bare or ms)
    if recipe.space == "ve":
        same = all(float(getattr(bare, end)) == float(getattr(ms, end)) for end in ("sigma_min", "sigma_max"))
        span = schedulers.span(**facts.levels(ms)) if recipe.range is None or not same else None
    else:
        recipe = _with_shift(recipe, facts.shift(ms), facts.shift(bare), warn)
    if recipe.depends_on and not size:
        warn(f"the levels of {recipe.title} depend on the size, which is not known here: they are for 1024 x 1024.")
    with recipes.warned() as remarks:
        sigmas = recipes.levels(recipe, steps, model=span, **size)
    for remark in remarks:
        warn(remark)
    return sigmas


def _with_shift(recipe: Recipe, shift: float, bare: float, warn: Callable[[str], Any]) -> Recipe:
    """The recipe with the shift that a node has put on the model: the user's wish goes first."""
    if abs(shift - bare) <= 1e-4 * bare or recipe.schedule not in SHIFTED:
        return recipe
    params = dict(recipe.params) if recipe.schedule == "flow_shift" else {}
    if "last_time" in params:
        params["last_time"] = shift * CLEANEST / (1 + (shift - 1) * CLEANEST)
    before, params = params.get("shift"), {**params, "shift": shift, "mu": 0.0}
    if before is None or abs(before - shift) > 1e-4 * shift:
        wish = f"{recipe.title}'s is {before:g}" if before else f"{recipe.title}'s depends on the size"
        warn(f"the shift of {shift:.4g} that is set on the model is used; {wish}.")
    return replace(recipe, schedule="flow_shift", params=params, tokens=None)


def function(options: Mapping[str, Any], log: Record | None = None) -> Callable[..., Tensor]:
    """The publisher's sampler for the model at hand, as `function_of` makes one; it takes those options that it has."""

    def sample(model, x, sigmas, extra_args=None, callback=None, disable=None, *, noise_sampler=None, **given):
        ms, steps = facts.model_sampling(model), len(sigmas) - 1
        name, settings, why = sampler(match(model), ms, steps, is_whole(sigmas, ms))
        of_profile = fitted.of_run(model, sigmas, settings_on_model.of_model(model, extra_args))
        if of_profile:
            name, settings, why = FITTED, of_profile, f"{FITTED}, which the profile of these levels is for"
        _log.info("Sigmatic: sig_auto is %s.", why)
        of_run = {key: options[key] for key in RUN if options.get(key) is not None}
        wishes = {key: value for key, value in {**options, **given}.items() if key not in RUN and value is not None}
        fixed = Choice.of(name, settings).spec.take(wishes, others=True)
        run = function_of(Choice.of(name, settings, **fixed, **of_run), log)
        return run(model, x, sigmas, extra_args, callback, disable, noise_sampler=noise_sampler)

    return sample


def sample_auto(
    model, x, sigmas, extra_args=None, callback=None, disable=None, *, eta=None, s_noise=None, noise_sampler=None
):
    """The publisher's sampler for the model at hand."""
    run = function({"eta": eta, "s_noise": s_noise})
    return run(model, x, sigmas, extra_args, callback, disable, noise_sampler=noise_sampler)


def schedule_auto(model_sampling: Any, steps: int) -> Tensor:
    """The publisher's levels for the model at hand."""
    model, shape = caller.run_around(model_sampling)
    return _by_recipe(model, model_sampling, steps, shape)


def schedule_fitted(model_sampling: Any, steps: int) -> Tensor:
    """The levels of the profile of the model at hand; the publisher's where there is none."""
    model, shape = caller.run_around(model_sampling)
    settings = {**settings_on_model.of_schedule(model_sampling), **settings_on_model.of_model(model)}
    cfg = caller.cfg_around(model_sampling)
    profile = fitted.meant(model, model_sampling, settings, cfg=cfg, steps=steps)
    warnings.warn(fitted.notes(profile))
    if profile.kept is None:
        return _by_recipe(model, model_sampling, steps, shape)
    _log.info("Sigmatic: the levels of sig_fitted are those of the profile %s.", profile.kept)
    return profile.kept.profile.sigmas(steps)


def _by_recipe(model: Any, ms: Any, steps: int, shape: Sequence[int] | None) -> Tensor:
    meant = match(model) if model is not None else Match(None, "the node that asks does not say for which model")
    _log.info("Sigmatic: the levels of sig_auto are %s's.", meant.recipe.title if meant.recipe else "a usual schedule")
    return levels(meant, model, ms, steps, shape, warn=lambda note: warnings.warn([note]))
