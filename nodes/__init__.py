"""The ComfyUI side of Sigmatic: nodes and dropdown entries. The only room that imports the host."""

import logging
from importlib import import_module
from typing import Any

from .host.api import ComfyExtension

ROOMS = (
    "ksampler", "sampler", "schedule", "sigmas", "fit", "compare", "settings", "save_preset", "info", "unsample",
    "noise", "demo",
)  # fmt: skip
_log = logging.getLogger("sigmatic")


class Sigmatic(ComfyExtension):
    """What the host asks for the node classes."""

    def __init__(self, nodes: list[type]) -> None:
        self._nodes = nodes

    async def get_node_list(self) -> list[type]:
        """All nodes whose room could be loaded."""
        return self._nodes


def extension() -> Sigmatic:
    """Register the dropdown entries, gather the nodes; what fails is left out and logged, one line for each cause."""
    off: dict[str, list[str]] = {}
    _part(off, "dropdown entries", "dropdowns.register", "install")
    _part(off, "presets", "dropdowns.presets", "offer_all")
    rooms = [_part(off, f"{room} nodes", room, "nodes") for room in ROOMS]
    _part(off, "presets in the page", "page.preset_routes", "install")
    _part(off, "plots in the page", "page.routes", "install")
    if rooms[-1]:
        _part(off, "digits of Sigmatic Demo Model (its mixture works)", "host.demo_model", "check_digits")
    for cause, parts in off.items():
        _log.warning("Sigmatic: off are the %s: %s", ", the ".join(parts), cause)
    return Sigmatic([node for nodes in rooms for node in nodes or ()])


def _part(off: dict[str, list[str]], what: str, module: str, function: str) -> Any:
    try:
        return getattr(import_module(f".{module}", __name__), function)()
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one part, the others and the host go on
        off.setdefault(f"{type(error).__name__}: {' '.join(str(error).split())}", []).append(what)
