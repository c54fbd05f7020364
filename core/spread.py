"""How widely a run spreads data of one Gaussian, computed exactly from its table: no model, no draws, no rounding.

The exact denoiser of N(0, s^2) is linear, D = alpha s^2 / (alpha^2 s^2 + sigma^2) x, so whatever a run makes is a sum
of the data, the noise it starts from and the noises it adds, all independent: a vector of their weights stands for it,
and a matrix with a row for each s.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .space import Level, level
from .table import Kept, Row, Table

Weights = NDArray[np.float64]
USUAL = 0.5
"""The standard deviation of pictures in a latent, about."""
WIDTHS = 2.0 ** np.arange(-1, 6, dtype=np.float64)[:, None]
"""Spreads of data beside the noise that a step leaves: below these it hardly touches them, above nothing is unsure."""
MOST = 2 * USUAL
"""No data are spread wider than this: what a step would do to wider ones says nothing of it."""


def deviation(table: Table, data: float = USUAL) -> float:
    """The standard deviation at the end of a run on N(0, data^2) that starts at the level of the table's first row."""
    first = level(table.rows[0].sigma, table.space)
    x = np.zeros((1, 2 + sum(_draws(row) for row in table.rows)))
    x[0, :2], place = (first.alpha * data, first.sigma), 2
    run = _Gaussian(np.array([[data]]), table.space, table.uncond)
    for row in table.rows:
        older = len(run.kept)
        x = run.landing(row, x, place)
        if not row.leaves:
            del run.kept[: len(run.kept) - older]
        del run.kept[20:]
        place += _draws(row)
    return float(np.linalg.norm(x))


def overshoot(table: Table) -> float:
    """How many times as wide as it should be a run makes its result; 1 for a run that goes on from another's memory."""
    if not table.rows or table.past:
        return 1.0
    end = level(table.rows[-1].sigma_next, table.space)
    return deviation(table) / math.hypot(end.alpha * USUAL, end.sigma)


def widening(row: Row, seen: Sequence[Kept], space: str, uncond: bool = False) -> float:
    """How many times as wide as it should be one step down makes its data, at worst over WIDTHS up to MOST.

    What led to it went right: x and the registers `seen`, newest first, are those of exact data, and the noises at two
    levels are alike as far as the row's own noise says, e^{-eta h}.
    """
    a, b = level(row.sigma, space), level(row.sigma_next, space)
    fresh = math.hypot(*row.stages[-1].B) / b.sigma
    eta = -math.log1p(-min(fresh * fresh, 1 - 1e-12)) / (2 * (b.lam - a.lam))
    run = _Gaussian(np.minimum(b.rho * WIDTHS, MOST), space, uncond)
    met = run.met([a, *(level(register.sigma, space) for register in seen)], eta, _draws(row))
    for register in reversed(seen):
        run.remember(met[register.sigma], register.sigma, register.p, register.q, register.u)
    x = run.landing(row, met[a.sigma], met[a.sigma].shape[1] - _draws(row))
    return float((np.linalg.norm(x, axis=1) / np.hypot(b.alpha * run.data[:, 0], b.sigma)).max())


def _draws(row: Row) -> int:
    return max((len(stage.B) for stage in row.stages), default=0)


@dataclass
class _Gaussian:
    """Rows applied to data of some spreads, `data` (n, 1), with the registers `kept` that they leave, newest first.

    x is (n, 1 + noises): the weights of unit data and of every noise.
    """

    data: Weights
    space: str
    uncond: bool
    kept: list[Weights] = field(default_factory=list)

    def landing(self, row: Row, start: Weights, place: int) -> Weights:
        """Where `row` leads from `start`, its noises in the columns from `place` on."""
        x = start
        for stage in row.stages:
            parts = (w * F for w, F in zip(stage.w, self.kept, strict=False))
            x = stage.A * start + sum(parts, np.zeros_like(start))
            x[:, place : place + len(stage.B)] += stage.B
            if stage.q:
                self.remember(x, stage.sigma, stage.p, stage.q, stage.u)
        return x

    def remember(self, x: Weights, sigma: float, p: float, q: float, u: float) -> None:
        """Keep the register p x + q D of the exact denoiser, and behind it u x + U; the unconditional U is D, too."""
        at = level(sigma, self.space)
        denoised = at.alpha * self.data**2 / ((at.alpha * self.data) ** 2 + at.sigma**2) * x
        self.kept[:0] = [p * x + q * denoised, *([u * x + denoised] if self.uncond else [])]

    def met(self, levels: Sequence[Level], eta: float, spare: int) -> dict[float, Weights]:
        """x of exact data at each of the sigmas of `levels`, with `spare` columns of 0 for noises to come."""
        nodes, met = sorted(set(levels), key=lambda node: node.lam), {}
        noise = np.zeros((len(self.data), len(nodes) + spare))
        for i, node in enumerate(nodes):
            alike = math.exp(-eta * (node.lam - nodes[i - 1].lam)) if eta and i else float(i > 0)
            noise = alike * noise
            noise[:, i] = math.sqrt(1 - alike * alike)
            met[node.sigma] = np.concatenate([node.alpha * self.data, node.sigma * noise], axis=1)
        return met
