"""Writing pictures: checked before the work begins, written in one go, with the settings inside."""

from __future__ import annotations

import argparse
import io
import os
from collections.abc import Sequence
from pathlib import Path

from PIL import PngImagePlugin
from PIL.Image import Dither, Image


def check_target(path: Path) -> None:
    """OSError or ValueError now rather than after all the work: a picture."""
    if path.suffix.lower() != ".png":
        raise ValueError(f"--out {path}: the picture is a PNG, give a name that ends in .png.")
    check_writable(path, "--out")


def check_writable(path: Path, flag: str) -> None:
    """OSError now rather than after all the work: a file that `flag` names."""
    if path.is_dir():
        raise IsADirectoryError(f"{flag} {path}: this is a folder, give the name of a file.")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{flag} {path}: there is no folder {path.parent}. Make it first.")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise PermissionError(f"{flag} {path}: no permission to write there.")


def write_png(picture: Image, path: Path, command: str, args: argparse.Namespace) -> None:
    """The whole file in one go, with the settings as a text chunk, so that a picture says how it was made."""
    facts = PngImagePlugin.PngInfo()
    settings = {k: v for k, v in sorted(vars(args).items()) if v is not None and k != "out"}
    facts.add_text("sigmatic", f"{command} {settings}")
    packed = io.BytesIO()
    picture.save(packed, "PNG", optimize=True, pnginfo=facts)
    _write(packed, path)


def write_gif(frames: Sequence[Image], path: Path, milliseconds: Sequence[int]) -> None:
    """`frames` of one size as an endless animation, each shown for its time."""
    packed, palette = io.BytesIO(), frames[-1].quantize(32)  # one for all: the ground must not flicker
    first, *rest = [frame.quantize(palette=palette, dither=Dither.NONE) for frame in frames]
    first.save(packed, "GIF", save_all=True, append_images=rest, duration=list(milliseconds), loop=0)
    _write(packed, path)


def _write(packed: io.BytesIO, path: Path) -> None:
    try:
        path.write_bytes(packed.getvalue())
    except OSError as error:
        raise OSError(f"--out {path}: cannot be written: {error.strerror}.") from error
