"""THE loop: evaluates, combines, adds noise, calls back. Nothing else in the project loops over sigmas.

Each stage is one sum over the step's start x, the step's own predictions, kept registers and noise. `plan` rewrites a
table into these sums once; `run` spends one fused pass per tensor on each. Nothing that the model or the callback was
given is written to afterwards, and nothing here waits for the device.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .table import Row, Stage, Table

Noise = Callable[[float, float], Tensor]
Register = tuple[float, Tensor]
"""A kept register, as a factor and a tensor: F = factor * tensor."""


class _Sum(NamedTuple):
    """One stage as a sum: coefficients of the start x, predictions of this step, older registers and noise."""

    start: float
    predictions: tuple[float, ...]
    registers: tuple[float, ...]
    noise: tuple[float, ...]
    stage: Stage


@dataclass(frozen=True)
class Plan:
    """A table made ready to run: per step the sums of its stages, and how many registers later steps still need."""

    steps: tuple[tuple[_Sum, ...], ...]
    needed: tuple[int, ...]


@lru_cache(maxsize=64)
def plan(table: Table) -> Plan:
    """Eliminate the step's own registers: every stage becomes a sum over raw predictions."""
    steps = tuple(_sums(row) for row in table.rows)
    needed, need = [], table.history
    for row in reversed(table.rows):
        needed.append(need)
        evals, reach = 0, 0
        for stage in row.stages:
            reach = max(reach, len(stage.w) - evals)
            evals += stage.q != 0
        need = max(reach, need - evals, 0)
    return Plan(steps, tuple(reversed(needed)))


def _sums(row: Row) -> tuple[_Sum, ...]:
    own: list[_Sum] = []  # the step's registers, oldest first, each as the sum that it is
    sums = []
    for stage in row.stages:
        total = _Sum(stage.A, (0.0,) * len(own), stage.w[len(own) :], stage.B, stage)
        for weight, register in zip(stage.w, reversed(own), strict=False):
            total = _add(total, weight, register)
        sums.append(total)
        if stage.q:
            own.append(_add(_Sum(0.0, (0.0,) * len(own) + (stage.q,), (), (), stage), stage.p, total))
    return tuple(sums)


def _add(total: _Sum, weight: float, other: _Sum) -> _Sum:
    if weight == 0:
        return total

    def mix(left: tuple[float, ...], right: tuple[float, ...]) -> tuple[float, ...]:
        size = max(len(left), len(right))
        pad = [(*values, *[0.0] * (size - len(values))) for values in (left, right)]
        return tuple(a + weight * b for a, b in zip(*pad, strict=True))

    return _Sum(
        total.start + weight * other.start,
        mix(total.predictions, other.predictions),
        mix(total.registers, other.registers),
        mix(total.noise, other.noise),
        total.stage,
    )


@torch.no_grad()
def run(
    table: Table,
    model: Callable[..., Tensor],
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: Noise,
    extra_args: dict[str, Any] | None = None,
    callback: Callable[[dict[str, Any]], Any] | None = None,
    registers: Sequence[Register] = (),
    progress: Callable[[Iterable], Iterable] = iter,
) -> tuple[Tensor, list[Register]]:
    """Run `table` from x (B, ...) and return (x, registers, newest first).

    `sigmas` (n+1,) are the table's own levels as the caller has them, handed on in the callback. State is float32
    (float64 if x is); the model sees x's dtype and sigma (B,); the result has x's dtype.
    """
    state = torch.float64 if x.dtype == torch.float64 else torch.float32
    steps = plan(table)
    times = iter(_times(table, x, state))
    marks = sigmas.unbind()
    kept = list(registers)
    extra = extra_args or {}
    given, current, denoised = x.dtype, x.to(state), None
    for i, sums in enumerate(progress(steps.steps)):
        predictions: list[Tensor] = []
        fresh: list[Register] = []
        draws: list[Tensor] = []
        segments = table.rows[i].segments()
        start = current
        for total in sums:
            while len(draws) < len(total.noise):
                draws.append(noise(*segments[len(draws)]))
            current = _combine(total, start, predictions, kept, draws)
            stage = total.stage
            if stage.q == 0:
                continue
            seen = current if given == state else current.to(given)
            denoised = model(seen, next(times), **extra)
            if callback is not None and not predictions:
                callback(_report(i, marks[i], stage, seen, denoised))
            prediction = denoised if denoised.dtype == state else denoised.to(state)
            predictions.append(prediction)
            if steps.needed[i]:
                fresh.append(_register(stage, current, prediction))
        if callback is not None and not predictions:
            callback(_report(i, marks[i], sums[0].stage, start, start if denoised is None else denoised))
        kept = [*reversed(fresh), *kept][: steps.needed[i]]
    if current is denoised:
        current = current.clone()  # the model's own tensor: never hand it out as ours
    return current if given == state else current.to(given), kept


def _times(table: Table, x: Tensor, state: torch.dtype) -> tuple[Tensor, ...]:
    """The sigma (B,) of every evaluation, made in one go before the run."""
    values = [stage.sigma for row in table.rows for stage in row.stages if stage.q]
    return torch.tensor(values, dtype=state)[:, None].repeat(1, x.shape[0]).to(x.device).unbind()


def _report(i: int, mark: Tensor, stage: Stage, x: Tensor, denoised: Tensor) -> dict[str, Any]:
    hat = mark if stage.B == () else mark.new_tensor(stage.sigma)
    return {"x": x, "i": i, "sigma": mark, "sigma_hat": hat, "denoised": denoised}


def _register(stage: Stage, x: Tensor, prediction: Tensor) -> Register:
    if stage.p == 0:
        return stage.q, prediction
    return stage.p, torch.add(x, prediction, alpha=stage.q / stage.p)


def _combine(
    total: _Sum, start: Tensor, predictions: list[Tensor], kept: list[Register], draws: list[Tensor]
) -> Tensor:
    terms = [(total.start, start)]
    terms += zip(reversed(total.predictions), reversed(predictions), strict=True)
    terms += ((weight * factor, tensor) for weight, (factor, tensor) in zip(total.registers, kept, strict=False))
    terms = [term for term in terms if term[0]]
    out = _blend(terms)
    if out is None:
        out = _accumulate(terms)
    for weight, draw in zip(total.noise, draws, strict=False):
        if weight:
            out = out.add_(draw, alpha=weight) if out is not terms[0][1] else torch.add(out, draw, alpha=weight)
    return out


def _accumulate(terms: list[Register]) -> Tensor:
    """The sum of coefficient x tensor, one pass a term."""
    (weight, tensor), *rest = terms
    if weight == 1 and not rest:
        return tensor
    out = tensor * weight
    for weight, tensor in rest:
        out.add_(tensor, alpha=weight)
    return out


def _blend(terms: list[Register]) -> Tensor | None:
    """The same where the coefficients add up to 1 (always on VE): nested interpolation saves one pass."""
    if len(terms) < 2 or abs(math.fsum(weight for weight, _ in terms) - 1.0) > 1e-9:
        return None
    weight, tensor = terms[-1]
    total, out = weight, tensor
    for k, (weight, tensor) in enumerate(reversed(terms[:-1])):
        total += weight
        if abs(total) < 1e-3:
            return None
        out = torch.lerp(out, tensor, weight / total) if k == 0 else out.lerp_(tensor, weight / total)
    return out
