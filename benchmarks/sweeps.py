"""How sweeps scale: python benchmarks/sweeps.py [--cells 2000] writes a table; --simulate N M: N cells on M workers.

Measured in one run, so that other load on the machine meets both: the rate of one and of two workers on the mixture,
what the engine costs a cell beside the run itself, what the driver's process computes a cell. The simulation takes the
last two, and the cell times that were seen; it invents none.
"""

import argparse
import heapq
import json
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import inhost

SAMPLERS = ["euler", "dpmpp_2m", "dpmpp_3m", "res_2m", "uni_pc"]
EMPTY = "SHAPE = (1,)\ndef model(x, sigma):\n    return x\n"
"""A model that costs nothing: what is left is the engine, and the judging."""


def plan(folder, name, source, cells):
    """A plan of about so many cells."""
    from sigmatic.sweeps import plan as plans

    axes = {"sampler": SAMPLERS, "steps": [6, 8, 10, 12], "seed": f"0:{-(-cells // 20)}"}
    fixed = {"schedule": "karras", "batch": 16}
    return plans.parse({"axes": axes, "fixed": fixed, "source": {"model": source}, "out": {"dir": name}}, folder)


def measured(made, workers):
    """(cells a second once all workers are at work, the driver's CPU seconds a cell, the rows)."""
    from sigmatic.sweeps import cells, engine, store

    ticks, cpu = [], []

    def tick():
        ticks.append(time.perf_counter())
        cpu.append(time.process_time())

    with store.Store(made.out) as results:
        outcome = engine.Engine(made, results, workers).run(cells.work(made).cells, tick)
        assert not outcome.failed, outcome.failed[0]
        rows = results.table().to_pylist()
    first = len(ticks) // 10  # by then every worker has started
    last = len(ticks) - 1
    return (last - first) / (ticks[last] - ticks[first]), (cpu[last] - cpu[first]) / (last - first), rows


def serial_rate(made):
    """Cells a second in this process."""
    from sigmatic.sweeps import cells, serial, store

    work = cells.work(made)
    with store.Store(made.out) as results:
        begun = time.perf_counter()
        serial.serial(made, work.cells, results)
        return len(work.cells) / (time.perf_counter() - begun)


def simulate(cells, workers, seconds, driver, seed=0):
    """Hours that so many cells take: workers ask a driver, which serves one at a time, for chunks as the engine's.

    seconds: cell times to draw from. driver: CPU seconds of the driver a cell. Returns (hours, share of the workers'
    time that is work, share of the driver's).
    """
    from sigmatic.sweeps.engine import CHUNK_MOST, CHUNK_SECONDS

    draw = random.Random(seed)
    mean = sum(seconds) / len(seconds)
    size = max(1, min(CHUNK_MOST, int(CHUNK_SECONDS / mean)))
    left, busy, driver_free, driver_busy, end = cells, 0.0, 0.0, 0.0, 0.0
    free = [(0.0, k) for k in range(workers)]
    while left:
        asked, k = heapq.heappop(free)
        count = min(size, left, max(1, -(-left // (2 * workers))))
        served = max(asked, driver_free) + count * driver
        driver_free, driver_busy, left = served, driver_busy + count * driver, left - count
        # Two chunks in hand: the driver's time is hidden as long as it keeps up, and is waited for when it does not.
        work = sum(draw.choice(seconds) for _ in range(count)) if count <= 64 else count * mean
        done = max(asked, served - work) + work
        busy, end = busy + work, max(end, done)
        heapq.heappush(free, (done, k))
    return end / 3600, busy / (workers * end), driver_busy / end


def main():
    """Print a JSON object."""
    parser = argparse.ArgumentParser(description="Measure how sweeps scale.")
    parser.add_argument("--cells", type=int, default=2000)
    parser.add_argument("--simulate", type=int, nargs=2, metavar=("CELLS", "WORKERS"), default=(1_000_000, 64))
    args = parser.parse_args()
    import ray

    inhost.load_sigmatic()
    ray.init(num_cpus=2, log_to_driver=False, include_dashboard=False, logging_level="ERROR")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "empty.py").write_text(EMPTY, "utf-8")
        one, _, _ = measured(plan(folder, "one", "mixture", args.cells), 1)
        two, driver, rows = measured(plan(folder, "two", "mixture", args.cells), 2)
        alone = serial_rate(plan(folder, "alone", "empty.py", args.cells))
        empty, empty_driver, _ = measured(plan(folder, "empty", "empty.py", args.cells), 1)
        digits, _, drawn = measured(plan(folder, "digits", "digits", 40), 1)
    ray.shutdown()
    count, workers = args.simulate
    times = sorted(row["seconds"] for row in drawn)
    found = {
        "cells": len(rows),
        "rate_one": one,
        "rate_two": two,
        "of_twice": two / (2 * one),
        "engine_ms_a_cell": 1e3 * (1 / empty - 1 / alone),
        "driver_ms_a_cell": 1e3 * min(driver, empty_driver),
        "digits_seconds": {"least": times[0], "median": times[len(times) // 2], "most": times[-1]},
        "digits_rate_one": digits,
        "simulated": {},
    }
    for label, seconds in (("mixture", [row["seconds"] for row in rows]), ("digits", times)):
        hours, used, busy = simulate(count, workers, seconds, found["driver_ms_a_cell"] / 1e3)
        found["simulated"][label] = {"hours": hours, "workers_busy": used, "driver_busy": busy}
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
