"""Our names in the host's dropdowns: appended in place, nothing of anybody else's replaced, twice is once."""

import logging
from collections.abc import MutableMapping
from typing import Any, NamedTuple

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
    _offer(functions, _functions(), "sample_", _lists(), taken)
    _offer(handlers, hosts.SCHEDULER_HANDLERS, "", _schedule_lists(), taken)
    if taken:
        names = [*taken][:8] + ([f"{len(taken) - 8} more"] if len(taken) > 8 else [])
        _log.warning(
            "Sigmatic: left as found, and ours of that name off: %s. Taken by %s: remove one of the two packs.",
            ", ".join(names),
            " and ".join(sorted(set(taken.values()))),
        )


class Entry(NamedTuple):
    """What is behind a name of ours in a dropdown: a sampler or schedule (bare name) and the options of a preset."""

    name: str
    preset: dict[str, Any]


_PRESETS: tuple[dict[str, Entry], dict[str, Entry]] = ({}, {})  # of samplers, of schedules; full names


def offer_preset(name: str, entry: Entry, schedule: bool) -> str | None:
    """Put the preset `name` (full) into the dropdowns, at once and in place of one of ours; who has it if not ours."""
    hosts, taken = comfy.samplers, {}
    if schedule:
        handler = hosts.SchedulerHandler(_marked(host_schedule(entry.name, entry.preset)), True)
        _offer({name: handler}, hosts.SCHEDULER_HANDLERS, "", _schedule_lists(), taken)
    else:
        _offer({name: _marked(host_sampler(entry.name, preset=entry.preset))}, _functions(), "sample_", _lists(), taken)
    if name not in taken:
        _PRESETS[schedule][name] = entry
    return taken.get(name)


def withdraw_preset(name: str, schedule: bool) -> None:
    """Take the preset `name` (full) out of the dropdowns."""
    if _PRESETS[schedule].pop(name, None) is None:
        return
    table, key = (comfy.samplers.SCHEDULER_HANDLERS, name) if schedule else (_functions(), "sample_" + name)
    if _owner(table.get(key)) == __package__:
        del table[key]
        for names in _schedule_lists() if schedule else _lists():
            if name in names:
                names.remove(name)


def preset_names(schedule: bool) -> list[str]:
    """The presets in the dropdowns, by their full names."""
    return list(_PRESETS[schedule])


def entry(name: str, schedule: bool = False) -> Entry | None:
    """What we have under the full name, whoever has the dropdown entry of that name."""
    bare = name.removeprefix(PREFIX)
    if name.startswith(PREFIX) and bare in (schedulers.names() if schedule else offered()):
        return Entry(bare, {})
    return _PRESETS[schedule].get(name)


def own_sampler(name: str) -> Entry | None:
    """What is behind the dropdown entry `name`; None if the code behind it is somebody else's."""
    return entry(name) if _owner(_functions().get("sample_" + name)) else None


def own_schedule(name: str) -> Entry | None:
    """What is behind the dropdown entry `name`; None if the code behind it is somebody else's."""
    return entry(name, schedule=True) if _owner(comfy.samplers.SCHEDULER_HANDLERS.get(name)) else None


def _lists() -> tuple[list, list]:
    """The host's live lists of sampler names (another pack may have parted them)."""
    return comfy.samplers.SAMPLER_NAMES, comfy.samplers.KSampler.SAMPLERS


def _schedule_lists() -> tuple[list, list]:
    return comfy.samplers.SCHEDULER_NAMES, comfy.samplers.KSampler.SCHEDULERS


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
