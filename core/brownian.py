"""A Brownian path that is made where it is looked at: a binary tree over time whose nodes are numbers under keys.

W at the middle of an interval is the mean of its ends plus sqrt(length / 4) times the node's own normals (Levy's
construction). The way from the root to the last place looked at is kept, so that neighbouring looks cost little.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .keys import each_chunk, mix, normals
from .policy import LAM_END, LAM_START
from .space import level

LEAF = 2.0**-10
"""Times are snapped to this grid, so that keys survive a rounding error of sigma."""
DEPTH = round(math.log2((LAM_END - LAM_START) / LEAF))
LEAVES = 1 << DEPTH
_FINE = 2.0**-20  # the grid for stretches shorter than a leaf
FINE = 5
"""From this depth on (intervals of 2 and less) normals without tails do: an increment is a sum of several of them."""


class _Node(NamedTuple):
    """A node on the way down: where it is kept, where its interval's ends are kept (-1: nowhere, W = 0), its number."""

    depth: int
    left: int
    right: int
    number: int


class Path:
    """One path per item over places 0..LEAVES (in leaves), W(0) = 0. `keys`: one for each item of `size` numbers."""

    def __init__(self, size: int, keys: Sequence[int]) -> None:
        self.size, self.keys = size, list(keys)
        self._place = 0
        self._numbers = [-1] * (DEPTH + 1)
        self._values: list[Tensor] = []  # W: at the end of time, at the middle of each level's interval, where we are

    def increment(self, out: Tensor, start: int, end: int) -> None:
        """Fill `out` (B, size) with (W(end) - W(start)) / sqrt(time between); start and end are different places."""
        if not self._values:
            with torch.inference_mode(False):  # kept for looks outside of it, too
                self._values = [torch.zeros(len(self.keys), self.size) for _ in range(DEPTH + 2)]
        if start != self._place:
            self._walk(start, None, 0.0)
        self._walk(end, out, 1.0 / math.sqrt(abs(end - start) * LEAF))

    def _walk(self, place: int, out: Tensor | None, scale: float) -> None:
        """Move to `place`; with `out`, put the way's increment times `scale` there."""
        nodes, kept_at = self._way(place)

        def work(item: int, chunk: int, part: slice) -> None:
            values = [value[item, part] for value in self._values]
            key = mix(chunk, self.keys[item])
            scratch = torch.empty_like(values[0])
            for node in nodes:
                _fill(values, node, mix(key, node.number), scratch)
            here, last = values[kept_at] if kept_at >= 0 else torch.zeros_like(scratch), values[-1]
            if out is not None:
                torch.sub(here, last, out=out[item, part]).mul_(scale)
            last.copy_(here)

        each_chunk(len(self.keys), self.size, work, rounds=len(nodes))
        self._place = place

    def _way(self, place: int) -> tuple[list[_Node], int]:
        """The nodes still to be made on the way to `place`, and where W(place) is kept then (-1: it is 0)."""
        way = [] if self._numbers[0] == 0 else [_Node(0, -1, -1, 0)]
        self._numbers[0] = 0
        left, right = (0, -1), (LEAVES, 0)  # (place, where it is kept)
        for depth in range(1, DEPTH + 1):
            if place in (left[0], right[0]):
                break
            middle = (left[0] + right[0]) // 2
            number = (1 << (depth - 1)) + (left[0] >> (DEPTH + 1 - depth))
            if self._numbers[depth] != number:
                way.append(_Node(depth, left[1], right[1], number))
                self._numbers[depth] = number
            left, right = (left, (middle, depth)) if place <= middle else ((middle, depth), right)
        return way, left[1] if place == left[0] else right[1]


class DevicePath(Path):
    """The same on the device of the latent, which keeps one latent and no way: every look begins at the root."""

    def __init__(self, size: int, keys: Sequence[int], device: torch.device) -> None:
        super().__init__(size, keys)
        self.device = device
        self._last: Tensor | None = None

    def increment(self, out: Tensor, start: int, end: int) -> None:
        """As of a path that keeps its way."""
        if self._last is None:
            self._last = torch.zeros(len(self.keys), self.size, device=self.device)
        if start != self._place:
            self._last = self._look(start)
        here = self._look(end)
        torch.sub(here, self._last, out=out).mul_(1.0 / math.sqrt(abs(end - start) * LEAF))
        self._last, self._place = here, end

    def _look(self, place: int) -> Tensor:
        """W(place) of all items."""
        self._numbers = [-1] * (DEPTH + 1)
        nodes, kept_at = self._way(place)
        found = torch.zeros(len(self.keys), self.size, device=self.device)
        for item, key in enumerate(self.keys):
            values: dict[int, Tensor] = {}
            scratch = torch.empty(self.size, device=self.device)
            for k, node in enumerate(nodes):
                values[node.depth] = torch.empty_like(scratch)
                _fill(values, node, mix(mix(0, key), node.number), scratch)
                needed = {kept_at, *(end for later in nodes[k + 1 :] for end in (later.left, later.right))}
                values = {depth: value for depth, value in values.items() if depth in needed}
            if kept_at >= 0:
                found[item] = values[kept_at]
        return found


def _fill(values: Any, node: _Node, key: int, scratch: Tensor) -> None:
    out, length = values[node.depth], (LAM_END - LAM_START) / (1 << max(0, node.depth - 1))
    if node.depth == 0:  # the end of time: W of the whole length
        normals(out, key)
        out.mul_(math.sqrt(length))
        return
    if node.left < 0:
        torch.mul(values[node.right], 0.5, out=out)
    else:
        torch.lerp(values[node.left], values[node.right], 0.5, out=out)
    normals(scratch, key, tails=node.depth < FINE)
    out.add_(scratch, alpha=math.sqrt(length / 4))


def clock(sigma: float, space: str) -> float:
    """The time of noise: lam of `sigma`, from -10 (`core.policy.LAM_START`) up; infinite at sigma = 0."""
    return max(level(float(sigma), space).lam, LAM_START)


@lru_cache(maxsize=4096)
def stretch(sigma: float, sigma_next: float, space: str) -> tuple[int, int, int]:
    """Which grid a stretch is named on (1: the fine one, for both ends on one leaf), and its ends as places on it.

    Places count from lam = -10. ValueError where an end is negative or no number.
    """
    times = []
    for value in (sigma, sigma_next):
        if not (value >= 0 and math.isfinite(value)):
            raise ValueError(f"noise between sigma {sigma} and {sigma_next}: both must be numbers from 0 up.")
        times.append(min(clock(value, space), LAM_END) - LAM_START)
    start, end = (round(time / LEAF) for time in times)
    if start != end:
        return 0, start, end
    start, end = (round(time / _FINE) for time in times)
    return 1, start, end
