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

from ...demo.sheet import SMALL, Box, contact_sheet, layout
from ..inputs import options
from . import visible
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


def table(listed: Sequence[Line], cells: Sequence[Cell], reference: int) -> str:
    """CSV with a head: entry, steps, evaluations, seconds, rms (difference to the entry at place `reference`)."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["entry", "steps", "evaluations", "seconds", "rms"])
    for line, cell in zip(listed, cells, strict=True):
        apart = f"{rms(cell, cells[reference]):.6g}"
        rows.writerow([line.text, cell.steps, cell.evaluations, f"{cell.seconds:.4g}", apart])
    return out.getvalue()


def decoder(model: Any, vae: Any) -> Any:
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


def tensor_of(image: Image.Image) -> Tensor:
    """A picture as the host has them: (H, W, 3) in [0, 1]."""
    return torch.from_numpy(np.asarray(image).copy()).float() / 255


class Drawn(NamedTuple):
    """A sheet (1, H, W, 3), and what the page has to know of it: its size, and a row for every line (`_row`)."""

    image: Tensor
    about: dict[str, Any]


def sheet(listed: Sequence[Line], cells: Sequence[Cell], decode: Any, side: int, head: dict) -> Drawn:
    """The contact sheet: lines down, the pictures of the latent's batch across.

    `head`: what all of them share, by name, to stand over them; and "reference", the place of the line to measure by.
    """
    shared = {name: value for name, value in head.items() if name != "reference"}
    reference = cells[head["reference"]]
    shown = [decode(cell.samples)[..., :3] for cell in cells]
    pictures = [[sized(picture, side) for picture in batch] for batch in shown]
    apart = [
        "the reference" if cell is reference else visible.seen(batch, shown[head["reference"]])
        for cell, batch in zip(cells, shown, strict=True)
    ]
    labels = []
    for line, cell, words in zip(listed, cells, apart, strict=True):
        lines = [line.sampler, line.schedule, line.params]
        lines.append(f"{cell.steps} steps, {cell.evaluations} evaluations, {cell.seconds:.3g} s")
        lines.append(words if cell is reference else f"difference {rms(cell, reference):.3g}: {words}")
        labels.append("\n".join(filter(None, lines)))
    note = ", ".join(f"{name} {value}" for name, value in shared.items())
    parts = (pictures, labels, [""] * len(pictures[0]), "One noise, many ways", note)
    letters = legible(*parts)
    drawn, places = contact_sheet(*parts, letters), layout(*parts, letters)
    rows = [
        _row(line, cell, rms(cell, reference), words, boxes)
        for line, cell, words, boxes in zip(listed, cells, apart, places.cells, strict=True)
    ]
    return Drawn(tensor_of(drawn)[None], {"size": drawn.size, "reference": head["reference"], "rows": rows})


SHOWN, LEGIBLE = 560, 10
"""Pixels: how wide the example with a comparison, seen as a whole, shows a sheet; and how high letters then have to be:
their capitals have seven, as in the 5 x 7 letters of displays."""
_GROW = 1.1


def legible(*parts: Any) -> float:
    """How much larger than usual to write, to be read where the sheet is SHOWN wide.

    Letters stop to grow where labels would take half of the sheet.
    """
    letters = 1.0
    while True:
        places = layout(*parts, letters=letters)
        labels = places.cells[0][0][0]
        if round(SMALL * letters) * SHOWN >= LEGIBLE * places.size[0] or 2 * labels > places.size[0]:
            return letters
        letters *= _GROW


def _row(line: Line, cell: Cell, apart: float, words: str, boxes: Sequence[Box]) -> dict[str, Any]:
    """A line on the sheet: its settings, what it took, how far it is from the reference, where its pictures are."""
    given = {**line.sampler_options, **line.schedule_options}
    return {
        "sampler": line.sampler,
        "schedule": line.schedule,
        "steps": cell.steps,
        "options": {name: options.as_text(value) for name, value in given.items()},
        "evaluations": cell.evaluations,
        "seconds": cell.seconds,
        "apart": apart,
        "seen": words,
        "boxes": boxes,
    }
