"""Sigmatic Fit Schedule: levels of noise measured on the user's own model, for one solver and number of steps."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import comfy.sample
import comfy.samplers
import comfy.utils
import torch
from torch import Tensor

from .. import schedulers
from ..core import fit as fitting, sigmas as lists
from ..core.noise import initial
from . import fitted, host, options, presets, run, settings as on_model, widgets
from .adapter import choice_of, model_levels, table_of
from .compat import CATEGORY, advanced, io, schema
from .install import PREFIX, entry, own_sampler
from .named import ByName

STARTS = ("karras", "wide_arc", "exponential", "beta57", "ays", "ays_sdxl", "flow_shift", "cosine", "normal", "simple")
_FINE = ("heun", "kl_optimal", 48)  # sampler, schedule and steps of the run that stands for the exact one
_STILL = {"eta": 0.0}
_SEED = 0x5161  # of the starting noise: not one that a picture is likely to have


class SigmaticFit(ByName):
    """MODEL and CONDITIONING in, SIGMAS out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """What a KSampler needs, and how much may be spent."""
        return schema(
            node_id="SigmaticFit",
            display_name="Sigmatic Fit Schedule",
            category=CATEGORY,
            description="Measures on your own model which amounts of noise suit a sampler at a few steps best. Takes "
            "some hundred model evaluations once; the result is kept for next time.",
            search_aliases=["optimal steps", "gits", "align your steps", "optimize sigmas"],
            inputs=[
                io.Model.Input("model", tooltip="The model to measure."),
                io.Conditioning.Input("positive", tooltip="A prompt like those that the schedule is for."),
                io.Conditioning.Input("negative", tooltip="The negative prompt that goes with it."),
                io.Latent.Input("latent_image", tooltip="An empty latent, for the size of the pictures."),
                widgets.choice(
                    "sampler", comfy.samplers.SAMPLER_NAMES, "sig_dpmpp_2m",
                    "The method that the schedule is for. It is measured without noise of its own (eta 0).",
                ),
                io.Int.Input("steps", default=8, min=1, max=50, tooltip="The number of steps that it is for."),
                io.Float.Input(
                    "cfg", default=8.0, min=0.0, max=100.0, step=0.1, round=False, tooltip="The cfg that it is for."
                ),
                io.Int.Input(
                    "latents", default=4, min=1, max=64,
                    tooltip="How many pictures are measured at once. More is surer and slower.",
                ),
                io.Int.Input(
                    "budget", default=500, min=0, max=100000,
                    tooltip="How many model evaluations may be spent on the search, each for all latents at once. "
                    "About 40 times the steps is enough.",
                ),
                advanced(io.Boolean.Input(
                    "keep", default=True,
                    tooltip="Take a result of an earlier run of the same settings and model, and keep this one.",
                )),
                io.String.Input(
                    "save_as", default="", optional=True,
                    tooltip="A name (letters, digits, _ and -) under which the result appears in every scheduler list, "
                    "as sig_my_ and the name, for any number of steps. Empty: not saved.",
                ),
                advanced(io.Boolean.Input(
                    "replace", default=False, optional=True, tooltip="Overwrite another preset of that name."
                )),
            ],
            outputs=[
                io.Sigmas.Output(display_name="sigmas", tooltip="The schedule."),
                io.String.Output(display_name="report", tooltip="The schedule as text, and what it brings."),
            ],
        )  # fmt: skip

    @classmethod
    def execute(
        cls,
        model,
        positive,
        negative,
        latent_image,
        sampler,
        steps=8,
        cfg=8.0,
        latents=4,
        budget=500,
        keep=True,
        save_as="",
        replace=False,
    ) -> io.NodeOutput:
        """Look for a kept fit, else make one."""
        widgets.insist(sampler=(sampler, comfy.samplers.SAMPLER_NAMES))
        if save_as:
            presets.insist_free(save_as, "schedules", replace)
        bench = Bench(model, positive, negative, cfg, host.fit_latent(model, latent_image), latents)
        bench.insist(sampler)
        settings = {
            "sampler": sampler, "steps": steps, "cfg": cfg, "latents": latents, "budget": budget,
            "shape": list(bench.noise.shape), "ends": [bench.span.sigma_min, bench.span.sigma_max],
            **bench.told(sampler),
        }  # fmt: skip
        probe = fitted.fingerprint(bench.probe()) if keep else []
        found = fitted.find(settings, probe) if keep else None
        if found is None:
            found = bench.fit(sampler, steps, budget)
            if keep:
                fitted.keep(settings, probe, found)
        if save_as:
            points = lists.write(found["sigmas"])
            presets.save(save_as, {"schedules": {"schedule": "drawn", "options": {"points": points}}}, True)
        drawn = {name: settings[name] for name in ("sampler", "steps", "cfg", "latents", "budget")}
        return io.NodeOutput(
            torch.tensor(found["sigmas"], dtype=torch.float32),
            _report(found, sampler, steps),
            ui={"fit": [json.dumps({**drawn, "sigmas": found["sigmas"]})]},  # for the plot; an object counts as a file
        )


