"""The order of the lists in our own nodes: what to begin with, ours by family, presets, what is not Sigmatic's."""

from collections.abc import Sequence

from ... import samplers
from ...core.catalog import START_HERE
from . import lookup
from .lookup import AUTO, FITTED, PREFIX

FIRST: tuple[tuple[str, ...], tuple[str, ...]] = (
    (AUTO, *(PREFIX + name for name in START_HERE["samplers"])),
    (AUTO, FITTED, *(PREFIX + name for name in START_HERE["schedules"])),
)
"""Samplers, and schedules, to begin with."""


def ordered(names: Sequence[str], schedule: bool = False) -> list[str]:
    """`names`, those of `FIRST` in front, then the rest of ours, and what is not ours as it was."""
    first = [name for name in FIRST[schedule] if name in names]
    presets = lookup.preset_names(schedule)

    def rank(name: str) -> tuple[int, str]:
        if name in presets:
            return 1, ""
        return (0, _family(name, schedule)) if name.startswith(PREFIX) else (2, "")

    return [*first, *sorted((name for name in names if name not in first), key=rank)]


def _family(name: str, schedule: bool) -> str:
    ours = None if schedule else lookup.entry(name)
    return samplers.get(ours.name).family if ours else ""
