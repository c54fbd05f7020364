"""How sweeps scale: python benchmarks/sweeps.py [--cells 2000] writes a table; --simulate N M: N cells on M workers.

Measured in one run, one and two workers on the mixture by turns, so that other load on the machine meets both; and by
CPU time, which load disturbs less: what workers, driver and Ray's own processes compute a cell. On two cores that
nobody else uses, two workers reach no more of twice the rate of one than the workers' share of it all. The simulation
takes these and the cell times that were seen; it invents none.
"""

import argparse
import heapq
import json
import os
import random
import statistics
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


def measured(made, workers, marks=None):
    """(cells a second once all workers are at work, the driver's CPU seconds a cell, the rows).

    marks: gets the CPU time by role when all are at work and at the last cell, and the number of cells between.
    """
    from sigmatic.sweeps import cells, engine, store

    ticks, cpu = [], []

    listed = cells.work(made).cells

    def tick():
        ticks.append(time.perf_counter())
        cpu.append(time.process_time())
        if marks is not None and len(ticks) in (len(listed) // 2, len(listed)):
            marks.append(cpu_by_role())

    with store.Store(made.out) as results:
        outcome = engine.Engine(made, results, workers).run(listed, tick)
        assert not outcome.failed, outcome.failed[0]
        rows = results.table().to_pylist()
    there: set[str] = set()
    started = [len(there := there | {row["where"]}) for row in rows].index(workers)
    first, last = max(started, len(ticks) // 10), len(ticks) - 1  # by then every worker is at work
    if marks is not None:
        marks.append(len(ticks) - len(ticks) // 2)
    return (last - first) / (ticks[last] - ticks[first]), (cpu[last] - cpu[first]) / (last - first), rows


LOOKED = []
"""What it has taken to look, which is not the driver's work."""


def cpu_by_role():
    """CPU seconds so far of {"workers": the actors', "driver": this process, "ray": all else that Ray has started}."""
    begun, tick, spent, parents = time.process_time(), os.sysconf("SC_CLK_TCK"), {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text, title = path.read_text(), (path.parent / "cmdline").read_bytes()
        except OSError:  # it has ended
            continue
        fields = text.rpartition(")")[2].split()
        process = int(path.parent.name)
        parents[process], seconds = int(fields[1]), (int(fields[11]) + int(fields[12])) / tick
        spent[process] = ("workers" if title.startswith(b"ray::Worker") else "ray"), seconds
    total = {"workers": 0.0, "ray": 0.0, "driver": begun - sum(LOOKED)}
    for process, (role, seconds) in spent.items():
        at = process
        while at not in (0, os.getpid()):
            at = parents.get(at, 0)
        if at and process != os.getpid():
            total[role] += seconds
    LOOKED.append(time.process_time() - begun)
    return total


def pairs(folder, cells, rounds):
    """(rates of one worker, of two, CPU milliseconds a cell by role with two, the driver's CPU seconds, the rows)."""
    ones, twos, drivers, rows, milliseconds = [], [], [], [], []
    for k in range(rounds):
        ones.append(measured(plan(folder, f"one{k}", "mixture", cells), 1)[0])
        marks = []
        rate, driver, some = measured(plan(folder, f"two{k}", "mixture", cells), 2, marks)
        milliseconds.append({role: 1e3 * (marks[1][role] - marks[0][role]) / marks[2] for role in marks[0]})
        twos.append(rate)
        drivers.append(driver)
        rows += some
    middle = {role: statistics.median(one[role] for one in milliseconds) for role in milliseconds[0]}
    return ones, twos, middle, min(drivers), rows


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
    parser.add_argument("--cells", type=int, default=2000, help="of each run (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=4, help="of one worker and two by turns (default %(default)s)")
    parser.add_argument("--simulate", type=int, nargs=2, metavar=("CELLS", "WORKERS"), default=(1_000_000, 64))
    args = parser.parse_args()
    import ray

    inhost.load_sigmatic()
    ray.init(num_cpus=2, log_to_driver=False, include_dashboard=False, logging_level="ERROR")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "empty.py").write_text(EMPTY, "utf-8")
        ones, twos, spent, driver, rows = pairs(folder, args.cells, args.rounds)
        alone = serial_rate(plan(folder, "alone", "empty.py", args.cells))
        empty, empty_driver, _ = measured(plan(folder, "empty", "empty.py", args.cells), 1)
        digits, _, drawn = measured(plan(folder, "digits", "digits", 40), 1)
    ray.shutdown()
    count, workers = args.simulate
    times = sorted(row["seconds"] for row in drawn)
    found = {
        "cells": len(rows),
        "load": os.getloadavg()[0],
        "rate_one": ones,
        "rate_two": twos,
        "of_twice": statistics.median(two / (2 * one) for one, two in zip(ones, twos, strict=True)),
        "cpu_ms_a_cell": spent,
        "of_twice_by_cpu": spent["workers"] / sum(spent.values()),
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