class Bench:
    """Runs of a host's model from the same starting noises."""

    def __init__(self, model: Any, positive: Any, negative: Any, cfg: float, samples: Tensor, latents: int) -> None:
        if getattr(samples, "is_nested", False):
            raise ValueError("latent_image: picture and sound together cannot be measured; fit with the picture alone.")
        self.model, self.conditions, self.cfg = model, (positive, negative), cfg
        self.ms = host.model_sampling(model)
        self.span = schedulers.span(**host.levels(self.ms))
        self.empty = torch.zeros((latents, *samples.shape[1:]), dtype=torch.float32)
        self.noise = initial(self.empty, _SEED, list(range(latents)))

    def run(self, sampler: str, sigmas: Tensor) -> Tensor:
        """Where a run of the sampler over sigmas ends, (latents, ...)."""
        chosen = run.sampler_by_name(sampler, _STILL)
        return comfy.sample.sample_custom(
            self.model,
            self.noise,
            self.cfg,
            chosen,
            sigmas,
            *self.conditions,
            self.empty,
            disable_pbar=True,
            seed=_SEED,
        )

    def probe(self) -> Tensor:
        """A run of two steps, to know the model by."""
        middle = schedulers.sigmas("kl_optimal", 2, **host.levels(self.ms))
        middle[1] = min(1.0, 0.5 * self.span.sigma_max)
        return self.run(PREFIX + "euler", middle)

    def told(self, sampler: str) -> dict[str, dict[str, str]]:
        """What is behind a preset, and what Sigmatic Settings say: nothing for most."""
        own = own_sampler(sampler)
        preset = {"preset": own.name, **own.preset} if own and sampler != PREFIX + own.name else {}
        said = {**preset, **on_model.of_model(self.model)}
        return {"told": {name: str(options.as_text(value)) for name, value in said.items()}} if said else {}

    def tables(self, sampler: str) -> Callable[[Tensor], Any] | None:
        """The table of a run over sigmas, of one of ours or of the host's of the same name; None for any other."""
        own = own_sampler(sampler)
        known = own or entry(PREFIX + sampler)
        if known is None:
            return None
        choice: Any = choice_of(run.own_sampler_object(known, _STILL).sampler_function)
        params = choice.params(choice.told(on_model.of_model(self.model) if own else {}, {}), self.ms)
        return lambda sigmas: table_of(choice.spec, sigmas.tolist(), self.span.space, params)

    def insist(self, sampler: str) -> None:
        """ValueError for a sampler that no schedule can be fitted to."""
        tables = self.tables(sampler)
        if tables is None:
            return
        table = tables(model_levels(self.ms, *_FINE[1:]))
        if table is None:
            raise ValueError(f"sampler {sampler}: it finds its own steps, so no schedule can be fitted to it.")
        if any(table.noise):
            raise ValueError(f"sampler {sampler}: it adds noise at every step, so its runs end nowhere in particular.")

    def price(self, sampler: str) -> Callable[[Tensor], int]:
        """Model evaluations of a run over sigmas; one a step for samplers that are not known here."""
        tables = self.tables(sampler)
        return (lambda sigmas: tables(sigmas).evaluations) if tables else (lambda sigmas: len(sigmas) - 1)

    def starts(self, steps: int) -> dict[str, Tensor]:
        """Ready-made schedules to begin at."""
        found = {}
        for name in STARTS:
            with suppress(ValueError):  # some ask for a table that this model does not have
                found[name] = model_levels(self.ms, name, steps)
        return found

    def fit(self, sampler: str, steps: int, budget: int) -> dict[str, Any]:
        """The schedule and what it brings, as JSON values."""
        starts = self.starts(steps)
        name, schedule, fine = _FINE
        course = model_levels(self.ms, schedule, fine)
        first, price = self.price(PREFIX + name)(course), self.price(sampler)
        total = first + max(budget, sum(map(price, starts.values())))
        bar = comfy.utils.ProgressBar(total)

        def report(spent: int) -> None:
            host.check_interrupt()
            bar.update_absolute(first + spent, total)

        target = self.run(PREFIX + name, course)
        report(0)
        best = fitting.fit(
            lambda sigmas: self.run(sampler, sigmas),
            target,
            {name: sigmas.tolist() for name, sigmas in starts.items()},
            self.span,
            budget=budget,
            price=price,
            report=report,
        )
        bar.update_absolute(total, total)
        return {
            "sigmas": list(best.sigmas), "error": best.error, "start": best.start, "start_error": best.start_error,
            "evaluations": first + best.evaluations,
        }  # fmt: skip


def _report(found: dict[str, Any], sampler: str, steps: int) -> str:
    return (
        f"{lists.write(found['sigmas'])}\n\n{sampler}, {steps} steps: error {found['error']:.4g}, against "
        f"{found['start_error']:.4g} of {PREFIX}{found['start']}, the best schedule without measuring. "
        f"{found['evaluations']} model evaluations."
    )


def nodes() -> list[type]:
    """The nodes of this file, with every schema tried: the host drops a whole pack for one that fails."""
    SigmaticFit.define_schema()
    return [SigmaticFit]
