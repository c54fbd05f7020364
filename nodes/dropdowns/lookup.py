"""What is behind a name in the dropdowns: one of ours, a preset, or somebody else's."""

import inspect
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any, NamedTuple

import comfy.k_diffusion.sampling
import comfy.samplers
import torch
from torch import Tensor

from ... import samplers, schedulers
from ..inputs.widgets import DEFAULT_RHO
from ..running import auto, fitted
from ..running.host_functions import Choice, function_of, model_levels, offered, recorded
from ..running.record import Record
from ..running.step_noise import DEFAULT_NOISE

PREFIX = "sig_"
PRESET_PREFIX = PREFIX + "my_"
AUTO = PREFIX + auto.NAME  # in both lists: what the model's recipe wants
FITTED = PREFIX + fitted.NAME  # among schedules: what the profile of the model says
MARK = "__sigmatic__"  # on every function of ours: the package it came from (a second clone has another name)
_CALL = ("model", "x", "noise", "sigmas", "extra_args", "callback", "disable", "noise_sampler")


HOSTS: dict[str, tuple[str, dict[str, Any]]] = {
    "dpmpp_2m_sde_gpu": ("dpmpp_2m_sde", {}),
    "dpmpp_2m_sde_heun": ("dpmpp_2m_sde", {"solver_type": "heun"}),
    "dpmpp_2m_sde_heun_gpu": ("dpmpp_2m_sde", {"solver_type": "heun"}),
    "dpmpp_3m_sde_gpu": ("dpmpp_3m_sde", {}),
    "dpmpp_sde_gpu": ("dpmpp_sde", {}),
    "res_multistep": ("res_2m", {}),
    "res_multistep_cfg_pp": ("res_2m_cfg_pp", {}),
    "res_multistep_ancestral": ("res_2m_ancestral", {}),
    "res_multistep_ancestral_cfg_pp": ("res_2m_ancestral_cfg_pp", {}),
    "heunpp2": ("heun", {}),  # theirs is of first order at three evaluations: what its name says is Heun
}
"""Samplers that ComfyUI calls otherwise: by its name, ours and the options that make it the same one.

Noise is drawn where the picture is, the same on every device, so nothing of ours needs a name for the GPU.
"""


class Entry(NamedTuple):
    """What is behind a name of ours in a dropdown: a sampler or schedule (bare name) and the options of a preset."""

    name: str
    preset: dict[str, Any]


PRESETS: tuple[dict[str, Entry], dict[str, Entry]] = ({}, {})  # of samplers, of schedules; full names


def by_model(schedule: bool) -> tuple[str, ...]:
    """Names whose meaning turns out on the model that is run."""
    return (AUTO, FITTED) if schedule else (AUTO,)


def preset_names(schedule: bool) -> list[str]:
    """The presets in the dropdowns, by their full names."""
    return list(PRESETS[schedule])


def entry(name: str, schedule: bool = False) -> Entry | None:
    """What we have under the full name, whoever has the dropdown entry of that name."""
    bare = name.removeprefix(PREFIX)
    if name.startswith(PREFIX) and bare in (schedulers.names() if schedule else offered()):
        return Entry(bare, {})
    if name in host_names() and not schedule:
        return Entry(*HOSTS[bare])
    return PRESETS[schedule].get(name)


def host_names() -> list[str]:
    """Our samplers once more, by ComfyUI's names with our prefix."""
    return [PREFIX + name for name in HOSTS if name not in samplers.names()]


def sampler_entry(name: str) -> Entry | None:
    """What is behind the dropdown entry `name`; None if the code behind it is somebody else's."""
    return entry(name) if owner(functions().get("sample_" + name)) else None


def schedule_entry(name: str) -> Entry | None:
    """As `sampler_entry`, of a schedule."""
    return entry(name, schedule=True) if owner(comfy.samplers.SCHEDULER_HANDLERS.get(name)) else None


def functions() -> MutableMapping[str, Any]:
    """The namespace where the host looks up sample_<name>; read anew each time, since packs reload that module."""
    return vars(comfy.k_diffusion.sampling)


def owner(entry: Any) -> str | None:
    """The Sigmatic package that an entry (function or handler) is from, None for anybody else's."""
    return getattr(getattr(entry, "handler", entry), MARK, None)


def schedule_params(name: str, rho: float) -> dict[str, Any]:
    """What the widget `rho` sets of our schedule `name`: nothing at its default, or where the schedule has no rho."""
    return {} if rho == DEFAULT_RHO else schedulers.get(name).take({"rho": rho}, others=True)


