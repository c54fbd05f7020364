"""The calls that make a table and run it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from tqdm.auto import tqdm

from ..core import loop, space as spaces
from ..core.spec import SAMPLERS, SamplerSpec
from ..core.table import Kept, Table
from ..core.tabulate import along, tabulate
from . import _state
from ._adaptive import run as run_adaptive
from ._inputs import check_x, levels, noise_for
from ._state import State


def table(
    name: str, sigmas: Sequence[float] | Tensor, *, space: str = "ve", state: State | None = None, **params: Any
) -> Table:
    """The coefficients of a whole run of sampler `name` over `sigmas` (n+1,), known before any model call.

    state: from the run before, whose registers it goes on from. Raises ValueError for an unknown sampler or parameter,
    and for sigmas that no run can follow; TypeError for adaptive samplers, which have no table.
    """
    values = levels(sigmas)
    return _table(SAMPLERS.get(name), values, space, params, _state.past(state, name, space, values, params))


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
    **params: Any,
) -> tuple[Tensor, State]:
    """As `sample`, and also return the state from which a second run goes on as if there had been one.

    space: "ve" or "flow". seed: of the noise in the steps. batch_index: the place of each item in its batch (0, 1, ..).
    noise: None (the sampler's own), a kind by name (`noise.KINDS`), "comfy" (ComfyUI's own), or f(sigma, sigma_next)
    -> unit normals like x, called once for every disjoint stretch. state: from the run before. callback: gets
    k-diffusion's dict (x, i, sigma, sigma_hat, denoised) once a step. disable: hides the progress bar. params: the
    sampler's own (`get(name).params`); a float may be a function of sigma, such as `core.curve.Curve`. table: in place
    of params, what the function `table` made of them for the same sampler, sigmas, space and state.
    Raises ValueError or TypeError before the first model call.
    """
    spec = SAMPLERS.get(name)
    check_x(x)
    if not isinstance(sigmas, Tensor):
        sigmas = torch.tensor(levels(sigmas), dtype=spaces.working_dtype(x), device="cpu")
    values = levels(sigmas)
    before = _state.resumed(state, name, space, values, x, params)
    draws = {"seed": seed, "batch_index": batch_index, "space": spaces.check(space)}
    if spec.adaptive:
        source = noise_for(noise, spec, x, values, **draws)
        out, took = run_adaptive(
            spec, model, x, sigmas, spec.resolve(params), space=space, noise=source, extra_args=extra_args or {},
            callback=callback,
        )  # fmt: skip
        return out, replace(before, sigma=values[-1], took=took)
    if table is None:
        table = _table(spec, values, space, params, before.kept)
    else:
        _check_table(table, before, values, params)
    source = noise_for(noise, spec, x, values, **draws)
    if not table.rows:
        return x, replace(before, sigma=values[-1])

    def progress(steps: Iterable) -> Iterable:
        return steps if disable is True else tqdm(steps, disable=disable)

    out, registers = loop.run(
        table, model, x, sigmas, noise=source, extra_args=extra_args, callback=callback,
        registers=before.registers, progress=progress,
    )  # fmt: skip
    return out, replace(before, sigma=values[-1], kept=table.kept, registers=tuple(registers))


def _table(
    spec: SamplerSpec, sigmas: tuple[float, ...], space: str, params: dict[str, Any], past: tuple[Kept, ...]
) -> Table:
    given = along(spec.params, spec.resolve(params), sigmas)
    return tabulate(spec.name, sigmas, spaces.check(space), tuple(given.items()), past)


def _check_table(table: Table, start: State, sigmas: tuple[float, ...], params: dict[str, Any]) -> None:
    """ValueError where `table` was made for another run."""
    if params:
        raise ValueError(f"table is given, and {', '.join(params)} too: leave out what is in the table already.")
    steps = [row for row in table.rows if not row.visit]
    way = (*(row.sigma for row in steps), *(row.sigma_next for row in steps[-1:]))
    if (table.space, table.past) != (start.space, start.kept) or (way or sigmas[:1]) != sigmas:
        raise ValueError("table is of another run: make it for the same sigmas, space and state.")
