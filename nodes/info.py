"""Sigmatic Sampler Info: what a SAMPLER will do over SIGMAS, step by step, before anything is run."""

from typing import Any

from torch import Tensor

from .host import facts, warnings
from .host.api import CATEGORY, io, schema
from .inputs.options import in_words
from .running import record, settings_on_model
from .running.host_functions import choice_of


def describe(sampler: Any, sigmas: Tensor, model: Any = None) -> str:
    """The text. Without a model, sigmas up to 1 are taken for a flow model's. ValueError where a curve needs one."""
    levels = tuple(sigmas.tolist())
    choice = choice_of(getattr(sampler, "sampler_function", None))
    head = [f"steps: {max(0, len(levels) - 1)}" + (f", sigma {levels[0]:.6g} to {levels[-1]:.6g}" if levels else "")]
    if choice is None or not levels:
        who = "not one of Sigmatic's, so its steps are not known" if choice is None else f"sig_{choice.spec.name}"
        return "\n".join([f"sampler: {who}", *head])
    ms = _Unknown(levels) if model is None else facts.model_sampling(model)
    chosen = choice.on(ms, settings_on_model.of_model(model) if model is not None else {})
    if model is None:
        chosen = chosen._replace(space="flow" if max(levels) <= 1 else "ve")
    options = in_words(chosen.options)
    head.insert(0, f"sampler: sig_{choice.spec.name}" + (f" ({options})" if options else ""))
    warnings.warn(chosen.warnings)
    head.append(f"model: {'taken for ' if model is None else ''}{chosen.space}")
    table = chosen.table(levels)
    if table is None:
        return "\n".join([*head, "evaluations: as many as it needs (adaptive)"])
    spent = record.seconds_per_evaluation(facts.network(model))
    price = f", about {spent * table.evaluations:.3g} s at the pace of the last run" if spent else ""
    head.append(f"evaluations: {table.evaluations}{price}")
    if table.between:
        head.append("the model is asked between the schedule's levels, too")
    rows = ["step      sigma       next  noise added  evaluations"]
    for row, noise in zip(table.rows, table.noise, strict=True):
        calls = sum(stage.q != 0 for stage in row.stages)
        rows.append(f"{row.step + 1:4d} {row.sigma:10.5g} {row.sigma_next:10.5g} {noise:12.5g} {calls:12d}")
    return "\n".join([*head, *rows])


class _Unknown:
    """Stands where a model is looked for and none is connected."""

    def __init__(self, levels: tuple[float, ...]) -> None:
        self.levels = levels

    @property
    def sigma_min(self) -> float:
        """Asked for only where a percent is to become a sigma."""
        raise ValueError("model: connect the model; a curve or range in percent means sigmas of that model.")


class SigmaticSamplerInfo(io.ComfyNode):
    """Makes the text that says what a SAMPLER will do over SIGMAS."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """A sampler and its levels; the model is needed for curves only."""
        return schema(
            node_id="SigmaticSamplerInfo",
            display_name="Sigmatic Sampler Info",
            category=CATEGORY,
            description="What a sampler will do, as text: the noise it adds in each step, how often it asks the model, "
            "how long that takes at the pace of the last run. For Preview as Text.",
            search_aliases=["sampler table", "evaluations", "nfe"],
            inputs=[
                io.Sampler.Input("sampler", tooltip="From Sigmatic Sampler, KSamplerSelect or any other."),
                io.Sigmas.Input("sigmas", tooltip="From Sigmatic Schedule, BasicScheduler or any other."),
                io.Model.Input(
                    "model", optional=True,
                    tooltip="The model: its kind, its Sigmatic Settings, and what percents of a run mean to it.",
                ),
            ],
            outputs=[io.String.Output(display_name="text", tooltip="The table.")],
        )  # fmt: skip

    @classmethod
    def fingerprint_inputs(cls, **_) -> float:
        """Never the same: the last run's pace is part of it."""
        return float("nan")

    @classmethod
    def execute(cls, sampler, sigmas, model=None) -> io.NodeOutput:
        """The text of `describe`."""
        return io.NodeOutput(describe(sampler, sigmas, model))
