"""The kinds of model: how their output is read and how their latents are noised."""

import math

import torch


def _column(sigma, x):
    return sigma.reshape(-1, *[1] * (x.ndim - 1))


class EPS:
    """Predicts the noise."""

    def calculate_input(self, sigma, x):
        return x / torch.hypot(_column(sigma, x), torch.ones(()))

    def calculate_denoised(self, sigma, output, x):
        return x - _column(sigma, x) * output

    def noise_scaling(self, sigma, noise, latent, max_denoise=False):
        return (torch.sqrt(1 + sigma**2) if max_denoise else sigma) * noise + latent

    def inverse_noise_scaling(self, sigma, x):
        return x


class V_PREDICTION(EPS):
    """Predicts v."""

    def calculate_denoised(self, sigma, output, x):
        s = _column(sigma, x)
        return x / (1 + s**2) - output * s / torch.sqrt(1 + s**2)


class CONST(EPS):
    """Flow: predicts the velocity."""

    def calculate_input(self, sigma, x):
        return x

    def noise_scaling(self, sigma, noise, latent, max_denoise=False):
        return sigma * noise + (1 - sigma) * latent

    def inverse_noise_scaling(self, sigma, x):
        return x / (1 - sigma)


class IMG_TO_IMG_FLOW(CONST):
    """Flow from one image to another."""


class Discrete:
    """A table of 1000 levels."""

    def __init__(self):
        low, high = (0.001, 1.0) if isinstance(self, CONST) else (0.0292, 14.6)
        self.sigmas = torch.linspace(low, 1, 1000) if high == 1 else torch.logspace(-1.535, 1.164, 1000)

    @property
    def sigma_min(self):
        return self.sigmas[0]

    @property
    def sigma_max(self):
        return self.sigmas[-1]

    def percent_to_sigma(self, percent):
        """The level at a part of the run."""
        if percent <= 0:
            return 1.0 if isinstance(self, CONST) else 999999999.9
        place = round((1 - percent) * 1000) - 1 if isinstance(self, CONST) else round((1 - percent) * 999)
        return float(self.sigmas[max(place, 0)]) if percent < 1 else 0.0


class ModelSamplingDiscrete(Discrete):
    """Stable Diffusion's 1000 levels, more or less; with zsnr up to pure noise."""

    def __init__(self, zsnr=None):
        self.sigmas = torch.logspace(-1.535, math.log10(4518.64) if zsnr else 1.164, 1000)


class ModelSamplingDiscreteFlow(Discrete):
    """1000 levels up to 1."""

    def set_parameters(self, shift=1.0):
        t = torch.arange(1, 1001) / 1000
        self.sigmas = shift * t / (1 + (shift - 1) * t)


class ModelSamplingContinuousEDM(Discrete):
    """1000 levels of a range."""

    def set_parameters(self, sigma_min, sigma_max, sigma_data):
        self.sigmas = torch.logspace(math.log10(sigma_min), math.log10(sigma_max), 1000)


class ModelSamplingFlux(Discrete):
    """10,000 levels up to 1; the shift is a logarithm."""

    def set_parameters(self, shift=1.15):
        t = torch.arange(1, 10001) / 10000
        self.sigmas = math.exp(shift) / (math.exp(shift) + 1 / t - 1)
