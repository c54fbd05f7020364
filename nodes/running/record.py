"""What is known of a run: its options, what it cost, what it leaves for the next one; in words for people."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from torch import Tensor

from ... import samplers
from ...samplers import State
from ..host import facts, happened, identity, latents, warnings
from ..host.outside import Outside, noise_of, outside
from ..host.uncond import asks_negative
from ..inputs.options import as_text, in_words
from . import handover, unfinished

_WITHOUT = "the sampler starts without its memory of the run before: "
_NOT_THE_SAVED_RUN = (
    "this does not go on from the saved run: {} Set it as it was, or set go_on_anyway on Sigmatic Load Run, and the "
    "sampler starts without its memory."
)

_log = logging.getLogger("sigmatic")
_lost_seeds: list[int] = []  # the first seed that was got back, which was said
_paces: WeakKeyDictionary[Any, float] = WeakKeyDictionary()  # by model: seconds an evaluation, of its last run


def seconds_per_evaluation(network: Any) -> float | None:
    """What an evaluation of this model (as of `facts.network`) took in its last run; None where that is not known."""
    with suppress(TypeError):  # None, or another pack's model that nothing can refer to weakly
        return _paces.get(network)
    return None


@dataclass
class Record:
    """A run of one of our samplers; filled in while it happens.

    `keeps`: what a continuation needs is kept, too. `tries`: it is one of several that are compared. `spared`: so many
    of its evaluations were done without the negative.
    """

    keeps: bool = False
    tries: bool = False
    seed: int = 0
    began: float = 0.0
    resume: dict[str, Any] | None = None
    options: dict[str, Any] = field(default_factory=dict)
    sigmas: tuple[float, ...] = ()
    evaluations: int = 0
    spared: int = 0
    notes: list[str] = field(default_factory=list)
    left: dict[str, Any] | None = None
    _identity: dict[str, Any] = field(default_factory=dict)
    _outside: Outside | None = None
    _places: list[int] | None = None
    _levels: list[float] = field(default_factory=list)  # of an adaptive run, where each accepted step began

    def begin(self, seed: int, options: dict[str, Any], sigmas: Tensor) -> None:
        """Note what is to be run; its time starts here."""
        self.seed, self.options, self.sigmas = seed, options, tuple(sigmas.tolist())
        self.began = time.perf_counter()

    def watching(self, callback: Callable[[dict[str, Any]], Any] | None) -> Callable[[dict[str, Any]], Any]:
        """The `callback` of an adaptive run, which notes the levels that the run chooses, too."""

        def both(step: dict[str, Any]) -> None:
            self._levels.append(float(step["sigma"]))
            if callback is not None:
                callback(step)

        return both

    def warn(self, notes: list[str]) -> None:
        """Keep warnings for the summary, and show them."""
        fresh = [note for note in notes if note not in self.notes]
        self.notes += fresh
        warnings.warn(fresh)

    def start(
        self, sampler: str, space: str, x: Tensor, model: Any, extra_args: dict[str, Any]
    ) -> tuple[Tensor, State | None]:
        """(x, state) to start from: those that the run before left, if this is its continuation; else x itself.

        What the run before had outside of its mask is put back in either case.
        """
        self._identity = {
            "sampler": sampler, "space": space, "falls": self._falls(),
            "params": {name: as_text(value) for name, value in self.options.items() if name != "batch_index"},
            "shape": tuple(x.shape),
        }  # fmt: skip
        before, self.resume = self.resume, None
        if before is not None:
            strict = before.get("strict")  # of a file: models may change between nodes, as experts do, not over night
            wrong = self._differs(before, x) or (self._other_model(before, model) if strict else "")
            if wrong and strict:
                raise ValueError(_NOT_THE_SAVED_RUN.format(wrong))
            if wrong and before["state"].registers:  # a run without memory leaves none to miss
                self.warn([_WITHOUT + wrong])
        else:
            before, wrong = self._handed_on(x)
        if before is not None and before.get("outside") is not None:
            Outside(*before["outside"]).put(model)
        self._outside = outside(model, extra_args)
        self._places = before.get("places") if before is not None else None
        return (x, None) if before is None or wrong else (before["x"].to(x), before["state"].to(x.device))

    def _falls(self) -> bool:
        return len(self.sigmas) > 1 and self.sigmas[1] < self.sigmas[0]

    def places(self, batch_index: Any, model: Any, picture: int | None = None) -> Sequence[int] | None:
        """The places of the run's pictures in their batch: as listed, counted on from the first one's, else by noise.

        None: from 0. picture: how many numbers of an item are the picture's, where sound comes after it.
        """
        count = self._identity["shape"][0]
        if batch_index is not None:
            return range(batch_index, batch_index + count) if isinstance(batch_index, int) else batch_index
        noise = noise_of(model)
        if self._places is None and noise is not None:
            self._places = latents.places(noise[..., :picture], self.seed)
        return self._places

    def _handed_on(self, x: Tensor) -> tuple[dict[str, Any] | None, str]:
        """What the run before left, if a node of the host has handed on its samples; and why this does not go on."""
        runs = unfinished.find(x, self.sigmas[0]) if self._falls() else []
        for left in runs:
            given, self.seed = self.seed, self.seed or left["seed"]  # DisableNoise hands on no seed: 0
            if not self._differs(left, x):
                if self.seed != given and samplers.get(left["sampler"]).stochastic and not _lost_seeds:
                    _lost_seeds.append(self.seed)
                    _log.info("Sigmatic: seed 0 goes on with the run before's, %d, as Disable Noise wants.", self.seed)
                return left, ""
            self.seed = given
        return (runs[0], "another run") if runs else (None, "")

    def _differs(self, before: dict[str, Any], x: Tensor) -> str:
        """What makes this run none that goes on from the one before; nothing if it is."""
        sigma = self.sigmas[0] if self.sigmas else None
        wanted = {**self._identity, "seed": self.seed, "sigma": sigma}
        for what, value in wanted.items():
            if before.get(what) != value:
                return f"its {what} was {_short(before.get(what))} and is {_short(value)} now."
        return ""

    def _other_model(self, before: dict[str, Any], model: Any) -> str:
        here = identity.in_words(model)
        return "" if before["model"] == here else f"its model was {before['model']} and is {here} now."

    def end(self, out: Tensor, state: State, evaluations: int, model: Any, mask: Tensor | None) -> Tensor:
        """Note the cost, keep what a continuation needs, nothing where the run is over; return what the run ends in."""
        self.evaluations = evaluations
        if evaluations:
            seconds = time.perf_counter() - self.began
            with suppress(TypeError):
                _paces[facts.network(model)] = seconds / evaluations
            if not self.tries:
                happened.show(self._account(seconds, state, model))
        if state.sigma <= 0 or state.sigma == self.sigmas[0]:
            return out
        if self._outside and mask is not None and not self._falls():
            out = self._outside.over(out, state.sigma, mask, facts.model_sampling(model))
        left = {
            "version": handover.VERSION, **self._identity, "seed": self.seed, "sigma": state.sigma,
            "places": self._places and list(self._places), "model": identity.in_words(model),
            "x": out.cpu().clone(), "state": state.to("cpu"), "outside": self._outside,
        }  # fmt: skip
        unfinished.keep(model, out, left)
        self.left = left if self.keeps else None
        return out

    def _account(self, seconds: float, state: State, model: Any) -> dict[str, Any]:
        """What really happened, for the page."""
        took = state.took or {}
        levels = [*self._levels, self.sigmas[-1]] if self._levels else list(self.sigmas)
        space = self._identity["space"]
        return {
            "steps": took.get("accepted", len(self.sigmas) - 1), "evaluations": self.evaluations, "seconds": seconds,
            "rejected": took.get("rejected"), "negative": asks_negative(model),
            "levels": happened.course(levels, space) if self._levels else None,
        }  # fmt: skip

    def resume_from(self, latent: dict[str, Any], add_noise: bool) -> None:
        """Look for what the run before left in the LATENT, and whether its pictures are still the same.

        ValueError where it came from a file and this is not to be gone on from as it is.
        """
        left = handover.of_latent(latent)
        if left is None:
            return
        mine = None if add_noise else handover.of_pictures(left, latent["samples"])
        if mine is not None:
            self.resume = mine
            return
        why = "add_noise is on." if add_noise else "the latent was changed since."
        if left.get("strict"):
            raise ValueError(_NOT_THE_SAVED_RUN.format(why))
        self.warn([_WITHOUT + why])

    def attach_rest(self, latent: dict[str, Any]) -> dict[str, Any]:
        """The LATENT with what this run leaves for a continuation, and without what the one before it left."""
        return handover.attach(latent, self.left)


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} {as_text(each)}" for name, each in value.items()) + "}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def summary(record: Record, sampler: str, schedule: str, **values: Any) -> str:
    """A run in lines of plain text, for picture savers and for people."""
    sigmas = record.sigmas
    options = in_words(record.options)
    lines = [
        f"sampler: {sampler}" + (f" ({options})" if options else ""),
        f"schedule: {schedule}",
        *(f"{name}: {value}" for name, value in values.items()),
    ]
    if len(sigmas) > 1:
        lines.append(f"steps: {len(sigmas) - 1}, sigma {sigmas[0]:.6g} to {sigmas[-1]:.6g}")
    if record.evaluations:
        without = f", {record.spared} of them without the negative" if record.spared else ""
        lines.append(f"evaluations: {record.evaluations}{without}")
    notes = dict.fromkeys((*record.notes, *warnings.of_running_node()))
    return "\n".join([*lines, *(f"note: {note}" for note in notes)])
