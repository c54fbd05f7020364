"""What a run leaves behind for the one that goes on from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from ..core import memory
from ..core.space import working_dtype
from ..core.spec import SAMPLERS
from ..core.streams import Past, own_level
from ..core.table import Kept


@dataclass(frozen=True)
class State:
    """What a run leaves behind for its continuation: where it stopped and the registers of a multistep method.

    `others`: what `kept` is for the further streams of a latent that has several.
    `took`: of an adaptive run, its evaluations, accepted and rejected tries, and whether its cap ended the control.
    """

    sampler: str
    space: str
    sigma: float
    shape: tuple[int, ...]
    kept: tuple[Kept, ...] = ()
    registers: tuple[Tensor, ...] = ()
    took: Mapping[str, int] | None = None
    others: tuple[Past, ...] = ()

    def to(self, *place: Any) -> State:
        """The same state on another device or, given one, in another dtype."""
        return replace(self, registers=tuple(register.to(*place) for register in self.registers))


def check(state: State | None, sampler: str, space: str, sigmas: Sequence[float]) -> None:
    """TypeError or ValueError unless `state` ends where a run over sigmas starts."""
    if state is None:
        return
    if not isinstance(state, State):
        raise TypeError(f"state is {type(state).__name__}: give the State that sample_with_state returned beside x.")
    _compare(state, sampler=sampler, space=space, sigma=sigmas[0] if sigmas else None)


def pasts(state: State | None, sigmas: Sequence[float], params: Mapping[str, Any]) -> tuple[list[Past], int]:
    """What the streams of a latent begin with, the first one's at the front; how many registers none looks back on."""
    if state is None:
        return [], 0
    spec = SAMPLERS.get(state.sampler)
    out = []
    for past in (Past(1.0, state.kept), *state.others):
        at = [place for place, kept in enumerate(past.kept) if kept.sigma > 0]
        levels = [own_level(sigma, past.scale, state.space) for sigma in sigmas]
        kept = memory.resumed(spec, [past.kept[place] for place in at], levels, spec.steps_as(state.space, params))
        out.append(Past(past.scale, kept, tuple(at[len(at) - len(kept) :])))
    newest = min((past.places[0] for past in out if past.places), default=len(state.kept))
    return [past._replace(places=tuple(place - newest for place in past.places)) for past in out], newest


def resumed(
    state: State | None, sampler: str, space: str, sigmas: Sequence[float], x: Tensor, params: Mapping[str, Any]
) -> State:
    """Where a run of x over sigmas begins: a fresh State, or `state` on x's device. ValueError if it is another's."""
    check(state, sampler, space, sigmas)
    if state is None:
        return State(sampler, space, sigmas[0] if sigmas else 0.0, tuple(x.shape))
    _compare(state, shape=tuple(x.shape))
    here = state.to(x.device, working_dtype(x))
    (first, *_), newest = pasts(state, sigmas, params)
    return replace(here, kept=first.kept, registers=here.registers[newest:])


def _compare(state: State, **wanted: Any) -> None:
    for what, want in wanted.items():
        had = getattr(state, what)
        if had != want:
            raise ValueError(f"state is of another run: its {what} is {had}, this run's is {want}. Leave state out.")
