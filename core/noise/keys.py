"""Random numbers under a key: the same key gives the same numbers, whatever was drawn before, on any thread.

Keys are 64-bit mixes of whole numbers. A key and the place of a chunk in its item decide every number.
"""

from __future__ import annotations

import operator
import threading
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

MASK = (1 << 64) - 1
CHUNK = 1 << 18
"""Items are made in chunks of this many numbers, each under a key of its own: work on a chunk stays in the cache."""
PLAIN: dict[str, Any] = {"dtype": torch.float32, "device": "cpu"}
"""What tensors of ours are made as, whatever the program around has set as torch's defaults."""
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
    try:
        indices = tuple(operator.index(i) for i in batch_index)
    except TypeError:
        indices = ()
    if len(indices) != batch or not all(0 <= i <= MASK for i in indices):
        raise ValueError(f"batch_index is {batch_index}: give one whole number from 0 up for each of {batch} items.")
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


def normals(out: Tensor, key: int) -> None:
    """Fill `out` (float32) with unit normals that depend on `key` and its size, and on its device if not the CPU.

    Each is one of 65,536 quantiles of the normal; the outermost ones (|z| above 3.4) are drawn within their quantile,
    so that the tails are exact, too. Takes 60% of the time of torch's normal_.
    """
    if not _drawn_on_device(out, key):
        source = _source.set(key)
        places = _places(source, out.numel())
        torch.index_select(_quantiles(), 0, torch.from_numpy(places), out=out)
        far = np.flatnonzero((places < _OUTER) | (places >= (1 << 16) - _OUTER))
        within = np.clip((places[far] + source.random(len(far))) * 2.0**-16, 2.0**-53, 1 - 2.0**-53)
        out[torch.from_numpy(far)] = torch.special.ndtri(torch.from_numpy(within)).to(out)


def rough_normals(out: Tensor, key: int) -> None:
    """As `normals` in a third of the time, for numbers that only ever are some of many in a sum.

    Each is one of the 65,536 quantiles, none beyond 4.3, and four neighbours are one of 65,536 points in four
    dimensions: of each other's first four moments they know less than 0.3%.
    """
    if not _drawn_on_device(out, key):
        whole = -(-out.numel() // 4)
        places = torch.from_numpy(_places(_source.set(key), whole))
        if out.numel() % 4:
            out.copy_(torch.index_select(_fours(), 0, places).view(out.dtype)[: out.numel()])
        else:
            torch.index_select(_fours(), 0, places, out=out.view(torch.complex128))


def _drawn_on_device(out: Tensor, key: int) -> bool:
    """Whether `out` is on another device than the CPU, and filled with that device's own normals."""
    if out.device.type == "cpu":
        return False
    out.normal_(generator=torch.Generator(device=out.device).manual_seed(key >> 1))
    return True


def _places(source: np.random.Generator, count: int) -> np.ndarray:
    """`count` whole numbers from 0 to 65,535."""
    # integers, not random_raw, which would hold the interpreter, which other threads of the host wait for
    bits = source.integers(0, MASK, -(-count // 4), dtype=np.uint64, endpoint=True)
    return bits.view(np.uint16)[:count].astype(np.int32)


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
        return torch.special.ndtri((torch.arange(1 << 16, dtype=torch.float64, device="cpu") + 0.5) / (1 << 16)).float()


@lru_cache(maxsize=1)
def _fours() -> Tensor:
    """65,536 points in four dimensions as one element of 16 bytes each: a shifted lattice, seen through the normal.

    Each coordinate runs through all quantiles once (Sloan and Joe 1994); the constants come from a random search.
    """
    place, quantiles = np.arange(1 << 16, dtype=np.int64)[:, None], _quantiles().double()
    order = torch.from_numpy((place * [1, 55561, 57183, 48285] + [0, 24984, 1387, 46331]) % (1 << 16))
    with torch.inference_mode(False):
        return (quantiles[order] / quantiles.square().mean().sqrt()).float().view(torch.complex128).flatten()


def chunks(size: int) -> list[slice]:
    """The chunks of an item of `size` numbers."""
    return [slice(k, min(k + CHUNK, size)) for k in range(0, size, CHUNK)]
