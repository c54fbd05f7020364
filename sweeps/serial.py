"""Cells in this process, one after another: what a sweep on Ray is equal to, bit for bit."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from .plan import Cell, Plan
from .store import Store
from .work import guarded, runner

FLUSH_SECONDS = 2.0
"""How long results wait for a part at most: what a crash costs."""


@dataclass
class Outcome:
    """What came of a sweep. `failed`: the cells that could not be run, with why."""

    done: int = 0
    failed: list[tuple[Cell, str]] = field(default_factory=list)
    lost: int = 0  # workers


def serial(plan: Plan, cells: Iterable[Cell], store: Store, tick: Callable[[], None] = lambda: None) -> Outcome:
    """Run every cell; `tick` is called after each."""
    there, outcome, flushed = guarded(runner(plan, *plan.source.get("servers", [])[:1])), Outcome(), time.monotonic()
    for cell in cells:
        (result,) = there([cell.values])
        if isinstance(result, str):
            outcome.failed.append((cell, result))
        else:
            store.add(cell, result.row(), "here", result.picture)
            outcome.done += 1
        if time.monotonic() - flushed > FLUSH_SECONDS:
            store.flush()
            flushed = time.monotonic()
        tick()
    store.flush()
    return outcome
