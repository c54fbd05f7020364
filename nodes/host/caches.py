"""Caches of the host's: EasyCache and LazyCache answer some calls of the model from memory, to save time.

Such an answer is the network's last change laid on the new x, not what the network would say; samplers that look at the
difference of two answers make much of its error. In its place they get what the last two true answers say: the straight
line through them over the log-SNR, no farther than they lie apart. So nothing that was not computed gets into a memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ...core.space import level
from ...core.table import Table
from ...samplers import Output
from . import facts

FARTHEST = 1.0
"""How far beyond the last answer the line is followed, in distances between the two."""


class TrueAnswers:
    """The model of one run under a cache. `holder`: the cache's own, which counts its answers: no wait for a device.

    `repeated`: calls that it has answered so far.
    """

    def __init__(self, denoiser: Callable[..., Any], holder: Any, space: str, table: Table | None) -> None:
        self.denoiser, self.holder, self.space = denoiser, holder, space
        self.repeated = 0
        self._level = facts.levels_of_calls(table)
        self._known: list[tuple[float, Tensor, Tensor | None]] = []  # log-SNR, answer, its uncond; newest first

    def __call__(self, x: Tensor, sigma: Tensor, **extra_args: Any) -> Any:
        """The model's answer, or what stands in for it."""
        before = self.holder.total_steps_skipped
        answer = self.denoiser(x, sigma, **extra_args)
        lam = level(self._level(sigma), self.space).lam
        denoised, uncond = answer[:2] if isinstance(answer, Output) else (answer, None)
        if self.holder.total_steps_skipped == before:
            self._known = [(lam, denoised, uncond), *[one for one in self._known[:1] if one[0] != lam]]
            return answer
        self.repeated += 1
        if len(self._known) < 2:
            return answer
        (near, last, last_uncond), (far, first, first_uncond) = self._known
        along = (lam - near) / (near - far)
        along = max(-FARTHEST, min(along, FARTHEST)) if along == along else 0.0
        made = torch.lerp(first, last, 1 + along)
        if last_uncond is None or first_uncond is None:
            return made
        return Output(made, torch.lerp(first_uncond, last_uncond, 1 + along))


def around(denoiser: Any, extra_args: dict[str, Any], space: str, table: Table | None) -> Any:
    """`denoiser` as it is, or in a `TrueAnswers` where a cache of the host's is on the MODEL; `table`: of the run."""
    options = (extra_args.get("model_options") or {}).get("transformer_options") or {}
    holder = options.get("easycache")
    if not isinstance(getattr(holder, "total_steps_skipped", None), int):
        return denoiser
    return TrueAnswers(denoiser, holder, space, table)