def levels_by_name(
    ms: Any,
    schedule: str,
    sampler: str,
    steps: int,
    rho: float,
    more: Mapping[str, Any] | None = None,
    *,
    warn: Callable[[str], Any],
) -> Tensor:
    """The sigmas of a dropdown entry, ours or the host's, for `steps` steps of the sampler `sampler`.

    `more` are parameters of our schedule; they go before `rho`. `warn` is as of `model_levels`.
    """
    ours = schedule_entry(schedule)
    # a few samplers of the host never run their last but one level: its KSampler asks for one more and drops it
    drops = sampler in getattr(comfy.samplers.KSampler, "DISCARD_PENULTIMATE_SIGMA_SAMPLERS", ())
    total = steps + 1 if drops else steps
    if ours:
        params = {**schedule_params(ours.name, rho), **(more or {})}
        sigmas = model_levels(ms, ours.name, total, ours.preset, warn=warn, **params)
    else:
        sigmas = comfy.samplers.calculate_sigmas(ms, schedule, total).cpu()
    return torch.cat([sigmas[:-2], sigmas[-1:]]) if drops else sigmas


def sampler_by_name(
    name: str, options: dict[str, Any], noise: str = DEFAULT_NOISE, batch_index: Any = None, log: Record | None = None
) -> Any:
    """The SAMPLER of a dropdown entry, ours or the host's, with those of the options that it has.

    The rest is as of `our_sampler`. The host's make their own noise and take no curves: `log` gets a warning of those.
    """
    ours = sampler_entry(name)
    if ours:
        return our_sampler(ours, options, noise, batch_index, log)
    base = comfy.samplers.sampler_object(name)
    if not hasattr(base, "sampler_function"):  # somebody's Sampler that is no KSAMPLER: it has nothing to set
        return base
    curves = [key for key, value in options.items() if callable(value)]
    if curves and log:
        log.warn(
            [f"{name} is ComfyUI's own and takes no curves, so {' and '.join(curves)} is its own: choose a sig_ one."]
        )
    plain = {key: options[key] for key in host_options(base) if key in options and key not in curves}
    return with_function(base, recorded(base.sampler_function, name, log) if log else base.sampler_function, plain)


def host_options(sampler: Any) -> dict[str, inspect.Parameter]:
    """What can be set of a SAMPLER of the host or of another pack: nothing where it is no KSAMPLER."""
    function = getattr(sampler, "sampler_function", None)
    parameters = inspect.signature(function).parameters if function else {}
    return {name: p for name, p in parameters.items() if name not in _CALL and p.kind is not p.VAR_KEYWORD}


def with_function(sampler: Any, function: Any, options: dict[str, Any]) -> Any:
    """A KSAMPLER as `sampler` is, around `function` and with more options."""
    return comfy.samplers.KSAMPLER(function, {**sampler.extra_options, **options}, dict(sampler.inpaint_options))


def our_sampler(
    chosen: Entry,
    options: dict[str, Any],
    noise: str = DEFAULT_NOISE,
    batch_index: Sequence[int] | None = None,
    log: Record | None = None,
) -> Any:
    """Our sampler or preset as a SAMPLER, with those of the options that it has.

    noise: a kind, or the sampler's default. batch_index: the pictures' places in a larger batch. log: filled in by the
    run. ValueError for an option that the sampler does not allow.
    """
    return comfy.samplers.KSAMPLER(function_of(our_choice(chosen, options, noise, batch_index), log), {})


def auto_sampler(
    options: dict[str, Any],
    noise: str = DEFAULT_NOISE,
    batch_index: Sequence[int] | None = None,
    log: Record | None = None,
) -> Any:
    """As `our_sampler`, of sig_auto: which sampler it is turns out on the model that it runs."""
    run = {"noise": None if noise == DEFAULT_NOISE else noise, "batch_index": batch_index}
    return comfy.samplers.KSAMPLER(auto.function({**options, **run}, log), {})


def our_choice(
    chosen: Entry, options: Mapping[str, Any], noise: str = DEFAULT_NOISE, batch_index: Sequence[int] | None = None
) -> Choice:
    """What `our_sampler` runs."""
    fixed = {name: options[name] for name in samplers.get(chosen.name).defaults if name in options}
    run = {"noise": None if noise == DEFAULT_NOISE else noise, "batch_index": batch_index}
    return Choice.of(chosen.name, chosen.preset, **run, **fixed)


def sampler_names() -> list[str]:
    """Our samplers and presets as they are called in dropdowns."""
    return [*(PREFIX + name for name in offered()), *host_names(), *preset_names(schedule=False)]


def schedule_names() -> list[str]:
    """Our schedules and presets as they are called in dropdowns."""
    return [*(PREFIX + name for name in schedulers.names()), *preset_names(schedule=True)]


def chosen(name: str, schedule: bool = False) -> Entry:
    """What is behind one of these names; ValueError where it has been deleted."""
    ours = entry(name, schedule)
    if ours is None:
        raise ValueError(f"{'schedule' if schedule else 'sampler'} is {name!r}, which is not there any more.")
    return ours
