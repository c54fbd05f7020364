"""`python -m sigmatic sweep plan.toml`: check the plan, run what has not been run, write the report."""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from .plan import Cell, Plan, read

if TYPE_CHECKING:
    from .cells import Work
    from .serial import Outcome
    from .store import Store

SHOWN = 5  # of the cells that failed


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """The plan, and where it runs."""
    parser.add_argument("plan", type=Path, metavar="PLAN.toml", help="what to run: docs/sweeps.md")
    parser.add_argument("--address", metavar="HOST:PORT", help='a Ray cluster ("auto": the one on this machine)')
    parser.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="how many at once (one a GPU, or core); 0: in this process, without Ray",
    )
    parser.add_argument("--check", action="store_true", help="only say what it comes to")
    parser.add_argument("--report", action="store_true", help="only write the report of what is there")


def execute(args: argparse.Namespace, command: str) -> None:
    """Run it. ValueError for what is wrong with the plan, RuntimeError where cells could not be run."""
    plan = read(args.plan)
    from . import cells, servers, store  # after the plan: pyarrow and torch take their time

    if args.workers is not None and args.workers < 0:
        raise ValueError(f"--workers is {args.workers}: give 0 or more.")
    if "servers" in plan.source:
        servers.check(plan)
    work = cells.work(plan)
    with store.Store(plan.out) as results:
        left = store.missing(work, results.done())
        print(_size(work, len(left)))
        if args.check:
            print(_estimate(plan, work, left))
            return
        if left and not args.report:
            _run(plan, left, results, args)
        from . import report

        print(report.write(plan, results))


def _size(work: Work, left: int) -> str:
    unpriced = f" (and {work.unpriced} cells that choose their own)" if work.unpriced and work.evaluations else ""
    evaluations = f", {work.evaluations} model evaluations{unpriced}" if work.evaluations else ""
    return f"{len(work.cells)} cells{evaluations}; {len(work.cells) - left} are there already, {left} to run"


def _estimate(plan: Plan, work: Work, left: list[Cell]) -> str:
    """By one cell in this process: the median one of those that are to run, by its place in the plan."""
    if not left or "servers" in plan.source:
        return "nothing to run" if not left else "time: known after the first cells"
    from .work import runner

    begun = time.monotonic()
    runner(plan).run(left[len(left) // 2].values)
    each = time.monotonic() - begun
    return f"about {each:.3g} s a cell in one process: {each * len(left):.3g} s in all, divided by the workers"


def _run(plan: Plan, left: list[Cell], results: Store, args: argparse.Namespace) -> None:
    with _bar(len(left)) as tick:
        try:
            if args.workers == 0:
                from .serial import serial

                outcome = serial(plan, left, results, tick)
            else:
                outcome = _on_ray(plan, left, results, args, tick)
        except KeyboardInterrupt:
            results.flush()
            raise
    if outcome.failed:
        for cell, why in outcome.failed[:SHOWN]:
            print(f"failed: {', '.join(f'{name} {value}' for name, value in cell.values.items())}: {why}")
        raise RuntimeError(
            f"{len(outcome.failed)} of {len(left)} cells failed, the others are there. Run it again to retry."
        )


def _on_ray(
    plan: Plan, left: list[Cell], results: Store, args: argparse.Namespace, tick: Callable[[], None]
) -> Outcome:
    import ray

    from . import engine

    started = not ray.is_initialized()
    if started:
        ray.init(address=args.address, log_to_driver=False, include_dashboard=False, logging_level=logging.ERROR)
    try:
        there = ray.cluster_resources()
        gpus = int(there.get("GPU", 0)) if plan.source.get("model", "").endswith(".py") else 0
        most = gpus or int(there.get("CPU", 1))
        workers = min(args.workers or most, most)
        return engine.Engine(plan, results, workers, gpus=1.0 if gpus else 0.0).run(left, tick)
    finally:
        if started:
            ray.shutdown()


@contextmanager
def _bar(total: int) -> Iterator[Callable[[], None]]:
    from tqdm import tqdm

    with tqdm(total=total, unit="cell", smoothing=0.05) as bar:

        def tick() -> None:
            bar.update()

        yield tick
