"""The call that runs a sampler."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor
from tqdm.auto import tqdm

from ..core import loop, space as spaces, streams as several
from ..core.spec import SAMPLERS
from ..core.streams import Past, Stream
from ..core.table import Table
from . import _state, _table
from ._adaptive import run as run_adaptive
from ._inputs import check_x, levels, noise_for
from ._state import State


def sample_with_state(  # noqa: PLR0913 - all that a run may be given
    name: str,
    model: Callable[..., Tensor],
    x: Tensor,
    sigmas: Sequence[float] | Tensor,
    *,
    space: str = "ve",
    seed: int = 0,
    batch_index: Sequence[int] | None = None,
    noise: str | Callable[[float, float], Tensor] | None = None,
    state: State | None = None,
    extra_args: dict[str, Any] | None = None,
    callback: Callable[[dict[str, Any]], Any] | None = None,
    disable: bool | None = None,
    table: Table | None = None,
    streams: Sequence[Stream] = (),
    **params: Any,
) -> tuple[Tensor, State]:
    """As `sample`, and also return the state from which a second run goes on as if there had been one.

    space: "ve" or "flow". seed: of the noise in the steps. batch_index: the place of each item in its batch (0, 1, ..).
    noise: None (the sampler's own), a kind by name (`noise.KINDS`), "comfy" (ComfyUI's own), or f(sigma, sigma_next)
    -> unit normals like x, called once for every disjoint stretch. state: from the run before. callback: gets
    k-diffusion's dict (x, i, sigma, sigma_hat, denoised) once a step. disable: hides the progress bar. params: the
    sampler's own (`get(name).params`); a float may be a function of sigma, such as `core.curve.Curve`. table: in place
    of params, what the function `table` made of them for the same sampler, sigmas, space and state. streams: of an x
    (B, 1, N) with several end to end (`core.streams.Stream`), such as picture and sound: each may have its own levels,
    parameters and noise. Raises ValueError or TypeError before the first model call.
    """
    spec = SAMPLERS.get(name)
    check_x(x)
    if not isinstance(sigmas, Tensor):
        sigmas = torch.tensor(levels(sigmas), dtype=spaces.working_dtype(x), device="cpu")
    values = levels(sigmas)
    before = _state.resumed(state, name, space, values, x, params)
    draws = {"seed": seed, "batch_index": batch_index, "space": spaces.check(space)}
    streams = several.check(streams, x.shape, name if spec.adaptive else "")
    if spec.adaptive:
        source = noise_for(noise, spec, x, values, **draws)
        out, took = run_adaptive(
            spec, model, x, sigmas, spec.resolve(params), space=space, noise=source, extra_args=extra_args or {},
            callback=callback,
        )  # fmt: skip
        return out, replace(before, sigma=values[-1], took=took)
    if table is None:
        table = _table.made(spec, values, space, params, _state.pasts(state, values, params)[0], streams)
    else:
        _table.check(table, before, values, params, streams)
    source = noise_for(noise, spec, x, values, **draws, streams=streams, table=table)
    if not table.rows:
        return x, replace(before, sigma=values[-1])

    out, registers = loop.run(
        table, model, x, sigmas, noise=source, extra_args=extra_args, callback=callback,
        registers=before.registers if _table.looks_back(table) else (),
        progress=partial(_progress, disable),
    )  # fmt: skip
    others = tuple(Past(part.scale, part.kept) for part in table.others)
    return out, replace(before, sigma=values[-1], kept=table.kept, registers=tuple(registers), others=others)


def _progress(disable: bool | None, steps: Iterable) -> Iterable:
    return steps if disable is True else tqdm(steps, disable=disable)
