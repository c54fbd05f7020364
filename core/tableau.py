"""Butcher tableaux of explicit Runge-Kutta methods, checked when they are declared."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product


@dataclass(frozen=True)
class Tableau:
    """Coefficients c, a (rows below the diagonal), b of an explicit Runge-Kutta method of the given order.

    Row sums, sum(b) = 1 and the order conditions up to order 5 are checked: ArithmeticError if one fails.
    """

    order: int
    a: tuple[tuple[float, ...], ...]
    b: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.a) != len(self.b) or any(len(row) != k for k, row in enumerate(self.a)):
            raise ArithmeticError(f"tableau: {len(self.a)} rows and {len(self.b)} weights do not fit")
        for power in range(1, self.order + 1):
            for tree in _trees(power):
                got, want = math.fsum(b * w for b, w in zip(self.b, self._weight(tree), strict=True)), 1 / _gamma(tree)
                if abs(got - want) > 1e-12:
                    raise ArithmeticError(f"tableau: order condition {tree} of order {power}: {got} is not {want}")

    @property
    def c(self) -> tuple[float, ...]:
        """Where the stages lie in the step, 0 to 1: the row sums."""
        return tuple(math.fsum(row) for row in self.a)

    def _weight(self, tree: tuple) -> list[float]:
        """For every stage, the product over the tree's branches (Butcher's elementary weights)."""
        branches = [self._weight(branch) for branch in tree]
        inner = [[math.fsum(a * w for a, w in zip(row, ws, strict=False)) for row in self.a] for ws in branches]
        return [math.prod(values[k] for values in inner) for k in range(len(self.b))]


def _size(tree: tuple) -> int:
    return 1 + sum(_size(branch) for branch in tree)


def _gamma(tree: tuple) -> int:
    return _size(tree) * math.prod(_gamma(branch) for branch in tree)


def _trees(size: int) -> set[tuple]:
    """All rooted trees of `size` nodes: a tree is the sorted tuple of its branches."""
    if size == 1:
        return {()}
    trees = set()
    for parts in _partitions(size - 1):
        for branches in product(*(_trees(part) for part in parts)):
            trees.add(tuple(sorted(branches)))
    return trees


def _partitions(total: int, most: int | None = None):
    if total == 0:
        yield ()
        return
    for first in range(min(total, most or total), 0, -1):
        for rest in _partitions(total - first, first):
            yield (first, *rest)
