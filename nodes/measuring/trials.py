"""The runs of a comparison: every entry from the same noise, counted and timed; what is finished is kept."""

import logging
import time
import weakref
from collections.abc import Sequence
from typing import Any

import comfy.samplers
import latent_preview
from torch import Tensor

from ..dropdowns import lookup
from ..dropdowns.by_name import presets_in
from ..running import run
from . import entries
from .sheet import Cell, table

_log = logging.getLogger("sigmatic")


class Done:
    """The cells of the last comparison, so that one that was stopped, or got a line more, runs only what is missing.

    They are good for the very same objects and numbers; the model is not kept alive for it.
    """

    def __init__(self, model: Any, things: tuple, numbers: tuple) -> None:
        self.model, self.things, self.numbers = weakref.ref(model), things, numbers
        self.cells: dict[tuple, Cell] = {}

    def same(self, other: "Done") -> bool:
        """Whether `other` would give the same pictures."""
        alike = all(one is two for one, two in zip(self.things, other.things, strict=True))
        return self.model() is other.model() is not None and alike and self.numbers == other.numbers


_done: Done | None = None


class Meter:
    """A sampler function that counts its model calls, and is timed from the first: loading the model is not its."""

    def __init__(self, function: Any) -> None:
        self.function, self.model = function, None
        self.evaluations, self.began = 0, 0.0

    def __call__(self, model: Any, *args: Any, **options: Any) -> Tensor:
        """The run."""
        return self.function(_Counted(model, self), *args, **options)


class _Counted:
    """The model, with every call told to the meter."""

    def __init__(self, model: Any, meter: Meter) -> None:
        self._model, self._meter = model, meter

    def __call__(self, *args: Any, **options: Any) -> Any:
        self._meter.began = self._meter.began or time.perf_counter()
        self._meter.evaluations += 1
        return self._model(*args, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)


def compare(model: Any, latent: dict, listed: Sequence[entries.Entry], evaluations: int, **settings: Any) -> list[Cell]:
    """Run every entry; `settings`: seed, cfg, positive, negative, denoise. Whatever stops it, finished cells stay."""
    global _done
    denoise = settings.pop("denoise")
    plans = [(entry, *entries.fit(entry, model, evaluations, denoise)) for entry in listed]
    things = (latent, settings["positive"], settings["negative"])
    fresh = Done(model, things, (settings["seed"], settings["cfg"]))
    _done = done = _done if _done and _done.same(fresh) else fresh
    keys = [(entry.text, presets_in(entry.sampler), str(said), *sigmas.tolist()) for entry, sigmas, said in plans]
    missing = {key: plan for key, plan in zip(keys, plans, strict=True) if key not in done.cells}
    if len(missing) < len(set(keys)):
        _log.info(
            "Sigmatic Compare: %d of %d entries are there from before.", len(set(keys)) - len(missing), len(plans)
        )
    total = sum(len(sigmas) - 1 for _, sigmas, _ in missing.values())
    show, passed = latent_preview.prepare_callback(model, total), 0
    try:
        for key, (entry, sigmas, said) in missing.items():
            last = passed + len(sigmas) - 2

            def report(step, x0, x, _, first=passed, last=last):
                show(min(first + step, last), x0, x, total)  # adaptive samplers count steps of their own

            try:
                done.cells[key] = _cell(model, latent, entry, sigmas, said, {**settings, "callback": report})
            except (TypeError, ValueError) as error:  # of what the line tells a sampler of somebody else's, say
                raise (entry.error(error) if entry.said else error) from error
            passed = last + 1
    except BaseException:
        ended = [(entry, done.cells[key]) for key, (entry, *_) in zip(keys, plans, strict=True) if key in done.cells]
        _log.warning(
            "Sigmatic Compare stopped after %d of %d entries; they are kept: the same again goes on from there.\n%s",
            len(ended), len(plans), table([e for e, _ in ended], [c for _, c in ended], len(ended) - 1),
        )  # fmt: skip
        raise
    done.cells = {key: done.cells[key] for key in keys}
    return [done.cells[key] for key in keys]


def _cell(model: Any, latent: dict, entry: entries.Entry, sigmas: Tensor, said: dict, settings: dict) -> Cell:
    sampler = lookup.sampler_by_name(entry.sampler, said, batch_index=latent.get("batch_index"))
    meter = Meter(getattr(sampler, "sampler_function", None))
    if meter.function:
        sampler = comfy.samplers.KSAMPLER(meter, dict(sampler.extra_options), dict(sampler.inpaint_options))
    began = time.perf_counter()
    out = run.sample(model, latent, sampler, sigmas, add_noise=True, **settings)["samples"].cpu()
    seconds = time.perf_counter() - (meter.began or began)
    return Cell(out, len(sigmas) - 1, meter.evaluations or len(sigmas) - 1, seconds)
