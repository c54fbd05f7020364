"""A sweep at a glance: its pictures on one sheet, its numbers as CSV."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image
from torch import Tensor

from ...demo.sheet import contact_sheet
from ...grid.axes import Value
from .sheet import sized, tensor_of

LONGEST = 16383
"""Pixels of a sheet's side: what WebP and most viewers can hold."""
_HEAD, _SIDE, _LEAST = 400, 700, 16  # pixels for title and labels, about; of a picture at least
_NUMBERS = ("evaluations", "error", "seconds")


def sheet(rows: Sequence[Mapping[str, Any]], order: Sequence[str], pictures: Any, batch: int, side: int) -> Tensor:
    """The pictures (1, H, W, 3): seeds across, or the last of the names in `order` with several values.

    pictures: the file of a row's picture, by its key; in it `batch` of them side by side. Smaller where they would not
    fit, and the first ones where even that is too much.
    """
    names = [name for name in order if len({str(row.get(name)) for row in rows}) > 1]
    across = "seed" if "seed" in names else names[-1] if names else ""
    columns = list(dict.fromkeys(row.get(across, "") for row in rows)) if across else [""]
    by_label: dict[str, dict[Any, str]] = {}
    for row in rows:
        by_label.setdefault(_label(row, names, across), {})[row.get(across, "")] = row["key"]
    wide = max(1, len(columns) * batch)
    side = max(_LEAST, min(side, (LONGEST - _SIDE) // wide, (LONGEST - _HEAD) // len(by_label)))
    labels = list(by_label)[: (LONGEST - _HEAD) // side]
    columns = columns[: max(1, (LONGEST - _SIDE) // (side * batch))]
    empty = Image.new("RGB", (1, 1), "#ffffff")
    cells = [
        [_strip(pictures(by_label[label][c]), batch, side) if c in by_label[label] else empty for c in columns]
        for label in labels
    ]
    shared = {name: rows[0][name] for name in order if name in rows[0] and name not in names}
    note = ", ".join(f"{name} {value}" for name, value in shared.items())
    heads = [f"{across} {column}" if across and column != "" else "" for column in columns]
    return tensor_of(contact_sheet(cells, labels, heads, f"{len(rows)} runs", note))[None]


def _label(row: Mapping[str, Any], names: Sequence[str], across: str) -> str:
    shown = [name for name in names if name != across and row.get(name) is not None]
    words = [str(row[name]) if name in ("sampler", "schedule") else f"{name} {row[name]}" for name in shown]
    return "\n".join(words)


def _strip(file: Path, batch: int, side: int) -> Image.Image:
    """The pictures of one run, each with its longer side `side`."""
    with Image.open(file) as image:
        whole = tensor_of(image.convert("RGB"))
    small = [sized(picture, side) for picture in whole.chunk(batch, 1)]
    strip = Image.new("RGB", (sum(one.width for one in small), small[0].height))
    left = 0
    for one in small:
        strip.paste(one, (left, 0))
        left += one.width
    return strip


def table(rows: Sequence[Mapping[str, Any]], order: Sequence[str]) -> str:
    """CSV with a head: the values by name, and evaluations, error and seconds of each run."""
    names: list[str] = [name for name in dict.fromkeys(order) if any(name in row for row in rows)]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*names, *_NUMBERS])
    for row in rows:
        writer.writerow([_plain(row.get(name)) for name in (*names, *_NUMBERS)])
    return out.getvalue()


def _plain(value: Value | None) -> Value:
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else value
