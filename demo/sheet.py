"""Pictures of results, drawn with pillow alone: labelled contact sheets, grids of small images, scatter plots.

Every function is pure: images and words in, a new image out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from PIL.Image import Resampling

Box = tuple[int, int, int, int]  # left, top, right, bottom

PAPER, FRAME = "#ffffff", "#d4d8de"
INK, QUIET = "#1f2430", "#6a7280"
BACKDROP, DOTS = (214, 219, 227), (27, 94, 160)
MARGIN, GAP = 28, 12
TITLE, LABEL, SMALL = 32, 22, 17  # heights of letters
SUPERSAMPLE = 3  # dots are drawn this much larger and scaled down, for smooth edges


@dataclass(frozen=True)
class Layout:
    """Where everything on a sheet goes: the size of the sheet, and a box for each label and each cell."""

    size: tuple[int, int]
    title: Box
    note: Box
    rows: tuple[Box, ...]
    columns: tuple[Box, ...]
    cells: tuple[tuple[Box, ...], ...]


def layout(
    cells: Sequence[Sequence[Image.Image]],
    row_labels: Sequence[str],
    column_labels: Sequence[str],
    title: str,
    note: str = "",
    letters: float = 1.0,
) -> Layout:
    """Place the parts of a contact sheet so that none touch; columns and rows are as large as their largest part.

    The lines of a label are separated by newlines; all are written `letters` times as large.
    ValueError unless there is one label a row and one a column.
    """
    if len(cells) != len(row_labels) or any(len(row) != len(column_labels) for row in cells):
        shape = [len(row) for row in cells]
        raise ValueError(f"rows of {shape} cells for {len(row_labels)} row and {len(column_labels)} column labels")
    heads, sides = ([_measure(text, letters) for text in labels] for labels in (column_labels, row_labels))
    widths = [max(head[0], *(row[j].width + 2 for row in cells)) for j, head in enumerate(heads)]
    heights = [max(side[1], *(cell.height + 2 for cell in row)) for side, row in zip(sides, cells, strict=True)]
    side, head = max(s[0] for s in sides), max(h[1] for h in heads)
    title_box, note_box = _header(title, note, letters)
    top = max(title_box[3], note_box[3]) + (MARGIN if title or note else 0)
    left = MARGIN + (side + 2 * GAP if side else 0)
    first = top + (head + GAP if head else 0)
    lefts = [left + offset for offset in accumulate((w + GAP for w in widths), initial=0)]
    tops = [first + offset for offset in accumulate((h + GAP for h in heights), initial=0)]
    rows = tuple(
        (MARGIN, y + (h - s[1]) // 2, MARGIN + s[0], y + (h - s[1]) // 2 + s[1])
        for y, h, s in zip(tops, heights, sides, strict=False)
    )
    columns = tuple((x, top, x + t[0], top + t[1]) for x, t in zip(lefts, heads, strict=False))
    boxes = tuple(
        tuple(_at(cell, x + 1, y, h) for cell, x in zip(row, lefts, strict=False))
        for row, y, h in zip(cells, tops, heights, strict=False)
    )
    right = max(lefts[-1] - GAP, title_box[2], note_box[2])
    return Layout((right + MARGIN, tops[-1] - GAP + MARGIN), title_box, note_box, rows, columns, boxes)


def _at(cell: Image.Image, left: int, y: int, height: int) -> Box:
    """Below its heading's first letter, in the middle of its row."""
    top = y + (height - cell.height) // 2
    return left, top, left + cell.width, top + cell.height


