"""What is known of a run: its options, what it cost, what it leaves for the next one; in words for people."""

from __future__ import annotations

import hashlib
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from ...samplers import State
from ..host import warnings
from ..inputs.options import as_text, in_words

_VERSION = 1
_KEY = "sigmatic_state"  # in the LATENT; nodes that do not know it leave it alone
_WITHOUT = "the sampler starts without its memory of the run before: "

_paces: WeakKeyDictionary[Any, float] = WeakKeyDictionary()  # by model: seconds an evaluation, of its last run


def seconds_per_evaluation(network: Any) -> float | None:
    """What an evaluation of this model (as of `facts.network`) took in its last run; None where that is not known."""
    with suppress(TypeError):  # None, or another pack's model that nothing can refer to weakly
        return _paces.get(network)
    return None


@dataclass
class Record:
    """A run of one of our samplers; filled in while it happens. `keeps`: what a continuation needs is kept, too."""

    keeps: bool = False
    seed: int = 0
    began: float = 0.0
    resume: dict[str, Any] | None = None
    options: dict[str, Any] = field(default_factory=dict)
    sigmas: tuple[float, ...] = ()
    evaluations: int = 0
    notes: list[str] = field(default_factory=list)
    left: dict[str, Any] | None = None

    def begin(self, seed: int, options: dict[str, Any], sigmas: Tensor) -> None:
        """Note what is to be run; its time starts here."""
        self.seed, self.options, self.sigmas = seed, options, tuple(sigmas.tolist())
        self.began = time.perf_counter()

    def warn(self, notes: list[str]) -> None:
        """Keep warnings for the summary, and show them."""
        self.notes += [note for note in notes if note not in self.notes]
        warnings.warn(notes)

    def start(self, sampler: str, space: str, x: Tensor) -> tuple[Tensor, State | None]:
        """(x, state) to start from: those that the run before left, if this is its continuation; else x itself."""
        before, self.resume = self.resume, None
        if before is None:
            return x, None
        identity = self._identity(sampler, space, self.sigmas[0] if self.sigmas else None, x)
        for what, value in identity.items():
            if before.get(what) != value:
                self.warn([f"{_WITHOUT}its {what} was {_short(before.get(what))} and is {_short(value)} now."])
                return x, None
        state: State = before["state"]
        return before["x"].to(x), state.to(x.device)

    def end(self, sampler: str, space: str, out: Tensor, state: State, evaluations: int, network: Any) -> None:
        """Note the cost; keep what a continuation needs, nothing where the run is over."""
        self.evaluations = evaluations
        if evaluations:
            with suppress(TypeError):
                _paces[network] = (time.perf_counter() - self.began) / evaluations
        if state.sigma > 0 and self.keeps:
            identity = self._identity(sampler, space, state.sigma, out)
            self.left = {"version": _VERSION, **identity, "x": out.cpu(), "state": state.to("cpu")}

    def _identity(self, sampler: str, space: str, sigma: float | None, x: Tensor) -> dict[str, Any]:
        params = {name: value for name, value in self.options.items() if name != "batch_index"}
        return {
            "sampler": sampler, "space": space, "params": params, "seed": self.seed, "sigma": sigma,
            "shape": tuple(x.shape),
        }  # fmt: skip

    def resume_from(self, latent: dict[str, Any], add_noise: bool) -> None:
        """Look for what the run before left in the LATENT, and whether its samples are still the same."""
        left = latent.get(_KEY)
        if not isinstance(left, dict) or left.get("version") != _VERSION or not isinstance(left.get("state"), State):
            return
        if add_noise or left.get("checksum") != checksum(latent["samples"]):
            self.warn([_WITHOUT + ("add_noise is on." if add_noise else "the latent was changed since.")])
            return
        self.resume = left

    def attach_rest(self, latent: dict[str, Any]) -> dict[str, Any]:
        """The LATENT with what this run leaves for a continuation, and without what the one before it left."""
        out = {name: value for name, value in latent.items() if name != _KEY}
        if self.left:
            out[_KEY] = {**self.left, "checksum": checksum(out["samples"])}
        return out


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} {as_text(each)}" for name, each in value.items()) + "}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def checksum(samples: Any) -> str:
    """A fingerprint of a LATENT's samples: shape and every number."""
    parts = samples.unbind() if getattr(samples, "is_nested", False) else [samples]
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(str(tuple(part.shape)).encode())
        digest.update(part.detach().to("cpu", torch.float32).contiguous().numpy().tobytes())
    return digest.hexdigest()


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
        lines.append(f"evaluations: {record.evaluations}")
    notes = dict.fromkeys((*record.notes, *warnings.of_running_node()))
    return "\n".join([*lines, *(f"note: {note}" for note in notes)])
