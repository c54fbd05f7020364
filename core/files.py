"""Files: their bare names, and writing them whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write(path: Path, data: str | bytes) -> None:
    """Put `data` (text as UTF-8) into the file at `path`, whose folder must be there. OSError where the disk refuses.

    It is written beside the file and then put in its place: after a crash or on a full disk the old one is still there.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data.encode() if isinstance(data, str) else data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def bare_name(file: str) -> str:
    """The name of a file without its folders, however the system it comes from divides them."""
    return file.replace("\\", "/").rsplit("/", 1)[-1]
