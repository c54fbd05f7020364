"""A table made ready to run: every stage as one sum over the tensors that are alive, with static coefficients."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from .table import Draw, Row, Stage, Table

Terms = dict[int, float]


class Sum(NamedTuple):
    """One stage: the weights of the slots it adds up, of the noises, and what to do with the result.

    Slots are counted as the loop keeps them: the step's start, the registers of earlier steps from the newest back,
    then this step's predictions in order. `lerps`: a chain of interpolations, (slot, share of it); `terms`: what is
    added with plain weights. `register_ratio` = q/p of the register to keep, or 0 where that is the prediction itself
    or none; `uncond_ratio` = 1/u of the unconditional one. `unchanged`: it is the step's start. `spread`: the model's
    say in the noise, as of `core.table.Stage`. `others`: the sums of further streams, each with its numbers in the last
    axis.
    """

    sigma: float
    lerps: tuple[tuple[int, float], ...]
    terms: tuple[tuple[int, float], ...]
    noise: tuple[tuple[int, float], ...]
    draws: int
    evaluate: bool
    register_ratio: float
    uncond_ratio: float
    unchanged: bool
    spread: float
    others: tuple[tuple[slice, Sum], ...] = ()


class PlannedStep(NamedTuple):
    """The sums of one step, its draws of noise in order, and how many registers later steps need.

    `step`: its place in the schedule, -1 for a jump up, which is not reported; `hat`: where it is evaluated first, 0 if
    that is its start. `leaves`: whether later steps see its registers.
    """

    sums: tuple[Sum, ...]
    draws: tuple[Draw, ...]
    keep: int
    step: int
    hat: float
    leaves: bool


@lru_cache(maxsize=16)
def plan(table: Table) -> tuple[PlannedStep, ...]:
    """`planned`, kept for the next run of the same table."""
    return planned(table)


def planned(table: Table) -> tuple[PlannedStep, ...]:
    """Rewrite `table` for the loop. The step's own registers are eliminated: x and raw predictions remain."""
    tables = (table, *(part.table for part in table.others))
    keeps = [max(each) for each in zip(*map(_keeps, tables), strict=True)]
    held = max(len(each.past) for each in tables)
    first, *others = (_steps(each, keeps, held) for each in tables)
    cuts = [part.cut for part in table.others]
    return tuple(_joined(step, cuts, also) for step, *also in zip(first, *others, strict=True)) if others else first


def _joined(step: PlannedStep, cuts: Sequence[slice], others: Sequence[PlannedStep]) -> PlannedStep:
    """The step of the first stream with those of the others in it, and the draws of whichever has most."""
    sums = []
    for total, *parts in zip(step.sums, *(other.sums for other in others), strict=True):
        sums.append(
            total._replace(
                others=tuple(zip(cuts, parts, strict=True)),
                draws=max(each.draws for each in (total, *parts)),
                unchanged=all(each.unchanged for each in (total, *parts)),
            )
        )
    return step._replace(sums=tuple(sums), draws=max((step.draws, *(other.draws for other in others)), key=len))


def _steps(table: Table, keeps: Sequence[int], held: int) -> tuple[PlannedStep, ...]:
    """The steps of one stream, of which the loop `held` so many registers from the start."""
    scales = [kept.p or kept.q for kept in table.past]
    scales += [1.0] * (held - len(scales))
    steps = []
    for row, keep in zip(table.rows, keeps, strict=True):
        step = -1 if row.jump else row.step
        hat = row.stages[0].sigma if row.stages[0].q and row.stages[0].sigma != row.sigma else 0.0
        steps.append(PlannedStep(_sums(row, scales, table.width, keep), _draws(row), keep, step, hat, row.leaves))
        for stage in row.stages:
            if stage.q and row.leaves:
                scales[:0] = [stage.p or stage.q] + [stage.u or 1.0] * table.uncond
        scales = scales[:keep]
    return tuple(steps)


