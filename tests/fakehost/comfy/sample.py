"""Starting noise and runs."""

import torch

from . import samplers

last_noise = None


def fix_empty_latent_channels(model, latent_image):
    """An empty latent gets the model's number of channels."""
    channels = model.get_model_object("latent_format").latent_channels
    if latent_image.any() or latent_image.shape[1] == channels:
        return latent_image
    return latent_image.new_zeros(len(latent_image), channels, *latent_image.shape[2:])


def prepare_noise(latent_image, seed, noise_inds=None):
    """One draw after the other: item i gets the draw at its place."""
    generator = torch.Generator().manual_seed(seed)
    places = list(range(len(latent_image))) if noise_inds is None else list(noise_inds)
    draws = [torch.randn(latent_image.shape[1:], generator=generator) for _ in range(max(places) + 1)]
    return torch.stack([draws[place] for place in places])


def sample_custom(model, noise, cfg, sampler, sigmas, positive, negative, latent_image, **options):
    """Run a SAMPLER."""
    global last_noise
    last_noise = noise
    return samplers.run(model, noise, cfg, sampler, sigmas, positive, negative, latent_image, **options)
