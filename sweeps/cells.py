"""From a plan's combinations to the cells that are run: what each sampler and schedule takes, priced and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .. import samplers, schedulers
from ..core.spec import Spec
from ..demo import digits, tiles
from ..grid.axes import require_owner
from .plan import Cell, Plan, Value

WORDS = {"sampler": "euler", "schedule": "karras", "steps": 10, "seed": 0, "space": "ve", "batch": 16, "cfg": 1.0}
"""What every run of a model has, with what it is where the plan leaves it out."""
NETWORKS = {"digits": digits, "tiles": tiles}
MORE = {"evaluations", "prompt"}
STEPS_AT_MOST = 10_000


@dataclass(frozen=True)
class Work:
    """What a plan comes to. `evaluations`: model calls of all cells but the `unpriced`, which choose their own."""

    cells: tuple[Cell, ...]
    evaluations: int
    unpriced: int


def work(plan: Plan) -> Work:
    """Every cell once, all of them checked. ValueError names the first thing that is wrong.

    A parameter that a sampler or schedule does not take is left out of its cells, so that eta with and without euler
    is one run; one that none of them takes is an error.
    """
    if "servers" in plan.source:
        cells = {cell.key: cell for cell in map(plan.cell, plan.combinations())}
        return Work(tuple(cells.values()), 0, len(cells))
    _check_names(plan)
    _check_prompts(plan)
    priced: dict[tuple, int | None] = {}
    cells: dict[str, Cell] = {}
    total = unpriced = 0
    for values in plan.combinations():
        taken = {**WORDS, **{name: value for name, value in values.items() if name in WORDS or name in MORE}}
        taken |= {name: value for owner in _owners(taken) for name, value in _params(owner, values).items()}
        taken["cfg"] = _number(taken, "cfg")
        for name in ("seed", "batch"):
            _whole(taken, name, lowest=0 if name == "seed" else 1)
        if "evaluations" in taken:
            taken["steps"] = _steps_for(taken)
            taken.pop("evaluations")  # two counts that come to the same steps are one run
        cell = plan.cell(taken)
        if cell.key in cells:
            continue
        what = tuple((name, value) for name, value in cell.values.items() if name not in ("seed", "prompt", "cfg"))
        if what not in priced:
            priced[what] = price(cell.values)
        cells[cell.key] = cell
        total, unpriced = total + (priced[what] or 0), unpriced + (priced[what] is None)
    if not cells:
        raise ValueError("[[skip]]: leaves nothing to run.")
    return Work(tuple(cells.values()), total, unpriced)


def split(values: Mapping[str, Value]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(the sampler's, the schedule's) parameters among a cell's values."""
    sampler, schedule = _owners(values)
    return (
        {name.removeprefix("sampler."): value for name, value in _params(sampler, values).items()},
        {name.removeprefix("schedule."): value for name, value in _params(schedule, values).items()},
    )


def price(values: Mapping[str, Value]) -> int | None:
    """The model calls of a cell, checked on the way; None for a sampler that chooses its own steps."""
    of_sampler, of_schedule = split(values)
    name, space = str(values["sampler"]), str(values["space"])
    sigmas = schedulers.sigmas(str(values["schedule"]), _whole(values, "steps"), space=space, **of_schedule)
    if samplers.get(name).adaptive:
        samplers.get(name).resolve(of_sampler)
        return None
    return samplers.table(name, sigmas, space=space, **of_sampler).evaluations


def _steps_for(values: Mapping[str, Value]) -> int:
    """The most steps with no more than the evaluations asked for; ValueError where even one step has more."""
    wanted = _whole(values, "evaluations")
    low, high = 0, wanted
    while low < high:
        middle = (low + high + 1) // 2
        cost = price({**values, "steps": middle})
        if cost is None:
            raise ValueError(f"evaluations: sampler {values['sampler']} chooses its own. Give steps, or leave it out.")
        low, high = (middle, high) if cost <= wanted else (low, middle - 1)
    if not low:
        raise ValueError(f"evaluations is {wanted}: one step of {values['sampler']} takes more. Give more.")
    return low


def _whole(values: Mapping[str, Value], name: str, lowest: int = 1) -> int:
    value, most = values[name], 2**63 - 1 if name == "seed" else STEPS_AT_MOST
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= most:
        raise ValueError(f"{name} is {value!r}: give a whole number from {lowest} to {most}.")
    return value


def _number(values: Mapping[str, Value], name: str) -> float:
    value = values[name]
    if isinstance(value, (bool, str)):
        raise ValueError(f"{name} is {value!r}: give a number.")
    return float(value)


def _owners(values: Mapping[str, Value]) -> tuple[Spec, Spec]:
    spec = samplers.get(str(values["sampler"]))
    if spec.learned:
        raise ValueError(f"sampler {spec.name}: it asks the model for a variance, which none of the sources predicts.")
    return spec, schedulers.get(str(values["schedule"]))


def _params(owner: Spec, values: Mapping[str, Value]) -> dict[str, Value]:
    """Those of the values that `owner` takes, under the names they have in the plan."""
    word = "sampler" if isinstance(owner, samplers.get("euler").__class__) else "schedule"
    mine = {param.name: param.default for param in owner.params}
    taken = {name: value for name, value in values.items() if name.removeprefix(f"{word}.") in mine}
    for name, value in taken.items():
        if isinstance(mine[name.removeprefix(f"{word}.")], float) and type(value) is int:
            taken[name] = float(value)  # 1 and 1.0 are one run
    return taken


def _check_names(plan: Plan) -> None:
    """Every name is a word of ours or a parameter of a sampler or schedule of the plan, and of one of the two alone."""
    for name, registry in (("sampler", samplers), ("schedule", schedulers)):
        for value in plan.axes.get(name, (plan.fixed.get(name, WORDS[name]),)):
            registry.get(str(value))
    if {"steps", "evaluations"} <= set(plan.names):
        raise ValueError("steps and evaluations: give one of them; steps follow from evaluations.")
    takes = {
        word: {param.name for one in _given(plan, word) for param in registry.get(str(one)).params}
        for word, registry in (("sampler", samplers), ("schedule", schedulers))
    }
    for name in plan.names:
        require_owner(name, takes, [*WORDS, *sorted(MORE)], "the plan")
    for name, allowed in (("space", {"ve", "flow"}),):
        for value in plan.axes.get(name, (plan.fixed.get(name, "ve"),)):
            if value not in allowed:
                raise ValueError(f"{name} is {value!r}: give {' or '.join(sorted(allowed))}.")


def _check_prompts(plan: Plan) -> None:
    """That the source can be asked for what the plan asks of it."""
    network = NETWORKS.get(str(plan.source["model"]))
    if network is None:
        for name in {"prompt", "cfg"} & set(plan.names):
            raise ValueError(f"{name}: the model {plan.source['model']} has no prompt. Leave it out.")
        return
    for prompt in plan.axes.get("prompt", (plan.fixed.get("prompt", ""),)):
        if prompt != "":
            network.MODEL.index(label(prompt))


def label(prompt: Value) -> int | str | None:
    """What an embedded network is asked for by the plan's word; None for anything."""
    return int(prompt) if isinstance(prompt, str) and prompt.isdigit() else prompt or None  # type: ignore[return-value]


def _given(plan: Plan, word: str) -> tuple[Value, ...]:
    return plan.axes.get(word, (plan.fixed.get(word, WORDS[word]),))
