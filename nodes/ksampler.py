"""Sigmatic KSampler: the host's KSampler with the samplers' and schedules' own parameters as widgets."""

from dataclasses import replace

import comfy.samplers

from .. import samplers, schedulers
from .dropdowns import lookup, start_here
from .dropdowns.by_name import RunByName
from .dropdowns.plan import ModelFacts, Plan, Plot, Sampler, by_name
from .host.api import CATEGORY, io, schema
from .inputs import options, widgets
from .inputs.widgets import LAST_STEP
from .running import infotext, mismatch, run
from .running.record import summary

_IDLE = "set start_at_step lower: it is {}, the run ends at step {}, and so the latent comes out as it went in."


class SigmaticKSampler(RunByName):
    """Samples a LATENT with a model, as the host's KSampler does, with more to set."""

    plot = Plot(idle=("seed", "noise", "add_noise"))

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Names come from the host's live lists, so entries of other packs are there too."""
        names = comfy.samplers
        samplers, schedules = start_here.ordered(names.SAMPLER_NAMES), start_here.ordered(names.SCHEDULER_NAMES, True)
        model, *pictures = widgets.run_links(
            "The model that removes the noise.", "What should be in the picture.", "What should not be in the picture.",
            "The latent to start from: empty, or a picture to change.",
        )  # fmt: skip
        return schema(
            node_id="SigmaticKSampler",
            display_name="Sigmatic KSampler",
            category=CATEGORY,
            description="Makes a picture out of noise, like KSampler, with eta, s_noise and rho to set. The noise of "
            "a picture does not depend on the batch it is in.",
            search_aliases=["ksampler", "sampler", "eta", "karras", "rho"],
            inputs=[
                model,
                widgets.seed(),
                widgets.steps(),
                widgets.cfg(
                    "How strictly the prompt is followed (classifier-free guidance). 1 leaves the negative prompt out; "
                    "too much burns the picture."
                ),
                widgets.choice(
                    "sampler", samplers, lookup.AUTO,
                    "The method that steps from noise to picture. sig_auto: what the model's recipe wants.",
                ),
                widgets.choice(
                    "schedule", schedules, lookup.AUTO,
                    "How the amounts of noise are spaced. sig_auto: what the model's recipe wants. "
                    "sig_fitted: its profile.",
                ),
                *pictures,
                *widgets.run_options(),
            ],
            outputs=widgets.run_outputs(),
            hidden=[io.Hidden.extra_pnginfo],
        )  # fmt: skip

    @classmethod
    def plan(  # noqa: PLR0913 - one argument a widget
        cls, model: ModelFacts, steps=20, sampler=lookup.AUTO, schedule=lookup.AUTO, denoise=1.0, eta=1.0,
        s_noise=1.0, rho=widgets.DEFAULT_RHO, noise="default", start_at_step=0, end_at_step=LAST_STEP,
        return_with_leftover_noise=False, eta_curve="", s_noise_curve="", cfg=1.0,
    ) -> Plan:  # fmt: skip
        """The levels of noise, the slice of them that is run, and the sampler."""
        names = comfy.samplers  # 0.3.64 lets unknown names through to here
        widgets.require_names(sampler=(sampler, names.SAMPLER_NAMES), schedule=(schedule, names.SCHEDULER_NAMES))
        widgets.require_names(noise=(noise, widgets.NOISES))
        given = options.from_widgets(eta, s_noise, eta_curve=eta_curve, s_noise_curve=s_noise_curve)
        chosen = Sampler(sampler, lookup.sampler_entry(sampler), given, noise)
        whole = by_name(replace(model, cfg=cfg), chosen, schedule, steps, denoise, rho)
        part = run.part(whole.sigmas, start_at_step, end_at_step, return_with_leftover_noise)
        ours, runs, levels = lookup.schedule_entry(schedule), whole.sampler.ours, part.tolist()
        unsuitable = mismatch.of_schedule(schedulers.get(ours.name), model.sampling) if ours else []
        unsuitable += mismatch.of_run(runs and samplers.get(runs.name), levels, model.sampling, model.most_cfg(cfg))
        name = runs.name if runs else sampler
        unsuitable += mismatch.of_recipe(model.recipe.recipe, name, levels, model.sampling, model.most_cfg(cfg))
        steps_there = len(whole.sigmas) - 1
        if steps_there > 0 and start_at_step >= min(end_at_step, steps_there):
            unsuitable.append(_IDLE.format(start_at_step, min(end_at_step, steps_there)))
        warned = tuple(dict.fromkeys((*whole.warnings, *unsuitable)))
        notes = whole.sampler.ignores("eta", "s_noise")
        return replace(whole, levels=(part,), warnings=warned, notes=notes, cfg=(cfg,))

    @classmethod
    def execute(
        cls, model, seed, cfg, positive, negative, latent_image, denoise=1.0, add_noise=True, **chosen
    ) -> io.NodeOutput:  # fmt: skip
        """Run the plan on the LATENT; what was done, in words, comes out, too."""
        plan = cls.plan(ModelFacts.of(model, latent_image), denoise=denoise, cfg=cfg, **chosen)
        sampler = plan.sampler
        log = plan.record(seed, latent_image, add_noise)
        settings = {"seed": seed, "cfg": cfg, "positive": positive, "negative": negative, "add_noise": add_noise}
        settings["noise"] = chosen.get("noise", widgets.NOISES[0])
        built = sampler.build(latent_image.get("batch_index"), log)
        look = {}
        latent = log.attach_rest(run.sample(model, latent_image, built, plan.sigmas, look, **settings))
        values = {"seed": seed, "cfg": cfg, "denoise": denoise}
        words = summary(log, sampler.name, plan.schedule, **values)
        text = infotext.of_run(cls.hidden, model, latent, plan.bare, plan.schedule, log, **values)
        return io.NodeOutput(latent, words, run.denoised(model, latent, look), text)
