"""Latent formats."""


class LatentFormat:
    """The host's base class."""

    latent_channels = 4
    latent_dimensions = 2
    latent_rgb_factors = None
    latent_rgb_factors_bias = None

    def process_in(self, latent):
        """From the size of LATENT to the model's."""
        return latent
