"""What a configuration that was fixed beforehand costs against the best built-in in hindsight: benchmarks/regret.py

A cell is a network under one guidance on one kind of model at one number of model evaluations. In every cell runs all
that may be good there, ComfyUI's through its own functions in its own Python, and ours: first on a few pictures at a
few numbers of evaluations, then, what is left, on more pictures at all. Then a profile is fitted to each network. An
error is the RMSE to the exact solution down to the end of the model's own range, with the model's picture there; of a
cell the median over the pictures. Results are kept in build/regret, one line of JSON for each, and a run goes on where
it was stopped. Writes docs/quality.md.

    python benchmarks/regret.py --nets FOLDER [--only vit digits-3-flow] [--stage screen|measure|fit|report] [--ray]

With --ray (`pip install "sigmatic[sweep]"`) a group's cells run on all cores, each in a process of the host's Python.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
import warnings
from pathlib import Path

import inhost
import regret_cells
import regret_ray
import regret_report
from regret_results import Results, bests, mean, ratios

KEPT = inhost.ROOT / "build" / "regret"
EVALUATIONS = (4, 5, 6, 8, 10, 12, 15, 20)
SCREENED = {5: (4, 5), 8: (6, 8, 10), 15: (12, 15, 20)}  # a number of evaluations that is looked at for others
FEW = 2  # pictures to look at
HOPELESS = {"theirs": 4.0, "ours": 2.0}  # times the best, wherever it was looked at: tried no more
OURS_SCREENED = ("vit-1", "vit-3", "digits-1", "tiles-1")
OVERALL, IN_CELL = (
    10,
    4,
)  # that go on: as one fixed configuration (all, VE, flow); built-ins in a cell
STAGES = ("screen", "measure", "fit", "report")


def still_good(results: dict, candidates: list, space: str) -> list:
    """Those that may be among the best on this kind of model: built-ins of a cell, ours as one fixed configuration."""
    there = {group: known for group, known in results.items() if group.space == space and known.known}
    best = bests(there, SCREENED)
    seen = {what: ratios(there, what, best).values() for what in candidates}
    if not there:
        return candidates
    if candidates[0].who == "theirs":
        return [what for what in candidates if min(seen[what], default=math.inf) <= HOPELESS["theirs"]]
    limit = HOPELESS["ours"] * min(map(mean, seen.values()))
    return [what for what in candidates if mean(seen[what]) <= limit]


def screen(host, groups, arguments) -> None:
    """Look at all configurations on few pictures."""
    import configurations

    results = {group: Results(group, "screen", arguments) for group in groups}
    for group in groups:
        began = time.time()
        done = {other: results[other] for other in groups[: groups.index(group)]}
        wanted = still_good(done, configurations.theirs(group.space), group.space)
        if _name(group) in OURS_SCREENED:
            both = {other: known for other, known in done.items() if _name(other) in OURS_SCREENED}
            wanted = wanted + still_good(both, configurations.ours(), group.space)
        todo = [(what, n) for what in wanted for n in SCREENED if (tuple(what), n) not in results[group].known]
        measure_all(host, group, ("screen", FEW), todo, results[group], arguments)
        print(f"screened {group}: {len(wanted)} configurations, {time.time() - began:.0f} s", flush=True)


def _name(group) -> str:
    """A group's, whatever the kind of model."""
    return str(group).rpartition("-")[0]


class Enough(Exception):
    """So many cells as were wanted are done."""


def measure_all(host, group, of, todo: list, results: Results, arguments, profile: str = "") -> None:
    """Run what is to be done, and keep it. of: what for, and how many pictures; profile: the file of a fitted one."""
    limited = todo[: arguments.cells]
    use, count = of
    about = {"group": str(group), "count": count, "use": use, "seed": arguments.seed, "profile": profile}
    about |= {"nets": str(arguments.nets or ""), "kept": str(arguments.kept)}
    if arguments.ray:
        regret_ray.measure(limited, results, arguments.host, arguments.workers, **about)
    else:
        cells = regret_cells.Cells(host)
        for what, n in limited:
            cell = {**about, "what": json.dumps(list(what)), "evaluations": n}
            results.add(what, n, cells.row(cell)["errors"])
    if arguments.cells is not None:
        arguments.cells -= len(limited)
        if arguments.cells <= 0:
            raise Enough


def finalists(groups, arguments) -> dict:
    """For every group the configurations that are measured in full."""
    import configurations

    results = {group: Results(group, "screen", arguments) for group in groups}
    real = {group: known for group, known in results.items() if group.network != "mixture"}
    overall = set()
    for space in ("ve", "flow", None):
        there = {group: known for group, known in real.items() if space in (None, group.space)}
        for who in ("theirs", "ours"):
            names = {what for known in there.values() for what, _ in known.known if what[0] == who}
            best = bests(there, SCREENED)
            scores = {what: ratios(there, what, best) for what in names}
            full = max((len(seen) for seen in scores.values()), default=0)
            whole = {what: mean(seen.values()) for what, seen in scores.items() if len(seen) == full}
            overall |= set(sorted(whole, key=whole.__getitem__)[:OVERALL])
    chosen = {}
    for group, known in results.items():
        here = {what for what in overall if what[3] in configurations.SHIFTS[group.space]}
        for n in SCREENED:
            built_in = [what for what, m in known.known if what[0] == "theirs" and m == n]
            here |= set(sorted(built_in, key=lambda what, n=n, known=known: known.middle(what, n))[:IN_CELL])
        here |= {("ours", *pair, 1.0) for pair in ALWAYS}
        chosen[group] = [configurations.Configuration(*what) for what in sorted(here)]
    return chosen


