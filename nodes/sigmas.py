"""The sigma toolkit: Sigmatic Split Sigmas, Edit Sigmas, Sigmas from Text and Convert Sigma."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from .. import schedulers
from ..core.schedule import levels, sigmas as lists
from ..core.space import Span
from .dropdowns.plan import ModelFacts, Plan, Plot
from .host import facts
from .host.api import CATEGORY, advanced, io, number, schema
from .inputs import widgets

SPLITS = ("step", *levels.UNITS)
EDITS = ("keep steps", "join", "blend", "resample", "scale", "set first", "set last", "reverse")


def _sigmas(values: Sequence[float]) -> Tensor:
    return torch.tensor(tuple(values), dtype=torch.float32)


def _floats(sigmas: Tensor) -> list[float]:
    return sigmas.detach().double().cpu().tolist()


def _span(ms: Any) -> Span:
    return schedulers.span(**facts.levels(ms))


class SigmaticSplit(io.ComfyNode):
    """Cuts SIGMAS in two."""

    plot = Plot("SIGMAS", follows=("sigmas",))

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Where to split can be said in five ways; three of them ask for the model."""
        return schema(
            node_id="SigmaticSplit",
            display_name="Sigmatic Split Sigmas",
            category=CATEGORY,
            description="Cuts a schedule in two, for two samplers or two models one after the other: at a step, or "
            "at an amount of noise.",
            search_aliases=["split sigmas", "refiner", "high low noise"],
            inputs=[
                io.Sigmas.Input("sigmas", tooltip="The schedule to cut."),
                io.Combo.Input(
                    "by", options=list(SPLITS), default="step",
                    tooltip="How the place is given. step: number of steps in the first part. sigma: noise. percent: "
                    "how much of the model's way is done, 0 to 1. timestep: the model's own count. log-SNR: signal to "
                    "noise. The last three need the model.",
                ),
                number("at", 10.0, -1000.0, 1e6, 0.1, "The place to cut at, in what is chosen above."),
                advanced(io.Boolean.Input(
                    "exact", default=False,
                    tooltip="Off: cut at the first level that is reached. On: cut exactly there, with one more step "
                    "if the schedule has no such level. Not for steps.",
                )),
                io.Model.Input("model", optional=True, tooltip="For percent, timestep and log-SNR."),
            ],
            outputs=[
                io.Sigmas.Output(display_name="high", tooltip="The first part, with the higher noise."),
                io.Sigmas.Output(display_name="low", tooltip="The rest; it begins where the first part ends."),
            ],
        )  # fmt: skip

    @classmethod
    def plan(cls, model: ModelFacts | None, sigmas: Tensor, by="step", at=10.0, exact=False) -> Plan:
        """The levels before the cut, and those from it on; the level that is cut at is in both."""
        widgets.require_names(by=(by, SPLITS))
        if by == "step":
            if at != int(at):
                raise ValueError(f"at is {at:g}: a step is a whole number.")
            parts = lists.split(_floats(sigmas), int(at))
        else:
            if by != "sigma":
                if model is None:
                    raise ValueError(f"model: connect one, {by} is counted on its own range.")
                at = levels.to_sigma(at, by, _span(model.sampling))
            parts = lists.split_at(_floats(sigmas), at, exact)
        return Plan(tuple(map(_sigmas, parts)))

    @classmethod
    def execute(cls, sigmas, model=None, **chosen) -> io.NodeOutput:
        """The two planned parts as SIGMAS."""
        return io.NodeOutput(*cls.plan(model and ModelFacts.of(model), sigmas, **chosen).levels)


class SigmaticEdit(io.ComfyNode):
    """Changes SIGMAS by one operation."""

    plot = Plot("SIGMAS", follows=("sigmas", "sigmas_2"))

    @classmethod
    def define_schema(cls) -> io.Schema:
        """One dropdown of operations, the numbers they take, a second schedule for two of them."""
        return schema(
            node_id="SigmaticEdit",
            display_name="Sigmatic Edit Sigmas",
            category=CATEGORY,
            description="Changes a schedule: keep some steps, join or blend two, another number of steps, scale, "
            "another first or last level, backwards.",
            search_aliases=["flip sigmas", "set first sigma", "concat sigmas", "multiply sigmas", "resample"],
            inputs=[
                io.Sigmas.Input("sigmas", tooltip="The schedule to change."),
                io.Combo.Input(
                    "operation", options=list(EDITS), default="keep steps",
                    tooltip="keep steps: those from start to end. join: sigmas, then sigmas_2. blend: amount 0 is "
                    "sigmas, 1 is sigmas_2. resample: the same course in `steps` steps. scale: the levels from start "
                    "to end times amount. set first, set last: that level becomes amount. reverse: backwards.",
                ),
                number("amount", 1.0, 0.0, 1e6, 0.01, "For scale, blend (0 to 1), set first and set last."),
                io.Int.Input("steps", default=20, min=1, max=widgets.LAST_STEP, tooltip="For resample."),
                io.Int.Input(
                    "start", default=0, min=0, max=widgets.LAST_STEP,
                    tooltip="For keep steps and scale: the first step (or level), counted from 0.",
                ),
                io.Int.Input(
                    "end", default=widgets.LAST_STEP, min=0, max=widgets.LAST_STEP,
                    tooltip="For keep steps: stop before this step. For scale: the last level that is changed.",
                ),
                io.Sigmas.Input("sigmas_2", optional=True, tooltip="The second schedule, for join and blend."),
            ],
            outputs=[io.Sigmas.Output(display_name="sigmas", tooltip="The changed schedule.")],
        )  # fmt: skip

    @classmethod
    def plan(
        cls, model: ModelFacts | None, sigmas: Tensor, operation="keep steps", amount=1.0, steps=20, start=0,
        end=widgets.LAST_STEP, sigmas_2: Tensor | None = None,
    ) -> Plan:  # fmt: skip
        """The levels after the operation."""
        widgets.require_names(operation=(operation, EDITS))
        one = _floats(sigmas)
        if operation in ("join", "blend") and sigmas_2 is None:
            raise ValueError(f"sigmas_2: connect a second schedule, {operation} takes two.")
        two = [] if sigmas_2 is None else _floats(sigmas_2)
        edits = {
            "keep steps": lambda: lists.part(one, start, end),
            "join": lambda: lists.join(one, two),
            "blend": lambda: lists.blend(one, two, amount),
            "resample": lambda: lists.resample(one, steps),
            "scale": lambda: lists.scale(one, amount, start, end),
            "set first": lambda: lists.set_first(one, amount),
            "set last": lambda: lists.set_last(one, amount),
            "reverse": lambda: lists.reverse(one),
        }
        return Plan((_sigmas(edits[operation]()),))

    @classmethod
    def execute(cls, sigmas, **chosen) -> io.NodeOutput:
        """The planned levels as SIGMAS."""
        return io.NodeOutput(cls.plan(None, sigmas, **chosen).sigmas)


