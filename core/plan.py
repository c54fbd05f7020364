"""A table made ready to run: every stage as one sum over the tensors that are alive, with static coefficients."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

from .table import Row, Stage, Table

Terms = dict[int, float]


class Sum(NamedTuple):
    """One stage: the weights of the slots it adds up, of the noises, and what to do with the result.

    Slots are counted as the loop keeps them: the step's start, the registers of earlier steps from the newest back,
    then this step's predictions in order. With `blend`, terms are a chain of interpolations, not plain weights.
    `lean` = q/p of the register to keep, or 0 where that is the prediction itself. `as_is`: it is the start unchanged.
    """

    sigma: float
    terms: tuple[tuple[int, float], ...]
    blend: bool
    noise: tuple[tuple[int, float], ...]
    draws: int
    evaluate: bool
    lean: float
    as_is: bool


class PlannedStep(NamedTuple):
    """The sums of one step, its stretches of noise, and how many registers later steps need."""

    sums: tuple[Sum, ...]
    segments: tuple[tuple[float, float], ...]
    keep: int


@lru_cache(maxsize=64)
def plan(table: Table) -> tuple[PlannedStep, ...]:
    """Rewrite `table` for the loop. The step's own registers are eliminated: x and raw predictions remain."""
    keeps = _keeps(table)
    scales = [kept.p or kept.q for kept in table.past]
    steps = []
    for row, keep in zip(table.rows, keeps, strict=True):
        steps.append(PlannedStep(_sums(row, scales), tuple(row.segments()), keep))
        own = [stage.p or stage.q for stage in row.stages if stage.q]
        scales = [*reversed(own), *scales][:keep]
    return tuple(steps)


def _keeps(table: Table) -> list[int]:
    """For every step, how far back later steps (and a continuation of the run) reach."""
    keeps, need = [], len(table.kept)
    for row in reversed(table.rows):
        keeps.append(need)
        evaluations = reach = 0
        for stage in row.stages:
            reach = max(reach, len(stage.w) - evaluations)
            evaluations += stage.q != 0
        need = max(reach, need - evaluations)
    return keeps[::-1]


def _sums(row: Row, scales: list[float]) -> tuple[Sum, ...]:
    """The stages of `row` in slots. A register F = p x + q D is kept as x + (q/p) D or D; `scales` restore it."""
    own: list[tuple[Terms, Terms]] = []  # the step's registers, oldest first, as weights of slots and of noises
    sums = []
    for stage in row.stages:
        slots: Terms = {0: stage.A}
        noise: Terms = dict(enumerate(stage.B))
        for weight, register in zip(stage.w, reversed(own), strict=False):
            _add(slots, weight, register[0])
            _add(noise, weight, register[1])
        for k, weight in enumerate(stage.w[len(own) :]):
            _add(slots, weight * scales[k], {1 + k: 1.0})
        sums.append(_sum(stage, slots, noise))
        if stage.q:
            register: tuple[Terms, Terms] = {1 + len(scales) + len(own): stage.q}, {}
            _add(register[0], stage.p, slots)
            _add(register[1], stage.p, noise)
            own.append(register)
    return tuple(sums)


def _add(total: Terms, weight: float, other: Terms) -> None:
    for key, value in other.items():
        total[key] = total.get(key, 0.0) + weight * value


def _sum(stage: Stage, slots: Terms, noise: Terms) -> Sum:
    terms = tuple((index, weight) for index, weight in sorted(slots.items(), reverse=True) if weight)
    chain = _chain(terms)
    noises = tuple((index, weight) for index, weight in noise.items() if weight)
    lean = stage.q / stage.p if stage.p else 0.0
    as_is = terms == ((0, 1.0),) and not noises
    return Sum(stage.sigma, chain or terms, bool(chain), noises, len(stage.B), stage.q != 0, lean, as_is)


def _chain(terms: tuple[tuple[int, float], ...]) -> tuple[tuple[int, float], ...]:
    """Weights that add up to 1 (always on VE) as nested interpolations, which saves one pass; () where they do not."""
    if len(terms) < 2 or abs(math.fsum(weight for _, weight in terms) - 1.0) > 1e-9:
        return ()
    total, chain = 0.0, []
    for index, weight in terms:
        total += weight
        if abs(total) < 1e-3:
            return ()
        chain.append((index, weight / total))
    return tuple(chain)
