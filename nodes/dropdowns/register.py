"""Our names in the host's dropdowns: appended in place, nothing of anybody else's replaced, twice is once."""

import logging
from collections.abc import MutableMapping
from typing import Any

import comfy.k_diffusion.sampling
import comfy.samplers

from ... import schedulers
from ..running.host_functions import host_sampler, host_schedule, offered
from . import lookup
from .lookup import MARK, PREFIX, PRESETS, Entry, owner

_log = logging.getLogger("sigmatic")


def install() -> None:
    """Offer every sampler and schedule to the host; names that somebody else has are left alone and logged."""
    hosts = comfy.samplers
    functions = {PREFIX + bare: _marked(host_sampler(bare)) for bare in offered()}
    handlers = {
        PREFIX + bare: hosts.SchedulerHandler(_marked(host_schedule(bare)), True) for bare in schedulers.names()
    }
    taken: dict[str, str] = {}
    _offer(functions, lookup.functions(), "sample_", _lists(), taken)
    _offer(handlers, hosts.SCHEDULER_HANDLERS, "", _schedule_lists(), taken)
    if taken:
        names = [*taken][:8] + ([f"{len(taken) - 8} more"] if len(taken) > 8 else [])
        _log.warning(
            "Sigmatic: left as found, and ours of that name off: %s. Taken by %s: remove one of the two packs.",
            ", ".join(names),
            " and ".join(sorted(set(taken.values()))),
        )


def offer_preset(name: str, entry: Entry, schedule: bool) -> str | None:
    """Put the preset `name` (full) into the dropdowns, at once and in place of one of ours; who has it if not ours."""
    hosts, taken = comfy.samplers, {}
    if schedule:
        handler = hosts.SchedulerHandler(_marked(host_schedule(entry.name, entry.preset)), True)
        _offer({name: handler}, hosts.SCHEDULER_HANDLERS, "", _schedule_lists(), taken)
    else:
        _offer(
            {name: _marked(host_sampler(entry.name, preset=entry.preset))},
            lookup.functions(),
            "sample_",
            _lists(),
            taken,
        )
    if name not in taken:
        PRESETS[schedule][name] = entry
    return taken.get(name)


def withdraw_preset(name: str, schedule: bool) -> None:
    """Take the preset `name` (full) out of the dropdowns."""
    if PRESETS[schedule].pop(name, None) is None:
        return
    table, key = (comfy.samplers.SCHEDULER_HANDLERS, name) if schedule else (lookup.functions(), "sample_" + name)
    if owner(table.get(key)) == __package__:
        del table[key]
        for names in _schedule_lists() if schedule else _lists():
            if name in names:
                names.remove(name)


def _lists() -> tuple[list, list]:
    """The host's live lists of sampler names (another pack may have parted them)."""
    return comfy.samplers.SAMPLER_NAMES, comfy.samplers.KSampler.SAMPLERS


def _schedule_lists() -> tuple[list, list]:
    return comfy.samplers.SCHEDULER_NAMES, comfy.samplers.KSampler.SCHEDULERS


def _marked(function: Any) -> Any:
    setattr(function, MARK, __package__)
    return function


def _offer(entries: dict, table: MutableMapping, prefix: str, lists: tuple[list, ...], taken: dict) -> None:
    """Put `entries` into the host's `table` under prefix + name, and their names into each of the live `lists`.

    Names that are somebody else's are left, and put into `taken` with who has them.
    """
    for name, entry in entries.items():
        present = table.get(prefix + name)
        if present is not None and owner(present) != __package__:
            taken[name] = owner(present) or getattr(getattr(present, "handler", present), "__module__", "other code")
            continue
        table[prefix + name] = entry
        for names in lists:
            if name not in names:
                names.append(name)
