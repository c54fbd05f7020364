"""The presets file in ComfyUI's user directory: read whole, checked whole, written whole or not at all."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filelock import FileLock

from ...core.files import write
from ..host.user_files import check_name, set_aside

VERSION = 1
KINDS = ("samplers", "schedules")
LARGEST = 1 << 20  # bytes
MOST = 500  # presets of a kind
PATIENCE = 10.0  # seconds to wait for other writers, who need a few hundredths each

Book = dict[str, dict[str, dict[str, Any]]]
"""{"samplers": {name: {"sampler": "euler", "options": {...}}}, "schedules": {name: {"schedule": "karras", ...}}}."""


def check_book(data: Any) -> Book:
    """The presets in what a file held; ValueError where its form is not ours. Values are checked when they are used."""
    if not isinstance(data, dict) or data.get("version") != VERSION:
        raise ValueError(f"it has no version {VERSION}")
    book: Book = {}
    for kind in KINDS:
        presets = data.get(kind, {})
        if not isinstance(presets, dict) or len(presets) > MOST:
            raise ValueError(f"{kind} is no object of at most {MOST} presets")
        book[kind] = {check_name(name): check_preset(kind, preset) for name, preset in presets.items()}
        values = [value for preset in book[kind].values() for value in preset["options"].values()]
        if not all(math.isfinite(value) for value in values if isinstance(value, float)):
            raise ValueError(f"{kind} has a number that is NaN or infinity, which no browser reads")
    return book


def check_preset(kind: str, preset: Any) -> dict[str, Any]:
    """A preset in its form: its sampler or schedule (a bare name), and options that are numbers, words or switches."""
    word = kind[:-1]
    if not isinstance(preset, dict) or set(preset) - {word, "options"} or not isinstance(preset.get(word), str):
        raise ValueError(f"a preset of {kind} is an object with {word} (a name) and options")
    options = preset.get("options", {})
    fine = isinstance(options, dict) and len(options) <= 64
    if not fine or not all(isinstance(value, (bool, int, float, str)) for value in options.values()):
        raise ValueError("options is an object of at most 64 numbers, words or true and false")
    if any(len(text) > 30000 for pair in options.items() for text in pair if isinstance(text, str)):
        raise ValueError("options holds a text of more than 30000 letters")
    return {word: preset[word], "options": dict(options)}


class Store:
    """The presets in the file at `path`. Several threads and servers may use one file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Book:
        """All presets; a file that cannot be used is set aside under another name, with one line in the log."""
        try:
            if self.path.stat().st_size > LARGEST:
                raise ValueError(f"it is larger than {LARGEST} bytes")
            return self._parsed()
        except FileNotFoundError:
            pass
        except (ValueError, RecursionError, OSError) as error:
            set_aside(self.path, "no presets", error)
        return {kind: {} for kind in KINDS}

    def change(self, edit: Callable[[Book], None]) -> Book:
        """Read, let `edit` change the presets, write. What `edit` raises leaves the file as it was.

        One writer at a time: the operating system keeps the lock, and frees it when its process ends. The lock's file
        stays, since a writer that waits has it open. OSError where others hold it for PATIENCE seconds.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self.path.with_suffix(".lock"), timeout=PATIENCE):
            book = self.read()
            if self.path.exists() and not any(book.values()):
                self._parsed()  # it could not be set aside: leave it
            edit(book)
            text = json.dumps({"version": VERSION, **book}, indent=1, allow_nan=False)
            if len(text.encode()) > LARGEST or any(len(book[kind]) > MOST for kind in KINDS):
                raise ValueError(f"the presets are too many: {MOST} of a kind and {LARGEST} bytes is the most.")
            write(self.path, text)
            return book

    def _parsed(self) -> Book:
        return check_book(json.loads(self.path.read_text(encoding="utf-8-sig")))  # some editors put a mark before it
