"""The ComfyUI side of Sigmatic: nodes and dropdown entries. The only room that imports the host."""

import logging
from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from .host import needs

_log = logging.getLogger("sigmatic")


def extension() -> Any:
    """Register the dropdown entries, gather the nodes; what fails is left out and logged, one line for each cause.

    RuntimeError, which the host logs in a line, where it is none that the pack could do anything in.
    """
    needs.check()
    off: dict[str, list[str]] = {}
    _part(off, "dropdown entries", lambda: _module("dropdowns.register").install())
    _part(off, "presets", lambda: _module("dropdowns.presets").offer_all())
    files = [module.name for module in iter_modules(__path__) if not module.ispkg]
    by_file = {name: _part(off, f"{name} nodes", lambda name=name: nodes_in(_module(name))) or [] for name in files}
    nodes = [node for kinds in by_file.values() for node in kinds]
    _part(off, "presets in the page", lambda: _module("page.preset_routes").install())
    _part(off, "reports of sweeps in the page", lambda: _module("page.sweep_routes").install())
    _part(off, "profiles in the page", lambda: _module("page.profile_routes").install())
    _part(off, "names in other packs' lists", lambda: _module("dropdowns.foreign_lists").install())
    _part(off, "plots in the page", lambda: _module("page.routes").install(nodes))
    if by_file["demo"]:
        demo = _module("host.demo_model")
        for name in demo.NETWORKS:  # looked at now, to be able to say in the log that they are off
            _part(off, f"{name} of Sigmatic Demo Model (its mixture works)", lambda name=name: demo.look(name))
    for cause, parts in off.items():
        _log.warning("Sigmatic: off are the %s: %s", ", the ".join(parts), cause)
    return _module("host.extension").Sigmatic(nodes)


def nodes_in(module: Any) -> list[type]:
    """The node classes that a file defines, with every schema tried: the host drops a whole pack for one that fails."""
    io = _module("host.api").io
    nodes = [
        kind
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, io.ComfyNode) and kind.__module__ == module.__name__
    ]
    for node in nodes:
        node.define_schema()
    return nodes


def _module(name: str) -> Any:
    return import_module(f".{name}", __name__)


def _part(off: dict[str, list[str]], what: str, load: Callable[[], Any]) -> Any:
    try:
        return load()
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one part, the others and the host go on
        off.setdefault(f"{type(error).__name__}: {' '.join(str(error).split())}", []).append(what)
