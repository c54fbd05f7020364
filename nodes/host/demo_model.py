"""The embedded models as a MODEL of the host: a ModelPatcher around a BaseModel that needs no checkpoint."""

import copy
from collections.abc import Callable
from typing import Any, ClassVar

import comfy.latent_formats
import comfy.model_base
import comfy.model_management
import comfy.model_patcher
import comfy.supported_models_base
import torch
from torch import Tensor

from ...core.space import from_x0

SHAPE = (1, 32, 32)  # channels, height, width of the demo's latents, which are its pictures, in [-1, 1]
CLASSES = 10
PARAMETRISATIONS = ("eps", "v", "flow")
MODELS = ("digits", "mixture")


class DemoLatentFormat(comfy.latent_formats.LatentFormat):
    """One channel, shown as it is: black paper, white ink."""

    latent_channels = SHAPE[0]
    latent_rgb_factors = ((1.0, 1.0, 1.0),)


class DemoConfig(comfy.supported_models_base.BASE):
    """The least that the host's BaseModel needs of a model's configuration to build no network by itself."""

    unet_config: ClassVar = {}
    unet_extra_config: ClassVar = {}
    latent_format = DemoLatentFormat
    sampling_settings: ClassVar = {"shift": 1.0}  # flow only
    memory_usage_factor = 0.01


class DemoNetwork(torch.nn.Module):
    """A network that predicts the clean picture, in the place of one that predicts eps, v or the flow velocity."""

    dtype = torch.float32  # which the host reads

    def __init__(self, network: Any, kind: str) -> None:
        super().__init__()
        self.network = network
        self.kind = kind

    def forward(
        self, x: Tensor, t: Tensor, context=None, control=None, *, transformer_options: dict, **_: Any
    ) -> Tensor:
        """x (B, 1, 32, 32) as scaled by the host, context (B, tokens, 10) class weights -> (B, 1, 32, 32).

        The level of noise is the sampler's (transformer_options["sigmas"]): `t` is rounded to the model's 1000 steps.
        """
        if tuple(x.shape[1:]) != SHAPE:
            raise ValueError(
                f"latent_image: the demo model takes latents of {_times(SHAPE)} (channels x height x width), got "
                f"{_times(x.shape[1:])}. Use Sigmatic Demo Latent."
            )
        sigma = transformer_options["sigmas"].to(x).reshape(-1).clamp(min=1e-6)
        sigma = sigma.repeat(len(x) // len(sigma))  # positive and negative may come stacked
        alpha = 1 - sigma if self.kind == "flow" else torch.ones_like(sigma)
        if self.kind != "flow":  # undo the host's scaling of the network's input to unit size
            x = x * torch.hypot(sigma, torch.ones_like(sigma)).reshape(-1, 1, 1, 1)
        x0 = self.network(x, alpha, sigma, _label(context, x))
        return from_x0(self.kind, x, x0, alpha, sigma)


def _times(shape: Any) -> str:
    return " x ".join(str(side) for side in shape)


def _label(context: Tensor | None, x: Tensor) -> Tensor:
    """Class weights (B, 10): the mean of the conditioning's tokens, zeros (no class) without conditioning."""
    if context is None:
        return x.new_zeros(len(x), CLASSES)
    if context.ndim != 3 or context.shape[-1] != CLASSES:
        raise ValueError(
            f"positive / negative: the demo model takes conditioning of width {CLASSES}, got {_times(context.shape)} "
            "(from a text encoder?). Use Sigmatic Demo Prompt."
        )
    return context.mean(dim=1)


class _Unconditional(torch.nn.Module):
    """The analytic mixture, which has no classes, behind the digit network's interface."""

    def __init__(self, denoise: Callable[[Tensor, Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.denoise = denoise

    def forward(self, x: Tensor, alpha: Tensor, sigma: Tensor, label: Tensor) -> Tensor:
        return self.denoise(x, alpha, sigma)


def network(name: str) -> torch.nn.Module:
    """The x0 network called `name`: (x, alpha, sigma, label) -> x0."""
    if name == "mixture":
        from ...demo.mixture import Mixture

        return _Unconditional(Mixture(shape=SHAPE, seed=0).denoise)
    try:
        from ...demo import digits

        return copy.deepcopy(digits.load())  # the host moves each MODEL's network about by itself
    except (ImportError, RuntimeError) as error:
        raise RuntimeError(
            f"model: the digits cannot be loaded ({type(error).__name__}: {error}). Their weights come with the pack "
            "in demo/: install it again, or choose the model mixture, which needs none."
        ) from error


def check_digits() -> None:
    """Load the digits once at start, to be able to say in the log that they are off."""
    network("digits")


def build(name: str, kind: str) -> comfy.model_patcher.ModelPatcher:
    """The demo model `name` posing as a model of `kind` (eps, v, flow)."""
    model_type = comfy.model_base.ModelType
    types = {"eps": model_type.EPS, "v": model_type.V_PREDICTION, "flow": model_type.FLOW}
    offload = comfy.model_management.unet_offload_device()
    model = comfy.model_base.BaseModel(DemoConfig({"disable_unet_model_creation": True}), types[kind], offload)
    model.diffusion_model = DemoNetwork(network(name), kind).to(offload).eval()
    return comfy.model_patcher.ModelPatcher(model, comfy.model_management.get_torch_device(), offload)
