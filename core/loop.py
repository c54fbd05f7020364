"""THE loop: evaluates, combines, reports. Nothing else in the project loops over sigmas.

What it computes is what `tests/literal.py` computes in thirty lines, from the table as it is written. What it does
beyond that is for speed and memory: `core.plan` has made one sum over the live tensors of every stage, each tensor is
passed over once, and a name lets go of a tensor before the next one is made. Nothing that the model or the callback was
given is written to afterwards, and nothing here waits for the device.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .plan import PlannedStep, Sum, plan
from .space import working_dtype
from .table import Draw, Table

Noise = Callable[[Draw], Tensor]
"""Unit normals like x for one draw."""


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
    progress: Callable[[Iterable], Iterable] = iter,
) -> tuple[Tensor, list[Tensor]]:
    """Run `table` from x (B, ...) and return (x, the registers of `table.kept`).

    `sigmas` (n+1,) are the table's own levels as the caller has them, handed on in the callback. `registers` are those
    of `table.past`. State is float32 (float64 if x is); the model sees x's dtype and sigma (B,); the result has x's
    dtype.
    """
    evaluate, report = _Model(table, model, x, extra_args or {}), _Reports(callback, sigmas)
    kept, current = list(registers), x.to(evaluate.state)
    for step in progress(plan(table)):
        start, slots, draws, new = current, [current, *kept], [], []
        for total in step.sums:
            while len(draws) < total.draws:
                draws.append(noise(step.draws[len(draws)]))
            current = start  # lets go of the stage before: its memory is free for this one
            if not total.unchanged:
                current = combine(total, slots, evaluate.strengthened(draws, total.spread) if total.spread else draws)
            if total.evaluate:
                prediction = evaluate(current)
                if callback and not new:
                    report(step, evaluate.seen, evaluate.denoised)
                slots.append(prediction)
                if table.uncond:
                    slots.append(evaluate.uncond)
                    new.append(_register(current, evaluate.uncond, total, _UNCOND))
                new.append(_register(current, prediction, total))
                evaluate.seen = evaluate.uncond = prediction = None  # as above
        if callback and not new:
            report(step, start, start if evaluate.denoised is None else evaluate.denoised)
        new.reverse()
        kept = (new + kept if step.leaves else kept)[: step.keep]
    if current is evaluate.denoised:
        current = current.clone()  # the model's own tensor: never hand it out as ours
    return current.to(x.dtype), kept


class _Model:
    """The model of one run: called with the caller's dtype, its answers checked. `state`: the dtype of the run.

    Of the last call, `seen`: what it was given, and `denoised`: its answer, both in the caller's dtype; `uncond`: its
    unconditional prediction, in the dtype of the run.
    """

    def __init__(self, table: Table, model: Callable[..., Any], x: Tensor, extra_args: dict[str, Any]) -> None:
        self.table, self.model, self.x, self.extra_args = table, model, x, extra_args
        self.state = working_dtype(x)
        self.seen: Tensor | None = None
        self.denoised: Tensor | None = None
        self.uncond: Any = None
        self._frac: Any = None
        self._converts, self._more, self._sure = x.dtype != self.state, table.uncond or table.learned, False
        # The sigma (B,) of every evaluation, made in one go before the run.
        self._times = iter(_evaluated(table, self.state).repeat(1, x.shape[0]).to(x.device).unbind())

    def __call__(self, current: Tensor) -> Tensor:
        """The prediction at `current`."""
        self.seen = current.to(self.x.dtype) if self._converts else current
        self.denoised = None  # its memory is free for the answer
        answer: Any = self.model(self.seen, next(self._times), **self.extra_args)
        if self._more or not isinstance(answer, Tensor):
            answer, uncond, self._frac = _needed(self.table, answer)
            self.uncond = uncond.to(self.state) if self.table.uncond else None
        if not self._sure:  # until it is right once
            self._sure, answer = answer.shape == self.x.shape, broadcast_like("model", answer, self.x)
        self.denoised = answer
        return answer if answer.dtype == self.state else answer.to(self.state)

    def strengthened(self, draws: list[Tensor], spread: float) -> list[Tensor]:
        """The noises as strong as the model wants them: log variance raised by `spread` times its learned fraction."""
        strength = torch.exp(self._frac.to(draws[0]) * (spread / 2))
        return [draw * strength for draw in draws]


class _Reports:
    """The callback, called once a step with k-diffusion's dict; a restart's way up is not reported."""

    def __init__(self, callback: Callable[[dict[str, Any]], Any] | None, sigmas: Tensor) -> None:
        self.callback = callback
        self.marks = sigmas.unbind() if callback is not None else ()

    def __call__(self, step: PlannedStep, x: Tensor | None, denoised: Tensor | None) -> None:
        if self.callback is None or step.step < 0:
            return
        mark = self.marks[step.step]
        hat = mark.new_tensor(step.hat) if step.hat else mark
        self.callback({"x": x, "i": step.step, "sigma": mark, "sigma_hat": hat, "denoised": denoised})


_FIRST, _UNCOND = attrgetter("register_ratio"), attrgetter("uncond_ratio")


def _register(x: Tensor, prediction: Tensor, total: Sum, ratio_of: Callable[[Sum], float] = _FIRST) -> Tensor:
    """F = p x + q D up to its factor p, as x + (q/p) D: one pass; or D itself where the ratio q/p is 0."""
    ratio = ratio_of(total)
    out = torch.add(x, prediction, alpha=ratio) if ratio else prediction
    for cut, part in total.others:
        if ratio_of(part) != ratio:
            out = out.clone() if out is prediction else out
            out[..., cut] = _register(x[..., cut], prediction[..., cut], part, ratio_of)
    return out


@lru_cache(maxsize=16)
def _evaluated(table: Table, state: torch.dtype) -> Tensor:
    """The sigmas of all evaluations, (n, 1)."""
    with torch.inference_mode(False):  # kept for runs outside of it, too
        return torch.tensor(table.called_at, dtype=state, device="cpu")[:, None]


def _needed(table: Table, output: Any) -> tuple[Tensor, Any, Any]:
    """The parts of a model's Output; TypeError where one is missing that this run needs."""
    parts = output if isinstance(output, Output) else Output(output)
    wanted = {"uncond": table.uncond, "log_var_frac": table.learned}
    missing = [name for name, needed in wanted.items() if needed and getattr(parts, name) is None]
    if missing or not isinstance(parts.denoised, Tensor):
        raise TypeError(
            f"model returned {type(output).__name__}: this sampler needs {' and '.join(missing) or 'a tensor'}. "
            "Return sigmatic.samplers.Output(denoised, uncond=..., log_var_frac=...), or choose another sampler."
        )
    return parts


