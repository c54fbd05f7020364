"""What a run leaves behind for the one that goes on from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from ..core import memory
from ..core.space import working_dtype
from ..core.spec import SAMPLERS
from ..core.table import Kept


@dataclass(frozen=True)
class State:
    """What a run leaves behind for its continuation: where it stopped and the registers of a multistep method.

    `took`: of an adaptive run, its evaluations, accepted and rejected tries, and whether its cap ended the control.
    """

    sampler: str
    space: str
    sigma: float
    shape: tuple[int, ...]
    kept: tuple[Kept, ...] = ()
    registers: tuple[Tensor, ...] = ()
    took: Mapping[str, int] | None = None

    def to(self, *place: Any) -> State:
        """The same state on another device or, given one, in another dtype."""
        return replace(self, registers=tuple(register.to(*place) for register in self.registers))


def past(
    state: State | None, sampler: str, space: str, sigmas: Sequence[float], params: Mapping[str, Any]
) -> tuple[Kept, ...]:
    """The registers that a run over sigmas begins with; TypeError or ValueError unless `state` ends where it starts."""
    if state is None:
        return ()
    if not isinstance(state, State):
        raise TypeError(f"state is {type(state).__name__}: give the State that sample_with_state returned beside x.")
    _compare(state, sampler=sampler, space=space, sigma=sigmas[0] if sigmas else None)
    spec = SAMPLERS.get(sampler)
    return memory.resumed(spec, state.kept, sigmas, spec.steps_as(space, params))


def resumed(
    state: State | None, sampler: str, space: str, sigmas: Sequence[float], x: Tensor, params: Mapping[str, Any]
) -> State:
    """Where a run of x over sigmas begins: a fresh State, or `state` on x's device. ValueError if it is another's."""
    kept = past(state, sampler, space, sigmas, params)
    if state is None:
        return State(sampler, space, sigmas[0] if sigmas else 0.0, tuple(x.shape))
    _compare(state, shape=tuple(x.shape))
    here = state.to(x.device, working_dtype(x))
    return replace(here, kept=kept, registers=here.registers[len(here.registers) - len(kept) :])


def _compare(state: State, **wanted: Any) -> None:
    for what, want in wanted.items():
        had = getattr(state, what)
        if had != want:
            raise ValueError(f"state is of another run: its {what} is {had}, this run's is {want}. Leave state out.")
