"""Guidance from outside: a gradient that pulls every prediction of the model, usable with every sampler.

With the gradient of log p(y | x), x being the noisy image, the model of all images becomes that of the images y
(Dhariwal and Nichol 2021, arXiv:2105.05233, Algorithm 2): by Tweedie's formula E[x0 | x, y] = E[x0 | x] + sigma^2/alpha
times that gradient. Any other pull (a loss, turned around) works alike, only without a meaning of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..loop import Output
from ..space import alpha_of, check, column

Gradient = Callable[[Tensor, Tensor], Tensor]
FAINTEST = 1e-4
"""The least weight of the image at which a gradient is evaluated. At flow's sigma = 1 it would be 0, times infinity."""


def guided(
    model: Callable[..., Any], gradient: Gradient, scale: float = 1.0, *, space: str = "ve"
) -> Callable[..., Any]:
    """The denoiser x0 + scale sigma^2/alpha gradient(x, sigma), from `model`, a denoiser of `space`.

    gradient(x, sigma) -> like x (B, ...), sigma (B,): of log p(y | x) at that level of noise, where scale 1 is exact
    and more exaggerates. Autograd is on inside of it and nowhere else, also under no_grad and inference_mode;
    `gradient_of` makes it from log p itself. ValueError for a scale that is no finite number.
    """
    check(space)
    if not math.isfinite(scale):
        raise ValueError(f"scale is {scale}: give a finite number; 1 is exact, 0 is no guidance.")

    def pulled(x: Tensor, sigma: Tensor, **extra_args: Any) -> Any:
        output = model(x, sigma, **extra_args)
        if scale == 0:
            return output
        denoised = output.denoised if isinstance(output, Output) else output
        level = sigma.clamp(max=1 - FAINTEST) if space == "flow" else sigma
        pull = _evaluated(gradient, x, level)
        pulled_x0 = torch.addcmul(denoised, column(scale * level**2 / alpha_of(level, space), x), pull.to(denoised))
        return output._replace(denoised=pulled_x0) if isinstance(output, Output) else pulled_x0

    return pulled


def gradient_of(log_prob: Callable[[Tensor, Tensor], Tensor]) -> Gradient:
    """The gradient in x of log_prob(x, sigma) -> (B,), each item's own; for classifiers: their log-softmax at y.

    Weights that were made under inference mode cannot be differentiated: load the classifier outside of it, or take a
    copy.deepcopy of it there.
    """

    def gradient(x: Tensor, sigma: Tensor) -> Tensor:
        with torch.inference_mode(False), torch.enable_grad():
            leaf = x.detach().clone().requires_grad_()
            value = log_prob(leaf, sigma.clone())
            if value.shape != x.shape[:1]:
                raise ValueError(f"log_prob returned {tuple(value.shape)}: give one number for each item, {(len(x),)}.")
            return torch.autograd.grad(value.sum(), leaf)[0]

    return gradient


def _evaluated(gradient: Gradient, x: Tensor, sigma: Tensor) -> Tensor:
    """`gradient` with autograd on, on tensors that autograd may record."""
    with torch.inference_mode(False), torch.enable_grad():
        pull = gradient(x.detach().clone(), sigma.clone())
    if pull.shape != x.shape:
        raise ValueError(f"gradient returned {tuple(pull.shape)}: give it the shape of x, {tuple(x.shape)}.")
    return pull.detach()
