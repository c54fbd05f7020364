"""All declarations together: who has a parameter, values for whoever they will be for, a declaration as plain values.

The lists are filled by the packages `samplers` and `schedulers`, when they are imported.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from .param import Param
from .spec import SAMPLERS, SCHEDULES, SamplerSpec, Spec
from .tabulate import tabulate

START_HERE = {
    "samplers": ("dpmpp_2m", "euler", "uni_pc", "dpmpp_2m_sde", "arc"),
    "schedules": ("karras", "beta", "simple", "exponential", "arc"),
}
"""What to begin with, after the model's own recipe: docs/choosing.md says why."""


def declared() -> dict[str, list[tuple[Spec, Param]]]:
    """Every parameter name in alphabetical order, with those that have it: (sampler or schedule, its parameter)."""
    return _declared(SAMPLERS.names(), SCHEDULES.names())


@lru_cache(maxsize=1)
def _declared(*names: tuple[str, ...]) -> dict[str, list[tuple[Spec, Param]]]:
    owners: dict[str, list[tuple[Spec, Param]]] = {}
    for registry, there in zip((SAMPLERS, SCHEDULES), names, strict=True):
        for spec in map(registry.get, there):
            for param in spec.params:
                owners.setdefault(param.name, []).append((spec, param))
    return dict(sorted(owners.items()))


def take(given: Mapping[str, Any], *, text: bool = False) -> dict[str, Any]:
    """`given` with every value as some sampler or schedule takes it, where it is not known yet whose it will be.

    text: strings are what people write, as of `core.param.take`. ValueError for a name that none has, and for a value
    that none of those who have it allows.
    """
    known = declared()
    return {name: _for_any(name, value, known, text) for name, value in given.items()}


def _for_any(name: str, value: Any, known: Mapping[str, list[tuple[Spec, Param]]], text: bool) -> Any:
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
        hint = f"did you mean {', '.join(near)}?" if near else f"there are {', '.join(known)}."
        raise ValueError(f"no sampler or schedule of Sigmatic has a parameter {name[:40]!r}: {hint}")
    problem, allowed = "", {}
    for spec, param in known[name]:
        try:
            return spec.take({name: value}, text=text)[name]
        except ValueError as error:
            problem = str(error).removesuffix(f"{param.allowed}.")
            allowed.setdefault(problem, {})[param.allowed] = True
    raise ValueError(f"{problem}{', or '.join(allowed[problem])}.")  # what some allow, others may not


def as_dict(spec: Spec) -> dict[str, Any]:
    """Every declared field but the code, as JSON has them; of samplers also `stochastic` and `between`."""
    fields = {f.name: getattr(spec, f.name) for f in dataclasses.fields(spec) if f.name not in ("build", "params")}
    derived = {"stochastic": spec.stochastic, "between": between(spec)} if isinstance(spec, SamplerSpec) else {}
    return {**fields, **derived, "params": [_plain(param) for param in spec.params]}


def between(spec: SamplerSpec) -> bool:
    """Whether the sampler, with its defaults, calls the model at levels that are not in the schedule, by its table."""
    if spec.adaptive:
        return True  # it chooses all of them
    return tabulate(spec.name, (10.0, 7.0, 3.0, 1.0, 0.4, 0.0), "ve", tuple(spec.defaults.items())).between


def _plain(param: Param) -> dict[str, Any]:
    """The parameter's fields; JSON has no number for infinity."""
    fields = dataclasses.asdict(param)
    return {**fields, "default": "inf" if fields["default"] == math.inf else fields["default"]}
