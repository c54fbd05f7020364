"""A Brownian path that is made where it is looked at: a binary tree over time whose nodes are numbers under keys.

W at the middle of an interval is the mean of its ends plus sqrt(length / 4) times the node's own normals (Levy's
construction). The way from the root to the last place looked at is kept, so that neighbouring looks cost little.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from ..policy import LAM_END, LAM_START
from ..space import level
from .keys import CHUNK, PLAIN, chunks, mix, normals, rough_normals

LEAF = 2.0**-10
"""Times are snapped to this grid, so that keys survive a rounding error of sigma."""
DEPTH = round(math.log2((LAM_END - LAM_START) / LEAF))
LEAVES = 1 << DEPTH
_SHORT = 2.0**-20  # the grid for stretches shorter than a leaf
ROUGH = 2
"""From this depth on (intervals of 16 and less) rough normals do: an increment is a sum of many of them."""
KEPT = 7
"""Down to this depth (intervals of 1/2) nodes are kept: the steps of a run share few that are deeper."""
PIECE = 1 << 15  # torch splits larger sums among threads, which costs more than it gives here


class _Node(NamedTuple):
    """A node to be kept: its depth, the depths at which its interval's ends are kept (-1: W = 0), its number."""

    depth: int
    left: int
    right: int
    number: int


class _Way(NamedTuple):
    """What leads to a place: nodes still to be kept, where the ends around the place are kept then, how far it lies
    from the left one to the right one, and the deeper nodes (depth, number) with their weights in W."""

    nodes: list[_Node]
    left: int
    right: int
    share: float
    deeper: list[tuple[int, int, float]]


class _Chunk:
    """What is kept of the path of a part of an item, in pieces: W at the end of time, at the middle of each level's
    interval, and at the place last looked at."""

    def __init__(self, item: int, part: slice, key: int) -> None:
        self.item, self.part, self.key = item, part, key
        sizes = [min(PIECE, part.stop - k) for k in range(part.start, part.stop, PIECE)]
        self._kept = [torch.zeros(KEPT + 2, size, **PLAIN).unbind() for size in sizes]

    def walk(self, way: _Way, out: Tensor, scale: float, scratch: Tensor) -> None:
        """Go `way`, and put W at its end minus W at the place before, times `scale`, into `out`."""
        fresh = scratch[: len(out)]
        pieces = list(zip(self._kept, fresh.split(PIECE), out.split(PIECE), strict=True))
        for node in way.nodes:
            _draw(fresh, self.key, node.depth, node.number)
            for kept, own, _ in pieces:
                _put(kept, node, own)
        for kept, _, here in pieces:
            _between(kept, way.left, way.right, way.share, here)
        for depth, number, weight in way.deeper:
            _draw(fresh, self.key, depth, number)
            for _, own, here in pieces:
                here.add_(own, alpha=weight)
        for kept, own, here in pieces:
            own.copy_(here)
            here.sub_(kept[-1]).mul_(scale)
            kept[-1].copy_(own)


def _put(kept: Sequence[Tensor], node: _Node, own: Tensor) -> None:
    """Make W in the middle of the node's interval from its ends and the node's `own` normals."""
    length = (LAM_END - LAM_START) / (1 << max(0, node.depth - 1))
    if node.depth == 0:  # the end of time: W of the whole length
        torch.mul(own, math.sqrt(length), out=kept[0])
    else:
        _between(kept, node.left, node.right, 0.5, kept[node.depth])
        kept[node.depth].add_(own, alpha=math.sqrt(length / 4))


def _between(kept: Sequence[Tensor], left: int, right: int, share: float, out: Tensor) -> None:
    """On the straight line between two places where W is kept."""
    if left < 0:
        torch.mul(kept[right], share, out=out)
    else:
        torch.lerp(kept[left], kept[right], share, out=out)


