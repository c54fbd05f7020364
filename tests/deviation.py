"""How widely a run spreads data of one Gaussian, computed exactly from its table: no model, no draws, no rounding.

The exact denoiser of N(0, s^2) is linear, D = alpha s^2 / (alpha^2 s^2 + sigma^2) x, so whatever a run makes is a sum
of the data, the noise it starts from and the noises it adds, all independent: a vector of their weights stands for it.
"""

import numpy as np

from sigmatic.core.space import level


def deviation(table, spread=0.5):
    """The standard deviation at the end of a run on N(0, spread^2) that starts at the level of its first row."""
    first = level(table.rows[0].sigma, table.space)
    noises = [max((len(stage.B) for stage in row.stages), default=0) for row in table.rows]
    x = np.zeros(2 + sum(noises))
    x[:2], place, kept = (first.alpha * spread, first.sigma), 2, []
    for row, count in zip(table.rows, noises, strict=True):
        start, older = x, len(kept)
        for stage in row.stages:
            x = stage.A * start + sum((w * F for w, F in zip(stage.w, kept, strict=False)), np.zeros(len(x)))
            x[place : place + len(stage.B)] += stage.B
            if stage.q:
                at = level(stage.sigma, table.space)
                denoised = at.alpha * spread**2 / ((at.alpha * spread) ** 2 + at.sigma**2) * x
                kept[:0] = [stage.p * x + stage.q * denoised, *([denoised] if table.uncond else [])]
        if not row.leaves:
            del kept[: len(kept) - older]
        del kept[20:]
        place += count
    return float(np.linalg.norm(x))
