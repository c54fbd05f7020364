"""Several streams in one latent, such as a picture and its sound: one table a stream, one call of the model for all.

x (B, ..., N) holds the streams end to end along its last axis. Each may have levels of its own: where a model carries a
stream at `scale` times its size on the levels of the first, rho of the whole is `scale` times the stream's own (on flow
models: the ratio of the two shifts). Its table is made on its own levels and then written in the carried numbers,
c = x / g with g = sigma / sigma of the whole, so that the loop knows nothing of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any, NamedTuple

from .space import at_rho, level
from .table import Kept, Part, Stage, Table

_OF_SIGMA = ("s_tmin", "s_tmax", "restart_min", "restart_max")  # parameters that are levels of the first stream


@dataclass(frozen=True)
class Stream:
    """One stream of x.

    shape: of one item, (C, ..., H, W) or (C, L), which its noise is drawn in; scale: at how many times its size it is
    carried, above 0. params: of the sampler, where it has others than the first; noise: its kind where it has another.
    """

    shape: tuple[int, ...]
    scale: float = 1.0
    params: Mapping[str, Any] = field(default_factory=dict)
    noise: str | None = None

    @property
    def size(self) -> int:
        """How many numbers an item of it has."""
        return math.prod(self.shape)


class Past(NamedTuple):
    """What a stream begins with: registers `kept` on its own levels, of a run that carried it at `scale`.

    `places`: where each is among all that are there, newest first; the others are there for other streams.
    """

    scale: float = 1.0
    kept: tuple[Kept, ...] = ()
    places: tuple[int, ...] = ()


_ANOTHERS = Kept(0.0, 0.0, 1.0)
"""In the place of a register that only another stream looks back on; none is made at sigma 0."""


def check(streams: Sequence[Stream], shape: Sequence[int] | None = None, adaptive: str = "") -> tuple[Stream, ...]:
    """Return `streams`; ValueError unless sizes and scales are some, and fill the last axis of x, of this `shape`.

    `adaptive`: the name of a sampler without a table, which runs all of them as the first.
    """
    if adaptive and any(stream.scale != 1 or stream.params for stream in streams):
        raise ValueError(
            f"streams have scales or params of their own, but sampler {adaptive} chooses its steps by the whole "
            "latent. Leave streams out, or choose a sampler with a table."
        )
    for i, stream in enumerate(streams):
        if not (math.isfinite(stream.scale) and stream.scale > 0):
            raise ValueError(f"streams[{i}].scale is {stream.scale!r}: give a number above 0; 1 has x's own levels.")
        if stream.size < 1:
            raise ValueError(f"streams[{i}].shape is {stream.shape}: give that of one item, with a number or more.")
    sizes = [stream.size for stream in streams]
    if streams and shape is not None and (math.prod(shape[1:]) != shape[-1] or sum(sizes) != shape[-1]):
        raise ValueError(
            f"streams have {' + '.join(map(str, sizes))} numbers, x has shape {tuple(shape)}: give x as (B, 1, N), the "
            "streams end to end, N numbers together."
        )
    if streams and (streams[0].scale != 1 or streams[0].params):
        raise ValueError("streams[0] has a scale or params: the first stream is the one that the run's own are for.")
    return tuple(streams)


def own_level(sigma: float, scale: float, space: str) -> float:
    """The sigma of a stream carried at `scale` where that of the whole is `sigma`."""
    if scale == 1 or sigma == 0 or (space == "flow" and sigma >= 1):
        return sigma
    return at_rho(level(sigma, space).rho / scale, space).sigma


def added(
    table: Table,
    streams: Sequence[Stream],
    sigmas: Sequence[float],
    given: Mapping[str, Any],
    make: Callable[[tuple[float, ...], dict[str, Any], tuple[Kept, ...]], Table],
    past: Sequence[Past] = (),
) -> Table | None:
    """`table`, of the first stream, with those of the others; make(sigmas, params, past) -> Table makes them.

    The model is called once for all, so their calls lie where those of the first do: a stream whose own would lie
    elsewhere has the levels of the first, or its parameters, or both. `past`: what each begins with, the first too.
    None where that does not fit: then all begin without.
    """
    past = [*past, *[Past()] * (len(streams) - len(past))]
    parts, start = [], streams[0].size
    for stream, before in zip(streams[1:], past[1:], strict=True):
        for free, scale in dict.fromkeys(product((True, False), (stream.scale, 1.0))):
            if before.kept and before.scale != scale:
                continue
            params = {**given, **(stream.params if free else {})}
            params |= {n: own_level(params[n], scale, table.space) for n in _OF_SIGMA if n in params}
            other = make(tuple(own_level(sigma, scale, table.space) for sigma in sigmas), params, before.kept)
            if _aligned(table, other, scale):
                break
        else:
            return None
        parts.append(Part(start, stream.size, _carried(table, other, scale), scale, free, other.kept))
        start += stream.size
    tables = [table, *(part.table for part in parts)]
    leaves = [any(row.leaves for row in rows) for rows in zip(*(each.rows for each in tables), strict=True)]
    table, *others = (_padded(each, leaves, before.places) for each, before in zip(tables, past, strict=True))
    made = zip(parts, others, strict=True)
    return replace(table, others=tuple(part._replace(table=its, kept=_spread(part.kept, its)) for part, its in made))


def _spread(kept: Sequence[Kept], table: Table) -> tuple[Kept, ...]:
    """A stream's registers on its own levels, where those of its `table` are."""
    rest = iter(kept)
    return tuple(_ANOTHERS if its == _ANOTHERS else next(rest) for its in table.kept)


