"""Sigmatic Schedule: the levels of noise of a run over the range of a model (-> SIGMAS)."""

import torch

from .. import schedulers
from .dropdowns import lookup, start_here
from .dropdowns.by_name import ByName
from .dropdowns.plan import ModelFacts, Plan, Plot, levels_by_model, of_profile
from .host import warnings
from .host.api import CATEGORY, advanced, io, schema
from .inputs import options, widgets
from .running import mismatch, run
from .running.host_functions import model_levels


class SigmaticSchedule(ByName):
    """The levels of noise of a run, over the range of the model."""

    plot = Plot("SIGMAS")

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
                widgets.choice(
                    "schedule",
                    _names(),
                    widgets.SCHEDULE,
                    "How the amounts of noise are spaced. sig_auto: what the model's recipe wants. "
                    "sig_fitted: its profile.",
                ),
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
        wrong = widgets.problem("schedule", schedule, _names())
        if wrong or schedule in (None, "", *lookup.by_model(True)):
            return wrong or True
        try:
            given = _own_params(lookup.chosen(schedule, schedule=True).name, more or "", points or "")
            if given.get("points"):
                schedulers.sigmas("drawn", 1, points=given["points"])
        except ValueError as error:
            return str(error)
        return True

    @classmethod
    def plan(
        cls, model: ModelFacts, schedule=widgets.SCHEDULE, steps=20, denoise=1.0, rho=widgets.DEFAULT_RHO,
        denoise_rule="steps", sigma_max=0.0, sigma_min=0.0, first_sigma=0.0, terminal=True, more="", points="",
    ) -> Plan:  # fmt: skip
        """Our schedule over the model's range; nothing to do where denoise is 0, as the host has it."""
        widgets.require_names(schedule=(schedule, _names()), denoise_rule=(denoise_rule, schedulers.DENOISE_RULES))
        if denoise <= 0:
            return Plan((torch.empty(0),), schedule=schedule)
        given = {"sigma_max": sigma_max, "sigma_min": sigma_min, "first_sigma": first_sigma}
        given = {key: value for key, value in given.items() if value}
        if schedule in lookup.by_model(True):
            return _by_model(model, schedule, steps, denoise, terminal, [*given, *(["more"] if more.strip() else [])])
        ours = lookup.chosen(schedule, schedule=True)
        params = {**lookup.schedule_params(ours.name, rho), **_own_params(ours.name, more, points)}
        rules = {"denoise": denoise, "denoise_rule": denoise_rule, "terminal": terminal}
        warned = mismatch.of_schedule(schedulers.get(ours.name), model.sampling)
        params = {**rules, **given, **params, "warn": warned.append}
        levels = model_levels(model.sampling, ours.name, steps, ours.preset, **params)
        return Plan((levels,), schedule=schedule, warnings=tuple(warned))

    @classmethod
    def execute(cls, model, **chosen) -> io.NodeOutput:
        """The planned levels as SIGMAS."""
        plan = cls.plan(ModelFacts.of(model), **chosen)
        warnings.warn(plan.warnings)
        return io.NodeOutput(plan.sigmas)


def _names() -> list[str]:
    return start_here.ordered([*lookup.by_model(True), *lookup.schedule_names()], schedule=True)


def _by_model(model: ModelFacts, schedule: str, steps: int, denoise: float, terminal: bool, idle: list[str]) -> Plan:
    """The levels of the model's recipe or profile. `idle`: widgets that were moved and change nothing there."""
    warned: list[str] = []
    levels = run.tail(steps, denoise, lambda total: levels_by_model(model, schedule, total, warned.append))
    if idle:
        given = " and ".join(idle)
        warned.append(f"choose a schedule by its name for {given}: {schedule} has levels of its own.")
    levels = levels if terminal else levels[:-1]
    assumes = of_profile(model, schedule, steps)
    return Plan((levels,), schedule=schedule, warnings=tuple(warned), assumes=assumes)


def _own_params(name: str, text: str, points: str) -> dict:
    """What the widgets `points`, if the schedule has any, and `more` say; ValueError naming the one that is off."""
    spec = schedulers.get(name)
    given = {**(spec.take({"points": points}, others=True) if points.strip() else {}), **options.more(text)}
    try:
        spec.resolve(given)
    except ValueError as error:
        raise ValueError(f"more: {error}") from None
    return given
