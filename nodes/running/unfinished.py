"""Runs that stopped above 0, for the ones that go on from them: nodes of the host hand on a LATENT's samples alone.

A run is known again by what it begins with, number for number. So nothing is kept in a LATENT, and no other run can be
taken for its continuation. A few runs are kept, the oldest are forgotten.
"""

from __future__ import annotations

from collections import deque
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..host import facts

MOST = 8
LARGEST = 1 << 28  # bytes, of all together

Left = dict[str, Any]
"""What a run leaves: who it was, "x", "state" and "outside" (of its mask)."""


class _Run(NamedTuple):
    begins: Tensor  # x of its continuation
    left: Left

    @property
    def size(self) -> int:
        tensors = [self.begins, self.left["x"], *self.left["state"].registers, *(self.left["outside"] or ())]
        return sum(tensor.nbytes for tensor in tensors)


_runs: deque[_Run] = deque(maxlen=MOST)


def keep(model: Any, out: Tensor, left: Left) -> None:
    """Keep what a run of `model` (as a sampler function is handed it) leaves, which ends in `out` (B, ...)."""
    begins = _next_x(model, out, left["sigma"])
    if begins is None:
        return
    _runs.append(_Run(begins, left))
    while len(_runs) > 1 and sum(run.size for run in _runs) > LARGEST:
        _runs.popleft()


def find(x: Tensor, sigma: float) -> list[Left]:
    """What was left by the runs that end in exactly x at `sigma`, the last one first."""
    same = [run for run in reversed(_runs) if run.left["sigma"] == sigma and run.begins.shape == x.shape]
    here = x.cpu() if same else x
    return [run.left for run in same if torch.equal(run.begins, here)]


def _next_x(model: Any, out: Tensor, sigma: float) -> Tensor | None:
    """x as the host's next node makes it of `out`, without adding noise; None where the host's steps are hidden."""
    network, ms = facts.network(model), facts.model_sampling(model)
    if not (hasattr(network, "process_latent_out") and hasattr(network, "process_latent_in")):
        return None
    level = torch.tensor(sigma, dtype=torch.float32, device=out.device)
    latent = network.process_latent_out(ms.inverse_noise_scaling(level, out).to(torch.float32))
    latent = network.process_latent_in(latent)
    return ms.noise_scaling(level, torch.zeros_like(latent), latent).to("cpu", out.dtype)
