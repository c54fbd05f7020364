"""Adapters: a network with its own habits as a denoiser, and a denoiser as such a network.

A network has three habits: what it predicts (`space.KINDS`), how its input is scaled (x = a x0 + s n with a = 1, a^2 +
s^2 = 1 or a + s = 1), and which number t tells it how noisy that is. Only a/s means something, so any of them can be
sampled in any space: the picture is the same, up to what the sampler itself makes of the space.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..loop import Output
from ..space import alpha_of, check, check_kind, column, from_x0, to_x0
from .discrete import Discrete

Pair = tuple[Tensor, Tensor]
SCALES = ("ve", "vp", "flow")
FAINT = 1e-6
"""The least weight of the image on VE, which has no level for noise alone."""


@dataclass(frozen=True)
class Habits:
    """What a network expects: `kind` it predicts, `scale` of its input, `time`(a, s) -> t and `level`(t) -> (a, s).

    All tensors are (B,). kind: see `space.from_x0`; scale: "ve", "vp" or "flow". ValueError for others.
    """

    kind: str
    scale: str
    time: Callable[[Tensor, Tensor], Tensor]
    level: Callable[[Tensor], Pair]

    def __post_init__(self) -> None:
        check_kind(self.kind)
        if self.scale not in SCALES:
            raise ValueError(f"scale is {self.scale!r}: give {', '.join(SCALES)}.")


def plain(kind: str = "x0") -> Habits:
    """A network of x = x0 + t n, whose time t is sigma itself."""
    return Habits(kind, "ve", lambda a, s: s, lambda t: (torch.ones_like(t), t))


def flow(noise_at: int = 1) -> Habits:
    """A flow network that predicts dx/dt. noise_at 1: x = (1 - t) x0 + t n, dx/dt = n - x0 (SD3, Flux, Wan).

    noise_at 0: x = t x0 + (1 - t) n, dx/dt = x0 - n (flow matching as in Lipman et al. 2210.02747).
    """
    if noise_at == 1:
        return Habits("flow", "flow", lambda a, s: s, lambda t: (1 - t, t))
    if noise_at == 0:
        return Habits("velocity", "flow", lambda a, s: a, lambda t: (t, 1 - t))
    raise ValueError(f"noise_at is {noise_at!r}: give 1 if t = 1 is noise, 0 if t = 0 is.")


def discrete(kind: str, alphas_cumprod: Discrete | np.ndarray | Tensor | Sequence[float]) -> Habits:
    """A network of the DDPM kind: input of unit size, t the step number, counted from 0 (between two: a fraction).

    kind: "eps", "v" or "x0"; alphas_cumprod (T,) as of `core.model.discrete`. Levels beyond the table's ends count
    as the end.
    """
    table = alphas_cumprod if isinstance(alphas_cumprod, Discrete) else Discrete(np.asarray(alphas_cumprod))

    def level(t: Tensor) -> Pair:
        sigma = table.log_sigma(t).exp()
        size = torch.hypot(sigma, torch.ones_like(sigma))
        return 1 / size, sigma / size

    return Habits(kind, "vp", lambda a, s: table.index(s.log() - a.log()).to(s), level)


def denoiser(network: Callable[..., Tensor], habits: Habits, space: str = "ve") -> Callable[..., Any]:
    """model(x, sigma, **extra_args) -> x0 for the samplers of `space`, from network(x, t, **extra_args).

    An eps network says nothing of the image at alpha = 0 (flow's sigma = 1): start below. A network that also predicts
    its variance, or without the prompt, returns both in an `Output`.
    """
    check(space)

    def model(x: Tensor, sigma: Tensor, **extra_args) -> Tensor:
        size, a, s = _scaled(alpha_of(sigma, space), sigma, habits.scale)
        scaled = x * column(size, x)
        predicted = network(scaled, habits.time(a, s), **extra_args)
        return _images(predicted, lambda part: to_x0(habits.kind, scaled, part, a, s))

    return model


def network(model: Callable[..., Tensor], habits: Habits, space: str = "ve") -> Callable[..., Any]:
    """network(x, t, **extra_args) with the habits given, from a denoiser of `space`: the inverse of `denoiser`.

    t (B,) must lie where there is some noise: without any, the noise cannot be told.
    """
    check(space)

    def predict(x: Tensor, t: Tensor, **extra_args) -> Tensor:
        a, s = habits.level(t)
        size, _, sigma = _scaled(a, s, space)
        output = model(x * column(size, x), sigma.to(x), **extra_args)
        return _images(output, lambda x0: from_x0(habits.kind, x, x0, a, s))

    return predict


def clip_denoised(model: Callable[..., Any], low: float = -1.0, high: float = 1.0) -> Callable[..., Any]:
    """`model` with its clean image held within low ... high in every step, as DDPM does for pixels (not latents)."""
    if not low < high:
        raise ValueError(f"low is {low} and high is {high}: give low < high.")
    return lambda x, sigma, **extra_args: _images(model(x, sigma, **extra_args), lambda part: part.clamp(low, high))


def _images(output: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """What a model returned with `change` done to its images: the tensor, or those in its `Output`."""
    if not isinstance(output, Output):
        return change(output)
    uncond = None if output.uncond is None else change(output.uncond)
    return output._replace(denoised=change(output.denoised), uncond=uncond)


def _scaled(a: Tensor, s: Tensor, scale: str) -> tuple[Tensor, Tensor, Tensor]:
    """(factor, a', s'): the level (a, s) in another scaling, and the factor that brings x there."""
    if scale == "ve":
        a = a.clamp(min=FAINT)
    size = 1 / {"ve": a, "vp": torch.hypot(a, s), "flow": a + s}[scale]
    return size, a * size, s * size
