"""Our names in the host's dropdowns: appended in place, nothing of anybody else's replaced, twice is once."""

import logging
from collections.abc import MutableMapping
from typing import Any

import comfy.samplers

from ... import schedulers
from ..running import auto, fitted
from ..running.host_functions import host_sampler, host_schedule, offered
from . import foreign_lists, lookup
from .lookup import MARK, PREFIX, PRESETS, Entry, owner

_BY_MODEL = {auto.NAME: auto.schedule_auto, fitted.NAME: auto.schedule_fitted}
_log = logging.getLogger("sigmatic")


def install() -> None:
    """Put every sampler and schedule into the dropdowns; names that somebody else has are left alone and logged."""
    owners: dict[str, str] = {}
    for schedule, names in ((False, offered()), (True, schedulers.names())):
        owners |= _add({name: Entry(name.removeprefix(PREFIX), {}) for name in lookup.by_model(schedule)}, schedule)
        entries = {PREFIX + bare: Entry(bare, {}) for bare in names}
        if not schedule:
            entries |= {name: Entry(*lookup.HOSTS[name.removeprefix(PREFIX)]) for name in lookup.host_names()}
        owners |= _add(entries, schedule)
    if owners:
        names = [*owners][:8] + ([f"{len(owners) - 8} more"] if len(owners) > 8 else [])
        _log.warning(
            "Sigmatic: left as found, and ours of that name off: %s. Taken by %s: remove one of the two packs.",
            ", ".join(names),
            " and ".join(sorted(set(owners.values()))),
        )


def offer_preset(name: str, entry: Entry, schedule: bool) -> str | None:
    """Put the preset `name` (full) into the dropdowns, in place of one of ours; who has the name if it is not ours."""
    owners = _add({name: entry}, schedule)
    if not owners:
        PRESETS[schedule][name] = entry
    return owners.get(name)


def withdraw_preset(name: str, schedule: bool) -> None:
    """Take the preset `name` (full) out of the dropdowns."""
    if PRESETS[schedule].pop(name, None) is None:
        return
    table, prefix, lists = _places(schedule)
    if owner(table.get(prefix + name)) == __package__:
        del table[prefix + name]
        for names in (*lists, *foreign_lists.known(schedule)):
            if name in names:
                names.remove(name)


def _places(schedule: bool) -> tuple[MutableMapping, str, tuple[list, list]]:
    """Where the host keeps samplers (or schedules): table, what it puts before a name there, its live lists of names.

    The two lists are one, unless another pack has parted them.
    """
    hosts = comfy.samplers
    if schedule:
        return hosts.SCHEDULER_HANDLERS, "", (hosts.SCHEDULER_NAMES, hosts.KSampler.SCHEDULERS)
    return lookup.functions(), "sample_", (hosts.SAMPLER_NAMES, hosts.KSampler.SAMPLERS)


def _code(entry: Entry, schedule: bool) -> Any:
    """What the host's table holds for an entry of ours."""
    if entry.name in _BY_MODEL:
        function = _BY_MODEL[entry.name] if schedule else auto.sample_auto
    else:
        function = (host_schedule if schedule else host_sampler)(entry.name, preset=entry.preset)
    setattr(function, MARK, __package__)
    return comfy.samplers.SchedulerHandler(function, True) if schedule else function


def _add(entries: dict[str, Entry], schedule: bool) -> dict[str, str]:
    """Put `entries` into the host's table, and their names into its lists.

    Names that are somebody else's are left as they are, and returned with who has them.
    """
    table, prefix, lists = _places(schedule)
    owners = {}
    for name, entry in entries.items():
        present = table.get(prefix + name)
        if present is not None and owner(present) != __package__:
            owners[name] = owner(present) or getattr(getattr(present, "handler", present), "__module__", "other code")
            continue
        table[prefix + name] = _code(entry, schedule)
        for names in (*lists, *foreign_lists.known(schedule)):
            if name not in names:
                names.append(name)
    return owners