def broadcast_like(what: str, given: Any, like: Tensor) -> Tensor:
    """What the model or the noise (`what`) returned, in the shape of `like`; TypeError or ValueError if it has none."""
    if isinstance(given, Tensor) and given.shape == like.shape:
        return given
    if not isinstance(given, Tensor):
        raise TypeError(f"{what} returned {type(given).__name__}: it must return a tensor like x, {tuple(like.shape)}.")
    try:
        return given.expand(like.shape)
    except RuntimeError:
        shape = tuple(given.shape)
        raise ValueError(f"{what} returned shape {shape}: it must return that of x, {tuple(like.shape)}.") from None


def combine(total: Sum, slots: list[Tensor], draws: list[Tensor]) -> Tensor:
    """One stage: the weighted sum of slots and noises, in a tensor of its own unless it is one slot of weight 1."""
    terms = total.terms
    if total.lerps:
        (first, _), (index, share), *more = total.lerps
        out, fresh = torch.lerp(slots[first], slots[index], share), True
        for index, share in more:
            out.lerp_(slots[index], share)
    else:
        (first, weight), *terms = terms
        fresh = weight != 1
        out = slots[first] * weight if fresh else slots[first]
    for parts, weights in ((slots, terms), (draws, total.noise)):
        for index, weight in weights:
            part = parts[index]
            out = out.add_(part, alpha=weight) if fresh else torch.add(out, part, alpha=weight)  # only our own in place
            fresh = True
    for cut, other in total.others:  # a few numbers beside the first stream's, which are written over
        out, fresh = out if fresh else out.clone(), True
        out[..., cut] = combine(other, [slot[..., cut] for slot in slots], [draw[..., cut] for draw in draws])
    return out