def _draws(row: Row) -> tuple[Draw, ...]:
    """One draw for each noise of `row`: on the way up in noise, within a step, it is churn."""
    draws = []
    for start, end in row.segments():
        stream = "jump" if row.jump else "churn" if end > start else "step"
        draws.append(Draw(start, end, row.visit, stream))
    return tuple(draws)


def _keeps(table: Table) -> list[int]:
    """For every step, how far back later steps (and a continuation of the run) reach."""
    keeps, need = [], len(table.kept)
    for row in reversed(table.rows):
        keeps.append(need)
        evaluations = furthest = 0
        for stage in row.stages:
            furthest = max(furthest, len(stage.w) - evaluations)
            evaluations += table.width * (stage.q != 0)
        need = max(furthest, need - evaluations * row.leaves)
    return keeps[::-1]


def _sums(row: Row, scales: list[float], width: int, keep: int) -> tuple[Sum, ...]:
    """The stages of `row` in slots. A register F = p x + q D is kept as x + (q/p) D or D; `scales` restore it."""
    registers: list[tuple[Terms, Terms]] = []  # the step's registers, oldest first, as weights of slots and of noises
    sums, made = [], width * sum(stage.q != 0 for stage in row.stages)
    for stage in row.stages:
        slots, noise = _spelt(stage.A, stage.w, registers, scales)
        _add(noise, 1.0, dict(enumerate(stage.B)))
        wanted = row.leaves and made - len(registers) - width < keep  # the registers made after this one come before it
        sums.append(_sum(stage, slots, noise, len(scales), wanted))
        if stage.q:
            slot = 1 + len(scales) + len(registers)
            register: tuple[Terms, Terms] = {slot: stage.q}, {}
            _add(register[0], stage.p, slots)
            _add(register[1], stage.p, noise)
            if width == 2:
                second: tuple[Terms, Terms] = {slot + 1: 1.0}, {}
                _add(second[0], stage.u, slots)
                _add(second[1], stage.u, noise)
                registers.append(second)
            registers.append(register)
    return tuple(sums)


def _spelt(
    A: float, w: Sequence[float], registers: list[tuple[Terms, Terms]], scales: list[float]
) -> tuple[Terms, Terms]:
    """A x + sum_j w_j F_j as weights of slots and of noises."""
    slots: Terms = {0: A}
    noise: Terms = {}
    for weight, register in zip(w, reversed(registers), strict=False):
        _add(slots, weight, register[0])
        _add(noise, weight, register[1])
    for k, weight in enumerate(w[len(registers) :]):
        _add(slots, weight * scales[k], {1 + k: 1.0})
    return slots, noise


def _add(total: Terms, weight: float, other: Terms) -> None:
    for key, value in other.items():
        total[key] = total.get(key, 0.0) + weight * value


def _sum(stage: Stage, slots: Terms, noise: Terms, earlier: int, wanted: bool) -> Sum:
    terms = tuple((index, weight) for index, weight in sorted(slots.items(), reverse=True) if weight)
    unchanged = terms == ((0, 1.0),)
    chain = _chain(terms)
    if chain:
        terms = ()
    else:  # earlier registers may be differences, which add up to nothing
        chain = _chain(tuple(term for term in terms if not 1 <= term[0] <= earlier))
        terms = tuple(term for term in terms if 1 <= term[0] <= earlier) if chain else terms
        terms = tuple(sorted(terms, key=lambda term: term[1] != 1.0))  # the loop begins with it, which saves a pass
    noises = tuple((index, weight) for index, weight in noise.items() if weight)
    ratios = (stage.q / stage.p if stage.p and wanted else 0.0), (1.0 / stage.u if stage.u and wanted else 0.0)
    spread = stage.spread if noises else 0.0
    return Sum(stage.sigma, chain, terms, noises, len(stage.B), stage.q != 0, *ratios, unchanged and not noises, spread)


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
