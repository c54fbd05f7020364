"""What Sigmatic KSampler does, as plain functions: levels of noise, the slice of them that is run, the run."""

import inspect
from collections.abc import Sequence
from typing import Any

import comfy.sample
import comfy.samplers
import latent_preview
import torch
from torch import Tensor

from .. import samplers, schedulers
from . import host, options
from .adapter import OWN_NOISE, host_sampler, model_levels, takes
from .install import Entry, own_sampler, own_schedule
from .record import Record
from .widgets import OWN_RHO


def schedule_params(name: str, rho: float) -> dict[str, Any]:
    """What our schedule `name` is told: rho if it has one and the widget was moved from its default."""
    return {} if rho == OWN_RHO else takes(schedulers.get(name), rho=rho)


def tail(steps: int, denoise: float, levels: Any) -> Tensor:
    """The host's rule for denoise: `levels(total)` for int(steps / denoise) steps in all, of which the last are run."""
    if not 0 <= denoise <= 1:
        raise ValueError(f"denoise is {denoise}: give a number from 0 to 1.")
    if denoise == 0:
        return torch.empty(0)
    return levels(schedulers.total_steps(steps, denoise))[-(steps + 1) :]


def levels_by_name(
    ms: Any, schedule: str, sampler: str, steps: int, rho: float, more: dict[str, Any] | None = None
) -> Tensor:
    """The sigmas of a dropdown entry, ours or the host's, for `steps` steps of the sampler `sampler`.

    `more` are parameters of our schedule; they go before `rho`.
    """
    own = own_schedule(schedule)
    # a few samplers of the host never run their last but one level: its KSampler asks for one more and drops it
    drops = sampler in getattr(comfy.samplers.KSampler, "DISCARD_PENULTIMATE_SIGMA_SAMPLERS", ())
    total = steps + 1 if drops else steps
    if own:
        sigmas = model_levels(ms, own.name, total, own.preset, **{**schedule_params(own.name, rho), **(more or {})})
    else:
        sigmas = comfy.samplers.calculate_sigmas(ms, schedule, total).cpu()
    return torch.cat([sigmas[:-2], sigmas[-1:]]) if drops else sigmas


def part(sigmas: Tensor, start: int, end: int, leftover: bool) -> Tensor:
    """Steps `start` up to `end` of a schedule, empty if there are none; without `leftover` noise they end in 0."""
    last = len(sigmas) - 1
    if start >= min(end, last):
        return sigmas[:0]
    sigmas = sigmas[: end + 1].clone()
    if end < last and not leftover:
        sigmas[-1] = 0.0
    return sigmas[start:]


def sampler_by_name(
    name: str,
    said: dict[str, Any],
    kind: str = OWN_NOISE,
    batch_index: Sequence[int] | None = None,
    log: Record | None = None,
) -> Any:
    """The SAMPLER of a dropdown entry, ours or the host's, told as much of what was `said` as it listens to.

    The `kind` of noise is for ours; the host's make their own and take no curves.
    """
    own = own_sampler(name)
    if own:
        return own_sampler_object(own, said, kind, batch_index, log)
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


def own_sampler_object(
    own: Entry,
    said: dict[str, Any],
    kind: str = OWN_NOISE,
    batch_index: Sequence[int] | None = None,
    log: Record | None = None,
) -> Any:
    """Our sampler or preset as a SAMPLER, with those of the `said` parameters that it has."""
    spec = samplers.get(own.name)
    fixed = {name: options.checked(spec, param, said[name]) for param in spec.params if (name := param.name) in said}
    run = {"noise": None if kind == OWN_NOISE else kind, "batch_index": batch_index}
    function = host_sampler(own.name, preset=own.preset, log=log, **run, **fixed)
    return comfy.samplers.KSAMPLER(function, {})


def sample(model: Any, latent: dict[str, Any], sampler: Any, sigmas: Tensor, **run: Any) -> dict[str, Any]:
    """Run `sampler` over `sigmas` from the LATENT.

    `run`: seed, cfg, positive, negative, add_noise, and a callback in place of the host's own (a bar and previews).
    """
    samples = host.fit_latent(model, latent)
    if len(sigmas) == 0:
        return host.with_samples(latent, samples)
    samples = comfy.sample.sample_custom(
        model,
        host.initial_noise(samples, run["seed"], latent.get("batch_index"), run["add_noise"]),
        run["cfg"],
        sampler,
        sigmas,
        run["positive"],
        run["negative"],
        samples,
        noise_mask=latent.get("noise_mask"),
        callback=run.get("callback") or latent_preview.prepare_callback(model, len(sigmas) - 1),
        disable_pbar=not host.show_progress_bar(),
        seed=run["seed"],
    )
    return host.with_samples(latent, samples)
