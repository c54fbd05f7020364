"""How near samplers come to the exact answer, ours against ComfyUI's best, in one run: python benchmarks/quality.py

Same model, same starting noise, float64 reference. At every number of model evaluations all of ComfyUI's ODE samplers
run on all of its schedules (through its own functions, in its own Python), and the best of them is what ours are
measured against. What is known of a subject is kept in build/quality, so that a run goes on where it was stopped;
--fresh starts anew. Writes docs/quality.md and its pictures.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import statistics
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import inhost
import quality_report
from quality_report import FITTED_IN_RANGE, IN_RANGE

KEPT = inhost.ROOT / "build" / "quality"
EVALUATIONS = {"mixture": (6, 8, 10, 15, 20, 50), "digits": (6, 8, 10, 15, 20)}
SUBJECTS = [
    *(("mixture", d, space) for space in ("ve", "flow") for d in (2, 16, 64)),
    *(("digits", cfg, space) for cfg in (1, 3, 6) for space in ("ve", "flow")),
]
SEEDS, PATHS, IMAGES = range(300, 308), 64, 48
SCREENED, FINALISTS = 4, 12  # digits: all built-ins on so many images, so many of them on all
STEPS = {"mixture": 400, "digits": 60}  # of the exact solution: right to 1e-9 and to 2e-6
OURS = {"ve": ("karras", "arc", IN_RANGE), "flow": ("arc", IN_RANGE)}  # the schedules that the sampler arc runs on
SHIFTS = {"ve": (1.0,), "flow": (1.0, 3.0)}
LOWEST = 1e-4  # where arc and fitted schedules may end: all models here are right there, and far below
FIT_IMAGES, FIT_BUDGET = 48, 60  # what a schedule is fitted on: noise of its own; model evaluations for every step
FIT_STARTS = ("arc", "wide_arc", "cosine", "karras", "flow_shift")


def make(kind: str, number: int, space: str, images: int = IMAGES, use: str = "digits"):
    """The subject with its exact end."""
    import subjects

    if kind == "mixture":
        subject = precise = subjects.mixtures(number, space, SEEDS, PATHS)
    else:
        subject = subjects.digits(number, space, images, use=use)
        precise = subjects.digits(number, space, images, exact=True, use=use)
    return subjects.with_exact(subject, precise, STEPS[kind], KEPT)


def built_in(host, subject, kind: str, few=None) -> dict[int, list]:
    """For every number of evaluations the built-ins [name, schedule, shift, errors], the best first."""
    from comfy_samplers import Builtins

    results = {}
    for evaluations in EVALUATIONS[kind]:
        runs = []
        for shift in SHIFTS[subject.space]:
            host_side = Builtins(host, inhost.model_sampling(host, subject.space, shift))
            runs += [(host_side, shift, *case) for case in host_side.affordable(evaluations)]

        def measured(run, subject=subject):
            host_side, shift, name, schedule, sigmas = run
            out = host_side.sample(name, subject.model, subject.start(float(sigmas[0])), sigmas)
            return [name, schedule, shift, subject.error(out)]

        if few is not None:
            runs.sort(key=lambda run: statistics.median(measured(run, few)[3]))
            runs = runs[:FINALISTS]
        rows = sorted((measured(run) for run in runs), key=lambda row: statistics.median(row[3]))
        on_karras = next((row for row in rows if row[1] == "karras"), rows[0])
        results[evaluations] = [*rows[:5], on_karras]
    return results


def levels(schedule: str, steps: int, space: str):
    """Our schedules, in the range of stock models; arc goes below it, as near to 0 as its steps lead."""
    lowest = {"sigma_min": LOWEST} if schedule == "arc" else {}
    name = "arc" if schedule == IN_RANGE else schedule
    return inhost.load_sigmatic().schedulers.sigmas(name, steps, space=space, **lowest).double()


def arc(subject, sigmas):
    """Where the sampler arc ends."""
    samplers, x = inhost.load_sigmatic().samplers, subject.start(float(sigmas[0]))
    return samplers.sample("arc", subject.model, x, sigmas.double(), space=subject.space, disable=True)


def ours(subject, kind: str, known=None) -> dict[str, dict[int, list[float]]]:
    """The sampler arc on our schedules: {schedule: {evaluations: errors}}; with `known`, on one fitted to that, too."""
    made = {name: partial(levels, name, space=subject.space) for name in OURS[subject.space]}
    if known is not None:
        made["fitted"] = partial(fitted, known, lowest=LOWEST)
        if subject.space == "ve":  # flow models end lower than is worth while
            made[FITTED_IN_RANGE] = partial(fitted, known)
    return {
        name: {n: subject.error(arc(subject, schedule(n))) for n in EVALUATIONS[kind]}
        for name, schedule in made.items()
    }


def fitted(known, steps: int, lowest: float | None = None):
    """The schedule of so many steps, down to `lowest`, with which arc ends nearest to the exact end of `known`."""
    import torch

    schedulers = inhost.load_sigmatic().schedulers
    fit = importlib.import_module("sigmatic.core.schedule.fit").fit
    starts = {name: levels(name, steps, known.space).tolist() for name in FIT_STARTS}
    if lowest is None:
        starts["arc"] = levels(IN_RANGE, steps, known.space).tolist()
    span = schedulers.span(space=known.space, sigma_min=lowest)
    results = fit(partial(arc, known), known.exact, starts, span, budget=FIT_BUDGET * steps)
    return torch.tensor(results.sigmas)


def inside(kind: str, number: int, space: str) -> None:
    """In the host's Python: measure one subject and leave the result in KEPT."""
    host = inhost.load_host()
    inhost.load_sigmatic()
    import torch

    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # the host's own
    with torch.inference_mode():
        subject = make(kind, number, space)
        known = KEPT / f"builtin-{subject.name}.json"
        if not known.exists():
            few = make(kind, number, space, SCREENED) if kind == "digits" else None
            known.write_text(json.dumps(built_in(host, subject, kind, few)))
        fit_on = make(kind, number, space, FIT_IMAGES, "fit") if kind == "digits" else None
        result = {"builtin": json.loads(known.read_text()), "ours": ours(subject, kind, fit_on), "floor": subject.floor}
    (KEPT / f"result-{subject.name}.json").write_text(json.dumps(result))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", help="a ComfyUI folder with a venv of its own (default: the first one found)")
    parser.add_argument("--jobs", type=int, default=2, help="subjects at a time (default %(default)s)")
    parser.add_argument("--fresh", action="store_true", help="forget what earlier runs found")
    parser.add_argument("--subject", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.subject:
        kind, number, space = arguments.subject
        inside(kind, int(number), space)
        return 0
    results = [Path(arguments.host)] if arguments.host else inhost.hosts()
    if not results:
        print("no ComfyUI found: set COMFYUI_PATH to a folder with a venv of its own", file=sys.stderr)
        return 2
    KEPT.mkdir(parents=True, exist_ok=True)
    for old in KEPT.glob("*" if arguments.fresh else "result-*"):
        old.unlink()
    os.environ["OMP_NUM_THREADS"] = "1"

    def one(subject) -> int:
        words = [str(word) for word in subject]
        code = inhost.run_inside(__file__, results[0], "--subject", *words, stderr=None).returncode
        print(*words, "failed" if code else "done", flush=True)
        return code

    with ThreadPoolExecutor(arguments.jobs) as pool:
        failed = sum(code != 0 for code in pool.map(one, SUBJECTS))
    if failed:
        return 1
    fit_facts = {"lowest": LOWEST, "fit_images": FIT_IMAGES, "fit_budget": FIT_BUDGET}
    return quality_report.write(KEPT, SUBJECTS, host=results[0].name, images=IMAGES, **fit_facts)


if __name__ == "__main__":
    raise SystemExit(main())
