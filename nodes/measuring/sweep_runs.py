"""The runs of a sweep on the user's model: those that are missing, one after another, each kept when it is done."""

import hashlib
import logging
import math
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ... import __version__, schedulers
from ...grid.axes import key
from ..host import contents, facts, latents, warnings
from ..running import run, settings_on_model
from ..running.record import seconds_per_evaluation
from . import trials
from .fit_runs import EXACT, exact_sampler
from .grids import Cell
from .sheet import Cell as Ended, rms
from .sweep_files import Folder

SHOWN_SECONDS = 2.0
"""How old the report and what is said under the node may be while it runs."""
_log = logging.getLogger("sigmatic")


class Work(NamedTuple):
    """What a sweep comes to. missing: the cells to run, by key; exact: the runs that they are measured by."""

    keys: list[str]
    missing: dict[str, Cell]
    exact: int
    evaluations: int
    unpriced: int


class Sweep:
    """Runs of one MODEL from one LATENT. errors: runs without noise are measured against a nearly exact one."""

    def __init__(self, folder: Folder, model: Any, latent: dict, errors: bool, decode: Callable, **links: Any) -> None:
        self.folder, self.model, self.latent, self.errors, self.decode = folder, model, latent, errors, decode
        self.conditions = {name: links[name] for name in ("positive", "negative")}
        riding = {name: repr(value) for name, value in settings_on_model.of_model(model).items()}
        self.content = {
            "things": contents.digest(model=model, latent=latent, **links), "riding": riding, "errors": errors,
            "version": __version__, "exact": EXACT,
        }  # fmt: skip
        self.paces: list[float] = []  # seconds an evaluation
        self._exact: tuple[str, Ended | None] = "", None

    def key(self, cell: Cell) -> str:
        """The cell's, the same whenever it would have the same result."""
        return key({**self.content, "values": cell.values, "about": trials.known_by(cell.line, cell.plan)})

    def work(self, cells: Sequence[Cell], rows: Callable[[Sequence[str]], Any]) -> Work:
        """What is left to do, and what it costs."""
        keys = [self.key(cell) for cell in cells]
        there = rows(keys)
        self.paces = [row["seconds"] / row["evaluations"] for row in there.values() if row["evaluations"]]
        missing = {at: cell for at, cell in zip(keys, cells, strict=True) if at not in there}
        missing = dict(sorted(missing.items(), key=lambda item: _group(item[1])))  # an exact run is made once
        wanted = {self._exact_key(cell) for cell in missing.values() if self._measured(cell)}
        exact = sum(self.folder.exact(at) is None for at in wanted)
        priced = [cell.evaluations for cell in missing.values()]
        total = sum(filter(None, priced)) + exact * EXACT[-1]
        return Work(keys, missing, exact, total, priced.count(None))

    def run(self, work: Work, rows: dict[str, dict[str, Any]], order: Sequence[str]) -> list[str]:
        """Run what is missing and put it into `rows`; what could not be run, in words. The report is written anew.

        Whatever stops it, what is done is kept.
        """
        failed: list[str] = []
        total = sum(len(cell.plan.sigmas) - 1 for cell in work.missing.values()) + work.exact * EXACT[-1]
        bar, shown, left = trials.Bar(self.model, total), time.monotonic(), work.evaluations
        _log.info("Sigmatic Sweep: %s.", self.cost(work))
        warnings.progress(self.cost(work))
        try:
            for at, cell in work.missing.items():
                if time.monotonic() - shown > SHOWN_SECONDS:
                    shown = time.monotonic()
                    warnings.progress(self._progress(len(rows), len(work.keys), left))
                    self._report(work, rows, order)
                facts.check_interrupt()
                try:
                    exact = self._answer(cell, bar) if self._measured(cell) else None
                    rows[at] = self._row(at, cell, exact, bar)
                except (TypeError, ValueError) as error:  # an option that somebody else's sampler refuses, say
                    failed.append(f"{cell.line.text}: {error}")
                    _log.warning("Sigmatic Sweep: %s", failed[-1])
                left -= cell.evaluations or 0
        except BaseException:
            _log.warning(
                "Sigmatic Sweep stopped after %d of %d runs; they are kept in %s: the same again goes on from there.",
                len(rows), len(work.keys), self.folder.path,
            )  # fmt: skip
            self._report(work, rows, order)
            raise
        self._report(work, rows, order)
        warnings.progress(self._progress(len(rows), len(work.keys), 0))
        return failed

    def _report(self, work: Work, rows: dict[str, dict[str, Any]], order: Sequence[str]) -> None:
        self.folder.report([rows[at] for at in work.keys if at in rows], order)

    def _progress(self, done: int, total: int, evaluations: int) -> str:
        pace = self._pace()
        left = f", about {_duration(pace * evaluations)} left" if pace and evaluations else ""
        return f"{done} of {total} runs{left}"

    def _pace(self) -> float | None:
        return statistics.median(self.paces) if self.paces else seconds_per_evaluation(facts.network(self.model))

    def cost(self, work: Work) -> str:
        """What it comes to, in words."""
        more = f" and {work.unpriced} runs that choose their own" if work.unpriced else ""
        exact = f" ({work.exact * EXACT[-1]} of them for exact answers)" if work.exact else ""
        pace = self._pace()
        seconds = f"about {_duration(pace * work.evaluations)}" if pace else "time: known after the first run"
        there = len(work.keys) - len(work.missing)
        if not work.missing:
            return f"{len(work.keys)} runs, all of them are there from before"
        return (
            f"{len(work.keys)} runs, {there} of them are there from before; {work.evaluations} model evaluations{exact}"
            f"{more}, {seconds}"
        )

    def _measured(self, cell: Cell) -> bool:
        return self.errors and cell.noisy is False

    def _row(self, at: str, cell: Cell, exact: Ended | None, bar: trials.Bar) -> dict[str, Any]:
        settings = {"seed": cell.seed, "cfg": cell.cfg, **self.conditions}
        with bar.steps(len(cell.plan.sigmas) - 1) as callback:
            ended = trials.measured(self.model, self.latent, cell.plan, {**settings, "callback": callback})
        error = rms(ended, exact) if exact else None
        self.paces.append(ended.seconds / ended.evaluations)
        row = {
            **cell.values, "key": at, "evaluations": ended.evaluations, "seconds": ended.seconds, "distance": None,
            "error": error if error is not None and math.isfinite(error) else None, "where": "ComfyUI",
            "digest": _digest(ended.samples),
            "sigmatic": __version__, "torch": torch.__version__,
        }  # fmt: skip
        self.folder.add(row, self.decode(ended.samples))
        return row

    def _answer(self, cell: Cell, bar: trials.Bar) -> Ended:
        """Where the exact solution from this cell's start ends, nearly."""
        at = self._exact_key(cell)
        if self._exact[0] == at and self._exact[1] is not None:
            return self._exact[1]
        name, steps = EXACT[1:]
        samples = self.folder.exact(at)
        if samples is None:
            ms, start = facts.model_sampling(self.model), cell.plan.sigmas[0]
            sigmas = torch.stack([start, torch.zeros_like(start)])  # below the model's range, its answer is exact
            if start > float(ms.sigma_min) * 1.001:
                sigmas = schedulers.sigmas(name, steps, **{**facts.levels(ms), "sigma_max": float(start)})
            settings = {"seed": cell.seed, "cfg": cell.cfg, **self.conditions, "add_noise": True}
            with bar.steps(steps) as callback:
                out = run.sample(self.model, self.latent, exact_sampler(), sigmas, **settings, callback=callback)
            samples = out["samples"].cpu()
            self.folder.add_exact(at, samples)
        answer = Ended(samples, steps, steps, 0.0)
        self._exact = at, answer
        return answer

    def _exact_key(self, cell: Cell) -> str:
        return key({**self.content, "start": _group(cell)})


def _group(cell: Cell) -> tuple[int, float, str]:
    """Cells that start alike: levels that differ by less than a thousandth are one start."""
    return cell.seed, cell.cfg, f"{float(cell.plan.sigmas[0]):.4g}"


def _digest(samples: Tensor) -> str:
    return hashlib.sha256(latents.numbers(samples).numpy().tobytes()).hexdigest()[:32]


def _duration(seconds: float) -> str:
    return (
        f"{seconds:.0f} s"
        if seconds < 100
        else f"{seconds / 60:.0f} min"
        if seconds < 6000
        else f"{seconds / 3600:.1f} h"
    )
