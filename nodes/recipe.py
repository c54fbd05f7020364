"""Sigmatic Recipe: what the model wants, as its publisher says, for the samplers behind it."""

import json
from dataclasses import replace

from .dropdowns import lookup
from .dropdowns.by_name import ByName
from .dropdowns.plan import ModelFacts, Plan, Plot, Sampler, levels_by_model, say
from .host import latents, warnings
from .host.api import CATEGORY, io, schema
from .inputs import widgets
from .running import auto, profile_files, recognised, settings_on_model

AUTO = widgets.AUTO


def _titles() -> list[str]:
    return [AUTO, *(recipe.title for recipe in recognised.known().values())]


class SigmaticRecipe(ByName):
    """The sampler, levels, steps and cfg of the model's recipe, and the recipe on the MODEL for sig_auto."""

    plot = Plot(recipe=True)

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Recipes by their titles, people's own among them."""
        return schema(
            node_id="SigmaticRecipe",
            display_name="Sigmatic Recipe",
            category=CATEGORY,
            description="How this model wants to be run, as its publisher says: sampler, amounts of noise, steps and "
            "cfg. sig_auto in any node after it goes by the recipe chosen here.",
            search_aliases=["auto", "recipe", "best sampler", "shift", "lightning", "turbo"],
            inputs=[
                io.Model.Input("model", tooltip="The model to run."),
                widgets.choice(
                    "recipe", _titles(), AUTO,
                    "auto: by the class of the model and the names of its files. Or choose one by its name.",
                ),
                io.Int.Input(
                    "steps", default=0, min=0, max=widgets.LAST_STEP,
                    tooltip="Number of steps from noise to picture. 0: as many as the recipe says.",
                ),
                io.Latent.Input(
                    "latent_image", optional=True,
                    tooltip="The latent that will be run: with many models the amounts of noise depend on its size.",
                ),
                widgets.profile(profile_files.names()),
            ],
            outputs=[
                io.Model.Output(display_name="model", tooltip="The model with the recipe on it, for sig_auto."),
                io.Sampler.Output(display_name="sampler", tooltip="For the sampler input of SamplerCustom."),
                io.Sigmas.Output(display_name="sigmas", tooltip="For the sigmas input of SamplerCustom."),
                io.Int.Output(display_name="steps", tooltip="For the steps of a KSampler."),
                io.Float.Output(display_name="cfg", tooltip="For the cfg of a KSampler: that of its first step."),
                io.String.Output(display_name="text", tooltip="What was recognised, by what, and its settings."),
            ],
        )  # fmt: skip

    @classmethod
    def validate_inputs(cls, recipe=None, profile=None) -> bool | str:
        """Refuse an unknown recipe or profile before anything is queued."""
        gone = widgets.problem("profile", profile, [AUTO, *profile_files.names()])
        return gone or widgets.problem("recipe", recipe, _titles()) or True

    @classmethod
    def plan(cls, model: ModelFacts, recipe=AUTO, steps=0, profile=AUTO) -> Plan:
        """The levels and the sampler of the recipe, and the MODEL with it."""
        widgets.require_names(recipe=(recipe, _titles()))
        if recipe != AUTO:
            chosen = next(one for one in recognised.known().values() if one.title == recipe)
            model = replace(
                model.with_settings({recognised.RECIPE: chosen.name}), match=recognised.named(chosen, model.sampling)
            )
        model = model.with_settings(profile_files.riding(profile)) if profile != AUTO else model
        meant, warned = model.recipe, []
        steps = steps or (meant.recipe.steps if meant.recipe else 20)
        model.afford(steps, 1.0)
        levels = levels_by_model(model, lookup.AUTO, steps, warned.append)
        sampler = Sampler(lookup.AUTO, None, {}).resolved(model, steps, True)
        kept = model.profile().kept
        there = say("There is a profile of this model: {name}. Choose sig_arc on sig_fitted to use it.", name=str(kept))
        notes = (there,) if kept else ()
        return Plan((levels,), sampler, lookup.AUTO, model=model, warnings=tuple(warned), notes=notes)

    @classmethod
    def execute(cls, model, recipe=AUTO, steps=0, latent_image=None, profile=AUTO) -> io.NodeOutput:
        """What was planned, and in words."""
        if latent_image is not None:
            latents.require_content("latent_image", latent_image["samples"])
        plan = cls.plan(ModelFacts.of(model, latent_image), recipe, steps, profile)
        warnings.warn(plan.warnings)
        count = len(plan.sigmas) - 1
        shown = plan.model
        chosen = (recipe, profile) != (AUTO, AUTO)
        out = settings_on_model.apply(model, shown.settings, shown.sampling) if chosen else model
        meant = shown.recipe
        words = auto.sampler(meant, shown.sampling, count)[2]
        cfg = recognised.first_cfg(meant.recipe) if meant.recipe else 1.0
        text = f"{count} steps, cfg {cfg:g}, {words}."
        if meant.recipe:
            text += f" Sources: {'; '.join(meant.recipe.sources)}. {meant.recipe.note}".rstrip()
        text += "".join(f" {there.format(**values)}" for there, values in plan.notes)
        ui = {"recipe": [json.dumps(recognised.described(meant))]}
        return io.NodeOutput(out, plan.sampler.build(), plan.sigmas, count, float(cfg), text, ui=ui)
