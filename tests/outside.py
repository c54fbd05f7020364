"""k-diffusion and diffusers as the tests meet them: loaded without what they do not need, run on our exact mixture."""

import importlib
import importlib.util
import sys
import types

import numpy as np
import torch

from sigmatic.demo.mixture import Mixture

SHAPE = (3,)
MIXTURE = Mixture(SHAPE, seed=3)
DENOISER = MIXTURE.denoiser()
BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}  # Stable Diffusion's


def has_k_diffusion():
    """Whether k-diffusion is installed, with the one package of its own that its samplers import."""
    return all(importlib.util.find_spec(name) for name in ("k_diffusion", "torchdiffeq"))


def has_diffusers():
    """Whether diffusers is installed."""
    return importlib.util.find_spec("diffusers") is not None


def k_diffusion():
    """k_diffusion.sampling.

    The package's own __init__ imports wandb, kornia, skimage and the like; the samplers need none of them, and of
    torchvision (through utils) only that it can be imported.
    """
    found = importlib.util.find_spec("k_diffusion")
    stubs = {"k_diffusion": types.ModuleType("k_diffusion")}
    stubs["k_diffusion"].__path__ = list(found.submodule_search_locations)
    if importlib.util.find_spec("torchvision") is None:
        for name in ("torchvision", "torchvision.transforms"):
            stubs[name] = types.ModuleType(name)
        stubs["torchvision.transforms"].functional = None
    before = {name: sys.modules.get(name) for name in stubs}
    sys.modules.update(stubs)
    try:
        return importlib.import_module("k_diffusion.sampling")
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def diffusers():
    """diffusers."""
    return importlib.import_module("diffusers")


class Draws:
    """One table of normals for both sides, by the level of noise where a step begins."""

    def __init__(self, like):
        self.like, self.made = like, {}

    def __call__(self, sigma, sigma_next=None):
        key = round(float(np.log(float(sigma))), 4)
        if key not in self.made:
            generator = torch.Generator().manual_seed(abs(hash(key)) % 2**31)
            self.made[key] = torch.randn(self.like.shape, generator=generator, dtype=torch.float64).to(self.like)
        return self.made[key]


def levels(scheduler):
    """The VE levels of a set-up diffusers scheduler, falling, each once, ending in 0."""
    if hasattr(scheduler, "sigmas"):
        sigmas = torch.as_tensor(scheduler.sigmas).double()
        return sigmas[torch.cat([torch.tensor([True]), sigmas.diff() != 0])]
    kept = scheduler.alphas_cumprod[scheduler.timesteps].double()
    return torch.cat([((1 - kept) / kept).sqrt(), torch.zeros(1, dtype=torch.float64)])


def run_diffusers(scheduler, x, *, unit, steps=None, **options):
    """The result of `scheduler` (set up) on the mixture asked for eps, from x (B, ...) at its first VE level.

    unit: it keeps x at unit size, as DDPM does, instead of VE. `options` go to its step; those that are functions are
    called with the level of noise. steps: stop after so many calls of the model.
    """
    sigmas = torch.as_tensor(scheduler.sigmas).double()[:-1] if hasattr(scheduler, "sigmas") else levels(scheduler)[:-1]
    size = torch.hypot(sigmas, torch.ones_like(sigmas)) if unit else torch.ones_like(sigmas)
    x = x / size[0]
    for t, sigma, scale in list(zip(scheduler.timesteps, sigmas, size, strict=True))[:steps]:
        if not unit:
            scheduler.scale_model_input(x, t)  # they insist on being asked
        seen, level = x.double() * scale, sigma.expand(len(x))
        eps = ((seen - DENOISER(seen, level)) / sigma).to(x)
        given = {key: value(sigma) if callable(value) else value for key, value in options.items()}
        x = scheduler.step(eps, t, x, **given).prev_sample
    return x
