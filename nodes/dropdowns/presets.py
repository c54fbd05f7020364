"""Presets: a sampler or schedule with its options under a name that people choose (sig_my_...), in every dropdown."""

import logging
from functools import lru_cache
from typing import Any

from ... import samplers, schedulers
from ..host.user_files import check_name, folder
from ..inputs import widgets
from . import lookup, preset_file, register
from .lookup import PRESET_PREFIX

_log = logging.getLogger("sigmatic")


@lru_cache(maxsize=1)
def book() -> preset_file.Store:
    """The file, in the user directory that the host was started with."""
    return preset_file.Store(folder() / "presets.json")


def offer_all() -> None:
    """Put every preset of the file into the dropdowns; those that cannot be used are one line in the log."""
    left_out = []
    for kind, presets in book().read().items():
        for name, preset in presets.items():
            try:
                offer(kind, name, preset)
            except ValueError as error:
                left_out.append(f"{name} ({error})")
    if left_out:
        _log.warning("Sigmatic: presets left out: %s", "; ".join(left_out))


def offer(kind: str, name: str, preset: dict[str, Any]) -> None:
    """Put one preset into the dropdowns, in place of an older one of its name. ValueError if somebody else has it."""
    owner = register.offer_preset(PRESET_PREFIX + name, entry(kind, preset), kind == "schedules")
    if owner:
        raise ValueError(f"the name {PRESET_PREFIX}{name} is taken by {owner}")


def entry(kind: str, preset: dict[str, Any]) -> lookup.Entry:
    """What is behind a preset; ValueError if its sampler or schedule, or a value, is none of ours."""
    word = kind[:-1]
    spec = (samplers if kind == "samplers" else schedulers).get(preset[word])
    options = dict(preset["options"])
    noise = options.pop("noise", None)
    params = spec.take(options, text=True)
    if noise is None:
        return lookup.Entry(spec.name, params)
    widgets.require_names(noise=(noise, widgets.NOISES))
    return lookup.Entry(spec.name, {"noise": noise, **params})


def save(name: Any, presets: dict[str, dict[str, Any]], replace: bool) -> None:
    """Write presets ({"samplers": ..., "schedules": ...}) under `name` and offer them.

    ValueError for a bad name or preset, and where another preset has the name and is not to be replaced.
    """
    check_name(name)
    for kind, preset in presets.items():
        preset_file.check_preset(kind, preset)
        entry(kind, preset)

    def edit(book: preset_file.Book) -> None:
        for kind, preset in presets.items():
            if not replace and book[kind].get(name, preset) != preset:
                raise _another_has(name, kind)
            offer(kind, name, preset)
            book[kind][name] = preset

    book().change(edit)


def require_free(name: str, kind: str, replace: bool) -> None:
    """ValueError unless a preset of `kind` may be saved under `name`: for work that is to be saved when it is done."""
    check_name(name)
    if not replace and name in book().read()[kind]:
        raise _another_has(name, kind)


def _another_has(name: str, kind: str) -> ValueError:
    return ValueError(f"name is {name!r}, which another preset of {kind} has: choose replace, or a new name.")


def remove(name: str) -> None:
    """Delete the presets called `name`; ValueError if there are none."""

    def edit(book: preset_file.Book) -> None:
        removed = [book[kind].pop(name, None) for kind in preset_file.KINDS]
        if not any(removed):
            raise ValueError(f"there is no preset {name!r}.")

    book().change(edit)
    _withdraw(name)


def rename(name: str, new: str) -> None:
    """Give the presets called `name` a new name; ValueError if there are none, or the new name is taken."""
    check_name(new)

    def edit(book: preset_file.Book) -> None:
        if any(new in book[kind] for kind in preset_file.KINDS):
            raise ValueError(f"name is {new!r}, which another preset has: choose a new name.")
        kinds = [kind for kind in preset_file.KINDS if name in book[kind]]
        if not kinds:
            raise ValueError(f"there is no preset {name!r}.")
        for kind in kinds:
            offer(kind, new, book[kind][name])
            book[kind][new] = book[kind].pop(name)

    book().change(edit)
    _withdraw(name)


def _withdraw(name: str) -> None:
    """Take the presets called `name` out of the dropdowns."""
    for kind in preset_file.KINDS:
        register.withdraw_preset(PRESET_PREFIX + name, kind == "schedules")
