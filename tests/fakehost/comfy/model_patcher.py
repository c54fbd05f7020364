"""MODEL."""


class ModelPatcher:
    """What a MODEL link carries."""

    def __init__(self, model, load_device, offload_device):
        self.model, self.load_device, self.offload_device = model, load_device, offload_device
        self.model_options = {"transformer_options": {}}

    def get_model_object(self, name):
        """model_sampling, latent_format, ..."""
        return getattr(self.model, name)


def set_model_options_post_cfg_function(model_options, function, disable_cfg1_optimization=False):
    """Have `function` called with both predictions."""
    before = model_options.get("sampler_post_cfg_function", [])
    return {**model_options, "sampler_post_cfg_function": [*before, function]}
