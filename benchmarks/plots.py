"""What a plot's answer costs, for every sampler at the most steps that are drawn: python benchmarks/plots.py

Milliseconds of CPU for one answer to the page, in the host's own Python, the slowest first. Every try draws other noise
levels, so that no table of the try before can be taken; medians count.
"""

from __future__ import annotations

import importlib
import json
import statistics
import time

import inhost

WANTED = 50.0  # ms: a plot follows a dragged widget
SCHEDULES = ("karras", "linear", "exponential", "normal", "simple", "beta", "cosine", "laplace", "ddim_uniform")


def milliseconds(answer, node: str, make_values, repeats: int) -> float:
    """The median over `repeats` answers for `make_values(k)`."""
    times = []
    for k in range(repeats + 1):  # the first one warms up
        body = json.dumps({"node": node, "values": make_values(k)}).encode()
        start = time.thread_time()
        status, reply = answer.answer(body)
        times.append((time.thread_time() - start) * 1e3)
        assert status == 200, reply
    return statistics.median(times[1:])


def inside(arguments) -> int:
    inhost.load_host(), inhost.load_sigmatic()
    importlib.import_module("sigmatic.nodes.dropdowns.register").install()  # puts the names into the lists
    answer, planned = (importlib.import_module(f"sigmatic.nodes.page.{name}") for name in ("answer", "planned"))
    nodes = importlib.import_module("sigmatic.nodes")
    for name in ("ksampler", "compare"):
        planned.offer(nodes.nodes_in(importlib.import_module(f"sigmatic.nodes.{name}")))

    def run(sampler: str):
        return lambda k: {"sampler": sampler, "steps": answer.ROWS, "schedule": "sig_karras", "rho": 7 + k / 1000}

    def comparison(k: int) -> dict:
        entries = "\n".join(f"sig_uni_pc / sig_{name}" for name in SCHEDULES)
        return {"entries": entries, "evaluations": 20, "denoise": 1 - k / 1000}

    names = [entry["name"] for entry in answer.catalogue()["samplers"]]
    slow = {name: milliseconds(answer, "SigmaticKSampler", run(name), arguments.repeats) for name in names}
    slow["a comparison"] = milliseconds(answer, "SigmaticCompare", comparison, arguments.repeats)
    for name, took in sorted(slow.items(), key=lambda pair: -pair[1]):
        print(f"{name:<26} {took:7.1f} ms{'' if took <= WANTED else '  MISSED'}")
    slowest = max(slow, key=slow.__getitem__)
    print(f"{answer.ROWS} steps; the slowest is {slowest}: {slow[slowest]:.1f} ms, wanted {WANTED:g} ms")
    return sum(took > WANTED for took in slow.values())


if __name__ == "__main__":
    raise SystemExit(inhost.main(__file__, __doc__, inside, repeats=5))
