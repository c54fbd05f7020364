"""A Brownian path that is made where it is looked at: a binary tree over time whose nodes are normals under keys.

Notation. W(t) is the path; t = lam + 10 is time, from 0 (lam = -10, W = 0) to T = 32 (lam = 22), on a grid of leaves of
2^-10. [l, r] is an interval of the tree, m its middle; xi_n are the unit normals of node n (`core.noise.keys`).
Levy's construction (1948), as in diffrax's VirtualBrownianTree:
       W(T) = sqrt(T) xi_0
       W(m) = (W(l) + W(r)) / 2 + sqrt((r - l) / 4) xi_n                r - l = T / 2^(d-1),  n = 2^(d-1) + l / (r - l)
at depth d = 1 for the whole of time, then in the half where t lies, and so on until t is an end.

The same as a sum: W(t) lies on the straight line between W(l) and W(r), plus what the nodes from [l, r] down add, which
is sqrt((r - l) / 4) xi_n in their middle, nothing at their ends, and in proportion between. Down to depth 7 the W(m) on
the way to the last t are kept. Deeper nodes, of which the steps of a run share few, are added up anew for every t, in
two bridges, in sixteenths of intervals of 256 and of 16 leaves. A bridge has the 15 nodes from its own interval's down,
under one key, that of its interval.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..policy import LAM_END, LAM_START
from ..space import level
from .keys import CHUNK, add_bridge, chunks, device_normals, normals, pieces
from .parallel import each

SPAN = LAM_END - LAM_START
LEAF = 2.0**-10
"""Times are snapped to this grid, so that keys survive a rounding error of sigma."""
DEPTH = round(math.log2(SPAN / LEAF))
LEAVES = 1 << DEPTH
_SHORT = 2.0**-20  # the grid for stretches shorter than a leaf
KEPT = 7
"""Down to this depth (intervals of 1/2) W is kept."""
EXACT = 4
"""Down to this depth (intervals of 4) nodes are exact normals; deeper ones, which are some of many in a sum, rough."""

ItemKey = Callable[[int, int], int]
"""The key of a chunk and a place of one item: `core.noise.keys.key` without its other fields."""


class _Node(NamedTuple):
    """A node to be kept: its depth, its number, and the depths at which the ends of its interval are (-1: time 0)."""

    depth: int
    number: int
    left: int
    right: int


class _Way(NamedTuple):
    """What leads to a place: nodes still to be kept, where the ends around the place are kept then, how far it lies
    from the left one to the right one, and the bridges below: number, and the weights of their sixteenths in W."""

    nodes: list[_Node]
    left: int
    right: int
    share: float
    bridges: list[tuple[int, list[tuple[int, float]]]]


class _Scratch(threading.local):
    """Numbers that nobody needs any more when a chunk is done; of each thread its own."""

    def __init__(self) -> None:
        self.numbers = np.empty(CHUNK, dtype=np.float32)


_scratch = _Scratch()


class _Chunk:
    """A part of an item: W at the end of time, in the middle of the interval of each depth, and at the last place."""

    def __init__(self, key: Callable[[int], int], size: int) -> None:
        self.key = key
        self.kept = np.zeros((KEPT + 1, size), dtype=np.float32)
        self.last, self._spare = np.zeros((2, size), dtype=np.float32)

    def walk(self, way: _Way, out: np.ndarray, scale: float) -> None:
        """Go `way`, and put W at its end minus W at the place before, times `scale`, into `out`."""
        for node in way.nodes:
            if node.depth:
                self._between(node.left, node.right, 0.5, self.kept[node.depth])
            self._add(self.kept[node.depth], node.number, deviation(node.depth), node.depth <= EXACT)
        here = self._spare
        self._between(way.left, way.right, way.share, here)
        for number, parts in way.bridges:
            add_bridge(here, self.key(number), parts)
        np.subtract(here, self.last, out=out)
        out *= scale
        self.last, self._spare = here, self.last

    def _between(self, left: int, right: int, share: float, out: np.ndarray) -> None:
        """On the straight line between two places where W is kept (-1 on the left: time 0)."""
        if left < 0:
            np.multiply(self.kept[right], share, out=out)
        elif share == 0.5:
            np.add(self.kept[left], self.kept[right], out=out)
            out *= share
        else:
            np.subtract(self.kept[right], self.kept[left], out=out)
            out *= share
            out += self.kept[left]

    def _add(self, out: np.ndarray, number: int, weight: float, exact: bool) -> None:
        """Add `weight` times the normals of a node; a rough one is the middle of a bridge."""
        if not exact:
            return add_bridge(out, self.key(number), [(8, 2 * weight)])
        normals(_scratch.numbers[: len(out)], self.key(number), weight)
        out += _scratch.numbers[: len(out)]


def deviation(depth: int) -> float:
    """sqrt((r - l) / 4) for the intervals of `depth`, and sqrt(T) at depth 0."""
    return math.sqrt(SPAN / 2 ** (depth + 1) if depth else SPAN)


class Path:
    """One path per item over places 0..LEAVES (in leaves), W(0) = 0. `keys`: one for each item of `size` numbers."""

    def __init__(self, size: int, keys: Sequence[ItemKey]) -> None:
        self.size, self.keys = size, list(keys)
        self._place = 0
        self._numbers = [-1] * (KEPT + 1)
        self._chunks: list[tuple[int, slice, _Chunk]] = []

    def increment(self, out: Tensor, start: int, end: int) -> None:
        """Fill `out` (B, size) with (W(end) - W(start)) / sqrt(time between); start and end are different places."""
        if start != self._place:
            self._walk(out, start, 1.0)
        self._walk(out, end, 1.0 / math.sqrt(abs(end - start) * LEAF))

    def _walk(self, out: Tensor, place: int, scale: float) -> None:
        """Move to `place` and put the way's increment times `scale` into `out`."""
        if not self._chunks:
            for item, key in enumerate(self.keys):
                for k, part in enumerate(chunks(self.size)):
                    self._chunks.append((item, part, _Chunk(partial(key, k), part.stop - part.start)))
        way, rows = self._way(place), out.numpy()
        each(lambda item, part, chunk: chunk.walk(way, rows[item, part], scale), self._chunks)
        self._place = place

    def _way(self, place: int) -> _Way:
        nodes = [] if self._numbers[0] == 0 else [_Node(0, 0, -1, -1)]
        self._numbers[0] = 0
        left, right = (0, -1), (LEAVES, 0)  # (place, depth at which it is kept)
        for depth in range(1, KEPT + 1):
            if place in (left[0], right[0]):
                break
            middle, number = (left[0] + right[0]) // 2, _number(depth, left[0])
            if self._numbers[depth] != number:
                nodes.append(_Node(depth, number, left[1], right[1]))
                self._numbers[depth] = number
            left, right = (left, (middle, depth)) if place <= middle else ((middle, depth), right)
        share = (place - left[0]) / (right[0] - left[0])
        inside = 0 < share < 1
        return _Way(nodes, left[1], right[1], share, list(_bridges(place - left[0], place)) if inside else [])


