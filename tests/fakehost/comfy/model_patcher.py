"""MODEL."""


class ModelPatcher:
    """What a MODEL link carries."""

    def __init__(self, model, load_device, offload_device):
        self.model, self.load_device, self.offload_device = model, load_device, offload_device
        self.model_options = {"transformer_options": {}}

    def get_model_object(self, name):
        """model_sampling, latent_format, ..."""
        return getattr(self.model, name)
