"""One cell of regret.py after another, for whoever asks: in the host's Python, over its standard input and output.

A cell is a JSON object on a line: what is to be run, on which group, with how many evaluations; the answer is the
errors of the pictures. `runner` is what a worker of a sweep holds: such a process, so that it needs no ComfyUI itself.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import inhost

FITTED = 4  # latents that a profile is fitted on


class HostRunner:
    """A process in the host's Python that answers cells."""

    def __init__(self, host: str) -> None:
        self.host, self.process = host, None

    def run(self, values):
        """Its row. RuntimeError for a cell that cannot be run, Lost where the process has ended."""
        lost = sys.modules["sigmatic.sweeps.result"].Lost
        if self.process is None:
            options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
            self.process = inhost.started_inside(__file__, Path(self.host), **options)
        try:
            self.process.stdin.write(json.dumps(dict(values)) + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except OSError as error:
            raise lost(f"the host's process has ended: {error}") from None
        if not answer:
            raise lost(f"the host's process has ended with {self.process.wait()}")
        row = json.loads(answer)
        if "failed" in row:
            raise RuntimeError(row["failed"])
        return row


def runner(plan) -> HostRunner:
    """As the engine of sweeps asks for it."""
    return HostRunner(plan.source["host"])


class Cells:
    """What answers in the host's Python: one group's model at a time."""

    def __init__(self, host) -> None:
        self.host, self.known, self.runner = host, None, None

    def row(self, cell) -> dict:
        """{"errors": of the pictures}, None where so few evaluations buy no run."""
        import configurations
        import networks

        about = (cell["group"], cell["count"], cell["use"], cell["nets"], cell["kept"], cell["seed"])
        if about != self.known:
            group = next(one for one in networks.GROUPS if str(one) == cell["group"])
            nets, kept = Path(cell["nets"]), Path(cell["kept"])
            subject = networks.subject(group, cell["count"], cell["use"], nets, kept, cell["seed"])
            self.known, self.runner = about, configurations.Runner(self.host, subject)
        if cell["profile"]:
            return {"errors": fitted(self.runner.subject, Path(cell["profile"]), cell)}
        what = configurations.Configuration(*json.loads(cell["what"]))
        return {"errors": self.runner.errors(what, cell["evaluations"])}


def fitted(judge, file: Path, about) -> list[float]:
    """The errors of the group's profile, which is fitted first where there is none at `file`."""
    import networks

    profiles = importlib.import_module("sigmatic.profiles")
    if not file.exists():
        model, noise = networks.to_fit(judge.group, FITTED, Path(about["nets"]), about["seed"])
        low, high = (float(judge.table[k]) for k in (0, -1))
        profiles.fit(model, noise, space=judge.space, sigma_min=low, sigma_max=high).save(file)
    profile, n = profiles.load(file), about["evaluations"]
    start = judge.start(float(profile.sigmas(n)[0]))
    return judge.errors(profile.run(judge.model, start, n, disable=True))


def serve() -> None:
    """Answer line by line; what the host prints goes where errors go."""
    answers, sys.stdout = os.fdopen(os.dup(1), "w"), sys.stderr
    os.dup2(2, 1)
    host = inhost.load_host()
    inhost.load_sigmatic()
    import torch

    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # the host's own
    cells = Cells(host)
    with torch.inference_mode():
        for line in sys.stdin:
            try:
                row = cells.row(json.loads(line))
            except (ValueError, TypeError, RuntimeError, ArithmeticError) as error:
                row = {"failed": f"{type(error).__name__}: {error}"}
            answers.write(json.dumps(row) + "\n")
            answers.flush()


if __name__ == "__main__":
    serve()