class DevicePath(Path):
    """A path of the device's own numbers, which keeps one latent there and no node: every look begins at the root."""

    def __init__(self, size: int, keys: Sequence[ItemKey], device: torch.device) -> None:
        super().__init__(size, keys)
        with torch.inference_mode(False):  # kept for looks outside of it, too
            self._here = torch.zeros(len(keys), size, dtype=torch.float32, device=device)

    def _walk(self, out: Tensor, place: int, scale: float) -> None:
        fresh = torch.empty_like(out[0])
        root = (0, 0, deviation(0) * place / LEAVES)
        for here, target, key in zip(self._here, out, self.keys, strict=True):
            target.zero_()
            for _, number, weight in (root, *deeper(place, 0, LEAVES, 1)):
                device_normals(fresh, key(0, number))
                target.add_(fresh, alpha=weight)
            fresh.copy_(target)
            target.sub_(here).mul_(scale)
            here.copy_(fresh)
        self._place = place


def _bridges(after: int, place: int) -> Iterator[tuple[int, list[tuple[int, float]]]]:
    """The bridges that W(place) is made of beside the line, `after` leaves into an interval of 256: number, parts."""
    for leaves in (256, 16):
        j, rest = divmod(after, leaves // 16)
        share, scale = rest * 16 / leaves, math.sqrt(leaves * LEAF)
        parts = [(j, (1 - share) * scale), (j + 1, share * scale)]
        yield (LEAVES + place - after) // leaves, [(j, weight) for j, weight in parts if 0 < j < 16 and weight]
        after = rest
        if not rest:
            return


def deeper(place: int, left: int, right: int, depth: int) -> list[tuple[int, int, float]]:
    """The nodes from `depth` down that W(place) is made of beside W(left) and W(right), all normals of their own."""
    below = ((depth + m.bit_length() - 1, start, share) for m, start, _, share in pieces(place, left, right))
    return [(at, _number(at, start), share * deviation(at)) for at, start, share in below]


def _number(depth: int, left: int) -> int:
    """The number of the node whose interval begins at `left`: nodes count from the root, level by level."""
    return (1 << (depth - 1)) + (left >> (DEPTH + 1 - depth))


def clock(sigma: float, space: str) -> float:
    """The time of noise: lam of `sigma`, from -10 (`core.policy.LAM_START`) up; infinite at sigma = 0."""
    return max(level(float(sigma), space).lam, LAM_START)


@lru_cache(maxsize=4096)
def stretch(sigma: float, sigma_next: float, space: str) -> tuple[int, int, int]:
    """Which grid a stretch is named on (1: the fine one, for both ends on one leaf), and its ends as places on it.

    Places count from lam = -10. The ends are floats, not tensors, which the cache would not see change. ValueError
    where an end is negative or no number.
    """
    times = []
    for value in (sigma, sigma_next):
        if not (value >= 0 and math.isfinite(value)):
            raise ValueError(f"noise between sigma {sigma} and {sigma_next}: both must be numbers from 0 up.")
        times.append(min(clock(value, space), LAM_END) - LAM_START)
    start, end = (round(time / LEAF) for time in times)
    if start != end:
        return 0, start, end
    start, end = (round(time / _SHORT) for time in times)
    return 1, start, end
