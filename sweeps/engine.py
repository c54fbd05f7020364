"""Cells on Ray: a worker a core, GPU or server; what is lost runs elsewhere; what is done is on disk."""

from __future__ import annotations

import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import ray

from .plan import Cell, Plan
from .result import Lost, Result
from .serial import FLUSH_SECONDS, Outcome

ROOT = str(Path(__file__).resolve().parents[1])
CHUNK_SECONDS, CHUNK_MOST = 0.25, 64
"""A worker is handed cells for about this long at once: so little is lost with it, and so little is handing over."""
IN_HAND = 2  # chunks a worker has: the one it is at, and the next
RESTARTS = 3  # of one worker that goes away in a row, before it is given up
START = 600.0  # seconds that a worker may take to start, before it gets a cell: a busy machine's imports take minutes
_log = logging.getLogger("sigmatic.sweep")


def _worker_class() -> Any:
    """The class of a worker. Made here, so that Ray sends its code along: nothing of ours need be importable there."""

    class Worker:
        def __init__(self, root: str, version: str, plan: Any, server: str | None) -> None:
            import importlib.util
            import os
            import sys

            if "sigmatic" not in sys.modules and os.path.isfile(os.path.join(root, "__init__.py")):
                spec = importlib.util.spec_from_file_location(
                    "sigmatic", os.path.join(root, "__init__.py"), submodule_search_locations=[root]
                )
                module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
                sys.modules["sigmatic"] = module
                spec.loader.exec_module(module)  # type: ignore[union-attr]
            sigmatic = importlib.import_module("sigmatic")
            if sigmatic.__version__ != version:
                raise ValueError(f"this machine has sigmatic {sigmatic.__version__}, the driver {version}")
            work, plans = (importlib.import_module(f"sigmatic.sweeps.{name}") for name in ("work", "plan"))
            self._run = work.guarded(work.runner(plans.Plan(**plan), server))
            self._where = server or f"{os.uname().nodename if hasattr(os, 'uname') else 'here'}:{os.getpid()}"

        def ready(self) -> None:
            """Answered once it has started."""

        def run(self, values: list) -> tuple:
            return self._where, self._run(values)

    return Worker


@dataclass
class _Hand:
    """A worker and the chunks it has, oldest first. `since`: when it began to start, or on the oldest chunk."""

    server: str | None
    actor: Any
    starting: Any  # what it answers once it has started, None from then on
    chunks: deque[tuple[Any, list[Cell]]] = field(default_factory=deque)
    since: float = field(default_factory=time.monotonic)
    size: int = 1
    restarts: int = 0
    proven: bool = False  # a row of its own is there

    @property
    def waits_for(self) -> Any:
        """What it answers next; None where it has nothing to do."""
        return self.starting or (self.chunks[0][0] if self.chunks else None)


class Sink(Protocol):
    """Where results go: a `Store`, or what a script has in its place."""

    def add(self, cell: Cell, result: dict[str, Any], where: str, picture: bytes | None = None) -> None:
        """A row for a cell."""
        ...

    def flush(self) -> None:
        """Put what waits on disk."""
        ...


