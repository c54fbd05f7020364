"""Stands for the many packs (detailers, upscalers) whose nodes take names: uses the host's public functions only."""

import comfy.samplers
import torch

import nodes as host


class NamesOnlyDetailer:
    """Redoes every tile of a latent (here: every item of the batch) inside a mask, as detailers do."""

    @classmethod
    def INPUT_TYPES(cls):
        """The live lists, as everybody uses them."""
        return {
            "required": {
                "model": ("MODEL",),
                "positive": ("CONDITIONING",),
                "negative": ("CONDITIONING",),
                "tiles": ("LATENT",),
                "sampler_name": (comfy.samplers.KSampler.SAMPLERS,),
                "scheduler": (comfy.samplers.KSampler.SCHEDULERS,),
                "denoise": ("FLOAT", {"default": 0.3, "min": 0.0, "max": 1.0, "step": 0.01}),
                "seed": ("INT", {"default": 0, "min": 0, "max": 2**64 - 1}),
            }
        }

    RETURN_TYPES = ("LATENT",)
    FUNCTION = "detail"
    CATEGORY = "test"

    def detail(self, model, positive, negative, tiles, sampler_name, scheduler, denoise, seed):
        """Tile after tile, each with a run of its own."""
        mask = torch.zeros(1, 32, 32)
        mask[:, 8:24, 8:24] = 1.0
        done = []
        for i, tile in enumerate(tiles["samples"]):
            latent = {"samples": tile[None], "noise_mask": mask}
            (out,) = host.common_ksampler(
                model, seed + i, 6, 2.0, sampler_name, scheduler, positive, negative, latent, denoise=denoise
            )
            done.append(out["samples"])
        return ({"samples": torch.cat(done)},)


class AnyLatent:
    """A latent of any shape, empty ones too, which the host's own widgets do not make."""

    INPUT_TYPES = classmethod(lambda cls: {"required": {"shape": ("STRING", {"default": "1 1 32 32"})}})
    RETURN_TYPES, FUNCTION, CATEGORY = ("LATENT",), "make", "test"

    def make(self, shape):
        """Zeros."""
        return ({"samples": torch.zeros([int(side) for side in shape.split()])},)


class NamesOut:
    """Hands out names, with ComfyUI's own lists as the types of its outputs."""

    INPUT_TYPES = classmethod(lambda cls: {"required": {"sampler": ("STRING",), "schedule": ("STRING",)}})
    RETURN_TYPES = (comfy.samplers.KSampler.SAMPLERS, comfy.samplers.KSampler.SCHEDULERS)
    FUNCTION, CATEGORY = "give", "test"

    def give(self, sampler, schedule):
        """As they came."""
        return sampler, schedule


NODE_CLASS_MAPPINGS = {"NamesOnlyDetailer": NamesOnlyDetailer, "NamesOut": NamesOut, "AnyLatent": AnyLatent}
