"""Presets: a configured sampler or schedule under a name of its own (sig_my_...), in every dropdown."""

import logging
import math
from functools import lru_cache
from pathlib import Path
from typing import Any

import folder_paths

from .. import samplers, schedulers
from . import install, options, store, widgets
from .adapter import offered
from .compat import CATEGORY, advanced, io, schema

PREFIX = install.PREFIX + "my_"
_NONE = "none"
_log = logging.getLogger("sigmatic")


@lru_cache(maxsize=1)
def book() -> store.Store:
    """The file, in the user directory that the host was started with."""
    return store.Store(Path(folder_paths.get_user_directory()) / "sigmatic" / "presets.json")


def offer_all() -> None:
    """Put every preset of the file into the dropdowns; those that cannot be used are one line in the log."""
    left_out = []
    for kind, found in book().read().items():
        for name, preset in found.items():
            try:
                offer(kind, name, preset)
            except ValueError as error:
                left_out.append(f"{name} ({error})")
    if left_out:
        _log.warning("Sigmatic: presets left out: %s", "; ".join(left_out))


def offer(kind: str, name: str, preset: dict[str, Any]) -> None:
    """Put one preset into the dropdowns, in place of an older one of its name. ValueError if somebody else has it."""
    who = install.offer_preset(PREFIX + name, entry(kind, preset), kind == "schedules")
    if who:
        raise ValueError(f"the name {PREFIX}{name} is taken by {who}")


def entry(kind: str, preset: dict[str, Any]) -> install.Entry:
    """What is behind a preset; ValueError if its sampler or schedule, or a value, is none of ours."""
    word = kind[:-1]
    spec = (samplers if kind == "samplers" else schedulers).get(preset[word])
    given = dict(preset["options"])
    found = {}
    noise = given.pop("noise", None)
    if noise is not None:
        widgets.insist(noise=(noise, widgets.NOISES))
        found["noise"] = noise
    known = {param.name: param for param in spec.params}
    for name, value in given.items():
        if name not in known:
            raise ValueError(f"{spec.name} has no parameter {name[:40]!r}: it takes {', '.join(known) or 'none'}.")
        read = options.value_of(value) if isinstance(value, str) and known[name].kind == "float" else value
        found[name] = options.checked(spec, known[name], read)
    return install.Entry(spec.name, found)


def save(name: Any, presets: dict[str, dict[str, Any]], replace: bool) -> None:
    """Write presets ({"samplers": ..., "schedules": ...}) under `name` and offer them.

    ValueError for a bad name or preset, and where another preset has the name and is not to be replaced.
    """
    store.check_name(name)
    for kind, preset in presets.items():
        store.check_preset(kind, preset)
        entry(kind, preset)

    def edit(found: store.Book) -> None:
        for kind, preset in presets.items():
            if not replace and found[kind].get(name, preset) != preset:
                raise ValueError(
                    f"name is {name!r}, which another preset of {kind} has: choose replace, or a new name."
                )
            offer(kind, name, preset)
            found[kind][name] = preset

    book().change(edit)


def insist_free(name: str, kind: str, replace: bool) -> None:
    """ValueError unless a preset of `kind` may be saved under `name`: for work that is to be saved when it is done."""
    store.check_name(name)
    if not replace and name in book().read()[kind]:
        raise ValueError(f"name is {name!r}, which another preset of {kind} has: choose replace, or a new name.")


def remove(name: str) -> None:
    """Delete the presets called `name`; ValueError if there are none."""

    def edit(found: store.Book) -> None:
        gone = [found[kind].pop(name, None) for kind in store.KINDS]
        if not any(gone):
            raise ValueError(f"there is no preset {name!r}.")

    book().change(edit)
    for kind in store.KINDS:
        install.withdraw_preset(PREFIX + name, kind == "schedules")


def rename(name: str, new: str) -> None:
    """Give the presets called `name` a new name; ValueError if there are none, or the new name is taken."""
    store.check_name(new)
    moved: store.Book = {}

    def edit(found: store.Book) -> None:
        if any(new in found[kind] for kind in store.KINDS):
            raise ValueError(f"name is {new!r}, which another preset has: choose a new name.")
        for kind in store.KINDS:
            if name in found[kind]:
                offer(kind, new, found[kind][name])
                moved[kind] = found[kind]
                found[kind][new] = found[kind].pop(name)
        if not moved:
            raise ValueError(f"there is no preset {name!r}.")

    book().change(edit)
    for kind in store.KINDS:
        install.withdraw_preset(PREFIX + name, kind == "schedules")


