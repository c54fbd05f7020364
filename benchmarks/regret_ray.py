"""regret.py's cells on the engine of sweeps: workers on Ray, each with a process in the host's Python."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import inhost

LIMITS = {"seconds": 3600.0, "retries": 2}
"""A cell of a large network takes minutes where a machine is busy, a profile an hour."""


class Results:
    """Stands where the engine has a store: every row goes into the stage's own file at once."""

    def __init__(self, keep) -> None:
        self.keep = keep

    def add(self, cell, row, where, picture=None) -> None:
        """Keep a row."""
        self.keep(json.loads(cell.values["what"]), cell.values["evaluations"], row["errors"])

    def flush(self) -> None:
        """It is on disk."""


def measure(todo, results, host: Path, workers: int, **about) -> None:
    """Run what is to be done, [(what, evaluations)], and keep it in `results`, in that order in the end.

    about: of the cells (`regret_cells.Cells`). RuntimeError where some could not be run; the others are kept.
    """
    if not todo:
        return
    import ray

    inhost.load_sigmatic()
    plans, engine, axes = (
        importlib.import_module(f"sigmatic.{name}") for name in ("sweeps.plan", "sweeps.engine", "grid.axes")
    )
    if not ray.is_initialized():
        ray.init(log_to_driver=False, include_dashboard=False, logging_level="ERROR")
    workers = min(workers or int(ray.cluster_resources().get("CPU", 1)), len(todo))
    source = {"runner": str(Path(__file__).with_name("regret_cells.py")), "host": str(host)}
    plan = plans.Plan({}, {}, (), source, Path(), False, LIMITS)
    cells = []
    for what, evaluations in todo:
        values = {**about, "what": json.dumps(list(what)), "evaluations": evaluations}
        cells.append(plans.Cell(values, axes.key(values)))
    outcome = engine.Engine(plan, Results(results.add), workers).run(cells)
    results.in_order(todo)
    if outcome.failed:
        cell, why = outcome.failed[0]
        raise RuntimeError(f"{len(outcome.failed)} cells failed; the first: {cell.values['what']}: {why}")
