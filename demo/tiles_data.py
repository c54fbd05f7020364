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
from PIL import Image
from torch import Tensor

from .network import SIDE

GROUND = (24, 24, 32)
"""The colour behind a tile, in red, green and blue: the dungeon's dark."""
RULES = (
    ("potion", r"/item/potion/"),
    ("book", r"/item/book/"),
    ("ring", r"/item/ring/|/UNUSED/rings/"),
    ("amulet", r"/item/amulet/"),
    ("wand", r"/item/(wand|rod|staff)/"),
    ("armour", r"/item/armour/(?!brands)|/UNUSED/armour/"),
    ("weapon", r"/item/weapon/(?!brands)|/UNUSED/weapons/"),
    ("food", r"/item/food/"),
    ("altar", r"/altars/"),
    ("door", r"/doors/|/gateways/"),
    ("statue", r"/statues/"),
    ("water", r"/water/|/lava"),
    ("floor", r"/floor/|/trees/"),
    ("wall", r"/wall/"),
    ("animal", r"mon/animals/"),
    ("demon", r"mon/demons/"),
    ("undead", r"mon/undead/"),
    ("dragon", r"mon/dragons|mon/.*(dragon|drake|wyvern|draco)"),
    ("monster", r"/(dc-)?mon/(?!.*tentacle)|/UNUSED/monsters/"),
)
"""Kinds by the first pattern that is found in a tile's path."""
KINDS = tuple(kind for kind, _ in RULES)
WHOLE = ("water", "floor", "wall")
"""Kinds that fill their tile; what leaves a part of it open is the edge of something else."""
HELD_OUT = 0.1
ALIKE = 6.0 / 255  # tiles nearer than this (RMS) to one before are left out


def read(source: Path) -> tuple[np.ndarray, list[str]]:
    """(rgba uint8 (n, 32, 32, 4), paths) of an .npz, or of all PNGs of that size below a folder."""
    if source.is_dir():
        found = {str(path.relative_to(source)): np.asarray(Image.open(path).convert("RGBA")) for path in _pngs(source)}
        found = {name: rgba for name, rgba in found.items() if rgba.shape == (SIDE, SIDE, 4)}
        return np.stack(list(found.values())), list(found)
    with np.load(source) as data:
        return data["rgba"], [str(name) for name in data["names"]]


def _pngs(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.png"))


def kind_of(name: str, rgba: np.ndarray) -> str | None:
    """The kind of a tile by its path; None for what is no picture of a thing: overlays, icons, edges, near nothing."""
    kind = next((kind for kind, pattern in RULES if re.search(pattern, "/" + name)), None)
    seen = rgba[..., 3] > 127
    if kind is None or seen.mean() < 0.03 or (kind in WHOLE and seen.mean() < 0.98):
        return None
    rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
    corner = rows[0] >= SIDE / 2 - 2 and columns[0] >= SIDE / 2 - 2  # a mark laid over an item's corner
    return None if corner else kind


def pictures(rgba: np.ndarray) -> Tensor:
    """Tiles (n, 32, 32, 4) uint8 before the ground, as images (n, 3, 32, 32) in [-1, 1]."""
    share = rgba[..., 3:].astype(np.float32) / 255
    rgb = rgba[..., :3].astype(np.float32) * share + np.asarray(GROUND, np.float32) * (1 - share)
    return torch.from_numpy(rgb / 127.5 - 1).movedim(-1, 1).contiguous()


def held_out(name: str) -> bool:
    """Whether a tile is kept from training, by its file's name: the same one in another folder is, too."""
    digest = hashlib.sha256(Path(name).name.encode()).digest()
    return digest[0] < 256 * HELD_OUT


def load(source: Path) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """(images, labels, held-out images, held-out labels) of all tiles that have a kind and are not near-duplicates."""
    rgba, names = read(source)
    labelled = [(i, kind) for i, name in enumerate(names) if (kind := kind_of(name, rgba[i])) is not None]
    images = pictures(rgba[[i for i, _ in labelled]])
    flat = images.flatten(1) / 2
    fresh: list[int] = []
    for i in range(len(flat)):
        if not fresh or float((flat[fresh] - flat[i]).square().mean(1).min().sqrt()) >= ALIKE:
            fresh.append(i)
    labels = torch.tensor([KINDS.index(labelled[i][1]) for i in fresh])
    held = torch.tensor([held_out(names[labelled[i][0]]) for i in fresh])
    images = images[fresh]
    return images[~held], labels[~held], images[held], labels[held]


def augment(images: Tensor) -> Tensor:
    """Each picture mirrored or not, up to a pixel aside, its colours a little brighter, darker or turned."""
    count = len(images)
    mirrored = torch.where((torch.rand(count) < 0.5)[:, None, None, None], images.flip(-1), images)
    padded = torch.nn.functional.pad(mirrored, (1, 1, 1, 1), mode="replicate")
    out = torch.empty_like(images)
    for i, (down, right) in enumerate(torch.randint(0, 3, (count, 2)).tolist()):
        out[i] = padded[i, :, down : down + SIDE, right : right + SIDE]
    gain = 1 + 0.06 * torch.randn(count, 3, 1, 1)
    return ((out + 1) * gain - 1).clamp(-1, 1)
