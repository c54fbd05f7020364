"""What Sigmatic KSampler does, as plain functions: levels of noise, the slice of them that is run, the run."""

from typing import Any

import comfy.sample
import comfy.samplers
import comfy.utils
import latent_preview
import torch
from torch import Tensor

from ... import schedulers
from ...core.noise.kinds import initial
from ..host import facts, latents
from . import handover


def tail(steps: int, denoise: float, levels: Any) -> Tensor:
    """The host's rule for denoise: `levels(total)` for int(steps / denoise) steps in all, of which the last are run."""
    if not 0 <= denoise <= 1:
        raise ValueError(f"denoise is {denoise}: give a number from 0 to 1.")
    if denoise == 0:
        return torch.empty(0)
    return levels(schedulers.total_steps(steps, denoise))[-(steps + 1) :]


def part(sigmas: Tensor, start: int, end: int, leftover: bool) -> Tensor:
    """Steps `start` up to `end` of a schedule, empty if there are none; without `leftover` noise they end in 0."""
    last = len(sigmas) - 1
    if start >= min(end, last):
        return sigmas[:0]
    sigmas = sigmas[: end + 1].clone()
    if end < last and not leftover:
        sigmas[-1] = 0.0
    return sigmas[start:]


def sample(
    model: Any, latent: dict[str, Any], sampler: Any, sigmas: Tensor, look: dict[str, Any] | None = None, **run: Any
) -> dict[str, Any]:
    """Run `sampler` over `sigmas` from the LATENT; what the model saw last is put into `look`, for `denoised`.

    `run`: seed, cfg, positive, negative, add_noise, the kind of noise of its steps, and a callback in place of the
    host's own (a bar and previews).
    """
    samples = latents.fit_latent(model, latent)
    if len(sigmas) == 0:
        return latents.with_samples(latent, samples)
    samples = comfy.sample.sample_custom(
        model,
        _start(model, samples, latent.get("batch_index"), sigmas, **run),
        run["cfg"],
        sampler,
        sigmas,
        run["positive"],
        run["negative"],
        samples,
        noise_mask=latent.get("noise_mask"),
        callback=run.get("callback") or latent_preview.prepare_callback(model, len(sigmas) - 1, look),
        disable_pbar=not facts.show_progress_bar(),
        seed=run["seed"],
    )
    return latents.with_samples(latent, samples)


def _start(
    model: Any, samples: Tensor, batch_index: Any, sigmas: Tensor, seed: int, add_noise: bool, noise: str = "", **_: Any
) -> Tensor:
    """The noise that a run starts from: the host's own; with noise "a1111" that of the web UI, times sigma as there."""
    if not add_noise or not noise.startswith("a1111") or getattr(samples, "is_nested", False):
        return latents.initial_noise(samples, seed, batch_index, add_noise)
    ms, sigma = facts.model_sampling(model), sigmas[:1].float().cpu()
    whole = bool(sigma >= float(ms.sigma_max) * (1 - 1e-5))  # where the host takes sqrt(1 + sigma^2) on eps models
    scaled = ms.noise_scaling(sigma, torch.ones(1), torch.zeros(1), whole)
    x = torch.empty_like(samples, device="cpu", dtype=torch.float32)
    return initial(x, seed, batch_index, kind=noise) * float(sigma / scaled)


def denoised(model: Any, latent: dict[str, Any], look: dict[str, Any]) -> dict[str, Any]:
    """The LATENT of the picture that the model saw last in a run which ended in `latent`; that itself without steps."""
    if "x0" not in look:
        return handover.attach(latent, None)
    picture, samples = model.model.process_latent_out(look["x0"].cpu()), latent["samples"]
    if getattr(samples, "is_nested", False) and not getattr(picture, "is_nested", False):  # some hosts hand on one row
        shapes = [part.shape for part in latents.parts(samples)]
        picture = type(samples)(comfy.utils.unpack_latents(picture, shapes))
    return handover.attach({**latent, "samples": picture}, None)
