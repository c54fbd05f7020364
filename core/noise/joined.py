"""The noise of several streams in one latent: each in its own shape, on its own levels, with numbers of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ..space import working_dtype
from ..streams import Stream, own_level
from ..table import Draw, Table
from .keys import check_batch_index
from .kinds import KINDS
from .sources import Source

ITEMS = 1 << 32
"""Places in a batch from one stream to the next: as those of `Sigmatic Noise`, no two share a number."""


def joined(
    x: Tensor, streams: Sequence[Stream], table: Table, noise: str, seed: int, batch_index: Sequence[int] | None,
) -> Callable[[Draw], Tensor]:  # fmt: skip
    """f(draw) -> numbers like x (B, 1, N): those of each stream that `table` puts noise into, 0 for the others.

    A stream's numbers are those that it has in a run by itself, in its own shape on its own levels, with ITEMS added to
    the batch_index for every stream before it. ValueError for a kind of noise that does not fit a stream's shape.
    """
    indices, space = check_batch_index(batch_index, len(x)), table.space
    tables = [(table, 1.0), *((part.table, part.scale) for part in table.others)]
    sources: list[tuple[Source | None, int, float]] = []
    for place, (stream, (its, scale)) in enumerate(zip(streams, tables, strict=True)):
        kind = KINDS[stream.noise or noise]
        like = torch.empty(len(x), *stream.shape, dtype=x.dtype, device=x.device)
        source = kind(like, seed, [i + place * ITEMS for i in indices], space=space)
        sources.append((source if any(row.noisy for row in its.rows) else None, stream.size, scale))

    def draw(what: Draw) -> Tensor:
        parts = []
        for source, size, scale in sources:
            if source is None:
                parts.append(x.new_zeros((*x.shape[:-1], size), dtype=working_dtype(x)))
                continue
            here, there = (own_level(sigma, scale, space) for sigma in what[:2])
            drawn = source.draw(what._replace(sigma=here, sigma_next=there))
            parts.append(drawn.reshape(*x.shape[:-1], size))
        return torch.cat(parts, dim=-1)

    return draw
