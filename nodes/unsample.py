"""Sigmatic Unsample: a picture back to the noise it could have come from, by an ODE sampler run uphill."""

from dataclasses import replace
from typing import Any

import comfy.samplers
import torch
from torch import Tensor

from .. import samplers
from .dropdowns import lookup
from .dropdowns.by_name import ByName
from .dropdowns.lookup import PREFIX
from .dropdowns.plan import ModelFacts, Plan, Plot, Sampler, by_name
from .host import facts, latents, warnings
from .host.api import CATEGORY, io, schema
from .inputs import widgets
from .running import run
from .running.host_functions import offered

_START = 1e-4  # the lowest level: at 0 noise has no direction yet
_SCHEDULE = "sig_simple"  # even in the model's own time, so flow models get enough steps where pictures part
_TOP = 0.999  # of flow models: at 1 the host divides by 1 - sigma


def uphill(sigmas: Tensor, space: str) -> Tensor:
    """Falling sigmas that end in 0 as rising ones for a run from a clean latent."""
    rising = sigmas.flip(0).clone()
    rising[0] = min(_START, float(rising[1]) / 2) if len(rising) > 1 else _START
    return rising.clamp(max=_TOP) if space == "flow" else rising


def report(before: Any, after: Any) -> str:
    """How far a round trip ended from where it began: of samples, sound and picture together where they are both."""
    one, two = latents.numbers(before), latents.numbers(after)
    error = float((two - one).square().mean().sqrt())
    size = float(one.square().mean().sqrt())
    part = f" ({100 * error / size:.3g} % of the latent's own)" if size else ""
    return f"round trip: rms error {error:.4g}{part}"


class SigmaticUnsample(ByName):
    """Runs a picture backwards to noise; the noise, the levels for the way back and a report come out."""

    plot = Plot(idle=("cfg", "check"))

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Samplers without noise only: the others cannot be run backwards."""
        return schema(
            node_id="SigmaticUnsample",
            display_name="Sigmatic Unsample",
            category=CATEGORY,
            description="Turns a picture into the noise it could have come from (inversion), to sample it again with "
            "another prompt. Go on with SamplerCustom: the same sampler, these sigmas, add_noise off.",
            search_aliases=["inversion", "ddim inversion", "flip sigmas", "noise from image"],
            inputs=[
                *widgets.run_links(
                    "The model.", "What is in the picture; an empty prompt often does best.", "Heard if cfg is not 1.",
                    "The picture, clean.",
                ),
                widgets.choice("sampler", _ode_names(), "sig_heun", "A sampler without noise. Second order and up "
                    "comes back closer."),
                widgets.choice("schedule", comfy.samplers.SCHEDULER_NAMES, _SCHEDULE, "How the steps are spaced."),
                widgets.steps(),
                widgets.cfg("Guidance. 1 comes back best.", default=1.0),
                io.Boolean.Input("check", default=True,
                    tooltip="Sample back once, to say in the report how close it comes. Takes as long again."),
            ],
            outputs=[
                io.Latent.Output(display_name="latent", tooltip="The noise, as a latent that has its noise already."),
                io.Sigmas.Output(display_name="sigmas", tooltip="The levels for the way back."),
                io.String.Output(display_name="report", tooltip="How close the way back comes."),
            ],
        )  # fmt: skip

    @classmethod
    def validate_inputs(cls, sampler=None, schedule=None) -> bool | str:
        """Refuse unknown names before anything is queued."""
        wrong = widgets.problem("sampler", sampler, _ode_names())
        return wrong or widgets.problem("schedule", schedule, comfy.samplers.SCHEDULER_NAMES) or True

    @classmethod
    def plan(cls, model: ModelFacts, sampler="sig_heun", schedule=_SCHEDULE, steps=20) -> Plan:
        """The levels of the way up, and those of the way back."""
        widgets.require_names(sampler=(sampler, _ode_names()), schedule=(schedule, comfy.samplers.SCHEDULER_NAMES))
        chosen = Sampler(sampler, lookup.chosen(sampler), {})
        down = by_name(model, chosen, schedule, steps)
        up = uphill(down.sigmas, facts.space(model.sampling))
        back = torch.cat([up[1:].flip(0), up.new_zeros(1)])
        return Plan((up, back), down.sampler, schedule, warnings=down.warnings)

    @classmethod
    def execute(
        cls, model, positive, negative, latent_image, cfg=1.0, check=True, **chosen
    ) -> io.NodeOutput:  # fmt: skip
        """Run the way up; where `check` is on, the way back, too, to say how near it comes."""
        plan = cls.plan(replace(ModelFacts.of(model), cfg=cfg), **chosen)
        warnings.warn(plan.warnings)
        up, back = plan.levels
        settings: dict[str, Any] = {"cfg": cfg, "positive": positive, "negative": negative}
        settings |= {"seed": 0, "add_noise": False}
        sampler = plan.sampler.build()
        noise = run.sample(model, latent_image, sampler, up, **settings)
        text = "round trip: not looked at"
        if check:
            again = run.sample(model, noise, sampler, back, **settings)
            text = report(latents.fit_latent(model, latent_image), again["samples"])
        return io.NodeOutput(noise, back, text)


def _ode_names() -> list[str]:
    return [PREFIX + name for name in offered() if not samplers.get(name).stochastic]
