"""The call that makes a table, of one stream or of several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from torch import Tensor

from ..core import space as spaces, streams as several
from ..core.spec import SAMPLERS, SamplerSpec
from ..core.streams import Past, Stream
from ..core.table import Kept, Table
from ..core.tabulate import along, tabulate
from . import _state
from ._inputs import levels
from ._state import State


def table(
    name: str,
    sigmas: Sequence[float] | Tensor,
    *,
    space: str = "ve",
    state: State | None = None,
    streams: Sequence[Stream] = (),
    **params: Any,
) -> Table:
    """The coefficients of a whole run of sampler `name` over `sigmas` (n+1,), known before any model call.

    state: from the run before, whose registers it goes on from. streams: of a latent with several, as for `sample`.
    Raises ValueError for an unknown sampler or parameter, and for sigmas that no run can follow; TypeError for adaptive
    samplers, which have no table.
    """
    values = levels(sigmas)
    _state.check(state, name, space, values)
    pasts, _ = _state.pasts(state, values, params)
    return made(SAMPLERS.get(name), values, space, params, pasts, several.check(streams))


def made(
    spec: SamplerSpec,
    sigmas: tuple[float, ...],
    space: str,
    params: dict[str, Any],
    pasts: Sequence[Past],
    streams: Sequence[Stream],
) -> Table:
    """The table of a run that begins with `pasts`, of the first stream and of the others."""

    def make(sigmas: tuple[float, ...], given: dict[str, Any], past: tuple[Kept, ...]) -> Table:
        return tabulate(spec.name, sigmas, spaces.check(space), tuple(given.items()), past)

    given = along(spec.params, spec.resolve(params), sigmas)
    table = make(sigmas, given, pasts[0].kept if pasts else ())
    if len(streams) < 2:
        return table
    streams = [replace(each, params=along(spec.params, spec.take(each.params), sigmas)) for each in streams]
    whole = several.added(table, streams, sigmas, given, make, pasts)
    return whole or made(spec, sigmas, space, params, (), streams)


def check(
    table: Table, start: State, sigmas: tuple[float, ...], params: dict[str, Any], streams: Sequence[Stream]
) -> None:
    """ValueError where `table` was made for another run."""
    sizes, parts = [each.size for each in streams[1:]], [part.size for part in table.others]
    if sizes != parts:
        raise ValueError(f"table is for further streams of {parts} numbers, this run's have {sizes}: make it for them.")
    if params:
        raise ValueError(f"table is given, and {', '.join(params)} too: leave out what is in the table already.")
    steps = [row for row in table.rows if not row.visit]
    way = (*(row.sigma for row in steps), *(row.sigma_next for row in steps[-1:]))
    past = start.kept if looks_back(table) or not table.others else ()
    seen = tuple(kept for kept in table.past if kept.sigma > 0)
    if (table.space, seen) != (start.space, past) or (way or sigmas[:1]) != sigmas:
        raise ValueError("table is of another run: make it for the same sigmas, space and state.")


def looks_back(table: Table) -> bool:
    """Whether any of its streams begins with registers."""
    return bool(table.past) or any(part.table.past for part in table.others)
