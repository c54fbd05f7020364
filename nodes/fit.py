"""Sigmatic Fit Schedule: levels of noise measured on the user's own model, for one solver and number of steps."""

import json
from typing import Any

import comfy.samplers
import torch

from .. import __version__
from ..core.schedule import sigmas as lists
from ..profiles import BUDGET
from .dropdowns import lookup, presets
from .dropdowns.by_name import ByName
from .dropdowns.lookup import PREFIX
from .dropdowns.plan import ModelFacts, Plan, Plot, Sampler, say
from .host.api import CATEGORY, advanced, io, schema
from .host.latents import fit_latent
from .inputs import widgets
from .measuring import fit_file, fit_profile
from .measuring.fit_runs import EXACT, PROBED, ModelRuns
from .running import settings_on_model

ENOUGH = 40  # runs: a budget
KINDS = STEPS, PROFILE = "these steps", "profile"


class SigmaticFit(ByName):
    """Measures which levels of noise suit a sampler on the user's model; the SIGMAS come out."""

    plot = Plot("SIGMAS", idle=("keep", "save_as", "replace"), kept="fit")

    @classmethod
    def define_schema(cls) -> io.Schema:
        """What a KSampler needs, and how much may be spent."""
        return schema(
            node_id="SigmaticFit",
            display_name="Sigmatic Fit Schedule",
            category=CATEGORY,
            description="Measures on your own model which amounts of noise suit it best: for one sampler and number of "
            "steps, or as a profile for all of them, which sig_fitted goes by. Takes some hundred model evaluations "
            "once; the result is kept for next time.",
            search_aliases=["optimal steps", "profile", "sig_fitted", "gits", "align your steps", "optimize sigmas"],
            inputs=[
                *widgets.run_links(
                    "The model to measure.", "A prompt like those that the schedule is for.",
                    "The negative prompt that goes with it.", "An empty latent, for the size of the pictures.",
                ),
                widgets.choice(
                    "sampler", comfy.samplers.SAMPLER_NAMES, "sig_dpmpp_2m",
                    "The method that the schedule is for. It is measured without noise of its own (eta 0).",
                ),
                io.Int.Input("steps", default=8, min=1, max=50, tooltip="The number of steps that it is for."),
                widgets.cfg("The cfg that it is for."),
                io.Int.Input(
                    "latents", default=4, min=1, max=64,
                    tooltip="How many pictures are measured at once. More is surer and slower.",
                ),
                io.Int.Input(
                    "budget", default=500, min=0, max=100000,
                    tooltip="How many model evaluations may be spent on the search, each for all latents at once. "
                    f"About {ENOUGH} times the steps is enough.",
                ),
                advanced(io.Boolean.Input(
                    "keep", default=True,
                    tooltip="Take a result of an earlier run of the same settings and model, and keep this one.",
                )),
                io.String.Input(
                    "save_as", default="", optional=True,
                    tooltip="A name (letters, digits, _ and -) under which the result appears in every scheduler list, "
                    "as sig_my_ and the name, for any number of steps. Empty: not saved. Of a profile, its name; "
                    "empty: one made from the model's.",
                ),
                advanced(io.Boolean.Input(
                    "replace", default=False, optional=True, tooltip="Overwrite another preset or profile of that name."
                )),
                io.Combo.Input(
                    "fit", options=list(KINDS), default=STEPS, optional=True,
                    tooltip="these steps: levels for this sampler and number of steps. profile: for sig_arc and any "
                    "number of steps, kept for this model, its LoRAs and this cfg, and what sig_fitted goes by. "
                    f"Takes {BUDGET} model evaluations at most.",
                ),
            ],
            outputs=[
                io.Sigmas.Output(display_name="sigmas", tooltip="The schedule."),
                io.String.Output(display_name="report", tooltip="The schedule as text, and what it brings."),
                io.Model.Output(display_name="model", tooltip="The model with its profile on it, for sig_fitted."),
            ],
        )  # fmt: skip

    @classmethod
    def plan(
        cls, model: ModelFacts | None, sampler="sig_dpmpp_2m", steps=8, cfg=8.0, latents=4, budget=500, fit=STEPS,
        kept=None,
    ) -> Plan:  # fmt: skip
        """The schedule that was `kept` of the last run, for the sampler without noise of its own; none before it.

        Of a profile, the levels for so many steps, for the sampler that it is for. kept: {"sigmas"} and the widgets of
        that run. TypeError or ValueError where it is none.
        """
        widgets.require_names(sampler=(sampler, comfy.samplers.SAMPLER_NAMES), fit=(fit, KINDS))
        if kept is None:
            return Plan(
                (torch.empty(0),),
                notes=(say("Not measured yet: run the workflow, and the schedule that is found is drawn here."),),
            )
        if not isinstance(kept, dict) or not isinstance(kept.get("sigmas"), list):
            raise TypeError("kept: give what the last run has shown, an object with sigmas.")
        levels = torch.tensor(lists.parse(", ".join(map(str, kept["sigmas"]))), dtype=torch.float32)
        measured = kept.get("sampler", sampler)
        entry = lookup.sampler_entry(measured) if isinstance(measured, str) else None
        now = {"steps": steps, "cfg": cfg, "latents": latents, "budget": budget, "fit": fit}
        now |= {"sampler": sampler} if fit == STEPS else {}
        other = any(kept.get(name, value) != value for name, value in now.items())
        notes = (say("Measured with other settings: run the workflow to measure anew."),) if other else ()
        return Plan((levels,), Sampler(str(measured), entry, {"eta": 0.0}), notes=notes)

    @classmethod
    def execute(
        cls, model, positive, negative, latent_image, latents=4, keep=True, save_as="", replace=False, fit=STEPS,
        **chosen,
    ) -> io.NodeOutput:  # fmt: skip
        """Take the fit of an earlier run with the same settings and model, or make one."""
        drawn = {"steps": 8, "cfg": 8.0, "latents": latents, "budget": 500, "fit": fit, **chosen}
        cls.plan(None, **drawn)
        sampler, steps, cfg, budget = (drawn[name] for name in ("sampler", "steps", "cfg", "budget"))
        if fit == PROFILE:
            fit_profile.require(steps, latents, budget)
        elif save_as:
            presets.require_free(save_as, "schedules", replace)
        runs = ModelRuns(model, positive, negative, cfg, fit_latent(model, latent_image), latents)
        if fit == PROFILE:
            profile, spent = fit_profile.of_runs(runs, budget, save_as, keep=keep, replaces=replace)
            drawn["sampler"] = PREFIX + profile.profile.sampler
            levels, text = profile.profile.sigmas(steps).tolist(), fit_profile.in_words(profile, spent)
        else:
            profile = runs.profile()
            best = _for_steps(runs, drawn, keep)
            levels = best["sigmas"]
            enough = ENOUGH * runs.price(sampler)(torch.tensor(levels))
            text = _report(best, sampler, steps) + _hint(best, budget, enough)
            if save_as:
                drawing = {"schedule": "drawn", "options": {"points": lists.write(levels)}}
                presets.save(save_as, {"schedules": drawing}, True)
        kept = {**drawn, "sigmas": levels}
        sigmas = cls.plan(None, **drawn, kept=kept).sigmas
        out = settings_on_model.with_profile(model, runs.ms, profile) if profile else model
        return io.NodeOutput(sigmas, text, out, ui={"fit": [json.dumps(kept)]})  # an object counts as a file


