"""Sigmatic Experts KSampler: one run over two models, where the second takes over below a level of noise (Wan 2.2)."""

from dataclasses import replace
from typing import Any

import comfy.samplers

from .dropdowns import lookup, start_here
from .dropdowns.by_name import RunByName
from .dropdowns.plan import Message, ModelFacts, Plan, Plot, say
from .host.api import CATEGORY, io, number, schema
from .inputs import widgets
from .inputs.widgets import LAST_STEP
from .ksampler import SigmaticKSampler
from .running import experts, infotext, mismatch, run
from .running.record import summary

UNKNOWN = 20, 0.875  # steps and boundary that are drawn where the page cannot know the recipe: Wan 2.2's is .875


class SigmaticExpertsKSampler(RunByName):
    """Sigmatic KSampler with a second model for the steps of low noise."""

    plot = Plot(idle=("seed", "noise", "add_noise"))

    @classmethod
    def define_schema(cls) -> io.Schema:
        """As Sigmatic KSampler; what is 0 is the recipe's."""
        names = comfy.samplers
        samplers, schedules = start_here.ordered(names.SAMPLER_NAMES), start_here.ordered(names.SCHEDULER_NAMES, True)
        model, *pictures = widgets.run_links(
            "The model for high noise, which begins.", "What should be in the picture.",
            "What should not be in the picture.", "The latent to start from: empty, or a picture to change.",
        )  # fmt: skip
        return schema(
            node_id="SigmaticExpertsKSampler",
            display_name="Sigmatic Experts KSampler",
            category=CATEGORY,
            description="One run over two models, as Wan 2.2 14B wants it: the second takes over where the noise falls "
            "below the boundary. The sampler's memory and the noise go on across the switch.",
            search_aliases=["wan 2.2", "high noise", "low noise", "two models", "moe", "ksampler"],
            inputs=[
                model,
                widgets.seed(),
                io.Int.Input(
                    "steps", default=0, min=0, max=LAST_STEP,
                    tooltip="Number of steps of both models together. 0: as many as the recipe says.",
                ),
                number("cfg", 0.0, 0.0, 100.0, 0.1, "How strictly the model for high noise follows the prompt. 0: the "
                       "recipe's."),
                number("cfg_low", 0.0, 0.0, 100.0, 0.1, "The same for the model for low noise. 0: the recipe's."),
                number("boundary", 0.0, 0.0, 1e6, 0.001, "The amount of noise (sigma) below which model_low takes "
                       "over. Wan 2.2: 0.875 from text, 0.9 from a picture. 0: the recipe's."),
                widgets.choice(
                    "sampler", samplers, lookup.AUTO,
                    "The method that steps from noise to picture. sig_auto: the recipe's.",
                ),
                widgets.choice(
                    "schedule", schedules, lookup.AUTO,
                    "How the amounts of noise of the steps are spaced (the sigmas). sig_auto: the recipe's.",
                ),
                *pictures,
                *widgets.run_options(),
                io.Model.Input(
                    "model_low", optional=True,
                    tooltip="The model for low noise, which ends. Nothing: model does all, as in Sigmatic KSampler.",
                ),
            ],
            outputs=widgets.run_outputs(),
            hidden=[io.Hidden.extra_pnginfo],
        )  # fmt: skip

    @classmethod
    def plan(  # noqa: PLR0913 - one argument a widget
        cls, model: ModelFacts, steps=0, cfg=0.0, cfg_low=0.0, boundary=0.0, sampler=lookup.AUTO, schedule=lookup.AUTO,
        denoise=1.0, eta=1.0, s_noise=1.0, rho=widgets.DEFAULT_RHO, noise="default", start_at_step=0,
        end_at_step=LAST_STEP, return_with_leftover_noise=False, eta_curve="", s_noise_curve="", low=None,
    ) -> Plan:  # fmt: skip
        """The run of Sigmatic KSampler, the step at which the models change, and the cfg of each."""
        recipe, drawn = model.recipe.recipe, model.model is None
        both = drawn or low is not None
        wanted = UNKNOWN if drawn else (0, 0.0)
        if recipe:
            wanted = recipe.steps, recipe.experts.boundary if recipe.experts else wanted[1]
        steps = _wished("steps", steps, wanted[0], model)
        wants = experts.guidance(recipe, low.recipe.recipe if low else recipe)
        cfg = _wished("cfg", cfg, wants[0] or (1.0 if drawn else 0.0), model)
        cfg_low = cfg_low or wants[1] or cfg
        assumes: list[Message] = []
        if drawn and recipe is None:
            assumes = [say("What is 0 is the recipe's, which is known when it runs.")]
        plan = SigmaticKSampler.plan(
            model, steps, sampler, schedule, denoise, eta, s_noise, rho, noise, start_at_step, end_at_step,
            return_with_leftover_noise, eta_curve, s_noise_curve, cfg,
        )  # fmt: skip
        plan = replace(plan, cfg=(cfg,), assumes=(*plan.assumes, *assumes))
        if not both:
            return plan
        boundary = _wished("boundary", boundary, wanted[1], model)
        bounds = float(model.sampling.sigma_min), float(model.sampling.sigma_max)
        if not bounds[0] < boundary < bounds[1]:
            raise ValueError(
                f"boundary is {boundary:g}: give a sigma between {bounds[0]:.4g} and {bounds[1]:.4g}, the model's own."
            )
        switch, count = experts.switch_at(plan.sigmas.tolist(), boundary), len(plan.sigmas) - 1
        warned = [*plan.warnings, *(_idle(switch, count, boundary) if denoise == 1 and count == steps else [])]
        if low is not None:
            experts.require_pair(model.model, low.model)
            if recipe and recipe.experts:
                warned += experts.misplaced(model.model, low.model, recipe.experts)
            warned += mismatch.of_recipe(low.recipe.recipe, "", plan.sigmas.tolist(), low.sampling, cfg_low)
        return replace(plan, switch=switch, cfg=(cfg, cfg_low), warnings=tuple(dict.fromkeys(warned)))

    @classmethod
    def execute(
        cls, model, seed, positive, negative, latent_image, denoise=1.0, add_noise=True, model_low=None, **chosen
    ) -> io.NodeOutput:
        """Run the plan on the LATENT; what was done, in words, comes out, too."""
        low = None if model_low is None else ModelFacts.of(model_low, latent_image, "model_low")
        high = ModelFacts.of(model, latent_image, "model")
        plan = cls.plan(high, denoise=denoise, low=low, **chosen)
        sigmas, sampler = plan.sigmas, plan.sampler
        log = plan.record(seed, latent_image, add_noise)
        settings = {"seed": seed, "positive": positive, "negative": negative, "add_noise": add_noise}
        at = len(sigmas) - 1 if plan.switch is None else plan.switch
        parts = zip((high, low), (plan.cfg[0], plan.cfg[-1]), (sigmas[: at + 1], sigmas[at:]), strict=True)
        legs = [experts.Leg(one.with_recipe(), cfg, levels) for one, cfg, levels in parts if one and len(levels) > 1]
        values = {"seed": seed, "cfg": " and ".join(f"{cfg:g}" for cfg in plan.cfg), "denoise": denoise}
        look = {}
        if legs:
            latent = experts.sample(legs, latent_image, sampler, log, look, **settings)
        else:
            latent = run.sample(model, latent_image, None, sigmas[:0], cfg=plan.cfg[0], **settings)
        if plan.switch is not None:
            values["model_low"] = f"from step {plan.switch + 1}"
        words = summary(log, sampler.name, plan.schedule, **values)
        run_by = {"seed": seed, "cfg": plan.cfg[0], "denoise": denoise}
        text = infotext.of_run(cls.hidden, model, latent, plan.bare, plan.schedule, log, **run_by)
        return io.NodeOutput(latent, words, run.denoised(model, latent, look), text)


def _wished(widget: str, value: Any, recipes: Any, model: ModelFacts) -> Any:
    """The widget's value; the recipe's at 0. ValueError where that has none."""
    if value or recipes:
        return value or recipes
    meant = model.recipe
    why = f"{meant.recipe.title} has none" if meant.recipe else meant.by
    raise ValueError(f"{widget} is 0, which takes the recipe's, but {why}: set it, or choose one in Sigmatic Recipe.")


def _idle(switch: int, count: int, boundary: float) -> list[str]:
    """A warning where a whole run never comes to one of the models."""
    if 0 < switch < count:
        return []
    way, idle = ("lower", "model") if switch == 0 else ("raise", "model_low")
    return [f"{way} boundary, or take more steps: at {boundary:g} none of the {count} steps is {idle}'s."]
