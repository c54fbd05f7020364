"""How widely a run spreads data of one Gaussian, computed exactly from its table: no model, no draws, no rounding.

The exact denoiser of N(0, s^2) is linear, D = alpha s^2 / (alpha^2 s^2 + sigma^2) x, so whatever a run makes is a sum
of the data, the noise it starts from and the noises it adds, all independent: a vector of their weights stands for it.
"""

from __future__ import annotations

import math

import numpy as np

from .space import Level, level
from .table import Table

USUAL = 0.5
"""The standard deviation of pictures in a latent, about."""


def deviation(table: Table, data: float = USUAL) -> float:
    """The standard deviation at the end of a run on N(0, data^2) that starts at the level of the table's first row."""
    first = level(table.rows[0].sigma, table.space)
    noises = [max((len(stage.B) for stage in row.stages), default=0) for row in table.rows]
    x = np.zeros(2 + sum(noises))
    x[:2], place, kept = (first.alpha * data, first.sigma), 2, []
    for row, count in zip(table.rows, noises, strict=True):
        start, older = x, len(kept)
        for stage in row.stages:
            x = stage.A * start + sum((w * F for w, F in zip(stage.w, kept, strict=False)), np.zeros(len(x)))
            x[place : place + len(stage.B)] += stage.B
            if stage.q:
                denoised = _denoised(level(stage.sigma, table.space), data) * x
                kept[:0] = [stage.p * x + stage.q * denoised, *([denoised] if table.uncond else [])]
        if not row.leaves:
            del kept[: len(kept) - older]
        del kept[20:]
        place += count
    return float(np.linalg.norm(x))


def overshoot(table: Table) -> float:
    """How many times as wide as it should be a run makes its result; 1 for a run that goes on from another's memory."""
    if not table.rows or table.past:
        return 1.0
    end = level(table.rows[-1].sigma_next, table.space)
    return deviation(table) / math.hypot(end.alpha * USUAL, end.sigma)


def _denoised(at: Level, data: float) -> float:
    return at.alpha * data**2 / ((at.alpha * data) ** 2 + at.sigma**2)
