"""Sigmatic Sweep: a grid of samplers, schedules, steps and parameters on the user's model, and a report of it."""

from .dropdowns.by_name import ByName
from .dropdowns.plan import ModelFacts, Plan, Plot, say
from .host import warnings
from .host.api import CATEGORY, io, schema
from .host.user_files import check_name
from .inputs import widgets
from .measuring import grids, sheet, sweep_files, sweep_sheet
from .measuring.entries import for_plot
from .measuring.fit_runs import EXACT
from .measuring.sweep_runs import Sweep

LISTED = 2000
"""Most combinations that are looked at for a plot: some microseconds each."""
FIRST = ("sampler", "schedule", "steps", "cfg", "seed")
"""Columns of the table and of the report that come first."""


class SigmaticSweep(ByName):
    """Runs every combination of the axes; a report in the page, a sheet of pictures and a CSV come out."""

    plot = Plot(idle=("name", "errors", "size"))

    @classmethod
    def define_schema(cls) -> io.Schema:
        """A KSampler's links, and one text in the place of all its numbers."""
        return schema(
            node_id="SigmaticSweep",
            display_name="Sigmatic Sweep",
            category=CATEGORY,
            description="Runs every combination of samplers, schedules, steps and parameters on your own model, and "
            "makes a report: error against model evaluations, what nothing beats, all pictures. What is done is kept "
            "among the outputs: after Cancel, or with values more, only the rest is run.",
            search_aliases=["xy plot", "grid", "sweep", "benchmark", "compare samplers", "ablation"],
            is_output_node=True,
            inputs=[
                *widgets.run_links(
                    "The model that removes the noise.", "What should be in the picture.",
                    "What should not be in the picture.", "The latent that every run starts from.",
                ),
                io.String.Input(
                    grids.WIDGET, default=grids.DEFAULT, multiline=True,
                    tooltip="One axis a line: name = value, value. Names: sampler, schedule, steps (or evaluations: as "
                    "many steps as cost so many model calls), cfg, seed, denoise, and every parameter of a sampler or "
                    "schedule. seed = 0:4 is 0 to 3; eta = \"0:1, 100:0\", 1 is a curve and a number. skip sampler = "
                    "sig_euler; steps = 4 leaves combinations out. # leaves a line out.",
                ),
                io.String.Input(
                    "name", default="sweep",
                    tooltip="The folder of the results, in sigmatic_sweeps among the outputs: letters, digits, _ and "
                    "-. In the same folder a larger sweep of the same things goes on from a smaller one.",
                ),
                io.Boolean.Input(
                    "errors", default=True,
                    tooltip="Measure each run against a nearly exact one from the same noise, which takes "
                    f"{EXACT[-1]} model evaluations for each seed and cfg. Runs that add noise of their own have no "
                    "error. Off: pictures and times alone.",
                ),
                io.Int.Input(
                    "size", default=128, min=16, max=2048,
                    tooltip="Longer side of a picture on the sheet, in pixels; in the folder and the report they are "
                    "whole.",
                ),
                io.Vae.Input(
                    "vae", optional=True,
                    tooltip="For real pictures. Without one the latents are shown in ComfyUI's rough preview colours, "
                    "which for Sigmatic Demo Model are the picture.",
                ),
            ],
            outputs=[
                io.Image.Output(display_name="sheet", tooltip="All pictures, labelled; seeds across."),
                io.String.Output(
                    display_name="csv", tooltip="The values of each run, its model evaluations, error and seconds."
                ),
            ],
        )  # fmt: skip

    @classmethod
    def validate_inputs(cls, axes=None, name=None) -> bool | str:
        """Refuse what cannot be before anything is queued (None: not known yet)."""
        try:
            if name is not None:
                check_name(name)
            if axes is not None:
                grids.read(axes)
        except ValueError as error:
            return str(error)
        return True

    @classmethod
    def plan(cls, model: ModelFacts, axes="") -> Plan:
        """The runs of every setting, as many as a plot can show, and how many runs there are."""
        listed, runs = grids.Grid(model, grids.read(axes)).settings(LISTED)
        lines, unknown, _ = for_plot(listed, model, lambda line, evaluations: line.steps or evaluations, True)
        whole = say("{runs} runs of {settings} settings.", runs=runs, settings=len(listed))
        notes = [whole if runs < LISTED else say("{runs} runs or more.", runs=runs)]
        notes += unknown
        warned = tuple(warning for line in lines for warning in line.warnings)
        return Plan(lines=tuple(lines), warnings=warned, notes=tuple(notes))

    @classmethod
    def execute(
        cls, model, positive, negative, latent_image, axes="", name="sweep", errors=True, size=128, vae=None
    ) -> io.NodeOutput:
        """Run what is missing of the grid; the report lies in the folder, all that is there on the sheet."""
        typed = grids.read(axes)
        if getattr(latent_image["samples"], "is_nested", False):
            raise ValueError("latent_image: picture and sound together cannot be laid out; sweep the picture alone.")
        decode = sheet.decoder(model, vae)
        cells = grids.Grid(ModelFacts.of(model, latent_image), typed).cells()
        order = (*FIRST, *(axis for axis in typed.axes if axis not in FIRST))
        folder = sweep_files.Folder(name)
        links = {"positive": positive, "negative": negative, "vae": vae}
        sweep = Sweep(folder, model, latent_image, errors, decode, **links)
        work = sweep.work(cells, folder.rows)
        warnings.warn(warning for cell in cells for warning in cell.plan.warnings)
        rows = folder.rows(key for key in work.keys if key not in work.missing)
        failed = sweep.run(work, rows, order)
        if failed:
            raise ValueError(
                f"{len(failed)} of {len(work.keys)} runs cannot be done; the others are kept, and in the report. "
                f"{failed[0]}"
            )
        done = [rows[key] for key in work.keys]
        drawn = sweep_sheet.sheet(done, order, folder.picture, len(latent_image["samples"]), size)
        return io.NodeOutput(drawn, sweep_sheet.table(done, order), ui={"sweep": [folder.name]})
