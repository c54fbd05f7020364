"""THE loop: evaluates, combines, adds noise, calls back. Nothing else in the project loops over sigmas.

`core.plan` turns a table into sums over the tensors that are alive; the loop spends one fused pass per tensor on each,
three where there is a vote (`core.vote`).
Nothing that the model or the callback was given is written to afterwards, and nothing here waits for the device.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor

from .plan import PlannedStep, Sum, plan
from .space import working_dtype
from .table import Table
from .vote import elect

Noise = Callable[..., Tensor]
"""f(sigma, sigma_next), and where a run jumps or churns f(sigma, sigma_next, visit, stream)."""


class Output(NamedTuple):
    """What a model may return in place of the clean image alone, for samplers that need more.

    denoised: like x. uncond: the same without the prompt (CFG++). log_var_frac: like x, from 0 to 1, how far the log
    variance of the step's noise lies between its smallest and largest value (Improved DDPM, 2102.09672).
    """

    denoised: Tensor
    uncond: Tensor | None = None
    log_var_frac: Tensor | None = None


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
    votes: Tensor | None = None,
    progress: Callable[[Iterable], Iterable] = iter,
) -> tuple[Tensor, list[Tensor], Tensor | None]:
    """Run `table` from x (B, ...) and return (x, the registers of `table.kept`, the votes of the last step).

    `sigmas` (n+1,) are the table's own levels as the caller has them, handed on in the callback. `registers` are those
    of `table.past`, `votes` of the step before. State is float32 (float64 if x is); the model sees x's dtype and sigma
    (B,); the result has x's dtype.
    """
    given = x.dtype
    state = working_dtype(x)
    times, ballots = iter(_times(table, x, state)), iter(_ballots(table, x, state))
    marks = sigmas.unbind() if callback is not None else ()
    extra = extra_args or {}
    kept, current, denoised = list(registers), x.to(state), None
    uncond = frac = None
    asks_more, unsure = table.uncond or table.learned, True
    for step in progress(plan(table)):
        start, slots, draws, new = current, [current, *kept], [], []
        for total in step.sums:
            while len(draws) < total.draws:
                draws.append(noise(*step.draws[len(draws)]))
            current = seen = start  # lets go of the stage before: its memory is the next one's
            if total.vote:
                current, votes = elect(next(ballots), slots, votes, total.memory)
            elif not total.unchanged:
                current = combine(total, slots, _learned(draws, total.spread, frac) if total.spread else draws)
            if not total.evaluate:
                continue
            seen = current if given is state else current.to(given)
            denoised = prediction = None  # as above
            denoised = model(seen, next(times), **extra)
            if asks_more or not isinstance(denoised, Tensor):
                denoised, uncond, frac = _needed(table, denoised)
            if unsure:  # until it is right once
                unsure, denoised = denoised.shape != x.shape, broadcast_like("model", denoised, x)
            if callback is not None and len(slots) == 1 + len(kept):
                callback(_report(step, marks, seen, denoised))
            prediction = denoised if denoised.dtype is state else denoised.to(state)
            slots.append(prediction)
            if table.uncond:
                slots.append(cast(Tensor, uncond).to(state))
                new.append(slots[-1])
            new.append(
                torch.add(current, prediction, alpha=total.register_ratio) if total.register_ratio else prediction
            )
        if callback is not None and not new and step.step >= 0:
            callback(_report(step, marks, start, start if denoised is None else denoised))
        kept = [*reversed(new), *kept][: step.keep] if step.keep else []
        votes = votes if step.sums[-1].vote or not new else None  # a step that asks nothing leaves them
    if current is denoised:
        current = current.clone()  # the model's own tensor: never hand it out as ours
    return (current if given is state else current.to(given)), kept, votes


def _times(table: Table, x: Tensor, state: torch.dtype) -> tuple[Tensor, ...]:
    """The sigma (B,) of every evaluation, made in one go before the run."""
    return _evaluated(table, state).repeat(1, x.shape[0]).to(x.device).unbind()


def _ballots(table: Table, x: Tensor, state: torch.dtype) -> tuple[Tensor, ...]:
    """The weights of every vote, brought to the device before the run."""
    found = [total.vote for step in plan(table) for total in step.sums if total.vote]
    width = max((len(weights[0]) for weights in found), default=0)
    padded = [[row + (0.0,) * (width - len(row)) for row in weights] for weights in found]
    return torch.tensor(padded, dtype=state, device="cpu").to(x.device).unbind() if found else ()


@lru_cache(maxsize=16)
def _evaluated(table: Table, state: torch.dtype) -> Tensor:
    """The sigmas of all evaluations, (n, 1)."""
    values = [stage.sigma for row in table.rows for stage in row.stages if stage.q]
    with torch.inference_mode(False):  # kept for runs outside of it, too
        return torch.tensor(values, dtype=state, device="cpu")[:, None]


def _report(step: PlannedStep, marks: Sequence[Tensor], x: Tensor, denoised: Tensor) -> dict[str, Any]:
    mark = marks[step.step]
    hat = mark.new_tensor(step.hat) if step.hat else mark
    return {"x": x, "i": step.step, "sigma": mark, "sigma_hat": hat, "denoised": denoised}


def _needed(table: Table, output: Any) -> tuple[Tensor, Any, Any]:
    """The parts of a model's Output; TypeError where one is missing that this run needs."""
    parts = output if isinstance(output, Output) else Output(output)
    missing = [
        name
        for name, needed, part in (
            ("uncond", table.uncond, parts.uncond),
            ("log_var_frac", table.learned, parts.log_var_frac),
        )
        if needed and part is None
    ]
    if missing or not isinstance(parts.denoised, Tensor):
        raise TypeError(
            f"model returned {type(output).__name__}: this sampler needs {' and '.join(missing) or 'a tensor'}. "
            "Return sigmatic.samplers.Output(denoised, uncond=..., log_var_frac=...), or choose another sampler."
        )
    return parts


