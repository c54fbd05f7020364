"""Models."""

from enum import Enum

import torch

from . import model_sampling


class ModelType(Enum):
    """Which kind of model."""

    EPS = model_sampling.EPS
    V_PREDICTION = model_sampling.V_PREDICTION
    FLOW = model_sampling.CONST


class BaseModel(torch.nn.Module):
    """A network with its kind and latent format."""

    def __init__(self, config, model_type, device=None):
        super().__init__()
        assert config.unet_config["disable_unet_model_creation"]
        self.latent_format = config.latent_format
        self.model_sampling = type("ModelSampling", (model_sampling.Discrete, model_type.value), {})()

    def apply_model(self, x, sigma, context, transformer_options):
        """x0 from the network's output; the time it is given is rounded, as the host's is."""
        scaled = self.model_sampling.calculate_input(sigma, x)
        t = sigma.round(decimals=1)
        output = self.diffusion_model(scaled, t, context=context, transformer_options=transformer_options)
        return self.model_sampling.calculate_denoised(sigma, output, x)

    def process_latent_out(self, latent):
        """From the model's scale to that of LATENTs; the same here."""
        return latent