class Engine:
    """Runs a plan's cells on the Ray that is there (`ray.init` has been called)."""

    def __init__(self, plan: Plan, store: Sink, workers: int, gpus: float = 0.0) -> None:
        self.plan, self.store = plan, store
        self._class = ray.remote(num_cpus=0 if "servers" in plan.source else 1, num_gpus=gpus)(_worker_class())
        servers: list[str | None] = list(plan.source.get("servers", [])) or [None] * workers
        self._hands = [_Hand(server, *self._start(server)) for server in servers]
        self._again: list[tuple[Cell, _Hand]] = []  # lost ones, with who lost them: the others are to try
        self._rest: deque[Cell] = deque()
        self._tries: Counter[str] = Counter()
        self.outcome = Outcome()

    def run(self, cells: Iterable[Cell], tick: Callable[[], None] = lambda: None) -> Outcome:
        """Run them all. OSError where the disk refuses; RuntimeError where no worker is left. What is done is kept."""
        self._rest, flushed = deque(cells), time.monotonic()
        try:
            while self._rest or self._again or any(hand.chunks for hand in self._hands):
                if not self._hands:
                    raise RuntimeError("no worker is left: all of them went away. Start again to go on from here.")
                for hand in self._hands:
                    self._fill(hand)
                flying = {hand.waits_for: hand for hand in self._hands if hand.waits_for is not None}
                for ref in ray.wait(list(flying), num_returns=1, timeout=0.5)[0]:
                    self._take(flying[ref], tick)
                for hand in [hand for hand in self._hands if self._overdue(hand)]:
                    self._lose(hand, f"no answer in {time.monotonic() - hand.since:.0f} s")
                if time.monotonic() - flushed > FLUSH_SECONDS:
                    self.store.flush()
                    flushed = time.monotonic()
        finally:
            for hand in self._hands:
                ray.kill(hand.actor)
        self.store.flush()
        return self.outcome

    def _start(self, server: str | None) -> tuple[Any, Any]:
        from .. import __version__

        plan = {name: getattr(self.plan, name) for name in self.plan.__dataclass_fields__}
        actor = self._class.remote(ROOT, __version__, plan, server)
        return actor, actor.ready.remote()

    def _fill(self, hand: _Hand) -> None:
        while not hand.starting and len(hand.chunks) < (IN_HAND if hand.proven else 1) and (cells := self._next(hand)):
            if not hand.chunks:
                hand.since = time.monotonic()
            hand.chunks.append((hand.actor.run.remote([dict(cell.values) for cell in cells]), cells))

    def _next(self, hand: _Hand) -> list[Cell]:
        """The cells to hand to a worker: a lost one, alone, so that one that kills is known; or several."""
        alone = len(self._hands) == 1
        for i, (cell, loser) in enumerate(self._again):
            if alone or loser is not hand:
                del self._again[i]
                return [cell]
        share = -(-len(self._rest) // (2 * len(self._hands)))  # the last ones are shared out evenly
        return [self._rest.popleft() for _ in range(min(hand.size, share))]

    def _overdue(self, hand: _Hand) -> bool:
        if hand.waits_for is None:
            return False
        allowed = START if hand.starting else self.plan.limits["seconds"] * len(hand.chunks[0][1])
        return time.monotonic() - hand.since > allowed

    def _take(self, hand: _Hand, tick: Callable[[], None]) -> None:
        try:
            answer = ray.get(hand.waits_for)
        except ray.exceptions.RayError as error:
            self._lose(hand, str(getattr(error, "cause", None) or error).splitlines()[0])
            return
        if hand.starting:
            hand.starting = None
            return
        (where, results), (ref, cells) = answer, hand.chunks.popleft()
        seconds, hand.since = time.monotonic() - hand.since, time.monotonic()
        hand.size = max(1, min(CHUNK_MOST, 2 * hand.size, int(CHUNK_SECONDS * len(cells) / max(seconds, 1e-6))))
        lost: list[Cell] = []
        for cell, result in zip(cells, results, strict=True):
            if not isinstance(result, str):
                row, picture = (result.row(), result.picture) if isinstance(result, Result) else (result, None)
                self.store.add(cell, row, where, picture)
                self.outcome.done += 1
                hand.proven, hand.restarts = True, 0
            elif result.startswith(Lost.__name__):
                lost.append(cell)
                continue
            else:
                self.outcome.failed.append((cell, result))
            tick()
        if lost:
            hand.chunks.appendleft((ref, lost))
            self._lose(hand, results[-1])

    def _lose(self, hand: _Hand, why: str) -> None:
        """A worker is gone, or as good as: its cells go to the others."""
        _log.warning("a worker (%s) is gone: %s", hand.server or "local", why)
        self.outcome.lost += 1
        ray.kill(hand.actor)
        for cell in [cell for _, cells in hand.chunks for cell in cells]:
            self._tries[cell.key] += 1
            if self._tries[cell.key] > self.plan.limits["retries"]:
                self.outcome.failed.append((cell, f"Lost: {why}"))
            else:
                self._again.append((cell, hand))
        hand.chunks.clear()
        hand.restarts, hand.proven, hand.size = hand.restarts + 1, False, 1
        if hand.restarts > RESTARTS:
            self._hands.remove(hand)
        else:
            (hand.actor, hand.starting), hand.since = self._start(hand.server), time.monotonic()
