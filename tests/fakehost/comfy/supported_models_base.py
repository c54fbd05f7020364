"""Model configurations."""


class BASE:
    """The host's base class."""

    def __init__(self, unet_config):
        self.unet_config = {**unet_config, **self.unet_extra_config}
        self.latent_format = self.latent_format()
