"""Nodes for custom sampling: Sigmatic Sampler (-> SAMPLER) and Sigmatic Schedule (-> SIGMAS)."""

import torch

from .. import schedulers
from . import guard, host, options, run, tell, widgets
from .adapter import model_levels, offered, takes
from .compat import CATEGORY, advanced, io, schema
from .install import PREFIX, Entry, entry, preset_names
from .named import ByName


def sampler_names() -> list[str]:
    """Our samplers and presets as they are called in dropdowns."""
    return [*(PREFIX + name for name in offered()), *preset_names(schedule=False)]


def schedule_names() -> list[str]:
    """Our schedules and presets as they are called in dropdowns."""
    return [*(PREFIX + name for name in schedulers.names()), *preset_names(schedule=True)]


def chosen(name: str, schedule: bool = False) -> Entry:
    """What is behind one of these names."""
    found = entry(name, schedule)
    if found is None:
        raise ValueError(f"{'schedule' if schedule else 'sampler'} is {name!r}, which is not there any more.")
    return found


class SigmaticSampler(ByName):
    """A sampler with its parameters, for SamplerCustom and everything else that takes a SAMPLER."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Ours only: the host has nodes for its own."""
        return schema(
            node_id="SigmaticSampler",
            display_name="Sigmatic Sampler",
            category=CATEGORY,
            description="A Sigmatic sampler with its parameters, for SamplerCustom and SamplerCustomAdvanced.",
            search_aliases=["sampler select", "eta"],
            inputs=[
                widgets.choice(
                    "sampler", sampler_names(), widgets.SAMPLER, "The method that steps from noise to picture."
                ),
                widgets.eta(),
                widgets.s_noise(),
                widgets.noise(),
                advanced(widgets.curve_text("eta")),
                advanced(widgets.curve_text("s_noise")),
                advanced(widgets.more()),
            ],
            outputs=[io.Sampler.Output(display_name="sampler", tooltip="For the sampler input of SamplerCustom.")],
        )

    @classmethod
    def validate_inputs(cls, sampler=None) -> bool | str:
        """Refuse an unknown name before anything is queued."""
        return widgets.problem("sampler", sampler, sampler_names()) or True

    @classmethod
    def execute(cls, sampler, eta=1.0, s_noise=1.0, noise="default", eta_curve="", s_noise_curve="", more=""):
        """A KSAMPLER of the host around our function."""
        widgets.insist(sampler=(sampler, sampler_names()), noise=(noise, widgets.NOISES))
        said = options.said(eta, s_noise, eta_curve=eta_curve, s_noise_curve=s_noise_curve) | options.more(more)
        return io.NodeOutput(run.own_sampler_object(chosen(sampler), said, noise))


class SigmaticSchedule(ByName):
    """The levels of noise of a run, over the range of the model."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Ours only: the host's are in BasicScheduler."""
        return schema(
            node_id="SigmaticSchedule",
            display_name="Sigmatic Schedule",
            category=CATEGORY,
            description="The amounts of noise (sigmas) that a run steps through, over the model's own range: exactly "
            "as many steps as asked for.",
            search_aliases=["scheduler", "sigmas", "karras", "denoise", "beta", "shift"],
            inputs=[
                io.Model.Input("model", tooltip="The model whose range of noise is used."),
                widgets.choice("schedule", schedule_names(), widgets.SCHEDULE, "How the amounts of noise are spaced."),
                widgets.steps(),
                widgets.denoise(),
                widgets.rho(),
                *widgets.schedule_options(),
                advanced(widgets.points()),  # last: values of older workflows stay in their places
            ],
            outputs=[io.Sigmas.Output(display_name="sigmas", tooltip="For the sigmas input of SamplerCustom.")],
        )

    @classmethod
    def validate_inputs(cls, schedule=None, more=None, points=None) -> bool | str:
        """Refuse an unknown name, parameters that it does not have and bad points before anything is queued."""
        wrong = widgets.problem("schedule", schedule, schedule_names())
        if wrong or not schedule:
            return wrong or True
        try:
            said = _own_params(chosen(schedule, schedule=True).name, more or "", points or "")
            if said.get("points"):
                schedulers.sigmas("drawn", 1, points=said["points"])
        except ValueError as error:
            return str(error)
        return True

    @classmethod
    def execute(
        cls, model, schedule, steps, denoise=1.0, rho=widgets.OWN_RHO, denoise_rule="steps", sigma_max=0.0,
        sigma_min=0.0, first_sigma=0.0, terminal=True, more="", points="",
    ) -> io.NodeOutput:  # fmt: skip
        """Our schedule over the model's range; nothing to do where denoise is 0, as the host has it."""
        widgets.insist(schedule=(schedule, schedule_names()), denoise_rule=(denoise_rule, schedulers.DENOISE_RULES))
        if denoise <= 0:
            return io.NodeOutput(torch.empty(0))
        own = chosen(schedule, schedule=True)
        given = {"sigma_max": sigma_max, "sigma_min": sigma_min, "first_sigma": first_sigma}
        given = {key: value for key, value in given.items() if value}
        ms = host.model_sampling(model)
        tell.warn(guard.of_schedule(schedulers.get(own.name), ms))
        params = {**run.schedule_params(own.name, rho), **_own_params(own.name, more, points)}
        rules = {"denoise": denoise, "denoise_rule": denoise_rule, "terminal": terminal}
        levels = model_levels(ms, own.name, steps, own.preset, **rules, **given, **params)
        return io.NodeOutput(levels)


def _own_params(name: str, text: str, points: str) -> dict:
    """What the widgets `points`, if the schedule has any, and `more` say; ValueError naming the one that is off."""
    spec = schedulers.get(name)
    said = {**(takes(spec, points=points) if points.strip() else {}), **options.more(text)}
    try:
        spec.resolve(said)
    except ValueError as error:
        raise ValueError(f"more: {error}") from None
    return said


def nodes() -> list[type]:
    """The nodes of this file, with every schema tried: the host drops a whole pack for one that fails."""
    found = [SigmaticSampler, SigmaticSchedule]
    for node in found:
        node.define_schema()
    return found
