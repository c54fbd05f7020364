"""Every number that is drawn: from what it is for to a 64-bit key, from the key to unit normals.

Notation. All words are whole numbers modulo 2^64; ^ is exclusive or, << and >> shift, rol turns to the left.

1. The mixer F, the finalizer of splitmix64 (Steele, Lea and Flood 2014):
       z = (z ^ z >> 30) 0xBF58476D1CE4E5B9;   z = (z ^ z >> 27) 0x94D049BB133111EB;   F = z ^ z >> 31
2. The key: k = 0x9E3779B97F4A7C15, then k = F(k ^ field) for the fields
       seed     0 to 2^64 - 1
       stream   initial 0, step 1, churn 2, jump 3: what the noise is for
       visit    how often the run has crossed these levels before: 0, but in a restart
       item     the image's place in its batch
       chunk    the chunk of 65,536 numbers of the item (flattened, C order), from 0
       place    node n of a Brownian path (`core.noise.brownian`): n; a stretch of levels of its own:
                2^63 + 2^62 grid + 2^31 start + end (`core.noise.brownian.stretch`); a run begins with sigma 1 to 0
3. The words: SFC64 (Doty-Humphrey, PractRand), begun at a, b, c, w = F(k ^ 1), F(k ^ 2), F(k ^ 3), 1. Each word is
       a + b + w;   and then   w = w + 1,   a = b ^ b >> 11,   b = 9 c,   c = rol(c, 24) + the word
4. The normals: each word is two numbers of 32 bits, the lower half first, each of them a unit normal:
       z = Phi^-1((bits + 1/2) / 2^32)                                     Phi: the normal distribution
   Nodes n >= 16 of a Brownian path, of which many make one number, take 16 bits for four numbers: bits c name a point
   of a shifted lattice of Korobov (1959) in 60 dimensions, whose coordinates are the cells of 15 normals for each of
   the four, numbers j = 0, 1, 2, 3 and normals m = 1 to 15 (m = 1 alone where n < 128), with a = 27717:
       z_(j,m) = Phi^-1(((a^i c + 40503 i) mod 2^16 + 1/2) / 2^16)      i = 4 (m - 1) + j

For example, seed 42, stream step, visit 0, item 3, chunk 0, and its first two numbers (m = 1):
       sigma 2 to 1 (alpha 1)   place 2^63 + 9530 2^31 + 10240   key 0x8b1fe994b471751d   0.243556, -0.111202
       node 1                   place 1                          key 0x555111d2c245cd64   -1.702019, 0.711357
       node 100                 place 100                        key 0xfe137339e7c8cc87   -1.237184, -1.273602
"""

from __future__ import annotations

import math
import operator
import threading
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

MASK = (1 << 64) - 1
STREAMS = {"initial": 0, "step": 1, "churn": 2, "jump": 3}
CHUNK = 1 << 16
"""Numbers under one key: work on a chunk stays in the cache, and chunks are made on several threads."""
PLAIN: dict[str, Any] = {"dtype": torch.float32, "device": "cpu"}
"""What tensors of ours are made as, whatever the program around has set as torch's defaults."""
_FIRST = 0x9E3779B97F4A7C15
_CELLS = 1 << 16
_KOROBOV, _SHIFT = 27717, 40503
_OUTER = 512  # cells at each end of the normal (|z| > 2.4) where it bends too much for a straight line


def key(seed: int, stream: str, visit: int, item: int, chunk: int, place: int) -> int:
    """The 64-bit key of one chunk of one draw, as specified above: every number of ours is drawn under such a key."""
    return _mix(_chunk_key(seed, STREAMS[stream], visit, item, chunk) ^ place)


@lru_cache(maxsize=4096)
def _chunk_key(*fields: int) -> int:
    """The key after all fields but the place, which alone changes from draw to draw."""
    k = _FIRST
    for field in fields:
        k = _mix(k ^ field)
    return k


def _mix(z: int) -> int:
    """F."""
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


