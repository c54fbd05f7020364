"""The tiles that the coloured network learns from: Dungeon Crawl Stone Soup's, CC0, sorted into kinds by their folders.

The source is the public repository crawl/tiles, or one file made of it: an .npz with `rgba` (n, 32, 32, 4) uint8 and
`names`, the path of each in the source.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .network import SIDE

GROUND = (24, 24, 32)
"""The colour behind a tile, in red, green and blue: the dungeon's dark."""
RULES = (
    ("potion", r"/item/potion/|/UNUSED/potions/"),
    ("book", r"/item/book/|/UNUSED/books/"),
    ("ring", r"/item/ring/|/UNUSED/rings/"),
    ("amulet", r"/item/amulet/"),
    ("wand", r"/item/(wand|rod|staff)/"),
    ("armour", r"/item/armour/|/UNUSED/armour/"),
    ("weapon", r"/item/weapon/|/UNUSED/weapons/"),
    ("food", r"/item/food/"),
    ("altar", r"/altars/"),
    ("door", r"/doors/|/gateways/"),
    ("statue", r"/statues/"),
    ("water", r"/water/"),
    ("grass", r"/floor/grass/"),
    ("floor", r"/floor/"),
    ("wall", r"/wall/"),
    ("animal", r"mon/animals/"),
    ("demon", r"mon/demons/"),
    ("undead", r"mon/undead/"),
    ("dragon", r"mon/dragons|mon/.*(dragon|drake|wyvern|draco)"),
    ("monster", r"/(dc-)?mon/|/UNUSED/monsters/"),
)
"""Kinds by the first pattern that is found in a tile's path."""
KINDS = tuple(kind for kind, _ in RULES)
PARTS = re.compile(r"/brands/|/chunk_brands/|/amulet/i-|/overlay_|/draco-job-|tentacle|/test_spawner")
"""Paths of what is only ever laid over another tile, and of tests."""
WHOLE = ("water", "grass", "floor", "wall")
"""Kinds that fill their tile; what leaves a part of it open is the edge of something else."""
MEAN, SPREAD = 51, 59
"""Of the bytes of all pictures: an image is (byte - MEAN) / SPREAD, which is what noise schedules are made for."""
LOW, HIGH = (0 - MEAN) / SPREAD, (255 - MEAN) / SPREAD
HELD_OUT = 0.1
ALIKE = 6 / SPREAD  # tiles nearer than this (RMS) to one before are left out


def read(source: Path) -> tuple[np.ndarray, list[str]]:
    """(rgba uint8 (n, 32, 32, 4), paths) of an .npz, or of all PNGs of that size below a folder."""
    if source.is_dir():
        from PIL import Image  # only training needs it

        tiles = {str(path.relative_to(source)): np.asarray(Image.open(path).convert("RGBA")) for path in _pngs(source)}
        tiles = {name: rgba for name, rgba in tiles.items() if rgba.shape == (SIDE, SIDE, 4)}
        return np.stack(list(tiles.values())), list(tiles)
    with np.load(source) as data:
        return data["rgba"], [str(name) for name in data["names"]]


def _pngs(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.png"))


def kind_of(name: str, rgba: np.ndarray) -> str | None:
    """The kind of a tile by its path; None for what is no picture of a thing: overlays, icons, edges, near nothing."""
    kind = next((kind for kind, pattern in RULES if re.search(pattern, "/" + name)), None)
    seen = rgba[..., 3] > 127
    if kind is None or PARTS.search("/" + name) or seen.mean() < 0.03 or (kind in WHOLE and seen.mean() < 0.98):
        return None
    rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
    corner = rows[0] >= SIDE / 2 - 2 and columns[0] >= SIDE / 2 - 2  # a mark laid over an item's corner
    return None if corner else kind


def pictures(rgba: np.ndarray) -> Tensor:
    """Tiles (n, 32, 32, 4) uint8 before the ground, as images (n, 3, 32, 32) of mean 0 and deviation 1."""
    share = rgba[..., 3:].astype(np.float32) / 255
    rgb = rgba[..., :3].astype(np.float32) * share + np.asarray(GROUND, np.float32) * (1 - share)
    return torch.from_numpy((rgb - MEAN) / SPREAD).movedim(-1, 1).contiguous()


def held_out(name: str) -> bool:
    """Whether a tile is kept from training, by its file's name without a number at the end.

    So the tiles of one series, and the same tile in two releases, are kept or learnt together.
    """
    series = re.sub(r"[_-]?\d+$", "", Path(name).stem)
    return hashlib.sha256(series.encode()).digest()[0] < 256 * HELD_OUT


def distinct(images: Tensor) -> list[int]:
    """Which of `images` are to be kept so that none is nearer than ALIKE to a kept one before it."""
    flat = images.flatten(1)
    alike = torch.cdist(flat, flat) / flat.shape[1] ** 0.5 < ALIKE
    kept: list[int] = []
    for i in range(len(flat)):
        if not alike[i, kept].any():
            kept.append(i)
    return kept


def load(source: Path) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """(images, labels, held-out images, held-out labels) of all tiles that have a kind and are not near-duplicates."""
    rgba, names = read(source)
    kinds = {i: kind for i, name in enumerate(names) if (kind := kind_of(name, rgba[i])) is not None}
    index = list(kinds)
    images = pictures(rgba[index])
    kept = distinct(images)
    labels = torch.tensor([KINDS.index(kinds[index[i]]) for i in kept])
    held = torch.tensor([held_out(names[index[i]]) for i in kept])
    images = images[kept]
    return images[~held], labels[~held], images[held], labels[held]


def with_mirrored(images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Both with the mirror image of every tile that may look either way: all but things, which lie in one light."""
    either = labels >= KINDS.index("water")
    return torch.cat([images, images[either].flip(-1)]), torch.cat([labels, labels[either]])


def augment(images: Tensor) -> Tensor:
    """Each picture up to a pixel aside, its colours a little brighter, darker or turned."""
    count = len(images)
    padded = F.pad(images, (1, 1, 1, 1), mode="replicate")
    out = torch.empty_like(images)
    for i, (down, right) in enumerate(torch.randint(0, 3, (count, 2)).tolist()):
        out[i] = padded[i, :, down : down + SIDE, right : right + SIDE]
    gain = 1 + 0.06 * torch.randn(count, 3, 1, 1)
    return ((out - LOW) * gain + LOW).clamp(LOW, HIGH)
