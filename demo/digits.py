"""The embedded model, ready to sample: the digit network as a denoiser, and a classifier that reads what it drew.

Images are tensors (B, 1, 32, 32) in about [-1, 1], -1 = paper (black), 1 = ink (white). MODEL_CARD.md says how
the weights in digits.safetensors were made and under which licence they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from ..core import space as spaces
from ..core.loop import Output
from .classifier import DigitClassifier
from .network import SIDE, DigitNet

WEIGHTS = Path(__file__).parent / "digits.safetensors"
CLASSES = 10
GUIDANCE = 2.0  # the cfg at which MODEL_CARD.md measures the model

Labels = int | Sequence[int | None] | Tensor | None


def load(path: str | Path = WEIGHTS) -> DigitNet:
    """The network, float32, in eval mode, on the CPU; read once per path. RuntimeError if its file is unusable."""
    return _cached(str(path))[0]


@lru_cache(maxsize=2)
def _cached(path: str) -> tuple[DigitNet, DigitClassifier]:
    return read_models(path)


def read_models(path: str | Path) -> tuple[DigitNet, DigitClassifier]:
    """The network and the classifier of one file, read anew; RuntimeError as of `load`."""
    cure = "get the file from the repository again, or make it anew with `python -m sigmatic.demo.train`"
    if not Path(path).is_file():
        raise RuntimeError(f"{path}: the weights of the demo's model are missing; {cure}.")
    network, classifier = DigitNet(), DigitClassifier()
    try:
        tensors = load_file(path)
        _fill(network, tensors, "network.")
        _fill(classifier, tensors, "classifier.")
    except (SafetensorError, OSError, RuntimeError) as error:
        raise RuntimeError(f"{path}: the weights of the demo's model are damaged; {cure}.") from error
    return network, classifier


def _fill(module: nn.Module, tensors: dict[str, Tensor], prefix: str) -> None:
    """Load the tensors under `prefix` into module, strictly, and freeze it for inference."""
    own = {name.removeprefix(prefix): value.float() for name, value in tensors.items() if name.startswith(prefix)}
    module.load_state_dict(own)
    module.eval().requires_grad_(False)
    module.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]  (faster convolutions on the CPU)


def one_hot(labels: Labels, batch: int) -> Tensor:
    """Class weights (batch, 10), float32, of `labels`; a row of zeros is unconditional.

    labels: one class 0..9 or None for all, a list of `batch` of them, or ready weights (batch, 10), which may blend
    classes. Raises ValueError for anything else.
    """
    if isinstance(labels, Tensor):
        if tuple(labels.shape) != (batch, CLASSES):
            raise ValueError(f"labels: class weights must be ({batch}, {CLASSES}), got {tuple(labels.shape)}.")
        return labels.float()
    items = [labels] * batch if labels is None or isinstance(labels, int) else list(labels)
    if len(items) != batch:
        raise ValueError(f"labels: {len(items)} of them for a batch of {batch}; give one each, or a single one.")
    weights = torch.zeros(batch, CLASSES)
    for row, label in enumerate(items):
        if label is not None:
            weights[row, _class(label)] = 1.0
    return weights


def _class(label: object) -> int:
    """label as an int in 0..9; numpy's and torch's whole numbers pass too."""
    index = getattr(label, "__index__", None)
    if index is None or isinstance(label, bool) or not 0 <= index() < CLASSES:
        raise ValueError(f"labels: {label!r} is no class; give a whole number 0..{CLASSES - 1}, or None for no class.")
    return index()


def denoiser(labels: Labels, *, space: str = "ve", cfg: float = 1.0, uncond: bool = False) -> Callable[..., Any]:
    """model(x, sigma, **extra_args) -> x0, k-diffusion's call contract: x (B, 1, 32, 32), sigma (B,), x0 like x.

    labels as in `one_hot`. cfg: classifier-free guidance x0_u + cfg (x0_c - x0_u), in one doubled batch unless it
    is 1. uncond: return an Output with x0_u, too. Everything that can be wrong raises ValueError, at once where it
    does not depend on x.
    """
    return guided(load(), labels, space=space, cfg=cfg, uncond=uncond)


def guided(net: DigitNet, labels: Labels, *, space: str, cfg: float, uncond: bool = False) -> Callable[..., Any]:
    """`denoiser` for any network of this kind."""
    spaces.check(space)
    if not math.isfinite(cfg):
        raise ValueError(f"cfg is {cfg}: give a finite number; 1 is no guidance, {GUIDANCE:g} is usual.")
    shared = labels is None or isinstance(labels, int)
    rows = one_hot(labels, 1 if labels is None or isinstance(labels, int) else len(labels))

    # Not inference_mode: its tensors refuse to be worked on in place, which a sampler is free to do with x0.
    @torch.no_grad()
    def model(x: Tensor, sigma: Tensor, **_: object) -> Tensor | Output:
        _check_image(x, "x")
        if sigma.ndim > 1 or sigma.numel() not in (1, len(x)):
            raise ValueError(f"sigma must be ({len(x)},), one for each item of x, got {tuple(sigma.shape)}.")
        if not shared and len(x) != len(rows):
            raise ValueError(f"labels: {len(rows)} of them for a batch of {len(x)}; give one each, or a single one.")
        level = sigma.to(net.null).expand(len(x))
        alpha = 1 - level if space == "flow" else torch.ones_like(level)
        label, image = rows.to(level).expand(len(x), -1), x.to(net.null)
        if cfg == 1 and not uncond:
            return net(image, alpha, level, label).to(x)
        label = torch.cat([label, torch.zeros_like(label)])
        both = net(image.repeat(2, 1, 1, 1), alpha.repeat(2), level.repeat(2), label)
        given, free = both.chunk(2)
        steered = torch.lerp(free, given, cfg).to(x)
        return Output(steered, free.to(x)) if uncond else steered

    return model


@torch.no_grad()
def classify(x0: Tensor) -> Tensor:
    """The digits (B,), int64 on the CPU, that an independent classifier reads in x0 (B, 1, 32, 32)."""
    _check_image(x0, "x0")
    return _cached(str(WEIGHTS))[1](x0.float().cpu().clamp(-1, 1)).argmax(1)


def to_images(x0: Tensor) -> list[np.ndarray]:
    """x0 (B, 1, 32, 32) in [-1, 1], clamped -> B uint8 arrays (32, 32), white ink on black paper."""
    _check_image(x0, "x0")
    grey = (x0.detach().float().cpu().clamp(-1, 1) + 1) * 127.5
    return list(grey.round().to(torch.uint8)[:, 0].numpy())


def _check_image(x: Tensor, name: str) -> None:
    if x.ndim != 4 or tuple(x.shape[1:]) != (1, SIDE, SIDE):
        raise ValueError(f"{name} must be (B, 1, {SIDE}, {SIDE}), got {tuple(x.shape)}.")
