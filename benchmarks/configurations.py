"""Every fixed configuration, theirs and ours: a sampler on a schedule, run for as many model evaluations as are given.

A configuration is (who, sampler, schedule, shift). Samplers of ours may have options: "arc last=integrate".
"""

from __future__ import annotations

from typing import NamedTuple

import comfy_samplers
import inhost
import networks
import torch
from torch import Tensor

SHIFTS = {"ve": (1.0,), "flow": (1.0, 3.0)}
VARIANTS = {"arc": ("arc last=integrate",)}  # tried beside the sampler as it comes
LEFT_OUT = {"drawn", "timesteps"}  # schedules that are nothing without their options


class Configuration(NamedTuple):
    """One way to run a model."""

    who: str
    sampler: str
    schedule: str
    shift: float = 1.0

    def __str__(self) -> str:
        shift = f", shift {self.shift:g}" if self.shift != 1 else ""
        return f"{self.sampler} on {self.schedule}{shift}"


class Runner:
    """Runs configurations on a subject; what is the same run under another name is done once."""

    def __init__(self, host, subject: networks.Subject) -> None:
        self.subject, self.space, self.known = subject, subject.space, {}
        lowest = networks.lowest(subject.group.network, self.space)
        self.theirs = {
            shift: comfy_samplers.Builtins(host, inhost.model_sampling(host, self.space, shift, lowest))
            for shift in SHIFTS[self.space]
        }
        self.samplers, self.schedulers = inhost.load_sigmatic().samplers, inhost.load_sigmatic().schedulers

    def errors(self, what: Configuration, evaluations: int) -> list[float] | None:
        """Of every picture; None where so few evaluations buy no run."""
        return self._theirs(what, evaluations) if what.who == "theirs" else self._ours(what, evaluations)

    def _theirs(self, what: Configuration, evaluations: int) -> list[float] | None:
        side = self.theirs[what.shift]
        sigmas = side.most(what.sampler, what.schedule, evaluations)
        if sigmas is None:
            return None
        mark = ("theirs", what.sampler, tuple((sigmas * 1e6).round().tolist()))
        if mark not in self.known:
            out = side.sample(what.sampler, self.subject.model, self.subject.start(float(sigmas[0])), sigmas)
            self.known[mark] = self.subject.errors(out)
        return self.known[mark]

    def _ours(self, what: Configuration, evaluations: int) -> list[float] | None:
        name, params = options(what.sampler)
        spec = self.samplers.get(name)
        params = {**(spec.ode or {}), **params}
        for steps in range(evaluations // min(spec.evals_per_step, evaluations) + 2, 0, -1):
            sigmas = self.levels(what.schedule, steps)
            if sigmas is None:
                continue
            table = self.samplers.table(name, sigmas, space=self.space, **params)
            if table.evaluations <= evaluations:
                return self.run(name, sigmas, params, table)
        return None

    def run(self, name: str, sigmas: Tensor, params: dict, table) -> list[float]:
        """The errors of a run of ours."""
        mark = ("ours", repr(table.rows), float(sigmas[0]))
        if mark not in self.known:
            x = self.subject.start(float(sigmas[0]))
            out = self.samplers.sample(
                name, self.subject.model, x, sigmas.double(), space=self.space, disable=True, **params
            )
            self.known[mark] = self.subject.errors(out)
        return self.known[mark]

    def levels(self, schedule: str, steps: int) -> Tensor | None:
        """The schedule in the subject's own range; None where it has none of so many steps."""
        name, given = options(schedule)
        key = ("levels", schedule, steps)
        if key not in self.known:
            try:
                made = self.schedulers.sigmas(
                    name, steps, space=self.space, model_sigmas=self.subject.table.tolist(), **given
                )
                self.known[key] = made if (made.diff() < 0).all() else None
            except ValueError:
                self.known[key] = None
        return self.known[key]


def options(text: str) -> tuple[str, dict]:
    """("arc", {"last": "integrate"}) of "arc last=integrate"."""
    name, *pairs = text.split()
    given: dict = dict(pair.split("=") for pair in pairs)
    for key, value in given.items():
        try:
            given[key] = float(value)
        except ValueError:
            continue
    return name, given


def theirs(space: str) -> list[Configuration]:
    """ComfyUI's ODE samplers on its schedules."""
    return [
        Configuration("theirs", sampler, schedule, shift)
        for shift in SHIFTS[space]
        for sampler in comfy_samplers.SAMPLERS
        for schedule in comfy_samplers.SCHEDULES
    ]


def ours() -> list[Configuration]:
    """Our samplers of the ODE, and those with noise without it, on our schedules."""
    package = inhost.load_sigmatic()
    samplers = []
    for name in package.samplers.names():
        spec = package.samplers.get(name)
        odd = spec.alias_of or spec.adaptive or spec.uncond or spec.learned or spec.models == "distilled"
        if spec.ode is not None and not odd:
            samplers += [name, *VARIANTS.get(name, ())]
    schedules = [name for name in package.schedulers.names() if name not in LEFT_OUT]
    return [Configuration("ours", sampler, schedule) for sampler in samplers for schedule in schedules]


torch.set_num_threads(1)