class _Words(threading.local):
    """numpy's SFC64, set to keys, and scratch for a chunk; of each thread its own.

    numpy promises the words of a bit generator for all versions (NEP 19), not what its Generator makes normals of.
    """

    def __init__(self) -> None:
        self.generator = np.random.Generator(np.random.SFC64(0))
        self.state: Any = self.generator.bit_generator.state
        self.cells = np.empty(CHUNK, dtype=np.intp)
        self.points = np.empty(CHUNK // 4, dtype=np.complex128)
        self.numbers, self.slopes = np.empty((2, CHUNK), dtype=np.float32)

    def of(self, k: int, count: int) -> np.ndarray:
        """The first `count` words under key `k`."""
        self.state["state"]["state"][:] = _mix(k ^ 1), _mix(k ^ 2), _mix(k ^ 3), 1
        self.generator.bit_generator.state = self.state
        # Whole words, as random_raw gives them, which would hold the interpreter, and other threads with it.
        return self.generator.integers(0, MASK, count, dtype=np.uint64, endpoint=True)


_words = _Words()


def normals(out: np.ndarray, k: int, scale: float = 1.0) -> None:
    """Fill `out` (n,), float32, n <= CHUNK, with the unit normals of 32 bits under key `k`, times `scale`.

    A straight line through each of 65,536 cells, and Phi^-1 itself in the outer ones, within 4e-7 of Phi^-1 everywhere:
    nothing but products and sums of a table, which are the same on every machine. numpy's own standard_normal, whose
    numbers may change with its version, takes half as long again, and with Philox twice as long.
    """
    size = len(out)
    bits = _words.of(k, -(-size // 2)).view(np.uint32)[:size]  # the lower half of a word first, as it is stored
    cells, numbers, slopes = _words.cells[:size], _words.numbers[:size], _words.slopes[:size]
    halves = bits.view(np.uint16)
    np.copyto(cells, halves[1::2])
    np.copyto(numbers, halves[::2])
    np.take(_quantiles().edges, cells, out=out, mode="wrap")  # wrap is the fastest, and no cell is outside
    np.take(_quantiles().slopes, cells, out=slopes, mode="wrap")
    slopes *= numbers
    out += slopes
    outer = np.flatnonzero(np.isnan(out))
    out[outer] = _quantile((bits[outer] + 0.5) * 2.0**-32)
    if scale != 1:
        out *= scale


def add_bridge(out: np.ndarray, k: int, parts: Sequence[tuple[int, float]]) -> None:
    """Add to `out` (n,), float32, n <= CHUNK, the sum of weight B(j / 16) over `parts` (j, weight), 0 < j < 16.

    B is a Brownian bridge over unit time, of each number its own, under key `k`: 15 normals of 16 bits, four bridges of
    one look-up, for numbers that are some of many. The 15 times 4 normals correlate by 3.8e-3 at most, and every change
    B(j / 16) - B(i / 16) is 1.2e-3 from the normal's distribution in the mean and 3.6e-3 at worst, its variance within
    2.3e-3; of 65,536 independent draws they are 1.5e-2, 3.7e-3, 6.5e-3 and 1.5e-2 (Kolmogorov's distance).
    """
    count = -(-len(out) // 4)
    cells, points = _words.cells[:count], _words.points[:count]
    np.copyto(cells, _words.of(k, -(-count // 4)).view(np.uint16)[:count])
    for j, weight in parts:
        np.take(_bridge(j), cells, out=points, mode="wrap")  # four float32 in the place of a complex128
        numbers = points.view(np.float32)[: len(out)]
        out += np.multiply(numbers, weight, out=numbers)


class _Quantiles(NamedTuple):
    """Phi^-1 over 65,536 equal cells of probability: lines through them, and their middles.

    A line is its value at the cell's lower edge and its slope, nan in the outer cells.
    """

    edges: np.ndarray
    slopes: np.ndarray
    middles: np.ndarray


@lru_cache(maxsize=1)
def _quantiles() -> _Quantiles:
    places = np.arange(_CELLS + 1)
    ends = _quantile(places / _CELLS)
    slopes = np.diff(ends) * 2.0**-16
    slopes[:_OUTER] = slopes[-_OUTER:] = np.nan
    middles = _quantile((places[:-1] + 0.5) / _CELLS)
    edges = (ends[:-1] + middles - slopes * 2.0**15) / 2 + slopes / 2  # as far off at the ends as in the middle
    return _Quantiles(edges.astype(np.float32), slopes.astype(np.float32), middles)


@lru_cache(maxsize=16)
def _bridge(j: int) -> np.ndarray:
    """B(j / 16) at every point of the lattice: four float32 in the place of one complex128 (65,536,).

    Levy's construction, in which normal m is the middle of a piece of time.
    """
    values = np.zeros((_CELLS, 4))
    for m, left, right, share in pieces(j, 0, 16):
        i = np.arange(4 * (m - 1), 4 * m)
        factors = [pow(_KOROBOV, int(power), _CELLS) for power in i]
        cells = (np.outer(np.arange(_CELLS), factors) + _SHIFT * i) % _CELLS
        values += share * math.sqrt((right - left) / 64) * _quantiles().middles[cells]
    return values.astype(np.float32).view(np.complex128)[:, 0]


def pieces(place: int, left: int, right: int) -> Iterator[tuple[int, int, int, float]]:
    """The pieces of time in whose middles normals decide on `place`, from [left, right] down: (m, its ends, share).

    m counts them as a heap, 2m and 2m + 1 the halves of m; share: how much of its middle's normal reaches `place`.
    """
    m = 1
    while left < place < right:
        middle = (left + right) // 2
        share = (place - left) / (middle - left) if place <= middle else (right - place) / (right - middle)
        yield m, left, right, share
        left, right, m = (left, middle, 2 * m) if place < middle else (middle, right, 2 * m + 1)


def _quantile(p: np.ndarray) -> np.ndarray:
    """Phi^-1(p) in float64."""
    return torch.special.ndtri(torch.from_numpy(p)).numpy()


def device_normals(out: Tensor, k: int) -> None:
    """Fill `out` with its own device's unit normals under key `k`: other numbers than those of the CPU."""
    out.normal_(generator=torch.Generator(device=out.device).manual_seed(k >> 1))


def chunks(size: int) -> list[slice]:
    """The chunks of an item of `size` numbers."""
    return [slice(k, min(k + CHUNK, size)) for k in range(0, size, CHUNK)]


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