PROFILE = ("ours", "profile", "fitted", 1.0)
ALWAYS = (
    *(("arc", name) for name in ("arc", "wide_arc")),
    *(("arc last=integrate", name) for name in ("arc", "wide_arc")),
    *(("dpmpp_2m", name) for name in ("beta", "karras", "simple", "arc")),
    *(("euler", name) for name in ("normal", "simple")),
)
"""Ours that are measured however they looked: sig_auto's choices, and what most people use."""


def measure(host, groups, everything, arguments) -> None:
    """Run what is left on all pictures."""
    chosen = finalists(everything, arguments)
    for group in groups:
        began, results = time.time(), Results(group, "measure", arguments)
        todo = [(what, n) for what in chosen[group] for n in EVALUATIONS if (tuple(what), n) not in results.known]
        measure_all(host, group, ("judge", arguments.pictures), todo, results, arguments)
        print(f"measured {group}: {len(chosen[group])} configurations, {time.time() - began:.0f} s", flush=True)


def fit(host, groups, arguments) -> None:
    """Fit a profile to every group, on starting noise of its own, and measure it on the pictures of the others."""
    for group in groups:
        began, results = time.time(), Results(group, "fit", arguments)
        todo = [(PROFILE, n) for n in EVALUATIONS if (PROFILE, n) not in results.known]
        file = arguments.kept / f"profile-{group}-{arguments.seed}.json"
        of = ("judge", arguments.pictures)
        if todo and not file.exists():  # it is fitted for the first, whoever runs that
            measure_all(host, group, of, todo[:1], results, arguments, str(file))
            todo = todo[1:]
        measure_all(host, group, of, todo, results, arguments, str(file))
        print(f"fitted {group}: {time.time() - began:.0f} s", flush=True)


def work(host, arguments) -> int:
    """All stages that are wanted; `host`: None where the cells run elsewhere."""
    import networks

    arguments.kept.mkdir(parents=True, exist_ok=True)
    usable = [group for group in networks.GROUPS if group.network != "vit" or arguments.nets]
    groups = [group for group in usable if not arguments.only or any(str(group).startswith(o) for o in arguments.only)]
    try:
        if arguments.stage in (None, "screen"):
            screen(host, groups, arguments)
        if arguments.stage in (None, "measure"):
            measure(host, groups, usable, arguments)
        if arguments.stage in (None, "fit"):
            fit(host, groups, arguments)
    except Enough:
        print("so many cells are done; the same again goes on from here")
        return 0
    return regret_report.write(arguments.kept, arguments.seed, arguments.host.name)


def inside(arguments) -> int:
    """In the host's Python."""
    host = inhost.load_host()
    inhost.load_sigmatic()
    import torch

    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # the host's own
    with torch.inference_mode():
        return work(host, arguments)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--nets", type=Path, help="the folder of DiffusionViT.pth (benchmarks/vit.py says where from)")
    parser.add_argument("--only", nargs="+", help="groups, by how their names begin: vit, digits-3, tiles-1-flow")
    parser.add_argument("--stage", choices=STAGES, help="one part of the work alone")
    parser.add_argument("--pictures", type=int, default=8, help="that are measured in a cell (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of all starting noise (default %(default)s)")
    parser.add_argument("--kept", type=Path, default=KEPT, help="where results are kept (default %(default)s)")
    parser.add_argument("--cells", type=int, help="do so many cells now, and no report")
    parser.add_argument("--ray", action="store_true", help="on all cores, or the Ray cluster of RAY_ADDRESS")
    parser.add_argument("--workers", type=int, default=0, help="with --ray, so many (default: one a core)")
    parser.add_argument("--host", type=Path, help="a ComfyUI folder with a venv of its own (default: the first found)")
    arguments = parser.parse_args()
    if "SIGMATIC_HOST" in os.environ:
        arguments.host = Path(os.environ["SIGMATIC_HOST"])
        return inside(arguments)
    installed = [arguments.host] if arguments.host else inhost.hosts()
    if not installed:
        print("no ComfyUI found: set COMFYUI_PATH to a folder with a venv of its own", file=sys.stderr)
        return 2
    if arguments.ray:
        arguments.host = installed[0]
        arguments.kept, arguments.nets = arguments.kept.resolve(), arguments.nets and arguments.nets.resolve()
        inhost.load_sigmatic()
        return work(None, arguments)
    return inhost.run_inside(__file__, installed[0], *sys.argv[1:]).returncode


if __name__ == "__main__":
    raise SystemExit(main())
