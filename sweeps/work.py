"""One cell on one worker: the run, what it made, and how near that is to the model's exact answer."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .. import samplers, schedulers
from ..core.loop import Output
from ..demo import measure, sheet, subject
from .cells import NETWORKS, label, split
from .plan import Plan, Value
from .result import Lost, Result, Runner

REFERENCE = {"ve": ("rk4", "karras", 50), "flow": ("rk4", "linear", 50)}
"""What is taken for the exact answer of the ODE: a run of 200 evaluations in a fourth-order method."""
KEPT = 64
"""Exact answers that a worker keeps: one a seed, prompt, cfg, space and batch."""
FEATURES_AT_MOST = 256


class FromFile:
    """A subject made of a Python file: `model(x, sigma)` and `SHAPE`, that of one item; `DEVICE` if it is no CPU's."""

    def __init__(self, file: Path, batch: int) -> None:
        module = _load(str(file), file.stat().st_mtime_ns)
        self.shape, self.chunk = (batch, *module.SHAPE), batch
        self._model = module.model

    def model(self, start: int, stop: int, space: str, uncond: bool) -> Callable[..., Any]:
        """The file's, which has nothing to guide by."""
        return (lambda x, sigma: Output(*[self._model(x, sigma)] * 2)) if uncond else self._model

    def picture(self, x0: Tensor, scale: int) -> Any:
        """Each item in grey, or in colour where it has three channels; None where it is no picture."""
        if x0.ndim != 4 or x0.shape[1] not in (1, 3):
            return None
        levels = ((x0.float().clamp(-1, 1) + 1) * 127.5).byte().cpu().permute(0, 2, 3, 1).numpy()
        return sheet.tiles([item if item.shape[-1] == 3 else item[..., 0] for item in levels], len(levels), scale)


