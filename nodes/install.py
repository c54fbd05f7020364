"""Our names in the host's dropdowns: appended in place, nothing of anybody else's replaced, twice is once."""

import logging
from collections.abc import MutableMapping
from typing import Any

import comfy.k_diffusion.sampling
import comfy.samplers

from .. import schedulers
from .adapter import host_sampler, host_schedule, offered

PREFIX = "sig_"
_MARK = "__sigmatic__"  # on every function of ours: the package it came from (a second clone has another name)
_log = logging.getLogger("sigmatic")


def install() -> None:
    """Offer every sampler and schedule to the host; names that somebody else has are left alone and logged."""
    hosts = comfy.samplers
    functions = {PREFIX + bare: _marked(host_sampler(bare)) for bare in offered()}
    handlers = {
        PREFIX + bare: hosts.SchedulerHandler(_marked(host_schedule(bare)), True) for bare in schedulers.names()
    }
    taken: dict[str, str] = {}
    _offer(functions, _functions(), "sample_", (hosts.SAMPLER_NAMES, hosts.KSampler.SAMPLERS), taken)
    _offer(handlers, hosts.SCHEDULER_HANDLERS, "", (hosts.SCHEDULER_NAMES, hosts.KSampler.SCHEDULERS), taken)
    if taken:
        names = [*taken][:8] + ([f"{len(taken) - 8} more"] if len(taken) > 8 else [])
        _log.warning(
            "Sigmatic: left as found, and ours of that name off: %s. Taken by %s: remove one of the two packs.",
            ", ".join(names),
            " and ".join(sorted(set(taken.values()))),
        )


def own_sampler(name: str) -> str | None:
    """Our bare name of the dropdown entry `name`; None if the code behind the entry is somebody else's."""
    known = name.startswith(PREFIX) and name.removeprefix(PREFIX) in offered()
    return name.removeprefix(PREFIX) if known and _owner(_functions().get("sample_" + name)) else None


def own_schedule(name: str) -> str | None:
    """Our bare name of the dropdown entry `name`; None if the code behind the entry is somebody else's."""
    known = name.startswith(PREFIX) and name.removeprefix(PREFIX) in schedulers.names()
    return name.removeprefix(PREFIX) if known and _owner(comfy.samplers.SCHEDULER_HANDLERS.get(name)) else None


def _functions() -> MutableMapping[str, Any]:
    """The namespace where the host looks up sample_<name>; asked for anew because packs reload that module."""
    return vars(comfy.k_diffusion.sampling)


def _marked(function: Any) -> Any:
    setattr(function, _MARK, __package__)
    return function


def _owner(entry: Any) -> str | None:
    """The Sigmatic package that an entry (function or handler) is from, None for anybody else's."""
    return getattr(getattr(entry, "handler", entry), _MARK, None)


def _offer(entries: dict, table: MutableMapping, prefix: str, lists: tuple[list, ...], taken: dict) -> None:
    """Put `entries` into the host's `table` under prefix + name, and their names into each of the live `lists`.

    Names that are somebody else's are left, and put into `taken` with who has them.
    """
    for name, entry in entries.items():
        present = table.get(prefix + name)
        if present is not None and _owner(present) != __package__:
            taken[name] = _owner(present) or getattr(getattr(present, "handler", present), "__module__", "other code")
            continue
        table[prefix + name] = entry
        for names in lists:
            if name not in names:
                names.append(name)
