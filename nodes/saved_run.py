"""Sigmatic Save Run and Load Run: a run that stopped on the way as a file, to be finished on another day."""

from pathlib import Path
from typing import Any

import folder_paths

from .host.api import CATEGORY, io, schema
from .inputs import widgets
from .inputs.options import in_words
from .running import handover, run_file

_NONE = "none"
_LONGEST = 150  # letters of a file's name and its folders


class SigmaticSaveRun(io.ComfyNode):
    """Writes a LATENT whose run has stopped, with all that the rest of the run needs."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """The latent and a name."""
        return schema(
            node_id="SigmaticSaveRun",
            display_name="Sigmatic Save Run",
            category=CATEGORY,
            description="Saves a run that stopped on the way: latent, the sampler's memory, the place in its noise, "
            "mask and settings, as one file among the outputs. Sigmatic Load Run goes on to the very same picture.",
            search_aliases=["save latent", "pause", "checkpoint run"],
            is_output_node=True,
            inputs=[
                io.Latent.Input("latent", tooltip="From a Sigmatic KSampler that ends early, with leftover noise."),
                io.String.Input("filename_prefix", default="runs/sigmatic", tooltip="The file's name, and its folder."),
            ],
            outputs=[io.String.Output(display_name="file", tooltip="The file's name among the outputs.")],
        )

    @classmethod
    def execute(cls, latent, filename_prefix="runs/sigmatic") -> io.NodeOutput:
        """Write the file under the next free number."""
        root = folder_paths.get_output_directory()
        folder, name, number, *_ = folder_paths.get_save_image_path(_checked(filename_prefix), root)
        file = Path(folder) / f"{name}_{number:05}_{run_file.SUFFIX}"
        run_file.save(file, latent)
        return io.NodeOutput(file.relative_to(root).as_posix())


class SigmaticLoadRun(io.ComfyNode):
    """Reads what Sigmatic Save Run wrote."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Which file, and which of its pictures."""
        return schema(
            node_id="SigmaticLoadRun",
            display_name="Sigmatic Load Run",
            category=CATEGORY,
            description="Goes on with a saved run: wire latent and seed into a Sigmatic KSampler with the settings of "
            "before, start_at_step at the step it stopped at, add_noise off.",
            search_aliases=["load latent", "resume", "continue run"],
            inputs=[
                widgets.choice("run", _files() or [_NONE], "", "Which run; R reads the list anew."),
                io.String.Input(
                    "pictures", default="", tooltip="Which of its pictures go on, counted from 0: 2, 5. Nothing: all."
                ),
                io.Boolean.Input(
                    "go_on_anyway", default=False,
                    tooltip="Also with another model or other settings: the sampler then starts without its memory.",
                ),
            ],
            outputs=[
                io.Latent.Output(display_name="latent", tooltip="The latent with the memory of its run."),
                io.Int.Output(display_name="seed", tooltip="The run's seed: the rest needs the same."),
                io.String.Output(display_name="summary", tooltip="What the run was, in words."),
            ],
        )  # fmt: skip

    @classmethod
    def validate_inputs(cls, run=None) -> bool | str:
        """Refuse what is no saved run before anything is queued."""
        return widgets.problem("run", run, _files()) or True

    @classmethod
    def fingerprint_inputs(cls, run=None, **_) -> float:
        """When the file was written."""
        return (_folder() / run).stat().st_mtime if run in _files() else 0.0

    @classmethod
    def execute(cls, run, pictures="", go_on_anyway=False) -> io.NodeOutput:
        """Read the file whole, and check it."""
        widgets.require_names(run=(run, _files()))
        latent = run_file.load(_folder() / run)
        left = latent[handover.KEY]
        if pictures.strip():
            latent = handover.pick_latent(latent, _indices(pictures, len(left["x"])))
            left = latent[handover.KEY]
        left["strict"] = not go_on_anyway
        return io.NodeOutput(latent, left["seed"], _summary(left))


def _checked(prefix: str) -> str:
    """The prefix; ValueError unless it is a name, with folders before it, that stays among the outputs."""
    parts = prefix.replace("\\", "/").split("/")
    fine = parts[-1] and len(prefix) <= _LONGEST and prefix.isprintable()
    if not fine or any(part in ("", "..") or ":" in part for part in parts):
        raise ValueError(
            f"filename_prefix is {prefix[:80]!r}: give a name of at most {_LONGEST} letters, with folders before it "
            "if you like, that stays among the outputs."
        )
    return prefix


def _folder() -> Path:
    return Path(folder_paths.get_output_directory())


def _files() -> list[str]:
    """The saved runs among the outputs, the newest first."""
    files = [file for file in _folder().rglob("*" + run_file.SUFFIX) if file.is_file()]
    return [file.relative_to(_folder()).as_posix() for file in sorted(files, key=lambda f: -f.stat().st_mtime)]


def _indices(text: str, count: int) -> list[int]:
    """Whole numbers of a list in words; ValueError where one is none, or no picture has it."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) < count for part in parts):
        raise ValueError(
            f"pictures is {text[:80]!r}: give numbers from 0 to {count - 1} with commas between, or nothing."
        )
    return [int(part) for part in parts]


def _summary(left: dict[str, Any]) -> str:
    lines = {
        "sampler": f"sig_{left['sampler']} ({in_words(left['params'])})",
        "seed": left["seed"],
        "stopped at sigma": f"{left['sigma']:.6g}",
        "pictures": len(left["x"]),
        "model": left["model"],
    }
    return "\n".join(f"{name}: {value}" for name, value in lines.items())
