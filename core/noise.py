"""Noise that is a function of what it is for: (seed, stream, batch index, stretch of noise levels, visit).

The same numbers come for one image and for that image in a batch, for 20 steps and for 10 + 10, on every device.
"""

from __future__ import annotations

import math
import operator
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from . import policy, space as spaces

STREAMS = {"initial": 0, "step": 1, "churn": 2, "jump": 3}
LEAF = 2.0**-10
"""Noise levels are snapped to this grid of lam, so that keys survive a rounding error of sigma."""
_FINE = 2.0**-20  # for stretches shorter than a leaf
_MASK = (1 << 64) - 1
_GAMMA = 0x9E3779B97F4A7C15


def mix(*words: int) -> int:
    """A 64-bit key from whole numbers: each goes through splitmix64's finalizer (Steele et al. 2014), none is added."""
    key = 0
    for word in words:
        key = _mix64((key ^ _mix64((word + _GAMMA) & _MASK)) & _MASK)
    return key


def _mix64(z: int) -> int:
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


class _Generator(threading.local):
    """torch's CPU generator, set to a 64-bit key; one for each thread.

    manual_seed keeps only 32 bits, so the state itself is filled: its bytes from 24 on hold the Mersenne Twister's 624
    words of 32 bits, each in 8 bytes; a fresh seed has also set "make all words anew before the next draw".
    """

    def __init__(self) -> None:
        self.torch = torch.Generator().manual_seed(0)
        self.state = self.torch.get_state()
        self.words = self.state.numpy()[24 : 24 + 8 * 624].view(np.uint32)[::2]
        self.steps = np.arange(1, 313, dtype=np.uint64) * np.uint64(_GAMMA)

    def fill(self, out: Tensor, key: int) -> None:
        """Fill `out` (float32, CPU) with unit normals that depend on `key` and the shape alone: splitmix64 from key."""
        z = self.steps + np.uint64(key)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        self.words[:] = (z ^ (z >> np.uint64(31))).view(np.uint32)
        self.torch.set_state(self.state)
        out.normal_(generator=self.torch)


_generator = _Generator()
_CHUNK = 1 << 16
"""Items are filled in chunks of this many numbers, each under a key of its own: they fit the cache and two threads."""


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(torch.get_num_threads(), thread_name_prefix="sigmatic-noise")


def _fill(out: Tensor, keys: Sequence[int]) -> None:
    """Fill item k of `out` (B, ...) with unit normals of keys[k]."""
    jobs = [
        (chunk, mix(place, key))
        for item, key in zip(out.reshape(len(keys), -1), keys, strict=True)
        for place, chunk in enumerate(item.split(_CHUNK))
    ]
    if len(jobs) == 1 or out.numel() <= _CHUNK:
        for chunk, key in jobs:
            _generator.fill(chunk, key)
    else:
        list(_pool().map(lambda job: _generator.fill(*job), jobs))


def check_seed(seed: object) -> int:
    """Return `seed` as an int; ValueError unless it is a whole number from 0 to 2^64 - 1."""
    try:
        value = operator.index(seed)  # type: ignore[arg-type]
    except TypeError:
        value = -1
    if not 0 <= value <= _MASK:
        raise ValueError(f"seed is {seed!r}: give a whole number from 0 to {_MASK}.")
    return value


def check_batch_index(batch_index: Sequence[int] | None, batch: int) -> tuple[int, ...]:
    """Return the place of each item in the batch that it belongs to (default: 0, 1, 2, ...), one for each item."""
    if batch_index is None:
        return tuple(range(batch))
    indices = tuple(int(i) for i in batch_index)
    if len(indices) != batch or any(i < 0 for i in indices):
        raise ValueError(f"batch_index is {list(indices)}: give one whole number from 0 up for each of {batch} items.")
    return indices


def gaussian(
    x: Tensor, seed: int, batch_index: Sequence[int] | None = None, *, space: str = "ve", stream: str = "step"
) -> Callable[[float, float], Tensor]:
    """Independent unit normals for every stretch of noise levels: f(sigma, sigma_next) -> Tensor like x (B, ...).

    Made on the CPU in float32, item by item, and moved to x's device. Raises ValueError for a bad seed or batch index.
    """
    seed, indices, which = check_seed(seed), check_batch_index(batch_index, x.shape[0]), STREAMS[stream]
    dtype = torch.float64 if x.dtype == torch.float64 else torch.float32

    def draw(sigma: float, sigma_next: float) -> Tensor:
        place = mix(seed, which, *stretch(sigma, sigma_next, space))
        out = torch.empty(x.shape, dtype=torch.float32, pin_memory=x.device.type == "cuda")
        _fill(out, [mix(place, index) for index in indices])
        return out.to(x.device, dtype, non_blocking=True)

    return draw


def clock(sigma: float, space: str) -> float:
    """The time of noise: lam of `sigma`, from -10 (`core.policy.LAM_START`) up; infinite at sigma = 0."""
    return max(spaces.level(float(sigma), space).lam, policy.LAM_START)


@lru_cache(maxsize=4096)
def stretch(sigma: float, sigma_next: float, space: str) -> tuple[int, int, int]:
    """The two ends of a stretch as whole numbers on the grid, and which grid: finer where both fall on one leaf.

    ValueError where an end is negative or no number.
    """
    ends = []
    for value in (sigma, sigma_next):
        value = float(value)
        if not (value >= 0 and math.isfinite(value)):
            raise ValueError(f"noise between sigma {sigma} and {sigma_next}: both must be numbers from 0 up.")
        ends.append(min(clock(value, space), 64.0))
    low, high = (round(end / LEAF) for end in ends)
    if low != high:
        return 0, low & _MASK, high & _MASK
    low, high = (round(end / _FINE) for end in ends)
    return 1, low & _MASK, high & _MASK