def _for_steps(runs: ModelRuns, drawn: dict[str, Any], keep: bool) -> dict[str, Any]:
    """The fit for one sampler and number of steps: a kept one, or a new one."""
    sampler, steps = drawn["sampler"], drawn["steps"]
    runs.require_fittable(sampler)
    settings = {
        **{name: value for name, value in drawn.items() if name != "fit"}, "shape": list(runs.noise.shape),
        "ends": [runs.span.sigma_min, runs.span.sigma_max],
        "exact": EXACT, "version": __version__,  # of another one, the sampler may be another
        **runs.options(sampler), **{name: levels.tolist() for name, levels in runs.of_profile(steps).items()},
    }  # fmt: skip
    probe = fit_file.fingerprint(runs.probe()) if keep else []
    best = fit_file.find(settings, probe) if keep else None
    if best is None:
        best = runs.fit(sampler, steps, drawn["budget"])
        if keep:
            best["evaluations"] += PROBED
            fit_file.keep(settings, probe, best)
    return best


def _report(best: dict[str, Any], sampler: str, steps: int) -> str:
    return (
        f"{lists.write(best['sigmas'])}\n\n{sampler}, {steps} steps: error {best['error']:.4g}, against "
        f"{best['start_error']:.4g} of {PREFIX}{best['start']}, the best ready-made schedule tried. "
        f"{best['evaluations']} model evaluations."
    )


def _hint(best: dict[str, Any], budget: int, enough: int) -> str:
    """What to do where the search brought nothing, if there was anything to search for: one step has no choice."""
    if best["error"] < best["start_error"] or len(best["sigmas"]) == 2 or budget >= enough:
        return ""
    return f" The budget was too small to find a better one: {enough} is enough."
