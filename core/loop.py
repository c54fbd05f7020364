"""THE loop: evaluates, combines, adds noise, calls back. Nothing else in the project loops over sigmas.

`core.plan` turns a table into sums over the tensors that are alive; the loop spends one fused pass per tensor on each.
Nothing that the model or the callback was given is written to afterwards, and nothing here waits for the device.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from .plan import Sum, plan
from .table import Table

Noise = Callable[[float, float], Tensor]


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
    registers: Sequence[Tensor] = (),
    progress: Callable[[Iterable], Iterable] = iter,
) -> tuple[Tensor, list[Tensor]]:
    """Run `table` from x (B, ...) and return (x, the registers of `table.kept`).

    `sigmas` (n+1,) are the table's own levels as the caller has them, handed on in the callback. `registers` are those
    of `table.past`. State is float32 (float64 if x is); the model sees x's dtype and sigma (B,); the result has x's
    dtype.
    """
    given = x.dtype
    state = torch.float64 if given == torch.float64 else torch.float32
    times = iter(_times(table, x, state))
    marks = sigmas.unbind()
    extra = extra_args or {}
    kept, current, denoised = list(registers), x.to(state), None
    for i, step in enumerate(progress(plan(table))):
        start, slots, draws, new = current, [current, *kept], [], []
        for total in step.sums:
            while len(draws) < total.draws:
                draws.append(noise(*step.segments[len(draws)]))
            if not total.as_is:
                current = _combine(total, slots, draws)
            if not total.evaluate:
                continue
            seen = current if given is state else current.to(given)
            denoised = model(seen, next(times), **extra)
            if callback is not None and len(slots) == 1 + len(kept):
                callback(_report(i, marks[i], total.sigma, seen, denoised))
            prediction = denoised if denoised.dtype is state else denoised.to(state)
            slots.append(prediction)
            new.append(prediction if total.lean == 0 else torch.add(current, prediction, alpha=total.lean))
        if callback is not None and not new:
            callback(_report(i, marks[i], step.sums[0].sigma, start, start if denoised is None else denoised))
        new.reverse()
        kept = [*new, *kept][: step.keep]
    if current is denoised:
        current = current.clone()  # the model's own tensor: never hand it out as ours
    return (current if given is state else current.to(given)), kept


def _times(table: Table, x: Tensor, state: torch.dtype) -> tuple[Tensor, ...]:
    """The sigma (B,) of every evaluation, made in one go before the run."""
    return _evaluated(table, state).repeat(1, x.shape[0]).to(x.device).unbind()


@lru_cache(maxsize=64)
def _evaluated(table: Table, state: torch.dtype) -> Tensor:
    """The sigmas of all evaluations, (n, 1)."""
    values = [stage.sigma for row in table.rows for stage in row.stages if stage.q]
    with torch.inference_mode(False):  # kept for runs outside of it, too
        return torch.tensor(values, dtype=state)[:, None]


def _report(i: int, mark: Tensor, sigma: float, x: Tensor, denoised: Tensor) -> dict[str, Any]:
    return {"x": x, "i": i, "sigma": mark, "sigma_hat": mark, "denoised": denoised}


def _combine(total: Sum, slots: list[Tensor], draws: list[Tensor]) -> Tensor:
    (index, weight), *rest = total.terms
    out = slots[index]
    fresh = bool(rest) or weight != 1
    if total.blend:
        (index, weight), *more = rest
        out = torch.lerp(out, slots[index], weight)
        for index, weight in more:
            out.lerp_(slots[index], weight)
    else:
        if fresh:
            out = out * weight
        for index, weight in rest:
            out.add_(slots[index], alpha=weight)
    for index, weight in total.noise:
        out = out.add_(draws[index], alpha=weight) if fresh else torch.add(out, draws[index], alpha=weight)
        fresh = True
    return out
