"""A grid of runs on one MODEL: from the axes that are typed to cells, each of them checked, each once."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import comfy.samplers

from ... import samplers
from ...core.param import Param, shown, take
from ...grid import text
from ...grid.axes import Value, combinations, require_owner
from ..dropdowns.lookup import sampler_entry
from ..dropdowns.plan import ModelFacts, Plan
from ..inputs import options, widgets
from .entries import Line, params_of, within_budget
from .price import adds_noise, price

WIDGET = "axes"
DEFAULT = """sampler = sig_euler, sig_dpmpp_2m, sig_uni_pc
schedule = sig_karras, sig_exponential
steps = 6, 8, 12
seed = 0:2"""
_RUN = {
    "steps": Param("steps", 20, "int", min=1, max=widgets.LAST_STEP),
    "evaluations": Param("evaluations", 20, "int", min=1, max=widgets.LAST_STEP),
    "seed": Param("seed", 0, "int", min=0, max=2**64 - 1),
    "cfg": Param("cfg", 8.0, min=0.0, max=100.0, steady=True),
    "denoise": Param("denoise", 1.0, max=1.0, above=0.0, steady=True),
}
_NAMES = {"sampler": widgets.SAMPLER, "schedule": ""}


class Cell(NamedTuple):
    """A run. values: by name, as the report has them. evaluations: None where it chooses its own.

    noisy: whether it adds noise of its own; None where that is not known.
    """

    values: dict[str, Value]
    line: Line
    plan: Plan
    seed: int
    cfg: float
    evaluations: int | None
    noisy: bool | None


def read(typed: str | None) -> text.Axes:
    """The axes; DEFAULT where there are none. ValueError names the line: of a name or number that cannot be, too."""
    axes = text.read(WIDGET, typed if typed and typed.strip() else DEFAULT)
    for name, known in (("sampler", comfy.samplers.SAMPLER_NAMES), ("schedule", comfy.samplers.SCHEDULER_NAMES)):
        for value in axes.axes.get(name, ()):
            if problem := widgets.problem(name, str(value), known):
                raise wrong(axes, name, problem)
    for name, param in _RUN.items():
        for value in axes.axes.get(name, ()):
            try:
                param.check(value)
            except ValueError as error:
                raise wrong(axes, name, error) from None
    if {"steps", "evaluations"} <= set(axes.axes):
        raise wrong(axes, "evaluations", "steps and evaluations: give one of them; steps follow from evaluations.")
    _require_known(axes)
    return axes


def wrong(axes: text.Axes, name: str, problem: Any) -> ValueError:
    """An error that says in which line the axis is."""
    line = axes.lines.get(name)
    return ValueError(f"{WIDGET}{f', line {line}' if line else ''}: {problem}")


class Grid:
    """The runs of some axes on a model; each setting is checked and priced once, whatever its seeds."""

    def __init__(self, model: ModelFacts, axes: text.Axes) -> None:
        self.model, self.axes = model, axes
        self._known: dict[tuple, tuple[dict[str, Value], Line]] = {}
        self._plans: dict[tuple, Any] = {}

    def cells(self) -> list[Cell]:
        """All of them. ValueError names the line of what is wrong."""
        cells: dict[tuple, Cell] = {}
        for values, line, seed, cfg in self._runs():
            key = (*values.items(),)
            if key not in cells:
                plan, evaluations, noisy = self._planned(line, values, cfg)
                if "steps" not in values:
                    values = {**values, "steps": len(plan.sigmas) - 1}
                    values.pop("evaluations", None)
                    key = (*values.items(),)  # two counts that come to the same steps are one run
                cells.setdefault(key, Cell(values, line, plan, seed, cfg, evaluations, noisy))
        if not cells:
            raise ValueError(f"{WIDGET}, line {self.axes.skip[0][0]}: skip leaves nothing to run.")
        return list(cells.values())

    def settings(self, most: int) -> tuple[list[tuple[Line, int, float]], int]:
        """Of the first `most` combinations: (the lines with budget and denoise, each once; the number of runs)."""
        lines: dict[tuple, tuple[Line, int, float]] = {}
        runs = set()
        for count, (values, line, _, _) in enumerate(self._runs()):
            if count >= most:
                break
            runs.add((*values.items(),))
            of_line = (line.text, values.get("evaluations"), values.get("denoise"))
            lines.setdefault(of_line, (line, self._budget(line, values), float(values.get("denoise", 1.0))))
        return list(lines.values()), len(runs)

    def _runs(self) -> Iterator[tuple[dict[str, Value], Line, int, float]]:
        """Every combination: (its values, without those that nobody takes in it, its line, seed, cfg)."""
        for given in combinations(self.axes.axes, {}, self.axes.rules):
            seed = int(_RUN["seed"].check(given.get("seed", 0)))
            cfg = float(_RUN["cfg"].check(given.get("cfg", _RUN["cfg"].default)))
            what = (*((name, value) for name, value in given.items() if name not in ("seed", "cfg")),)
            if what not in self._known:
                self._known[what] = self._line(dict(what))
            values, line = self._known[what]
            yield {**values, "cfg": options.as_text(cfg), "seed": seed}, line, seed, cfg

    def _line(self, given: dict[str, Value]) -> tuple[dict[str, Value], Line]:
        """The values that are taken by these names, and the line of a comparison that they are."""
        names = {**_NAMES, **given}
        line = Line(0, str(names["sampler"]), str(names["schedule"]), {}, {}).on(self.model.sampling)
        written = {name.rpartition(".")[2]: str(options.as_text(value)) for name, value in given.items()}
        try:
            of_sampler, of_schedule = params_of(line.sampler, line.schedule, written)
        except ValueError as error:
            raise wrong(self.axes, "sampler", f"{line.sampler}: {error}") from None
        taken: dict[str, Value] = {"sampler": line.sampler, "schedule": line.schedule}
        parts: dict[str, dict[str, Any]] = {"sampler": {}, "schedule": {}}
        for name, value in given.items():
            word, _, bare = name.rpartition(".")
            if name in _RUN or name in _NAMES:
                if name in _RUN:
                    taken[name] = options.as_text(_RUN[name].check(value))
                continue
            for kind, params in (("sampler", of_sampler), ("schedule", of_schedule)):
                mine = [param for param in params if param.name == bare and word in ("", kind)]
                if mine:
                    parts[kind] |= self._option(mine[0], name, value, line.sampler)
                    taken[name] = options.as_text(parts[kind][bare])  # 1 and 1.0 are one run
        if "evaluations" not in given:
            taken.setdefault("steps", _RUN["steps"].default)
        spec = self._adaptive(line)
        if spec and "evaluations" not in given:
            parts["sampler"].setdefault("max_evaluations", spec.defaults["max_evaluations"])
        steps = int(taken["steps"]) if "steps" in taken else None
        made = line._replace(sampler_options=parts["sampler"], schedule_options=parts["schedule"], steps=steps)
        return taken, made

    def _option(self, param: Param, name: str, value: Value, owner: str) -> dict[str, Any]:
        try:
            typed = take([param], {param.name: str(value)}, owner, text=True)
        except ValueError as error:
            raise wrong(self.axes, name, error) from None
        kept = {name: options.as_text(one) for name, one in typed.items()}
        return typed if sampler_entry(owner) else kept  # a sampler of somebody else's may want a whole number

    def _planned(self, line: Line, values: Mapping[str, Value], cfg: float) -> tuple[Plan, int | None, bool | None]:
        denoise = float(values.get("denoise", 1.0))
        key = (line.text, values.get("evaluations"), denoise, cfg)
        if key not in self._plans:
            model = replace(self.model, cfg=cfg)
            try:
                plan = within_budget(line, model, self._budget(line, values), denoise)
            except ValueError as error:
                named = next((name for name in ("denoise", "evaluations", "steps") if name in str(error)), "sampler")
                raise wrong(self.axes, named, str(error).partition(": ")[2]) from None
            noisy = adds_noise(plan.sampler, model, plan.sigmas)
            cost: Callable[[Any], int] | None = None if self._adaptive(line) else price(plan.sampler, model)
            self._plans[key] = plan, cost and cost(plan.sigmas), noisy
        return self._plans[key]

    def _budget(self, line: Line, values: Mapping[str, Value]) -> int:
        return int(values.get("evaluations", line.sampler_options.get("max_evaluations", 1)))

    def _adaptive(self, line: Line) -> Any:
        """The sampler, if it finds its own steps."""
        entry = sampler_entry(line.sampler)
        spec = samplers.get(entry.name) if entry else None
        return spec if spec and spec.adaptive else None


def _require_known(axes: text.Axes) -> None:
    """ValueError for a name that no sampler or schedule of the axes has, or that both have."""
    there: dict[str, set[str]] = {"sampler": set(), "schedule": set()}
    written = {name.rpartition(".")[2]: shown(values[0]).strip("'") for name, values in axes.axes.items()}
    for sampler in axes.axes.get("sampler", (_NAMES["sampler"],)):
        try:
            there["sampler"] |= {param.name for param in params_of(str(sampler), "", written)[0]}
        except ValueError as error:
            raise wrong(axes, "sampler", f"{sampler}: {error}") from None
    for schedule in axes.axes.get("schedule", ("sig_karras", "sig_simple")):
        there["schedule"] |= {param.name for param in params_of(_NAMES["sampler"], str(schedule), {})[1]}
    for name in axes.axes:
        try:
            require_owner(name, there, [*_NAMES, *_RUN], "these axes")
        except ValueError as error:
            raise wrong(axes, name, error) from None
