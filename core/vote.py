"""Votes: a landing that can be made in a plain or in a bold way, each item of a batch in the one that serves it.

Both are in the table beforehand, and two errors to choose by. A run only compares them: the bold way is taken where its
error is the smaller one. What the ways are, and what counts as an error of theirs, is the sampler's matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

MEMORY = 0.9  # a step, for squared errors: one tells little, and those of the middle of a run count most

Weights = tuple[float, tuple[float, ...]]
"""A and w of A x_i + sum_j w_j F_j."""


Errors = tuple[Weights, Weights]
"""Of the plain and of the bold way. No image is left in them."""


class Vote(NamedTuple):
    """What a landing's vote is taken by, and the ways it can be made other than plain.

    `others`: the landing's weights if it is bold, if the step before was, and if both are. `memory`: what is left of
    earlier squared errors, 0 to 1.
    """

    errors: Errors
    others: tuple[Weights, ...]
    memory: float = MEMORY

    @property
    def reach(self) -> int:
        """How many registers it may use."""
        return max(len(w) for _, w in (*self.errors, *self.others))


def elect(
    weights: Tensor, slots: Sequence[Tensor], votes: Tensor | None, memory: float = MEMORY
) -> tuple[Tensor, Tensor]:
    """The landing, and the votes that go with it: (B, 3), both sums of squared errors and whether it is bold.

    weights (6, slots or more): of both errors, of the plain way and of the others. votes: of the step before, None if
    it had none. One vote for each item, whatever else is in the batch; nothing waits for the device.
    """
    errors = [torch.linalg.vector_norm(_weighted(error[None], slots).flatten(1), dim=1) for error in weights[:2]]
    squares = torch.stack(errors, 1) ** 2
    votes = squares.new_zeros(len(squares), 3) if votes is None else votes
    sums = memory * votes[:, :2] + squares
    bold = sums[:, 1] < sums[:, 0]  # not where either is NaN
    way = 2 * votes[:, 2].long() + bold.long()  # what the step before was made by, is to be put right
    return _weighted(weights[2:][way], slots), torch.cat([sums, bold[:, None]], 1)


def _weighted(weights: Tensor, slots: Sequence[Tensor]) -> Tensor:
    """The sum of the slots, with weights (B or 1, slots or more)."""
    parts = [part.reshape(-1, *(1,) * (slots[0].ndim - 1)) for part in weights.unbind(1)]
    out = slots[0] * parts[0]
    for slot, part in zip(slots[1:], parts[1:], strict=False):
        out.addcmul_(slot, part)
    return out
