"""The demo nodes: a complete text-to-image line (model, prompt, latent, decode) without a download."""

import comfy.model_management
import torch
from torch import Tensor

from ..demo import tiles
from ..demo.embedded import nearest
from .host import demo_model, latents
from .host.api import CATEGORY, io, schema
from .inputs import widgets

DEMO = CATEGORY + "/demo"


def class_weights(digit: str) -> Tensor:
    """(1, 1, CLASSES) with a 1 at the digit or kind called `digit`, zeros if it is blank. ValueError for others."""
    text = (digit or "").strip()
    problem = prompt_problem(text)
    if problem:
        raise ValueError(problem)
    weights = torch.zeros(1, 1, len(demo_model.CLASSES))
    if text:
        weights[..., demo_model.CLASSES.index(text.lower())] = 1.0
    return weights


def prompt_problem(text: str) -> str | None:
    """What is wrong with the widget's text, None if it is fine."""
    if text.strip().lower() in ("", *demo_model.CLASSES):
        return None
    return (
        f"digit is {text!r}: {nearest(text, demo_model.CLASSES)} Give the model digits one digit from 0 to 9, tiles a "
        "kind by name, or nothing at all for any."
    )


def pictures(samples: Tensor, zoom: int) -> Tensor:
    """Latents (B, C, H, W) of a demo model -> pictures (B, zoom H, zoom W, 3) in [0, 1], every pixel a square."""
    latents.require_content("samples", samples)
    model = demo_model.painter(samples.shape[1]) if samples.ndim == 4 else None
    if model is None:
        raise ValueError(
            f"samples: Sigmatic Demo Decode takes latents of one channel (digits, mixture) or three (tiles), got "
            f"{tuple(samples.shape)}. For other models use VAE Decode."
        )
    share = (samples.float() - model.low) / (model.high - model.low)
    image = share.clamp(0, 1).movedim(1, -1).expand(-1, -1, -1, 3)
    return image.repeat_interleave(zoom, 1).repeat_interleave(zoom, 2)


class SigmaticDemoModel(io.ComfyNode):
    """Makes the MODEL of an embedded network, or of an exactly known mixture."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """A network and the kind of model that it poses as."""
        return schema(
            node_id="SigmaticDemoModel",
            display_name="Sigmatic Demo Model",
            category=DEMO,
            description="A tiny model that comes with Sigmatic, to try samplers and schedules in a second without a "
            "download: handwritten digits, coloured tiles of a dungeon, or an exactly known mixture for measurements.",
            search_aliases=["digits", "mnist", "tiles", "pixel art", "test model"],
            inputs=[
                io.Combo.Input(
                    "model",
                    options=list(demo_model.MODELS),
                    default="digits",
                    tooltip="digits: a network that draws digits. tiles: a larger one that draws pixel art in colour. "
                    "mixture: patterns whose best denoiser is known exactly (a Gaussian mixture); it does not listen "
                    "to prompts.",
                ),
                io.Combo.Input(
                    "parametrisation",
                    options=list(demo_model.PARAMETRISATIONS),
                    default="eps",
                    tooltip="What kind of model it poses as: eps as Stable Diffusion, v as SD 2.1, flow as SD3, "
                    "Flux and Wan. The pictures are the same kind, the noise is not.",
                ),
            ],
            outputs=[io.Model.Output(display_name="model", tooltip="For any sampler node.")],
        )

    @classmethod
    def execute(cls, model: str, parametrisation: str) -> io.NodeOutput:
        """The host's ModelPatcher around the network, a new one each time."""
        widgets.require_names(
            model=(model, demo_model.MODELS), parametrisation=(parametrisation, demo_model.PARAMETRISATIONS)
        )
        return io.NodeOutput(demo_model.build(model, parametrisation))


class SigmaticDemoPrompt(io.ComfyNode):
    """Makes the CONDITIONING that asks the demo model for a digit or a kind of tile."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """The class as text: blank is any, which no number says."""
        return schema(
            node_id="SigmaticDemoPrompt",
            display_name="Sigmatic Demo Prompt",
            category=DEMO,
            description="Asks the demo model for a digit or a kind of tile.",
            inputs=[
                io.String.Input(
                    "digit",
                    default="3",
                    display_name="prompt",
                    tooltip="What to draw. digits: 0 to 9. tiles: " + ", ".join(tiles.KINDS) + ". Nothing: anything, "
                    "which is what the negative prompt wants.",
                )
            ],
            outputs=[io.Conditioning.Output(display_name="conditioning", tooltip="For positive or negative.")],
        )

    @classmethod
    def validate_inputs(cls, digit=None) -> bool | str:
        """Refuse a wrong prompt before anything is queued (a linked one is looked at when it arrives)."""
        return prompt_problem(digit or "") or True

    @classmethod
    def execute(cls, digit: str) -> io.NodeOutput:
        """CONDITIONING of one token, the weights of all classes."""
        return io.NodeOutput([[class_weights(digit), {}]])


class SigmaticDemoLatent(io.ComfyNode):
    """Makes an empty LATENT of the demo model's size."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """How many pictures there are; their size is fixed."""
        return schema(
            node_id="SigmaticDemoLatent",
            display_name="Sigmatic Demo Latent",
            category=DEMO,
            description="An empty latent of the demo model's size, 32 x 32 pixels.",
            inputs=[
                io.Int.Input("batch_size", default=1, min=1, max=4096, tooltip="How many pictures are made at once.")
            ],
            outputs=[io.Latent.Output(display_name="latent", tooltip="For the latent input of a sampler node.")],
        )

    @classmethod
    def execute(cls, batch_size: int) -> io.NodeOutput:
        """A LATENT of zeros, (batch_size, 1, 32, 32), which the host gives the channels of the model that it meets."""
        device = comfy.model_management.intermediate_device()
        return io.NodeOutput({"samples": torch.zeros(batch_size, *demo_model.SHAPE, device=device)})


class SigmaticDemoDecode(io.ComfyNode):
    """Turns latents of the demo model into an IMAGE."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """The latent is the picture already; only its size is to choose."""
        return schema(
            node_id="SigmaticDemoDecode",
            display_name="Sigmatic Demo Decode",
            category=DEMO,
            description="Turns the demo model's latents into pictures.",
            inputs=[
                io.Latent.Input("samples", tooltip="What a sampler made with the demo model."),
                io.Int.Input(
                    "zoom", default=8, min=1, max=32, tooltip="Side of a pixel: 8 makes pictures of 256 x 256."
                ),
            ],
            outputs=[io.Image.Output(display_name="image", tooltip="For PreviewImage or SaveImage.")],
        )

    @classmethod
    def execute(cls, samples: dict, zoom: int = 8) -> io.NodeOutput:
        """The pictures as an IMAGE; grey ones are the same in all three channels."""
        return io.NodeOutput(pictures(samples["samples"], zoom))
