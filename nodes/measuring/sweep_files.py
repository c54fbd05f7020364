"""A sweep's folder among the outputs: a row and a picture for each run, written whole or not at all; the report."""

import json
import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import folder_paths
import safetensors
import torch
from PIL import Image
from safetensors.torch import load, save
from torch import Tensor

from ...core import files
from ...grid import report
from ..host.user_files import check_name

PARTS = ("rows", "pictures", "exact")
KEY = re.compile(r"[0-9a-f]{32}")
_log = logging.getLogger("sigmatic")


def root() -> Path:
    """Where the sweeps are."""
    return Path(folder_paths.get_output_directory()) / "sigmatic_sweeps"


def served(name: str, *parts: str) -> Path | None:
    """The report of a sweep, or with ("pictures", "<key>.png") one of its pictures; None for anything else.

    Nothing that a name or a link leads to outside of the sweep's folder.
    """
    try:
        folder = root() / check_name(name)
    except ValueError:
        return None
    fine = not parts or (parts[0] == "pictures" and len(parts) == 2 and _is_picture(parts[1]))
    path = folder.joinpath(*parts) if parts else folder / "report.html"
    there = fine and path.is_file() and path.resolve().is_relative_to(folder.parent.resolve() / name)
    return path if there else None


def _is_picture(file: str) -> bool:
    return file.endswith(".png") and KEY.fullmatch(file[:-4]) is not None


class Folder:
    """The folder of the sweep of this name. ValueError for what is no name, OSError where the disk refuses."""

    def __init__(self, name: str) -> None:
        self.name = check_name(name)
        self.path = root() / name
        for part in PARTS:
            (self.path / part).mkdir(parents=True, exist_ok=True)

    def rows(self, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
        """By key, those of the runs that are there, with their pictures. A damaged one is none, and is run again."""
        there = {}
        for key in keys:
            try:
                row = json.loads(self._row(key).read_text(encoding="utf-8"))
                if not isinstance(row, dict) or row.get("key") != key or set(report.MADE) - set(row):
                    raise ValueError("it is no row")
            except FileNotFoundError:
                continue
            except (OSError, ValueError) as error:
                _log.warning("Sigmatic: %s is damaged, its run is done again: %s", self._row(key), error)
                continue
            if self.picture(key).is_file():
                there[key] = row
        return there

    def picture(self, key: str) -> Path:
        """Where a run's picture is."""
        return self.path / "pictures" / f"{key}.png"

    def add(self, row: Mapping[str, Any], pictures: Tensor) -> None:
        """Keep a run: its pictures (B, H, W, 3) side by side, and then its row."""
        whole = torch.cat(list(pictures.float().clamp(0, 1)), 1)
        image = Image.fromarray((whole * 255).round().byte().cpu().numpy())
        files.write(self.picture(row["key"]), _png(image))
        files.write(self._row(row["key"]), json.dumps(row, allow_nan=False))

    def exact(self, key: str) -> Tensor | None:
        """An exact answer that is there; None where there is none, or it is damaged."""
        try:
            return load(self._exact(key).read_bytes())["samples"]
        except FileNotFoundError:
            return None
        except (OSError, KeyError, ValueError, safetensors.SafetensorError) as error:
            _log.warning("Sigmatic: %s is damaged, it is computed again: %s", self._exact(key), error)
            return None

    def add_exact(self, key: str, samples: Tensor) -> None:
        """Keep an exact answer."""
        files.write(self._exact(key), save({"samples": samples.contiguous()}))

    def report(self, rows: list[dict[str, Any]], order: Sequence[str]) -> None:
        """Write the page of these rows."""
        page = report.page(rows, order, [row["key"] for row in rows], self.name, prefix="")
        files.write(self.path / "report.html", page)

    def _exact(self, key: str) -> Path:
        return self.path / "exact" / f"{key}.safetensors"

    def _row(self, key: str) -> Path:
        return self.path / "rows" / f"{key}.json"


def _png(image: Image.Image) -> bytes:
    packed = BytesIO()
    image.save(packed, "PNG", compress_level=4)
    return packed.getvalue()
