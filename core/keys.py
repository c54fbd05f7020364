"""Random numbers under a key: the same key gives the same numbers, whatever was drawn before, on any thread.

Keys are 64-bit mixes of whole numbers. A key and the place of a chunk in its item decide every number.
"""

from __future__ import annotations

import operator
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

MASK = (1 << 64) - 1
CHUNK = 1 << 15
"""Items are made in chunks of this many numbers, each under a key of its own: a chunk fits the cache, several threads
can share an item, and torch does not split work of this size among threads of its own."""
_WORTH_A_THREAD = 1 << 18  # fewer numbers are made sooner than another thread wakes up
_GAMMA = 0x9E3779B97F4A7C15
_OUTER = 20  # quantiles at each end that are wide enough to matter


def mix(*words: int) -> int:
    """A 64-bit key from whole numbers, chained through splitmix64's finalizer (Steele et al. 2014); none is added."""
    key = _GAMMA
    for word in words:
        key = _finalize((key ^ word) & MASK)
    return key


def _finalize(z: int) -> int:
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def check_seed(seed: object) -> int:
    """Return `seed` as an int; ValueError unless it is a whole number from 0 to 2^64 - 1."""
    try:
        value = operator.index(seed)  # type: ignore[arg-type]
    except TypeError:
        value = -1
    if not 0 <= value <= MASK:
        raise ValueError(f"seed is {seed!r}: give a whole number from 0 to {MASK}.")
    return value


def check_batch_index(batch_index: Sequence[int] | None, batch: int) -> tuple[int, ...]:
    """Return the place of each item in the batch that it belongs to (default: 0, 1, 2, ...), one for each item."""
    if batch_index is None:
        return tuple(range(batch))
    indices = tuple(int(i) for i in batch_index)
    if len(indices) != batch or any(i < 0 for i in indices):
        raise ValueError(f"batch_index is {list(indices)}: give one whole number from 0 up for each of {batch} items.")
    return indices


class _Source(threading.local):
    """numpy's SFC64 generator, set to a key; one for each thread.

    Its state is filled here, four times faster than numpy seeds it: three mixed words, and a counter of 1.
    """

    def __init__(self) -> None:
        self.numpy = np.random.Generator(np.random.SFC64(0))
        self.state: Any = self.numpy.bit_generator.state
        self.state["state"]["state"][3] = 1

    def set(self, key: int) -> np.random.Generator:
        """The generator, at the beginning of the numbers that belong to `key`."""
        words = self.state["state"]["state"]
        words[0], words[1], words[2] = mix(key, 0), mix(key, 1), mix(key, 2)
        self.numpy.bit_generator.state = self.state
        return self.numpy


_source = _Source()


def normals(out: Tensor, key: int, tails: bool = True) -> None:
    """Fill `out` (float32) with unit normals that depend on `key` and its size, and on its device if not the CPU.

    Each is one of 65,536 quantiles of the normal; the outermost ones (|z| above 3.4) are drawn within their quantile,
    so that the tails are exact, too. Without `tails`, a quarter faster, |z| ends at 4.3: for numbers that are only ever
    one of several in a sum, such as a Brownian path's finer levels. Takes 60% of the time of torch's normal_.
    """
    if out.device.type != "cpu":
        out.normal_(generator=torch.Generator(device=out.device).manual_seed(key >> 1))
        return
    count, source = out.numel(), _source.set(key)
    # integers, not random_raw, which would hold the interpreter while other threads wait for it
    bits = source.integers(0, MASK, -(-count // 4), dtype=np.uint64, endpoint=True).view(np.uint16)[:count]
    torch.index_select(_quantiles(), 0, torch.from_numpy(bits.astype(np.int32)), out=out)
    if tails:
        far = np.flatnonzero(bits + np.uint16(_OUTER) < 2 * _OUTER)
        places = np.clip((bits[far] + source.random(len(far))) * 2.0**-16, 2.0**-53, 1 - 2.0**-53)
        out[torch.from_numpy(far)] = torch.special.ndtri(torch.from_numpy(places)).to(out)


def can_make_noise(device: torch.device) -> bool:
    """Whether torch has a generator of its own on `device` (DirectML and some others have none)."""
    try:
        torch.Generator(device=device)
    except (RuntimeError, NotImplementedError):
        return False
    return True


@lru_cache(maxsize=1)
def _quantiles() -> Tensor:
    """The middles of 65,536 equally likely stretches of the normal."""
    with torch.inference_mode(False):  # kept for runs outside of it, too
        return torch.special.ndtri((torch.arange(1 << 16, dtype=torch.float64) + 0.5) / (1 << 16)).float()


def each_chunk(
    items: int, size: int, work: Callable[[int, int, slice], None], rounds: int = 1, chunk: int = CHUNK
) -> None:
    """Call work(item, place, slice) for every chunk of every item of `size` numbers, on several threads if it pays.

    `rounds`: how many numbers are made for each place. The calling thread works, too: if the others are slow to wake
    up, it has done their share by then.
    """
    jobs = [(i, k // chunk, slice(k, min(k + chunk, size))) for i in range(items) for k in range(0, size, chunk)]

    def drain() -> None:
        while True:
            try:
                job = jobs.pop()
            except IndexError:
                return
            work(*job)

    helpers = min(torch.get_num_threads(), len(jobs)) - 1 if items * size * rounds >= _WORTH_A_THREAD else 0
    inference = torch.is_inference_mode_enabled()  # a thread has its own, and may not write to the other's tensors

    def help_out() -> None:
        with torch.inference_mode(inference):
            drain()

    futures = [_pool().submit(help_out) for _ in range(helpers)]
    drain()
    for future in futures:
        if not future.cancel():
            future.result()


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max(1, torch.get_num_threads() - 1), thread_name_prefix="sigmatic-noise")