def _header(title: str, note: str, letters: float) -> tuple[Box, Box]:
    width, height = _size(title, round(TITLE * letters))
    title_box = (MARGIN, MARGIN, MARGIN + width, MARGIN + height)
    under = title_box[3] + (GAP // 2 if title else 0)
    width, height = _size(note, round(SMALL * letters))
    return title_box, (MARGIN, under, MARGIN + width, under + height)


def contact_sheet(
    cells: Sequence[Sequence[Image.Image]],
    row_labels: Sequence[str],
    column_labels: Sequence[str],
    title: str,
    note: str = "",
    letters: float = 1.0,
) -> Image.Image:
    """A sheet of `cells` (rows of images) with labels; a label's second and further lines are small and grey."""
    places = layout(cells, row_labels, column_labels, title, note, letters)
    sheet = Image.new("RGB", places.size, PAPER)
    draw = ImageDraw.Draw(sheet)
    _write(draw, places.title[:2], title, round(TITLE * letters), INK)
    _write(draw, places.note[:2], note, round(SMALL * letters), QUIET)
    for box, text in zip((*places.rows, *places.columns), (*row_labels, *column_labels), strict=True):
        _label(draw, box, text, letters)
    for row, boxes in zip(cells, places.cells, strict=True):
        for cell, box in zip(row, boxes, strict=True):
            draw.rectangle((box[0] - 1, box[1] - 1, box[2], box[3]), outline=FRAME)
            sheet.paste(cell, box[:2])
    return sheet


def tiles(images: Sequence[np.ndarray], columns: int, scale: int = 2) -> Image.Image:
    """Images of uint8, grey (H, W) or coloured (H, W, 3), in rows of `columns`, enlarged `scale` times.

    Grey ones are smoothed; coloured ones are pixel art and keep their square pixels. The last row may be short.
    ValueError if there are no images.
    """
    if not images:
        raise ValueError("no images to lay out")
    columns = max(1, min(columns, len(images)))
    height, width, *colours = images[0].shape
    wall = np.full((-(-len(images) // columns) * height, columns * width, *colours), 255, dtype=np.uint8)
    for i, image in enumerate(images):
        y, x = divmod(i, columns)
        wall[y * height : (y + 1) * height, x * width : (x + 1) * width] = image
    # Enlarged as a whole: tile by tile, every edge would show.
    smooth = Resampling.NEAREST if colours else Resampling.BICUBIC
    large = Image.fromarray(wall).resize((wall.shape[1] * scale, wall.shape[0] * scale), smooth)
    return large.convert("RGB")


def scatter(
    points: np.ndarray,
    behind: np.ndarray | None = None,
    *,
    centre: tuple[float, float] = (0.0, 0.0),
    extent: float = 2.4,
    side: int = 260,
    dot: float = 1.3,
) -> Image.Image:
    """Dots at `points` (N, 2) in the square that goes `extent` from `centre` each way, over pale dots at `behind`.

    Dots outside of the square, and those that are no numbers, are left out. ValueError unless points are (N, 2).
    """
    large = Image.new("RGB", (side * SUPERSAMPLE, side * SUPERSAMPLE), PAPER)
    draw, radius = ImageDraw.Draw(large), dot * SUPERSAMPLE
    for cloud, colour in ((behind, BACKDROP), (points, DOTS)):
        if cloud is None:
            continue
        if cloud.ndim != 2 or cloud.shape[1] != 2:
            raise ValueError(f"points have shape {cloud.shape}: give (N, 2)")
        place = (cloud - centre) * (1, -1) / extent  # up is up
        for x, y in (place[(np.abs(place) < 1).all(axis=1)] + 1) * (side * SUPERSAMPLE / 2):
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    return large.resize((side, side), Resampling.BOX)


@lru_cache(maxsize=8)
def _font(height: int):
    return ImageFont.load_default(height)


def _size(text: str, height: int) -> tuple[int, int]:
    """Width and height of one line; nothing at all for no text."""
    return (int(_font(height).getlength(text)) + 2, round(height * 1.25)) if text else (0, 0)


def _sizes(label: str, letters: float) -> list[tuple[str, int]]:
    return [(line, round((SMALL if i else LABEL) * letters)) for i, line in enumerate(label.split("\n"))]


def _measure(label: str, letters: float) -> tuple[int, int]:
    sizes = [_size(line, height) for line, height in _sizes(label, letters)]
    return max(width for width, _ in sizes), sum(height for _, height in sizes)


def _label(draw: ImageDraw.ImageDraw, box: Box, text: str, letters: float) -> None:
    y = box[1]
    for i, (line, height) in enumerate(_sizes(text, letters)):
        _write(draw, (box[0], y), line, height, QUIET if i else INK)
        y += _size(line, height)[1]


def _write(draw: ImageDraw.ImageDraw, at: tuple[int, ...], text: str, height: int, colour: str) -> None:
    if text:
        draw.text((at[0], at[1]), text, font=_font(height), fill=colour)
