"""The whole of a run, kept by a callback."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class Trajectory:
    """A `callback` that keeps x, the prediction and sigma of every step: x_T, ..., x_1; `finished` adds the result.

    Everything is copied to the CPU (in half the memory with dtype=torch.float16): a run of 1000 steps of 64 images
    (3, 64, 64) takes 6 GB. every: keep only each so many steps, from the first.
    """

    def __init__(self, every: int = 1, dtype: torch.dtype | None = None) -> None:
        if every < 1:
            raise ValueError(f"every is {every}: give a whole number from 1 up.")
        self.every, self.dtype = every, dtype
        self.x: list[Tensor] = []
        self.denoised: list[Tensor] = []
        self.sigmas: list[float] = []

    def __call__(self, step: dict[str, Any]) -> None:
        if step["i"] % self.every == 0:
            self.x.append(self._copy(step["x"]))
            self.denoised.append(self._copy(step["denoised"]))
            self.sigmas.append(float(step["sigma"]))

    def finished(self, x: Tensor, sigma: float = 0.0) -> Tensor:
        """Append the run's result `x` (at `sigma`) and return all states, (steps + 1, B, ...)."""
        self.x.append(self._copy(x))
        self.sigmas.append(sigma)
        return torch.stack(self.x)

    def _copy(self, tensor: Tensor) -> Tensor:
        return tensor.detach().to("cpu", self.dtype or tensor.dtype, copy=True)
