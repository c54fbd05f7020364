"""Sigmatic Save Preset: a sampler and a schedule with their settings, under a name in every list."""

import math
from typing import Any

from .. import samplers, schedulers
from ..core import catalog
from .dropdowns import lookup, preset_file, presets
from .host.api import CATEGORY, advanced, io, schema
from .inputs import options, widgets
from .running.host_functions import offered

_NONE = "none"


class SigmaticSavePreset(io.ComfyNode):
    """Saves what its widgets are set to in a file, and puts it into the dropdowns."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """The preset's name, its sampler and schedule (either may be none), their settings."""
        samplers_, schedules = ([_NONE, *names] for names in (_sampler_names(), _schedule_names()))
        return schema(
            node_id="SigmaticSavePreset",
            display_name="Sigmatic Save Preset",
            category=CATEGORY,
            description="Saves a sampler and a schedule with their settings under a name of your own: sig_my_ and the "
            "name is in every sampler and scheduler list from then on (in the page after R or a reload).",
            search_aliases=["preset", "favourite", "sampler preset"],
            is_output_node=True,
            inputs=[
                io.String.Input("name", default="", tooltip="Letters, digits, _ and -. sig_my_ is put before it."),
                io.Combo.Input("sampler", options=samplers_, default=_NONE, tooltip="The sampler to save, or none."),
                io.Combo.Input("schedule", options=schedules, default=_NONE, tooltip="The schedule to save, or none."),
                widgets.eta(), widgets.s_noise(), widgets.rho(), widgets.noise(),
                advanced(widgets.curve_text("eta")), advanced(widgets.curve_text("s_noise")),
                advanced(widgets.more()),
                io.Boolean.Input("replace", default=False, tooltip="Overwrite another preset of this name."),
            ],
            outputs=[
                io.String.Output(display_name="sampler", tooltip="The sampler's name in the lists."),
                io.String.Output(display_name="schedule", tooltip="The schedule's name in the lists."),
            ],
        )  # fmt: skip

    @classmethod
    def validate_inputs(cls, sampler=None, schedule=None) -> bool | str:
        """Refuse unknown names before anything is queued."""
        wrong = widgets.problem("sampler", sampler, [_NONE, *_sampler_names()])
        return wrong or widgets.problem("schedule", schedule, [_NONE, *_schedule_names()]) or True

    @classmethod
    def fingerprint_inputs(cls, **_) -> float:
        """Never the same: what was saved may have been deleted since."""
        return math.nan

    @classmethod
    def execute(
        cls, name, sampler=_NONE, schedule=_NONE, eta=1.0, s_noise=1.0, rho=widgets.DEFAULT_RHO, noise="default",
        eta_curve="", s_noise_curve="", more="", replace=False,
    ) -> io.NodeOutput:  # fmt: skip
        """Check the settings, write them to the file, put the names into the dropdowns."""
        widgets.require_names(noise=(noise, widgets.NOISES), sampler=(sampler, [_NONE, *_sampler_names()]))
        widgets.require_names(schedule=(schedule, [_NONE, *_schedule_names()]))
        if sampler == schedule == _NONE:
            raise ValueError("sampler and schedule are both none: choose one to save.")
        common = options.from_widgets(eta, s_noise, eta_curve=eta_curve, s_noise_curve=s_noise_curve) | options.more(
            more
        )
        kinds = {}
        if sampler != _NONE:
            given = {**common, **({} if noise == widgets.NOISES[0] else {"noise": noise})}
            kinds["samplers"] = _preset("sampler", sampler, given, samplers)
        if schedule != _NONE:
            given = {**common, **({} if rho == widgets.DEFAULT_RHO else catalog.take({"rho": rho}))}
            kinds["schedules"] = _preset("schedule", schedule, given, schedulers)
        presets.save(name, kinds, replace)
        return io.NodeOutput(*(lookup.PRESET_PREFIX + name if kind in kinds else "" for kind in preset_file.KINDS))


def _preset(word: str, name: str, given: dict[str, Any], registry: Any) -> dict[str, Any]:
    """A preset in the file's form, with those of the given options that the sampler or schedule has."""
    bare = name.removeprefix(lookup.PREFIX)
    known = {param.name for param in registry.get(bare).params} | ({"noise"} if word == "sampler" else set())
    return {word: bare, "options": {key: options.as_text(value) for key, value in given.items() if key in known}}


def _sampler_names() -> list[str]:
    return [lookup.PREFIX + name for name in offered()]


def _schedule_names() -> list[str]:
    return [lookup.PREFIX + name for name in schedulers.names()]
