"""Sigmatic Compare: samplers and schedules side by side, from one starting noise, at equal model evaluations."""

import json
from dataclasses import replace

import torch

from .dropdowns.by_name import ByName
from .dropdowns.plan import ModelFacts, Plan, Plot, say
from .host import pictures, warnings
from .host.api import CATEGORY, io, schema
from .inputs import widgets
from .measuring import entries, sheet, trials
from .measuring.entries import for_plot

_GIVEN = 8  # a step is so much cheaper where their number is given: no table is made


class SigmaticCompare(ByName):
    """Runs a list of samplers and schedules on a model; a sheet of the results, the latents, and a CSV come out."""

    plot = Plot(idle=("seed", "cfg", "size"))

    @classmethod
    def define_schema(cls) -> io.Schema:
        """A KSampler with a list in the place of its names. The seed stays: what is compared is to be comparable."""
        return schema(
            node_id="SigmaticCompare",
            display_name="Sigmatic Compare",
            category=CATEGORY,
            description="Runs a list of samplers and schedules from one starting noise, each with as many steps as "
            "cost the same number of model evaluations, and shows the results side by side. What is finished is kept: "
            "after Cancel, or with a line more, only the rest is run.",
            search_aliases=["compare samplers", "xy plot", "grid", "benchmark"],
            inputs=[
                *widgets.run_links(
                    "The model that removes the noise.", "What should be in the picture.",
                    "What should not be in the picture.",
                    "The latent to start from. Its batch goes across the sheet.",
                ),
                widgets.seed(
                    control_after_generate=False,
                    tooltip="Number that the noise is made from, the same for every entry.",
                ),
                widgets.cfg("How strictly the prompt is followed (classifier-free guidance)."),
                io.Int.Input(
                    "evaluations", default=20, min=1, max=1000,
                    tooltip="How often each entry may ask the model, which is what takes the time. A sampler that "
                    "asks twice a step gets half the steps.",
                ),
                io.String.Input(
                    entries.WIDGET, default=entries.DEFAULT, multiline=True,
                    tooltip="One entry a line: sampler / schedule / name = value; name = value. Without a schedule "
                    "it is sig_karras, or sig_simple for flow models. steps = 60 sets the steps of a line, whatever "
                    "it costs. # leaves a line out. Nothing: the list that was there at first.",
                ),
                widgets.denoise(),
                io.Int.Input(
                    "reference", default=0, min=0, max=1000,
                    tooltip="The entry to measure the others against: 1 is the first, 0 the last.",
                ),
                io.Int.Input(
                    "size", default=256, min=16, max=2048, tooltip="Longer side of a picture on the sheet, in pixels."
                ),
                io.Vae.Input(
                    "vae", optional=True,
                    tooltip="For real pictures. Without one the latents are shown in ComfyUI's rough preview colours, "
                    "which for Sigmatic Demo Model are the picture.",
                ),
            ],
            outputs=[
                io.Image.Output(display_name="sheet", tooltip="All results, labelled."),
                io.Latent.Output(display_name="latent", tooltip="All results in one batch, entry after entry."),
                io.String.Output(display_name="csv", tooltip="Entry, steps, evaluations, seconds, rms difference."),
            ],
        )  # fmt: skip

    @classmethod
    def validate_inputs(cls, entries=None) -> bool | str:
        """Refuse a list with a mistake before anything is queued (None: not known yet)."""
        return problem(entries) or True

    @classmethod
    def plan(cls, model: ModelFacts, evaluations=20, entries="", denoise=1.0, reference=0) -> Plan:
        """Every entry's run, in as many steps as cost that number of model evaluations.

        Without the MODEL itself, some are left out: the host's own samplers, which would have to be tried out on it,
        and what is too much for a plot.
        """
        listed, _ = chosen(model, entries, reference)
        wanted = ((line, evaluations, denoise) for line in listed)
        lines, notes, over = for_plot(wanted, model, _cost, model.model is None)
        notes += [say("Left out of the plot: {count} more.", count=over)] if over else []
        warned = tuple(warning for line in lines for warning in line.warnings)
        return Plan(lines=tuple(lines), warnings=warned, notes=tuple(notes))

    @classmethod
    def execute(
        cls, model, positive, negative, latent_image, seed=0, cfg=8.0, evaluations=20, entries="", denoise=1.0,
        reference=0, size=256, vae=None,
    ) -> io.NodeOutput:  # fmt: skip
        """Run every entry's plan; what finished lies on one sheet, in one batch and in one table."""
        if denoise <= 0:
            raise ValueError("denoise is 0: nothing would be changed, so there is nothing to compare.")
        known = replace(ModelFacts.of(model), cfg=cfg)
        listed, place = chosen(known, entries, reference)
        decode = sheet.decoder(model, vae)
        if getattr(latent_image["samples"], "is_nested", False):
            raise ValueError("latent_image: picture and sound together cannot be laid out; compare the picture alone.")
        plan = cls.plan(known, evaluations, entries, denoise, reference)
        warnings.warn(plan.warnings)
        settings = {"seed": seed, "cfg": cfg, "positive": positive, "negative": negative}
        cells = trials.compare(model, latent_image, listed, plan.lines or (), **settings)
        about = {"up to": f"{evaluations} model evaluations", "seed": seed, "cfg": f"{cfg:g}", "reference": place}
        samples = torch.cat([cell.samples for cell in cells])
        drawn = sheet.sheet(listed, cells, decode, size, about)
        ui = {"sheet": [json.dumps({**drawn.about, "file": pictures.keep(drawn.image[0])})]}
        return io.NodeOutput(drawn.image, {"samples": samples}, sheet.table(listed, cells, place), ui=ui)


def _cost(line: entries.Line, evaluations: int) -> int:
    return line.steps // _GIVEN if line.steps else evaluations


def problem(text: str | None) -> str | None:
    """What is wrong with the list, None if nothing is."""
    try:
        entries.read(text)
    except ValueError as error:
        return str(error)
    return None


def chosen(model: ModelFacts, text: str | None, reference: int) -> tuple[list[entries.Line], int]:
    """The entries as meant on this model, and the place of the one that the others are measured against."""
    listed = [entry.on(model.sampling) for entry in entries.read(text)]
    if reference > len(listed):
        raise ValueError(f"reference is {reference}: there are {len(listed)} entries. Give 1 to {len(listed)}, or 0.")
    return listed, (reference or len(listed)) - 1