class SigmaticSavePreset(io.ComfyNode):
    """Widgets -> a file and two dropdown entries."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """A name, what it stands for, its settings."""
        samplers_, schedules = ([_NONE, *names] for names in (_sampler_names(), _schedule_names()))
        return schema(
            node_id="SigmaticSavePreset",
            display_name="Sigmatic Save Preset",
            category=CATEGORY,
            description="Saves a sampler and a schedule with their settings under a name of your own: sig_my_ and the "
            "name is in every sampler and scheduler list from then on (in the page after R or a reload).",
            search_aliases=["preset", "favourite", "sampler preset"],
            is_output_node=True,
            inputs=[
                io.String.Input("name", default="", tooltip="Letters, digits, _ and -. sig_my_ is put before it."),
                io.Combo.Input("sampler", options=samplers_, default=_NONE, tooltip="The sampler to save, or none."),
                io.Combo.Input("schedule", options=schedules, default=_NONE, tooltip="The schedule to save, or none."),
                widgets.eta(), widgets.s_noise(), widgets.rho(), widgets.noise(),
                advanced(widgets.curve_text("eta")), advanced(widgets.curve_text("s_noise")),
                advanced(widgets.more()),
                io.Boolean.Input("replace", default=False, tooltip="Overwrite another preset of this name."),
            ],
            outputs=[
                io.String.Output(display_name="sampler", tooltip="The sampler's name in the lists."),
                io.String.Output(display_name="schedule", tooltip="The schedule's name in the lists."),
            ],
        )  # fmt: skip

    @classmethod
    def validate_inputs(cls, sampler=None, schedule=None) -> bool | str:
        """Refuse unknown names before anything is queued."""
        wrong = widgets.problem("sampler", sampler, [_NONE, *_sampler_names()])
        return wrong or widgets.problem("schedule", schedule, [_NONE, *_schedule_names()]) or True

    @classmethod
    def fingerprint_inputs(cls, **_) -> float:
        """Never the same: what was saved may have been deleted since."""
        return math.nan

    @classmethod
    def execute(
        cls, name, sampler=_NONE, schedule=_NONE, eta=1.0, s_noise=1.0, rho=widgets.OWN_RHO, noise="default",
        eta_curve="", s_noise_curve="", more="", replace=False,
    ) -> io.NodeOutput:  # fmt: skip
        """Check, write, offer."""
        widgets.insist(noise=(noise, widgets.NOISES), sampler=(sampler, [_NONE, *_sampler_names()]))
        widgets.insist(schedule=(schedule, [_NONE, *_schedule_names()]))
        if sampler == schedule == _NONE:
            raise ValueError("sampler and schedule are both none: choose one to save.")
        said = options.said(eta, s_noise, eta_curve=eta_curve, s_noise_curve=s_noise_curve) | options.more(more)
        presets = {}
        if sampler != _NONE:
            given = {**said, **({} if noise == widgets.NOISES[0] else {"noise": noise})}
            presets["samplers"] = _preset("sampler", sampler, given, samplers)
        if schedule != _NONE:
            given = {**said, **({} if rho == widgets.OWN_RHO else {"rho": options.insist("rho", rho)})}
            presets["schedules"] = _preset("schedule", schedule, given, schedulers)
        save(name, presets, replace)
        return io.NodeOutput(*(PREFIX + name if kind in presets else "" for kind in store.KINDS))


def _preset(word: str, name: str, given: dict[str, Any], room: Any) -> dict[str, Any]:
    """A preset in the file's form, with those of the given options that the sampler or schedule has."""
    bare = name.removeprefix(install.PREFIX)
    known = {param.name for param in room.get(bare).params} | ({"noise"} if word == "sampler" else set())
    return {word: bare, "options": {key: options.as_text(value) for key, value in given.items() if key in known}}


def _sampler_names() -> list[str]:
    return [install.PREFIX + name for name in offered()]


def _schedule_names() -> list[str]:
    return [install.PREFIX + name for name in schedulers.names()]


def nodes() -> list[type]:
    """The nodes of this file, with every schema tried: the host drops a whole pack for one that fails."""
    SigmaticSavePreset.define_schema()
    return [SigmaticSavePreset]
