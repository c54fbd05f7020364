"""The noise of A1111's web UI (and Forge): CUDA's randn, a generator a picture, so that seeds from there come back.

Philox 4x32-10 (Salmon et al. 2011) with the counter (draw, 0, i, 0) and the seed as key gives four words for number i;
two of them make it normal as cuRAND does (Box and Muller 1958): r = sqrt(-2 log u), z = r sin(2 pi v). torch numbers
its threads i = 0, 1, ..., each with a number of its own, up to some 10^5 of them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..table import Draw
from .keys import MASK
from .sources import Gaussian

_WORD = np.uint64(0xFFFFFFFF)
_MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL = 0x9E3779B9, 0xBB67AE85
ROUNDS = 10
ENSD = 31337
"""The "eta noise seed delta" that many set in the web UI: added to the seed of the steps' noise."""


class WebUI(Gaussian):
    """Draws in their order, not by level: the first is a run's start, those of its steps follow.

    A run in parts, or begun in the middle, draws from the first on again, as the web UI does. `delta`: ENSD; where it
    is given, the steps' generators begin anew with the seed + delta.
    """

    delta = 0

    def __init__(self, *described: Any) -> None:
        super().__init__(*described)
        self._next = 0 if self.delta or self.stream == "initial" else 1

    def draw(self, draw: Draw) -> Tensor:
        """The next numbers of each picture's generator, like x; on the CPU, then moved to x's device."""
        out, seed = self._blank().cpu(), self.seed + (self.delta if self.stream != "initial" else 0)
        for row, index in zip(out.view(len(self.indices), -1), self.indices, strict=True):
            row.copy_(torch.from_numpy(randn((seed + index) & MASK, self._next, self.size)))
        self._next += 1
        return self.hand_over(out)


class WithDelta(WebUI):
    """The same with the delta that most people set."""

    delta = ENSD


def randn(seed: int, draw: int, count: int) -> np.ndarray:
    """The first `count` numbers, float32, of torch.randn on CUDA: the `draw`-th call (from 0) after `seed`."""
    x, y = _words(seed, draw, count)
    scale = np.float32(2.0**-32)
    u = x.astype(np.float32) * scale + scale / 2
    v = y.astype(np.float32) * (scale * np.float32(2 * math.pi)) + scale * np.float32(math.pi)
    return np.sqrt(-2 * np.log(u)) * np.sin(v)


def _words(seed: int, draw: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The first two of the four words of Philox for each number."""
    none = np.zeros(count, dtype=np.uint64)
    a, b, c, d = none + np.uint64(draw), none, np.arange(count, dtype=np.uint64), none
    low, high = seed & 0xFFFFFFFF, seed >> 32
    for _ in range(ROUNDS):
        p, q = a * _MULTIPLIERS[0], c * _MULTIPLIERS[1]
        a, b = (q >> np.uint64(32)) ^ b ^ np.uint64(low), q & _WORD
        c, d = (p >> np.uint64(32)) ^ d ^ np.uint64(high), p & _WORD
        low, high = (low + _WEYL[0]) & 0xFFFFFFFF, (high + _WEYL[1]) & 0xFFFFFFFF
    return a, b