def broadcast_like(what: str, found: Any, like: Tensor) -> Tensor:
    """What the model or the noise (`what`) returned, in the shape of `like`; TypeError or ValueError if it has none."""
    if isinstance(found, Tensor) and found.shape == like.shape:
        return found
    if not isinstance(found, Tensor):
        raise TypeError(f"{what} returned {type(found).__name__}: it must return a tensor like x, {tuple(like.shape)}.")
    try:
        return found.expand(like.shape)
    except RuntimeError:
        shape = tuple(found.shape)
        raise ValueError(f"{what} returned shape {shape}: it must return that of x, {tuple(like.shape)}.") from None


def _learned(draws: list[Tensor], spread: float, frac: Any) -> list[Tensor]:
    """The noises at the strength that the model asks for: log variance raised by `spread` times its fraction."""
    strength = torch.exp(frac.to(draws[0]) * (spread / 2))
    return [draw * strength for draw in draws]


def combine(total: Sum, slots: list[Tensor], draws: list[Tensor]) -> Tensor:
    """One stage: the sum of what is alive, in a tensor of its own (but for a single slot of weight 1)."""
    rest = total.terms
    if total.lerps:
        (first, _), (index, share), *more = total.lerps
        out, fresh = torch.lerp(slots[first], slots[index], share), True
        for index, share in more:
            out.lerp_(slots[index], share)
    else:
        (first, weight), *rest = rest
        fresh = weight != 1
        out = slots[first] * weight if fresh else slots[first]
    for index, weight in rest:
        out = out.add_(slots[index], alpha=weight) if fresh else torch.add(out, slots[index], alpha=weight)
        fresh = True
    for index, weight in total.noise:
        out = out.add_(draws[index], alpha=weight) if fresh else torch.add(out, draws[index], alpha=weight)
        fresh = True
    return out
