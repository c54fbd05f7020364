"""Files of ours in the host's user directory: their folder, their names, set aside where they are damaged."""

import logging
import os
import re
import time
from pathlib import Path
from typing import Any

import folder_paths

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_log = logging.getLogger("sigmatic")


def folder() -> Path:
    """The folder of ours in the user directory that the host was started with."""
    return Path(folder_paths.get_user_directory()) / "sigmatic"


def check_name(name: Any) -> str:
    """`name`; ValueError unless it is 1 to 64 letters (a-z), digits, _ and -."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(f"name is {str(name)[:80]!r}: give 1 to 64 letters (a to z), digits, _ and -.")
    return name


def set_aside(path: Path, what: str, error: Exception) -> None:
    """Give a file that cannot be used another name, and say so in one line: `what` is off, and why."""
    aside = path.with_name(f"{path.stem}.broken-{time.time_ns()}{path.suffix}")
    try:
        os.replace(path, aside)
        place = f"set aside as {aside.name}"
    except OSError as problem:
        place = f"left where it is ({problem})"
    _log.warning("Sigmatic: %s: %s cannot be used (%s); %s.", what, path, error, place)
