"""Lists of names that other packs copied from ComfyUI's when they loaded: ours are appended to them, in place.

A copy from before we were loaded has no name of ours, and none has a preset that is saved later. Only lists that the
pack itself hands out again and again are touched; what it makes anew for each call follows ComfyUI's lists or does not.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import comfy.samplers

from .lookup import by_model, functions, owner, sampler_names, schedule_names

_log = logging.getLogger("sigmatic")
_lists: tuple[list[list], list[list]] = ([], [])  # of samplers, of schedules


def known(schedule: bool) -> list[list]:
    """The lists of other packs that were seen, as they hand them out."""
    return _lists[schedule]


def install() -> None:
    """Look through the packs' nodes when ComfyUI's server starts: then all packs are loaded."""
    from server import PromptServer

    from nodes import NODE_CLASS_MAPPINGS  # the host's module, which only its own start has

    async def extend_all(_: Any) -> None:
        extend(NODE_CLASS_MAPPINGS)

    PromptServer.instance.app.on_startup.append(extend_all)


def extend(nodes: Mapping[str, Any]) -> None:
    """Append our names to the lists of those of the host's `nodes` (by id) that have ComfyUI's stock names in them."""
    packs: dict[str, None] = {}
    for name, node in list(nodes.items()):
        try:
            if _extended(node):
                packs[str(getattr(node, "RELATIVE_PYTHON_MODULE", node.__module__))] = None
        except Exception as error:  # noqa: BLE001 - whatever another pack's node does, ComfyUI starts
            _log.debug("Sigmatic: the lists of node %s cannot be read: %s", name, error)
    for pack in packs:
        _log.info("Sigmatic: %s has lists of its own: names of Sigmatic are in them now.", pack)


def _extended(node: Any) -> bool:
    """Whether names of ours were missing in a list of the node, and are there now."""
    added, again = False, None
    for place, names in _lists_of(node):
        for schedule, ours in ((False, sampler_names), (True, schedule_names)):
            if not _stock(schedule) <= set(names) or any(names is one for one in _hosts(schedule)):
                continue
            again = dict(_lists_of(node)) if again is None else again
            if again.get(place) is not names:  # made anew at every call
                continue
            missing = [name for name in dict.fromkeys((*by_model(schedule), *ours())) if name not in names]
            names += missing
            added = added or bool(missing)
            if not any(names is one for one in _lists[schedule]):
                _lists[schedule].append(names)
    return added


def _lists_of(node: Any) -> Iterator[tuple[tuple[str, str], list]]:
    """(group and name of an input, its list) of a node."""
    for group, inputs in dict(node.INPUT_TYPES()).items():
        for name, described in dict(inputs).items() if isinstance(inputs, Mapping) else ():
            parts = list(described) if isinstance(described, (list, tuple)) else []
            more = parts[1].get("options") if len(parts) > 1 and isinstance(parts[1], Mapping) else None
            names = parts[0] if parts and isinstance(parts[0], list) else more
            if type(names) is list and all(isinstance(one, str) for one in names):
                yield (group, name), names


def _hosts(schedule: bool) -> tuple[list, list]:
    """ComfyUI's own lists, which `register` keeps."""
    hosts = comfy.samplers
    if schedule:
        return hosts.SCHEDULER_NAMES, hosts.KSampler.SCHEDULERS
    return hosts.SAMPLER_NAMES, hosts.KSampler.SAMPLERS


def _stock(schedule: bool) -> set[str]:
    """The names that ComfyUI itself brings."""
    table: Mapping[str, Any] = comfy.samplers.SCHEDULER_HANDLERS if schedule else functions()
    prefix = "" if schedule else "sample_"
    return {name for name in _hosts(schedule)[0] if _is_hosts(table.get(prefix + name))}


def _is_hosts(code: Any) -> bool:
    function: Callable | Any = getattr(code, "handler", code)
    function = getattr(function, "func", function)  # some are partial
    return owner(code) is None and str(getattr(function, "__module__", "")).startswith("comfy.")
