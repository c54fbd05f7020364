"""Where noise lives: x = alpha x0 + sigma n, with alpha = 1 (VE: EPS, V, X0, EDM models) or 1 - sigma (flow).

rho = sigma / alpha is the noise-to-signal ratio, lam = -log rho, theta = atan2(sigma, alpha).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

SPACES = ("ve", "flow")
SMALLEST, LARGEST = 1e-37, 1e37  # sigmas that float32 tells from 0 and from infinity
KINDS = ("x0", "eps", "v", "flow", "velocity")


class Level(NamedTuple):
    """One level of noise: sigma >= 0, alpha in [0, 1]."""

    sigma: float
    alpha: float

    @property
    def rho(self) -> float:
        """sigma / alpha; infinite where alpha is 0."""
        return self.sigma / self.alpha if self.alpha > 0 else math.inf

    @property
    def lam(self) -> float:
        """-log rho, half the log-SNR; infinite at both ends."""
        if self.alpha == 0:
            return -math.inf
        return math.log(self.alpha / self.sigma) if self.sigma > 0 else math.inf

    @property
    def theta(self) -> float:
        """atan2(sigma, alpha), in [0, pi/2]."""
        return math.atan2(self.sigma, self.alpha)


def check(space: str) -> str:
    """Return `space`; ValueError unless it is "ve" or "flow"."""
    if space not in SPACES:
        raise ValueError(f"space is {space!r}: give 've' (EPS, V, X0, EDM models) or 'flow' (SD3, Flux, Wan, ...).")
    return space


def working_dtype(x: Tensor) -> torch.dtype:
    """What a run of `x` is computed in: float32, or float64 if x is."""
    return torch.float64 if x.dtype == torch.float64 else torch.float32


def level(sigma: float, space: str) -> Level:
    """The level of noise at `sigma`."""
    return Level(sigma, 1.0 - sigma if space == "flow" else 1.0)


def at_rho(rho: float, space: str) -> Level:
    """The level of noise at the ratio `rho`."""
    return level(rho / (1.0 + rho) if space == "flow" else rho, space)


@dataclass(frozen=True)
class Span:
    """The noise range that a model was trained on, for schedules to place their levels in.

    `table` is the model's own ascending list of sigmas (float64); `sigma_min` and `sigma_max` are the range asked for.
    """

    space: str
    sigma_min: float
    sigma_max: float
    table: np.ndarray

    def sigma(self, index: np.ndarray | float) -> np.ndarray:
        """Sigma at a fractional index of the table: log-linear between entries on VE, linear on flow."""
        places = np.arange(len(self.table))
        if self.space == "flow":
            return np.asarray(np.interp(index, places, self.table))
        return np.exp(np.asarray(np.interp(index, places, np.log(self.table))))

    def index(self, sigma: float) -> float:
        """The fractional index of `sigma` in the table, the inverse of `sigma()`."""
        places = np.arange(len(self.table))
        if self.space == "flow":
            return float(np.interp(sigma, self.table, places))
        return float(np.interp(math.log(sigma), np.log(self.table), places))


def alpha_of(sigma: Tensor, space: str) -> Tensor:
    """The weight of the image at `sigma` (B,)."""
    return 1 - sigma if space == "flow" else torch.ones_like(sigma)


def check_kind(kind: str) -> str:
    """Return `kind`; ValueError unless it is something that a network may predict (`KINDS`)."""
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}: give {', '.join(KINDS[:-1])} or {KINDS[-1]}.")
    return kind


def column(value: Tensor, x: Tensor) -> Tensor:
    """`value` (B,) in x's dtype and on its device, shaped to multiply x (B, ...)."""
    return value.to(x).reshape(-1, *[1] * (x.ndim - 1))


def from_x0(kind: str, x: Tensor, x0: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
    """What a network of `kind` would have said where the clean image is `x0`.

    `kind` is "x0", "eps" (the noise), "v" (cos eps - sin x0, Salimans and Ho 2202.00512), "flow" (the velocity
    eps - x0, towards noise) or "velocity" (x0 - eps, towards the image). x, x0: (B, ...); alpha, sigma: (B,),
    sigma > 0. ValueError for any other kind.
    """
    a, s = column(alpha, x), column(sigma, x)
    if check_kind(kind) == "x0":
        return x0
    eps = (x - a * x0) / s
    if kind == "v":
        return (a * eps - s * x0) / torch.hypot(a, s)
    return {"eps": eps, "flow": eps - x0, "velocity": x0 - eps}[kind]


def to_x0(kind: str, x: Tensor, output: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
    """The clean image that a network's `output` of `kind` stands for: the inverse of `from_x0` (alpha > 0 for eps)."""
    a, s = column(alpha, x), column(sigma, x)
    if check_kind(kind) == "x0":
        return output
    if kind == "eps":
        return (x - s * output) / a
    if kind == "v":
        norm = torch.hypot(a, s)
        return (a * x / norm - s * output) / norm
    return (x - s * output if kind == "flow" else x + s * output) / (a + s)


def from_network(network: Callable[[Tensor, Tensor, Tensor], Tensor], space: str = "ve", kind: str = "x0"):
    """A k-diffusion denoiser model(x, sigma, **extra_args) from a network(x, alpha, sigma, **extra_args).

    The network may predict x0, eps, v or the flow velocity (`kind`); alpha and sigma reach it as (B,) tensors. For
    networks that scale their input or count time in their own way: `core.model.adapters`.
    """
    check(space)
    check_kind(kind)

    def model(x: Tensor, sigma: Tensor, **extra_args) -> Tensor:
        alpha = alpha_of(sigma, space)
        return to_x0(kind, x, network(x, alpha, sigma, **extra_args), alpha, sigma)

    return model
