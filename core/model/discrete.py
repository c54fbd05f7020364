"""Discrete-time diffusion as in the first papers: T noise levels from betas or from alphas_cumprod.

The papers scale x to unit size, x_t = sqrt(abar_t) x0 + sqrt(1 - abar_t) n; here that is the VE level sigma_t =
sqrt((1 - abar_t) / abar_t), with x_t / sqrt(abar_t) for x. Steps count t = 0 ... T-1, as code does; papers say 1 ... T.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

SPACINGS = ("linspace", "leading", "trailing")


class Posterior(NamedTuple):
    """q(x_s | x_t, x0) of the papers: a Gaussian of mean `image` x0 + `state` x_t, and its `variance`."""

    image: float
    state: float
    variance: float


@dataclass(frozen=True, eq=False)
class Discrete:
    """A discrete diffusion. `alphas_cumprod` (T,): falling, between 0 and 1; ValueError otherwise."""

    alphas_cumprod: np.ndarray
    log_sigmas: np.ndarray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        kept = np.array(_plain(self.alphas_cumprod), dtype=np.float64)
        if kept.ndim != 1 or len(kept) < 2 or not ((kept > 0) & (kept < 1)).all() or (np.diff(kept) >= 0).any():
            raise ValueError(
                "alphas_cumprod: give two or more falling numbers between 0 and 1 (a table whose last entry was set to "
                "0 is for a model that starts from noise alone, which VE has no level for)."
            )
        object.__setattr__(self, "alphas_cumprod", kept)
        object.__setattr__(self, "log_sigmas", 0.5 * (np.log1p(-kept) - np.log(kept)))

    @classmethod
    def from_betas(
        cls, beta_start: float = 1e-4, beta_end: float = 0.02, count: int = 1000, *, scaled: bool = False
    ) -> Discrete:
        """`count` betas, even from beta_start to beta_end (Ho et al. 2006.11239; the defaults are theirs).

        scaled: their square roots are even ("scaled linear", Stable Diffusion: 0.00085, 0.012). ValueError unless
        0 < beta_start <= beta_end < 1 and count >= 2.
        """
        if not 0 < beta_start <= beta_end < 1:
            raise ValueError(f"beta_start is {beta_start} and beta_end is {beta_end}: give 0 < start <= end < 1.")
        power = 2.0 if scaled else 1.0
        betas = np.linspace(beta_start ** (1 / power), beta_end ** (1 / power), _whole("count", count, 2)) ** power
        return cls(np.cumprod(1.0 - betas))

    @classmethod
    def stable_diffusion(cls) -> Discrete:
        """The steps of Stable Diffusion 1, 2 and XL."""
        return cls.from_betas(0.00085, 0.012, scaled=True)

    def __len__(self) -> int:
        return len(self.alphas_cumprod)

    @property
    def betas(self) -> np.ndarray:
        """The variance that each step of the forward process adds, (T,)."""
        return 1.0 - self.alphas_cumprod / np.append(1.0, self.alphas_cumprod[:-1])

    @property
    def sigmas(self) -> np.ndarray:
        """The rising VE levels, (T,): what `schedulers.sigmas` takes as model_sigmas."""
        return np.exp(self.log_sigmas)

    def steps(self, count: int | None = None, spacing: str = "linspace") -> np.ndarray:
        """`count` falling step numbers (all T without it), whole numbers.

        spacing: "linspace" has both ends, "leading" ends in 0, "trailing" begins with T - 1 (Lin et al. 2305.08891,
        table 2). ValueError for a count that is not 1 ... T.
        """
        total = len(self)
        count = total if count is None else _whole("count", count, 1, total)
        if spacing == "linspace":
            return np.linspace(total - 1, 0, count).round().astype(int)
        if spacing == "leading":
            return (np.arange(count) * (total // count))[::-1].copy()
        if spacing == "trailing":
            return np.round(total - np.arange(count) * (total / count)).astype(int) - 1
        raise ValueError(f"spacing is {spacing!r}: give {', '.join(SPACINGS)}.")

    def schedule(self, count: int | None = None, spacing: str = "linspace") -> Tensor:
        """Sigmas for `samplers.sample` on VE: float32 (count + 1,), those of `steps`, then 0."""
        levels = np.append(self.sigmas[self.steps(count, spacing)], 0.0)
        return torch.from_numpy(levels.astype(np.float32))

    def posterior(self, t: int, s: int | None = None) -> Posterior:
        """The papers' q(x_s | x_t, x0) in their unit scale, for s < t (t - 1 without it; -1 is the clean image).

        It is the first-order row of the sampler `ddpm` from sigma_t to sigma_s. ValueError for steps there are not.
        """
        t = _whole("t", t, 0, len(self) - 1)
        s = _whole("s", t - 1 if s is None else s, -1, t - 1)
        if s < 0:
            return Posterior(1.0, 0.0, 0.0)
        fall = np.exp(2.0 * (self.log_sigmas[s] - self.log_sigmas[t]))  # (rho'/rho)^2 = d rho'/rho at eta 1
        fresh = -np.expm1(2.0 * (self.log_sigmas[s] - self.log_sigmas[t]))
        kept = self.alphas_cumprod[s]
        state = fall * np.sqrt(kept / self.alphas_cumprod[t])
        return Posterior(float(np.sqrt(kept) * fresh), float(state), float((1.0 - kept) * fresh))

    def _table(self, device: torch.device) -> Tensor:
        """log sigma (T,) on `device`: float64, but on Apple's GPUs, which have none."""
        exact = torch.float32 if device.type == "mps" else torch.float64
        return torch.from_numpy(self.log_sigmas).to(exact).to(device)

    def index(self, log_sigma: Tensor) -> Tensor:
        """The fractional step numbers (B,) of levels given by log sigma; held at the ends."""
        table = self._table(log_sigma.device)
        at = log_sigma.to(table).clamp(table[0], table[-1])
        low = (torch.searchsorted(table, at, right=True) - 1).clamp(0, len(table) - 2)
        return low + (at - table[low]) / (table[low + 1] - table[low])

    def log_sigma(self, index: Tensor) -> Tensor:
        """log sigma (B,) of fractional step numbers: the inverse of `index`."""
        table = self._table(index.device)
        at = index.to(table).clamp(0, len(table) - 1)
        low = at.floor().long().clamp(max=len(table) - 2)
        return torch.lerp(table[low], table[low + 1], at - low)


def _plain(values: Any) -> Any:
    return values.detach().cpu().double().numpy() if isinstance(values, Tensor) else values


def _whole(name: str, value: Any, low: int, high: int | None = None) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        number = low - 1
    if number < low or (high is not None and number > high):
        raise ValueError(
            f"{name} is {value!r}: give a whole number from {low} {'up' if high is None else f'to {high}'}."
        )
    return number
