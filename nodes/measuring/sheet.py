"""What a comparison shows: the results as a table and as a labelled sheet of pictures."""

import csv
import io
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from PIL.Image import Resampling
from torch import Tensor

from ...demo.sheet import contact_sheet
from .entries import Line


class Cell(NamedTuple):
    """A finished line: its result (B, ...), on the CPU, and what it took."""

    samples: Tensor
    steps: int
    evaluations: int
    seconds: float


def rms(cell: Cell, reference: Cell) -> float:
    """How far two results are apart: the root of the mean square over all numbers of the latents."""
    return float((cell.samples.double() - reference.samples.double()).square().mean().sqrt())


SEEN = ((1.0, "not visible"), (4.0, "hardly visible"), (14.0, "visible"), (float("inf"), "another picture"))
"""Below which root mean square difference of two pictures, in steps of 256, what is said of it."""


def seen(pictures: Tensor, reference: Tensor) -> str:
    """In words, how far pictures (B, H, W, 3) in [0, 1] look different: by the pair that differs most."""
    apart = (pictures.clamp(0, 1).double() - reference.clamp(0, 1).double()).square().mean((1, 2, 3)).sqrt()
    return next(words for most, words in SEEN if 255 * float(apart.max()) < most)


def table(listed: Sequence[Line], cells: Sequence[Cell], reference: int) -> str:
    """CSV with a head: entry, steps, evaluations, seconds, rms (difference to the entry at place `reference`)."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["entry", "steps", "evaluations", "seconds", "rms"])
    for line, cell in zip(listed, cells, strict=True):
        apart = f"{rms(cell, cells[reference]):.6g}"
        rows.writerow([line.text, cell.steps, cell.evaluations, f"{cell.seconds:.4g}", apart])
    return out.getvalue()


def visible(model: Any, vae: Any) -> Any:
    """The function from latents to pictures (B, H, W, 3): the VAE's, or the host's rough colours. ValueError for none.

    A video is shown by its middle frame.
    """
    if vae is not None:

        def decode(samples: Tensor) -> Tensor:
            images = vae.decode(samples)
            return images[:, images.shape[1] // 2] if images.ndim == 5 else images

        return decode
    kind = model.get_model_object("latent_format")
    if kind.latent_rgb_factors is None:
        raise ValueError("vae: connect one, ComfyUI has no preview colours for this model's latents.")
    colours, bias = torch.tensor(kind.latent_rgb_factors), getattr(kind, "latent_rgb_factors_bias", None)
    reshape = getattr(kind, "latent_rgb_factors_reshape", None)

    def rough(samples: Tensor) -> Tensor:
        latents = kind.process_in(samples.float())
        latents = reshape(latents) if reshape else latents
        latents = latents[:, :, latents.shape[2] // 2] if latents.ndim == 5 else latents
        rgb = latents.movedim(1, -1) @ colours + (0 if bias is None else torch.tensor(bias))
        return (rgb + 1) / 2

    return rough


def sized(picture: Tensor, side: int) -> Image.Image:
    """A picture (H, W, 3) in [0, 1] with its longer side `side` or a little less: whole pixels when it is enlarged."""
    image = Image.fromarray((picture.float().clamp(0, 1) * 255).round().byte().cpu().numpy())
    times = side / max(image.size)
    if times >= 1:
        return image.resize((image.width * int(times), image.height * int(times)), Resampling.NEAREST)
    return image.resize((max(1, round(image.width * times)), max(1, round(image.height * times))), Resampling.LANCZOS)


def sheet(listed: Sequence[Line], cells: Sequence[Cell], decode: Any, side: int, head: dict) -> Tensor:
    """The contact sheet (1, H, W, 3): lines down, the pictures of the latent's batch across.

    `head`: what all of them share, by name, to stand over them; and "reference", the place of the line to measure by.
    """
    shared = {name: value for name, value in head.items() if name != "reference"}
    reference = cells[head["reference"]]
    shown = [decode(cell.samples) for cell in cells]
    pictures = [[sized(picture, side) for picture in batch] for batch in shown]
    labels = []
    for line, cell, batch in zip(listed, cells, shown, strict=True):
        lines = [line.sampler, line.schedule, line.params]
        lines.append(f"{cell.steps} steps, {cell.evaluations} evaluations, {cell.seconds:.3g} s")
        apart = f"difference {rms(cell, reference):.3g}: {seen(batch, shown[head['reference']])}"
        lines.append("the reference" if cell is reference else apart)
        labels.append("\n".join(filter(None, lines)))
    note = ", ".join(f"{name} {value}" for name, value in shared.items())
    drawn = contact_sheet(pictures, labels, [""] * len(pictures[0]), "One noise, many ways", note)
    return torch.from_numpy(np.asarray(drawn).copy()).float()[None] / 255