class SigmaticText(io.ComfyNode):
    """Reads SIGMAS from text, and writes them as text."""

    plot = Plot("SIGMAS", follows=("sigmas",))

    @classmethod
    def define_schema(cls) -> io.Schema:
        """A field of text, and an input that is taken in its place."""
        return schema(
            node_id="SigmaticText",
            display_name="Sigmatic Sigmas from Text",
            category=CATEGORY,
            description="A schedule typed by hand; or, with sigmas connected, that schedule as text to look at and "
            "to copy.",
            search_aliases=["manual sigmas", "custom sigmas", "sigmas to text"],
            inputs=[
                io.String.Input(
                    "text", multiline=True, default="14.6, 6.5, 3.9, 2.7, 1.9, 1.4, 0.96, 0.65, 0.4, 0.15, 0",
                    tooltip="The amounts of noise, falling, usually to 0; commas, spaces or new lines between them.",
                ),
                io.Sigmas.Input("sigmas", optional=True, tooltip="Taken in place of the text."),
            ],
            outputs=[
                io.Sigmas.Output(display_name="sigmas", tooltip="The schedule."),
                io.String.Output(display_name="text", tooltip="The schedule as text."),
            ],
        )  # fmt: skip

    @classmethod
    def validate_inputs(cls, text=None) -> bool | str:
        """Refuse text that is no schedule before anything is queued (None: not known yet)."""
        if text is None or not text.strip():  # sigmas may be connected
            return True
        try:
            _read(text)
        except ValueError as error:
            return str(error)
        return True

    @classmethod
    def plan(cls, model: ModelFacts | None, text="", sigmas: Tensor | None = None) -> Plan:
        """The connected schedule, or the one in the text."""
        return Plan((_sigmas(_read(text)) if sigmas is None else sigmas,))

    @classmethod
    def execute(cls, text="", sigmas=None) -> io.NodeOutput:
        """The planned levels as SIGMAS, and as text to copy."""
        levels = cls.plan(None, text, sigmas).sigmas
        return io.NodeOutput(levels, lists.write(_floats(levels)))


def _read(text: str) -> lists.Sigmas:
    """The levels in the widget; ValueError naming it for what is no schedule, or longer than any other node makes."""
    try:
        values = lists.parse(text)
    except ValueError as error:
        raise ValueError(f"text: {error}") from None
    if len(values) > widgets.LAST_STEP + 1:
        raise ValueError(f"text: it has {len(values)} levels: give up to {widgets.LAST_STEP + 1}.")
    return values


class SigmaticConvert(io.ComfyNode):
    """One level of noise in the model's four ways to say it."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """A number and its unit; an output for each unit."""
        return schema(
            node_id="SigmaticConvert",
            display_name="Sigmatic Convert Sigma",
            category=CATEGORY,
            description="One amount of noise in other words: sigma, percent of the way, timestep, log-SNR of a model.",
            search_aliases=["sigma to percent", "percent to sigma", "timestep", "log snr"],
            inputs=[
                io.Model.Input("model", tooltip="The model whose levels of noise are meant."),
                number("value", 0.5, -1000.0, 1e6, 0.01, "The number to convert."),
                io.Combo.Input(
                    "unit", options=list(levels.UNITS), default="percent",
                    tooltip="What the number is. percent: 0 at the model's highest noise, 1 when it is done, as in "
                    "ComfyUI. timestep: the place in the model's table, 0 to 999; on flow models 1000 sigma. "
                    "log-SNR: log of signal over noise, squared.",
                ),
            ],
            outputs=[io.Float.Output(display_name=unit, tooltip=f"The level as {unit}.") for unit in levels.UNITS],
        )  # fmt: skip

    @classmethod
    def execute(cls, model, value=0.5, unit="percent") -> io.NodeOutput:
        """The level in all four units, in the order of `levels.UNITS`."""
        widgets.require_names(unit=(unit, levels.UNITS))
        return io.NodeOutput(*levels.convert(value, unit, _span(facts.model_sampling(model))).values())