def _padded(table: Table, leaves: Sequence[bool], begin: Sequence[int]) -> Table:
    """`table` with weights of 0 for the registers that only other streams look back on; its first are at `begin`."""
    if list(begin) == list(range(len(table.past))) and [row.leaves for row in table.rows] == list(leaves):
        return table
    places, rows = list(begin), []
    for row, left in zip(table.rows, leaves, strict=True):
        made, stages = 0, []
        for stage in row.stages:
            older = dict(zip(places, stage.w[made:], strict=False))
            zeros = tuple(older.get(k, 0.0) for k in range(max(older, default=-1) + 1))
            stages.append(stage._replace(w=(*stage.w[:made], *zeros)))
            made += table.width * (stage.q != 0)
        places = [place + made * left for place in places]
        places[:0] = range(made * row.leaves)
        rows.append(row._replace(stages=tuple(stages), leaves=left))
    past, left = _at(begin, table.past), _at([place // table.width for place in places[:: table.width]], table.left)
    return replace(table, rows=tuple(rows), past=past, left=left)


def _at(places: Sequence[int], kept: Sequence[Kept]) -> tuple[Kept, ...]:
    there = dict(zip(places, kept, strict=False))
    return tuple(there.get(place, _ANOTHERS) for place in range(max(there, default=-1) + 1))


def _aligned(table: Table, other: Table, scale: float) -> bool:
    """Whether the model is called for `other` where it is for `table`, in rows that come and go alike."""
    return len(table.rows) == len(other.rows) and all(
        (one.step, one.visit, len(one.stages)) == (two.step, two.visit, len(two.stages))
        and all(_meet(here, there, scale, table.space) for here, there in zip(one.stages, two.stages, strict=True))
        for one, two in zip(table.rows, other.rows, strict=True)
    )


def _meet(stage: Stage, other: Stage, scale: float, space: str) -> bool:
    here, there = level(own_level(stage.sigma, scale, space), space), level(other.sigma, space)
    close = math.isclose(here.sigma, there.sigma, rel_tol=1e-6)
    return (stage.q != 0) == (other.q != 0) and close and math.isclose(here.alpha, there.alpha, rel_tol=1e-6)


def _carried(table: Table, part: Table, scale: float) -> Table:
    """`part`, made on a stream's own levels, in the numbers that the whole carries, on the levels of `table`."""
    if scale == 1:
        return part
    space = table.space
    sizes = [1.0 if table.uncond and i % 2 else scale for i in range(len(part.past))]  # behind each F: u x + U
    past = tuple(
        kept._replace(p=kept.p * _shrunk_at(kept.sigma, scale, space) * scale / size, q=kept.q / size)
        for kept, size in zip(part.past, sizes, strict=True)
    )
    rows = []
    for row, other in zip(table.rows, part.rows, strict=True):
        begin, stages = _shrunk(row.sigma, scale, space), []
        for place, stage in zip(row.stages, other.stages, strict=True):
            g = _shrunk(place.sigma, scale, space)
            w = tuple(v / g / (scale if table.uncond and k % 2 else 1.0) for k, v in enumerate(stage.w))
            B, ends = tuple(b / g for b in stage.B), {"p": stage.p * g, "q": stage.q / scale, "u": stage.u * g * scale}
            stages.append(stage._replace(sigma=place.sigma, A=stage.A * begin / g, w=w, B=B, **ends))
        rows.append(other._replace(sigma=row.sigma, sigma_next=row.sigma_next, stages=tuple(stages)))
    return replace(part, rows=tuple(rows), past=past)


def _shrunk(sigma: float, scale: float, space: str) -> float:
    """g: a stream's own numbers beside the carried ones, where the whole is at `sigma`."""
    return own_level(sigma, scale, space) / sigma if sigma > 0 else 1.0 / scale


def _shrunk_at(level: float, scale: float, space: str) -> float:
    """g where the stream itself is at `level`."""
    return level / own_level(level, 1.0 / scale, space) if level > 0 else 1.0 / scale