@lru_cache(maxsize=1)
def _load(file: str, changed: int) -> Any:
    spec = importlib.util.spec_from_file_location("sweep_source", file)
    if spec is None or spec.loader is None:
        raise ValueError(f"[source] model: {file} is no Python file.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("model", "SHAPE"):
        if not hasattr(module, name):
            raise ValueError(f"[source] model: {file} has no {name}. Give model(x, sigma) -> clean, and SHAPE = (...).")
    return module


class ModelRunner:
    """Runs cells on a model in this process. One thread: its numbers do not depend on who else is at work."""

    def __init__(self, source: str, pictures: bool) -> None:
        torch.set_num_threads(1)
        self.source, self.pictures = source, pictures
        self._exact: dict[tuple, Tensor] = {}

    def run(self, values: Mapping[str, Value]) -> Result:
        """The cell's run, timed without what is done to judge it."""
        about, of_sampler, of_schedule = self._subject(values), *split(values)
        space, sampler = str(values["space"]), str(values["sampler"])
        sigmas = schedulers.sigmas(str(values["schedule"]), int(values["steps"]), space=space, **of_schedule)
        counted = _Counted(about)
        begun = time.perf_counter()
        x0 = subject.run(
            counted, sampler, sigmas, space=space, seed=int(values["seed"]), params=of_sampler, tick=lambda _: None
        )
        seconds = time.perf_counter() - begun
        exact = self._answer(values, about, space, float(sigmas[0]))
        noisy = not samplers.get(sampler).adaptive and any(
            samplers.table(sampler, sigmas, space=space, **of_sampler).noise
        )
        return Result(
            counted.calls,
            None if noisy else float((x0 - exact).double().square().mean().sqrt()),
            self._distance(x0, exact),
            hashlib.sha256(x0.contiguous().cpu().numpy().tobytes()).hexdigest()[:32],
            seconds,
            self._png(about, x0) if self.pictures else None,
        )

    def _subject(self, values: Mapping[str, Value]) -> subject.Subject:
        batch = int(values["batch"])
        if self.source == "mixture":
            return subject.Points(batch)
        if self.source in NETWORKS:
            wanted = [label(values.get("prompt", ""))] * batch
            return subject.Pictures(NETWORKS[self.source], wanted, float(values["cfg"]), batch)
        return FromFile(Path(self.source), batch)

    def _answer(self, values: Mapping[str, Value], about: subject.Subject, space: str, first: float) -> Tensor:
        """The exact answer from this cell's starting noise, found once for all cells that start there."""
        key = (values["seed"], values["batch"], values["cfg"], values.get("prompt"), space, first)
        if key not in self._exact:
            sampler, schedule, steps = REFERENCE[space]
            sigmas = schedulers.sigmas(schedule, steps, space=space, sigma_max=first)
            answer = subject.run(
                about, sampler, sigmas, space=space, seed=int(values["seed"]), params={}, tick=lambda _: None
            )
            while len(self._exact) >= KEPT:
                self._exact.pop(next(iter(self._exact)))
            self._exact[key] = answer
        return self._exact[key]

    def _distance(self, x0: Tensor, exact: Tensor) -> float | None:
        """Frechet's, of the classifier's features, or of the numbers themselves where they are few."""
        if len(x0) < 2 or not bool(torch.isfinite(x0).all()):
            return None
        if self.source in NETWORKS:
            look = NETWORKS[self.source].MODEL.features
            return measure.frechet(look(x0), look(exact))
        flat = x0.flatten(1)
        return measure.frechet(flat, exact.flatten(1)) if 2 <= flat.shape[1] <= FEATURES_AT_MOST else None

    def _png(self, about: subject.Subject, x0: Tensor) -> bytes | None:
        image = about.picture(x0, 1)
        if image is None:
            return None
        packed = io.BytesIO()
        image.save(packed, "PNG")
        return packed.getvalue()


class _Counted:
    """A subject whose model's calls are counted."""

    def __init__(self, about: subject.Subject) -> None:
        self.about, self.shape, self.chunk, self.calls = about, about.shape, about.chunk, 0

    def model(self, start: int, stop: int, space: str, uncond: bool) -> Callable[..., Any]:
        inner = self.about.model(start, stop, space, uncond)
        self.calls = 0  # of one batch: what a picture costs

        def call(x: Tensor, sigma: Tensor, **extra: Any) -> Any:
            self.calls += 1
            return inner(x, sigma, **extra)

        return call

    def picture(self, x0: Tensor, scale: int) -> Any:
        return self.about.picture(x0, scale)


def runner(plan: Plan, server: str | None = None) -> Runner:
    """The runner of a plan's source; of one of its servers."""
    if "runner" in plan.source:  # of a script that brings its own
        folder, name = str(Path(plan.source["runner"]).parent), Path(plan.source["runner"]).stem
        sys.path[:0] = [] if folder in sys.path else [folder]
        return importlib.import_module(name).runner(plan)
    if server is not None:
        from .servers import ServerRunner

        return ServerRunner(plan, server)
    model = str(plan.source["model"])
    if model in ("mixture", *NETWORKS):
        return ModelRunner(model, plan.pictures)
    file = (plan.folder / model).resolve()
    FromFile(file, 1)  # what is wrong with it is known at once
    return ModelRunner(str(file), plan.pictures)


def guarded(there: Runner) -> Callable[[Sequence[Mapping[str, Value]]], list[Any]]:
    """Its `run` for several cells, with what cannot be run as a line of text: a bad cell takes no neighbour along.

    Once it is Lost, it is for the cells behind, too.
    """

    def run(cells: Sequence[Mapping[str, Value]]) -> list[Result | str]:
        results: list[Any] = []
        for values in cells:
            try:
                results.append(there.run(values))
            except Lost as error:
                return [*results, *[f"{Lost.__name__}: {error}"] * (len(cells) - len(results))]
            except (ValueError, TypeError, RuntimeError, ArithmeticError) as error:
                results.append(f"{type(error).__name__}: {error}")
        return results

    return run
