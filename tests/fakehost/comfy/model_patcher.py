"""MODEL."""

import copy


class ModelPatcher:
    """What a MODEL link carries."""

    def __init__(self, model, load_device, offload_device):
        self.model, self.load_device, self.offload_device = model, load_device, offload_device
        self.model_options = {"transformer_options": {}}
        self.object_patches = {}

    def clone(self):
        """The same model with options of its own."""
        twin = ModelPatcher(self.model, self.load_device, self.offload_device)
        twin.model_options = copy.deepcopy(self.model_options)
        twin.object_patches = dict(self.object_patches)
        return twin

    def add_object_patch(self, name, thing):
        """Put `thing` in the place of the model's own."""
        self.object_patches[name] = thing

    def get_model_object(self, name):
        """model_sampling, latent_format, ..."""
        return self.object_patches[name] if name in self.object_patches else getattr(self.model, name)


def set_model_options_post_cfg_function(model_options, function, disable_cfg1_optimization=False):
    """Have `function` called with both predictions."""
    before = model_options.get("sampler_post_cfg_function", [])
    forced = {"disable_cfg1_optimization": True} if disable_cfg1_optimization else {}
    return {**model_options, "sampler_post_cfg_function": [*before, function], **forced}
