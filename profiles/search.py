"""Nonlinear least squares over a few numbers: damped Gauss-Newton, one half of the pictures judges the other.

A step is made from one half of the pictures and taken only where it serves both, in turns: what helps on those it was
made from alone is no gain. As in `core.schedule.fit`, an item counts by the logarithm of its error.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

Residuals = list[Tensor]
"""For every count of steps how far the runs end from where they should, (B, coordinates)."""
_DAMPING, _TRIES, _ENOUGH = 0.03, 2, 0.01


class Item:
    """A vector of numbers and what it leads to."""

    def __init__(self, at: np.ndarray, residuals: Residuals) -> None:
        self.at, self.residuals = at, residuals

    def norms(self) -> list[Tensor]:
        """The RMSE of every picture, (B,) for each count."""
        return [residual.square().mean(1).sqrt() for residual in self.residuals]


def cost(item: Item, scales: list[float], half: slice = slice(None)) -> float:
    """The mean log error over counts and pictures, flat below `scales`: a lost picture counts no more."""
    rows = zip(item.norms(), scales, strict=True)
    return float(np.mean([float((norm[half].square() + scale**2).log().mean()) / 2 for norm, scale in rows]))


def scales_of(item: Item) -> list[float]:
    """Half the median error of each count."""
    return [0.5 * float(norm.median()) + 1e-12 for norm in item.norms()]


def better(new: Item, old: Item, scales: list[float]) -> bool:
    """Whether both halves of the pictures gain."""
    return all(cost(new, scales, half) < cost(old, scales, half) for half in halves(len(new.residuals[0])))


def halves(count: int) -> tuple[slice, slice]:
    """The pictures fitted on and those that judge."""
    return slice(0, None, 2), slice(1, None, 2) if count > 1 else slice(0, None, 2)


def improve(
    run: Callable[[np.ndarray], Residuals],
    start: Item,
    moves: np.ndarray,
    limited: Callable[[np.ndarray, np.ndarray], np.ndarray],
    *,
    rounds: int,
    affordable: Callable[[int], bool],
) -> Item:
    """The best that is found from `start`: `run(numbers)` says where they lead, `moves` how far to look around.

    limited(at, step): the step cut so that it stays sensible. affordable(runs): whether that many may still be made.
    Ends where a round gains less than a hundredth.
    """
    best, damping = start, _DAMPING
    for turn in range(rounds):
        if not affordable(len(moves) + 1):
            break
        scales, here = scales_of(best), best
        slopes = [_slope(run, here, k, move) for k, move in enumerate(moves)]
        train = halves(len(here.residuals[0]))[turn % 2]
        for half in (train, slice(None)):
            if not affordable(1):
                break
            step = limited(here.at, _step(here, slopes, scales, damping, half))
            ahead = Item(here.at + step, run(here.at + step))
            if better(ahead, best, scales):
                best = ahead
                break
            damping *= 3
        if cost(best, scales) > cost(here, scales) - _ENOUGH:
            break
    return best


def _slope(run: Callable[[np.ndarray], Residuals], here: Item, which: int, move: float) -> Residuals:
    moved = here.at.copy()
    moved[which] += move
    return [(new - old) / move for new, old in zip(run(moved), here.residuals, strict=True)]


def _step(here: Item, slopes: list[Residuals], scales: list[float], damping: float, half: slice) -> np.ndarray:
    """The damped Gauss-Newton step, every picture weighed by one over its squared error."""
    size = len(slopes)
    matrix, right = np.zeros((size, size)), np.zeros(size)
    for k, (residual, scale) in enumerate(zip(here.residuals, scales, strict=True)):
        weights = (residual[half].square().mean(1) + scale**2).rsqrt()[:, None]
        flat = torch.stack([(slope[k][half] * weights).flatten() for slope in slopes])
        matrix += (flat @ flat.T).double().numpy() / residual.shape[1]
        right += (flat @ (residual[half] * weights).flatten()).double().numpy() / residual.shape[1]
    diagonal = np.diag(matrix) + 1e-3 * np.trace(matrix) / size + 1e-30
    return -np.linalg.solve(matrix + damping * np.diag(diagonal), right)
