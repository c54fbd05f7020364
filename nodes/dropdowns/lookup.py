"""What is behind a name in the dropdowns: one of ours, a preset, or somebody else's."""

import inspect
from collections.abc import MutableMapping, Sequence
from typing import Any, NamedTuple

import comfy.k_diffusion.sampling
import comfy.samplers
import torch
from torch import Tensor

from ... import samplers, schedulers
from ..inputs import options
from ..inputs.widgets import DEFAULT_RHO
from ..running.host_functions import DEFAULT_NOISE, host_sampler, model_levels, offered, takes
from ..running.record import Record

PREFIX = "sig_"
PRESET_PREFIX = PREFIX + "my_"
MARK = "__sigmatic__"  # on every function of ours: the package it came from (a second clone has another name)


class Entry(NamedTuple):
    """What is behind a name of ours in a dropdown: a sampler or schedule (bare name) and the options of a preset."""

    name: str
    preset: dict[str, Any]


PRESETS: tuple[dict[str, Entry], dict[str, Entry]] = ({}, {})  # of samplers, of schedules; full names


def preset_names(schedule: bool) -> list[str]:
    """The presets in the dropdowns, by their full names."""
    return list(PRESETS[schedule])


def entry(name: str, schedule: bool = False) -> Entry | None:
    """What we have under the full name, whoever has the dropdown entry of that name."""
    bare = name.removeprefix(PREFIX)
    if name.startswith(PREFIX) and bare in (schedulers.names() if schedule else offered()):
        return Entry(bare, {})
    return PRESETS[schedule].get(name)


def sampler_entry(name: str) -> Entry | None:
    """What is behind the dropdown entry `name`; None if the code behind it is somebody else's."""
    return entry(name) if owner(functions().get("sample_" + name)) else None


def schedule_entry(name: str) -> Entry | None:
    """What is behind the dropdown entry `name`; None if the code behind it is somebody else's."""
    return entry(name, schedule=True) if owner(comfy.samplers.SCHEDULER_HANDLERS.get(name)) else None


def functions() -> MutableMapping[str, Any]:
    """The namespace where the host looks up sample_<name>; asked for anew because packs reload that module."""
    return vars(comfy.k_diffusion.sampling)


def owner(entry: Any) -> str | None:
    """The Sigmatic package that an entry (function or handler) is from, None for anybody else's."""
    return getattr(getattr(entry, "handler", entry), MARK, None)


def schedule_params(name: str, rho: float) -> dict[str, Any]:
    """What our schedule `name` is told: rho if it has one and the widget was moved from its default."""
    return {} if rho == DEFAULT_RHO else takes(schedulers.get(name), rho=rho)


def levels_by_name(
    ms: Any, schedule: str, sampler: str, steps: int, rho: float, more: dict[str, Any] | None = None
) -> Tensor:
    """The sigmas of a dropdown entry, ours or the host's, for `steps` steps of the sampler `sampler`.

    `more` are parameters of our schedule; they go before `rho`.
    """
    own = schedule_entry(schedule)
    # a few samplers of the host never run their last but one level: its KSampler asks for one more and drops it
    drops = sampler in getattr(comfy.samplers.KSampler, "DISCARD_PENULTIMATE_SIGMA_SAMPLERS", ())
    total = steps + 1 if drops else steps
    if own:
        sigmas = model_levels(ms, own.name, total, own.preset, **{**schedule_params(own.name, rho), **(more or {})})
    else:
        sigmas = comfy.samplers.calculate_sigmas(ms, schedule, total).cpu()
    return torch.cat([sigmas[:-2], sigmas[-1:]]) if drops else sigmas


def sampler_by_name(
    name: str,
    said: dict[str, Any],
    kind: str = DEFAULT_NOISE,
    batch_index: Sequence[int] | None = None,
    log: Record | None = None,
) -> Any:
    """The SAMPLER of a dropdown entry, ours or the host's, told as much of what was `said` as it listens to.

    The `kind` of noise is for ours; the host's make their own and take no curves.
    """
    own = sampler_entry(name)
    if own:
        return our_sampler(own, said, kind, batch_index, log)
    base = comfy.samplers.sampler_object(name)
    function = getattr(base, "sampler_function", None)
    if function is None:  # somebody's Sampler that is no KSAMPLER: nothing to tell it
        return base
    heard = inspect.signature(function).parameters
    told = {key: value for key, value in said.items() if key in heard and not callable(value)}
    deaf = [key for key, value in said.items() if callable(value)]
    if deaf and log:
        log.warn(
            [f"{name} is ComfyUI's own and takes no curves, so {' and '.join(deaf)} is its own: choose a sig_ one."]
        )
    return comfy.samplers.KSAMPLER(function, {**base.extra_options, **told}, dict(base.inpaint_options))


def our_sampler(
    own: Entry,
    said: dict[str, Any],
    kind: str = DEFAULT_NOISE,
    batch_index: Sequence[int] | None = None,
    log: Record | None = None,
) -> Any:
    """Our sampler or preset as a SAMPLER, with those of the `said` parameters that it has."""
    spec = samplers.get(own.name)
    fixed = {name: options.checked(spec, param, said[name]) for param in spec.params if (name := param.name) in said}
    run = {"noise": None if kind == DEFAULT_NOISE else kind, "batch_index": batch_index}
    function = host_sampler(own.name, preset=own.preset, log=log, **run, **fixed)
    return comfy.samplers.KSAMPLER(function, {})


def sampler_names() -> list[str]:
    """Our samplers and presets as they are called in dropdowns."""
    return [*(PREFIX + name for name in offered()), *preset_names(schedule=False)]


def schedule_names() -> list[str]:
    """Our schedules and presets as they are called in dropdowns."""
    return [*(PREFIX + name for name in schedulers.names()), *preset_names(schedule=True)]


def chosen(name: str, schedule: bool = False) -> Entry:
    """What is behind one of these names."""
    found = entry(name, schedule)
    if found is None:
        raise ValueError(f"{'schedule' if schedule else 'sampler'} is {name!r}, which is not there any more.")
    return found
