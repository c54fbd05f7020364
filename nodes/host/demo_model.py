"""The embedded models as a MODEL of the host: a ModelPatcher around a BaseModel that needs no checkpoint."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import comfy.latent_formats
import comfy.model_base
import comfy.model_management
import comfy.model_patcher
import comfy.patcher_extension as extension
import comfy.supported_models_base
import torch
from torch import Tensor

from ...core.space import from_x0
from ...demo import digits, tiles
from ...demo.embedded import Embedded
from ...demo.mixture import Mixture

SHAPE = (1, 32, 32)  # channels, height, width of an empty latent; the host repeats its channels as a model needs
PARAMETRISATIONS = ("eps", "v", "flow")
NETWORKS = {"digits": digits, "tiles": tiles}
MODELS = (*NETWORKS, "mixture")
CLASSES = tuple(name for network in NETWORKS.values() for name in network.MODEL.names)
"""What a prompt can ask for, those of one network after those of another: its class weights are in this order."""


class DemoLatentFormat(comfy.latent_formats.LatentFormat):
    """One channel in [-1, 1], shown as it is: black paper, white ink."""

    sigmatic_range = (-1.0, 1.0)
    latent_channels = SHAPE[0]
    latent_rgb_factors = ((1.0, 1.0, 1.0),)


class TilesLatentFormat(comfy.latent_formats.LatentFormat):
    """Red, green and blue, shown as they are: LOW is black, HIGH full colour."""

    sigmatic_range = (tiles.LOW, tiles.HIGH)
    latent_channels = tiles.MODEL.colours
    _gain = 2 / (tiles.HIGH - tiles.LOW)
    latent_rgb_factors = ((_gain, 0.0, 0.0), (0.0, _gain, 0.0), (0.0, 0.0, _gain))
    latent_rgb_factors_bias = (-1 - _gain * tiles.LOW,) * 3


class DemoConfig(comfy.supported_models_base.BASE):
    """The least that the host's BaseModel needs of a model's configuration to build no network by itself."""

    unet_config: ClassVar = {}
    unet_extra_config: ClassVar = {}
    latent_format = DemoLatentFormat
    sampling_settings: ClassVar = {"shift": 1.0}  # flow only
    memory_usage_factor = 0.01


class TilesConfig(DemoConfig):
    """The same for pictures in colour."""

    latent_format = TilesLatentFormat


class DemoNetwork(torch.nn.Module):
    """A network that predicts the clean picture, in the place of one that predicts eps, v or the flow velocity."""

    dtype = torch.float32  # which the host reads

    def __init__(self, name: str, kind: str) -> None:
        super().__init__()
        self.network = network(name)
        self.name, self.kind = name, kind
        self.shape = (config(name).latent_format.latent_channels, *SHAPE[1:])

    def forward(
        self, x: Tensor, t: Tensor, context=None, control=None, transformer_options: dict | None = None, **more: Any
    ) -> Tensor:
        """`_forward` with what other nodes have put around a network (EasyCache), as the host's own models do it."""
        options = transformer_options or {}
        around = extension.get_all_wrappers(extension.WrappersMP.DIFFUSION_MODEL, options)
        run = extension.WrapperExecutor.new_class_executor(self._forward, self, around)
        return run.execute(x, t, context, control, options, **more)

    def _forward(self, x: Tensor, t: Tensor, context: Any, control: Any, transformer_options: dict, **_: Any) -> Tensor:
        """x (B, C, 32, 32) as scaled by the host, context (B, tokens, CLASSES) class weights -> (B, C, 32, 32).

        The level of noise is the sampler's (transformer_options["sigmas"]): `t` is rounded to the model's 1000 steps.
        """
        if tuple(x.shape[1:]) != self.shape:
            raise ValueError(
                f"latent_image: the demo model takes latents of {_times(self.shape)} (channels x height x width), got "
                f"{_times(x.shape[1:])}. Use Sigmatic Demo Latent."
            )
        sigma = transformer_options["sigmas"].to(x).reshape(-1).clamp(min=1e-6)
        sigma = sigma.repeat(len(x) // len(sigma))  # positive and negative may come stacked
        alpha = 1 - sigma if self.kind == "flow" else torch.ones_like(sigma)
        if self.kind != "flow":  # undo the host's scaling of the network's input to unit size
            x = x * torch.hypot(sigma, torch.ones_like(sigma)).reshape(-1, 1, 1, 1)
        x0 = self.network(x, alpha, sigma, _label(self.name, context, x))
        return from_x0(self.kind, x, x0, alpha, sigma)


def _times(shape: Any) -> str:
    return " x ".join(str(side) for side in shape)


def _label(model: str, context: Tensor | None, x: Tensor) -> Tensor:
    """The model's class weights (B, ...): the mean of the conditioning's tokens, zeros (no class) without any."""
    if context is None:
        context = x.new_zeros(len(x), 1, len(CLASSES))
    if context.ndim != 3 or context.shape[-1] != len(CLASSES):
        raise ValueError(
            f"positive / negative: the demo model takes conditioning of width {len(CLASSES)}, got "
            f"{_times(context.shape)} (from a text encoder?). Use Sigmatic Demo Prompt."
        )
    weights = context.mean(dim=1)
    if model not in NETWORKS:
        return weights
    names = NETWORKS[model].MODEL.names
    first = CLASSES.index(names[0])
    mine = weights[:, first : first + len(names)]
    if weights.count_nonzero() > mine.count_nonzero():
        wanted = " and ".join(CLASSES[k] for k in weights.amax(0).nonzero().flatten())
        raise ValueError(
            f"positive / negative: the demo model {model} is asked for {wanted}; it draws {', '.join(names)}, or "
            "anything where the prompt is empty."
        )
    return mine


class _Unconditional(torch.nn.Module):
    """The analytic mixture, which has no classes, behind the networks' interface."""

    def __init__(self, denoise: Callable[[Tensor, Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.denoise = denoise

    def forward(self, x: Tensor, alpha: Tensor, sigma: Tensor, label: Tensor) -> Tensor:
        return self.denoise(x, alpha, sigma)


def network(name: str) -> torch.nn.Module:
    """The x0 network called `name`: (x, alpha, sigma, label) -> x0."""
    if name == "mixture":
        return _Unconditional(Mixture(shape=SHAPE, seed=0).denoise)
    with _in_words(name):
        return copy.deepcopy(NETWORKS[name].load())  # the host moves each MODEL's network about by itself


def look(name: str) -> None:
    """RuntimeError where the file of the network called `name` is missing or cut short; quick."""
    with _in_words(name):
        NETWORKS[name].MODEL.look()


@contextmanager
def _in_words(name: str) -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise RuntimeError(
            f"model: the {name} cannot be loaded ({error}). Their weights come with the pack in demo/: install it "
            "again, or choose the model mixture, which needs none."
        ) from error


def config(name: str) -> type[DemoConfig]:
    """What the host is to know of the model called `name`."""
    return TilesConfig if name == "tiles" else DemoConfig


def painter(channels: int) -> Embedded | None:
    """The embedded model whose latents have so many channels (the mixture's are as the digits'); None without one."""
    return next((some.MODEL for some in NETWORKS.values() if some.MODEL.colours == channels), None)


def build(name: str, kind: str) -> comfy.model_patcher.ModelPatcher:
    """The demo model `name` posing as a model of `kind` (eps, v, flow)."""
    model_type = comfy.model_base.ModelType
    types = {"eps": model_type.EPS, "v": model_type.V_PREDICTION, "flow": model_type.FLOW}
    offload = comfy.model_management.unet_offload_device()
    model = comfy.model_base.BaseModel(config(name)({"disable_unet_model_creation": True}), types[kind], offload)
    model.diffusion_model = DemoNetwork(name, kind).to(offload).eval()
    return comfy.model_patcher.ModelPatcher(model, comfy.model_management.get_torch_device(), offload)
