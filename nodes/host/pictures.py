"""Pictures that the page shows of a run: files in the host's folder for what is gone when it is ended."""

import logging
import time
from pathlib import Path

import folder_paths
from PIL import Image
from torch import Tensor

_log = logging.getLogger("sigmatic")


def keep(picture: Tensor) -> dict[str, str] | None:
    """Write a picture (H, W, 3) in [0, 1]; what to ask the host's /view for. None, and a line, where it cannot be."""
    name = f"sigmatic_{time.time_ns()}.png"  # never twice: browsers keep pictures by their names
    path = Path(folder_paths.get_temp_directory()) / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((picture.clamp(0, 1) * 255).round().byte().cpu().numpy()).save(path, compress_level=1)
    except OSError as error:
        _log.warning("Sigmatic: the sheet is not shown on the node (%s); its output has it.", error)
        return None
    return {"filename": name, "subfolder": "", "type": "temp"}