class Path:
    """One path per item over places 0..LEAVES (in leaves), W(0) = 0. `keys`: one for each item of `size` numbers."""

    def __init__(self, size: int, keys: Sequence[int]) -> None:
        self.size, self.keys = size, list(keys)
        self._place = 0
        self._numbers = [-1] * (KEPT + 1)
        self._chunks: list[_Chunk] = []

    def increment(self, out: Tensor, start: int, end: int) -> None:
        """Fill `out` (B, size) with (W(end) - W(start)) / sqrt(time between); start and end are different places."""
        if start != self._place:
            self._walk(out, start, 1.0)
        self._walk(out, end, 1.0 / math.sqrt(abs(end - start) * LEAF))

    def _walk(self, out: Tensor, place: int, scale: float) -> None:
        """Move to `place` and put the way's increment times `scale` into `out`."""
        if not self._chunks:
            with torch.inference_mode(False):  # kept for looks outside of it, too
                places = [(i, k, part) for i in range(len(self.keys)) for k, part in enumerate(chunks(self.size))]
                self._chunks = [_Chunk(i, part, mix(k, self.keys[i])) for i, k, part in places]
                self._fresh = torch.empty(min(self.size, CHUNK), **PLAIN)
        way = self._way(place)
        for chunk in self._chunks:
            chunk.walk(way, out[chunk.item, chunk.part], scale, self._fresh)
        self._place = place

    def _way(self, place: int) -> _Way:
        nodes = [] if self._numbers[0] == 0 else [_Node(0, -1, -1, 0)]
        self._numbers[0] = 0
        left, right = (0, -1), (LEAVES, 0)  # (place, depth at which it is kept)
        for depth in range(1, KEPT + 1):
            if place in (left[0], right[0]):
                break
            middle, number = (left[0] + right[0]) // 2, _number(depth, left[0])
            if self._numbers[depth] != number:
                nodes.append(_Node(depth, left[1], right[1], number))
                self._numbers[depth] = number
            left, right = (left, (middle, depth)) if place <= middle else ((middle, depth), right)
        share = (place - left[0]) / (right[0] - left[0])
        return _Way(nodes, left[1], right[1], share, deeper(place, left[0], right[0], KEPT + 1))


class DevicePath(Path):
    """The same on the device of the latent, which keeps one latent and no node: every look begins at the root."""

    def __init__(self, size: int, keys: Sequence[int], device: torch.device) -> None:
        super().__init__(size, keys)
        self._here = torch.zeros(len(keys), size, dtype=torch.float32, device=device)

    def _walk(self, out: Tensor, place: int, scale: float) -> None:
        fresh = torch.empty_like(out[0])
        root = (0, 0, math.sqrt(LAM_END - LAM_START) * place / LEAVES)
        for here, target, key in zip(self._here, out, self.keys, strict=True):
            target.zero_()
            for depth, number, weight in (root, *deeper(place, 0, LEAVES, 1)):
                _draw(fresh, mix(0, key), depth, number)
                target.add_(fresh, alpha=weight)
            fresh.copy_(target)
            target.sub_(here).mul_(scale)
            here.copy_(fresh)
        self._place = place


def deeper(place: int, left: int, right: int, depth: int) -> list[tuple[int, int, float]]:
    """The nodes from `depth` down that W(place) is made of beside W(left) and W(right): (depth, number, weight).

    A node moves W by sqrt(length / 4) times its normals in the middle of its interval, and in proportion towards the
    ends, where it moves nothing.
    """
    found = []
    while left < place < right:
        middle = (left + right) // 2
        reach = (place - left) / (middle - left) if place <= middle else (right - place) / (right - middle)
        found.append((depth, _number(depth, left), reach * math.sqrt((right - left) * LEAF / 4)))
        left, right, depth = (left, middle, depth + 1) if place < middle else (middle, right, depth + 1)
    return found


def _number(depth: int, left: int) -> int:
    """The number of the node whose interval begins at `left`: nodes count from the root, level by level."""
    return (1 << (depth - 1)) + (left >> (DEPTH + 1 - depth))


def _draw(out: Tensor, key: int, depth: int, number: int) -> None:
    (normals if depth < ROUGH else rough_normals)(out, mix(key, number))


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
