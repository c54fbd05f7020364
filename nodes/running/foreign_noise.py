"""Noise of the host or of another pack, handed to a sampler of ours, called as the host calls it.

A foreign noise sampler need not be a path: most give new normals at every call, whatever the levels. What a step gets
from it then depends on what is called for, so calls are the host's, in its order.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from torch import Tensor

from ...core.table import Table

NoiseSampler = Callable[[Tensor, Tensor], Tensor]
_WHOLE = ("dpmpp_sde",)
"""Where the host wants noise up to the middle of a step and then of the whole step; ours, of what is left."""


def of_tensors(noise_sampler: NoiseSampler, like: Tensor) -> Callable[[float, float], Tensor]:
    """A noise sampler that expects its sigmas as tensors, called with floats."""
    return lambda sigma, sigma_next: noise_sampler(like.new_tensor(sigma), like.new_tensor(sigma_next))


def as_host_calls(noise_sampler: NoiseSampler, name: str, table: Table | None, like: Tensor):
    """`noise_sampler` as the noise of a run of sampler `name` by `table` (None: adaptive): f(sigma, sigma_next)."""
    plain = of_tensors(noise_sampler, like)
    return _WholeSteps(plain, table) if table is not None and name in _WHOLE else plain


class _WholeSteps:
    """The second of two stretches of a step as what is missing of the noise of the whole step."""

    def __init__(self, plain: Callable[[float, float], Tensor], table: Table) -> None:
        self.plain, self.first, self.second = plain, None, {}
        for row in table.rows:
            falling, weights = [part for part in row.segments() if part[0] > part[1]], row.stages[-1].B[-2:]
            if len(falling) == len(weights) == 2:
                (start, middle), (_, end) = falling
                self.second[middle, end] = (start, *weights)

    def __call__(self, sigma: float, sigma_next: float) -> Tensor:
        """Unit normals of a stretch, or what makes the step's sum of two those of the whole step."""
        if (sigma, sigma_next) not in self.second:
            self.first = self.plain(sigma, sigma_next)
            return self.first
        start, first, second = self.second[sigma, sigma_next]
        whole = self.plain(start, sigma_next) * math.hypot(first, second)
        return (whole - first * self.first) / second
