"""The list of a comparison: read from text, a line an entry, and the number of steps that each may take.

A line is `sampler / schedule / name = value; name = value`. The schedule and the parameters may be left out.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import comfy.samplers

from ... import samplers, schedulers
from ...core.curve import Percents
from ...core.param import Param, take
from ..dropdowns import lookup
from ..dropdowns.lookup import sampler_entry, schedule_entry
from ..dropdowns.plan import Message, ModelFacts, Plan, Sampler, by_name, say
from ..host import facts
from ..inputs import options, widgets
from .price import most_steps, price

WIDGET = "entries"
DEFAULT = """sig_euler
sig_dpmpp_2m
sig_uni_pc
sig_heun
sig_euler_ancestral
sig_dpmpp_2m_sde
sig_dpmpp_2m / steps = 60"""
_USUAL = {"ve": "sig_karras", "flow": "sig_simple"}
_STEPS = Param("steps", 20, "int", min=1, max=widgets.LAST_STEP)


class Line(NamedTuple):
    """A line: two names (schedule "" is the usual one of the model), the options of each, its own number of steps."""

    number: int
    sampler: str
    schedule: str
    sampler_options: dict[str, Any]
    schedule_options: dict[str, Any]
    steps: int | None = None

    def error(self, problem: Any) -> ValueError:
        """The problem in words that say where it is."""
        return wrong(self.number, problem)

    def on(self, ms: Any) -> "Line":
        """The same with the schedule that is meant on this kind of model."""
        return self if self.schedule else self._replace(schedule=_USUAL[facts.space(ms)])

    @property
    def params(self) -> str:
        """The options of the sampler and of the schedule, as they are typed."""
        both = {**self.sampler_options, **self.schedule_options}
        return "; ".join(f"{name}={options.as_text(value)}" for name, value in both.items())

    @property
    def text(self) -> str:
        """The line in its plain form."""
        given = "; ".join(part for part in (self.params, f"steps={self.steps}" if self.steps else "") if part)
        return " / ".join(part for part in (self.sampler, self.schedule, given) if part)


def wrong(number: int, problem: Any) -> ValueError:
    """An error that names the widget and the line."""
    return ValueError(f"{WIDGET}, line {number}: {problem}")


def read(text: str | None) -> list[Line]:
    """The lines; DEFAULT where there is none. Those that begin with # are left out. ValueError naming the line."""
    lines = [(number, line.strip()) for number, line in enumerate((text or "").splitlines(), 1)]
    listed = [_line(number, line) for number, line in lines if line and not line.startswith("#")]
    return listed or read(DEFAULT)


def _line(number: int, text: str) -> Line:
    sampler, *rest = (part.strip() for part in text.split("/", 2))
    schedule = rest.pop(0) if rest and "=" not in rest[0] else ""
    if len(rest) > 1:
        raise wrong(number, "write sampler / schedule / name = value; name = value.")
    problem = widgets.problem("sampler", sampler, comfy.samplers.SAMPLER_NAMES)
    if schedule:
        problem = problem or widgets.problem("schedule", schedule, comfy.samplers.SCHEDULER_NAMES)
    if problem:
        raise wrong(number, problem)
    try:
        return _with_options(Line(number, sampler, schedule, {}, {}), options.pairs(rest[0] if rest else ""))
    except ValueError as error:
        raise wrong(number, error) from None


def _with_options(line: Line, given: dict[str, str]) -> Line:
    """The line with its options, each for whoever has it. ValueError for one that nobody has or allows."""
    of_sampler, of_schedule = params_of(line.sampler, line.schedule, given)
    known = [param.name for param in (*of_sampler, *of_schedule, _STEPS)]
    for name in given:
        if name not in known:
            both = " / ".join(filter(None, (line.sampler, line.schedule)))
            raise ValueError(f"{both} has no parameter {name[:40]!r}: give {', '.join(known)}.")

    def of(*params: Param) -> dict[str, Any]:
        return take(params, given, line.sampler, text=True, others=True)

    values = of(*of_sampler)
    if not sampler_entry(line.sampler):  # numbers without a kind: whole ones may be counts
        values = {name: options.as_text(value) for name, value in values.items()}
    return line._replace(sampler_options=values, schedule_options=of(*of_schedule), **of(_STEPS))


def params_of(sampler: str, schedule: str, given: dict[str, str]) -> tuple[Sequence[Param], Sequence[Param]]:
    """The parameters of a sampler and of a schedule, by their names in dropdowns; `given`: what is written for them."""
    ours, levels = sampler_entry(sampler), schedule_entry(schedule)
    return (
        samplers.get(ours.name).params if ours else _host_params(sampler, given),
        schedulers.get(levels.name).params if levels else (),
    )


def _host_params(sampler: str, given: dict[str, str]) -> list[Param]:
    """The parameters of a sampler function that is not ours, of the kind of their defaults. ValueError for a curve.

    One whose default is no number, word or switch is of the kind of what is given.
    """
    params = []
    for name, parameter in lookup.host_options(comfy.samplers.sampler_object(sampler)).items():
        number = Param(name, None, steady=True).read(given.get(name, ""))
        if isinstance(number, Percents):
            raise ValueError("a sampler of ComfyUI's own takes no curves: give a number, or choose a sig_ sampler.")
        kinds = {bool: "bool", str: "text", int: "float", float: "float"}
        kind = kinds.get(type(parameter.default), "text" if isinstance(number, str) else "float")
        params.append(Param(name, None, kind, steady=True))
    return params


ROWS = 128
"""Most steps over all lines of a plot: finding how many a line may take makes tables of that length."""


def for_plot(
    listed: Iterable[tuple[Line, int, float]], model: ModelFacts, cost: Callable[[Line, int], int], limited: bool
) -> tuple[list[Plan], list[Message], int]:
    """The plans of lines with their budget and denoise; notes; and how many are left out as too much for a plot.

    Without the MODEL itself the host's own samplers are left out, which would have to be tried out on it. cost(line,
    budget): of ROWS, heeded where that is `limited`.
    """
    left, plans, unknown, over = ROWS, [], [], 0
    for line, evaluations, denoise in listed:
        if model.model is None and not (line.steps or sampler_entry(line.sampler)):
            unknown.append(line.sampler)
        elif limited and cost(line, evaluations) > left:
            over += 1
        else:
            left -= cost(line, evaluations)
            plans.append(within_budget(line, model, evaluations, denoise))
    names = ", ".join(dict.fromkeys(unknown))
    notes = [say("Their steps are known only in the run: {names}.", names=names)] if unknown else []
    return plans, notes, over


def within_budget(line: Line, model: ModelFacts, evaluations: int, denoise: float) -> Plan:
    """The line's run: as many steps as cost at most so many model evaluations.

    ValueError naming the line where not even one step is that cheap.
    """
    entry = sampler_entry(line.sampler)
    spec = samplers.get(entry.name) if entry else None
    sampler = Sampler(line.sampler, entry, line.sampler_options)

    def steps_of(steps: int) -> Plan:
        return by_name(model, sampler, line.schedule, steps, denoise, more=line.schedule_options)

    try:
        if spec and spec.adaptive:  # it stops by itself
            least = next(int(p.min or 1) for p in spec.params if p.name == "max_evaluations")
            if evaluations < least:
                raise ValueError(f"{line.sampler} needs {least} evaluations or more and evaluations is {evaluations}.")
            options = {"max_evaluations": evaluations, **line.sampler_options}
            return replace(steps_of(line.steps or evaluations), sampler=replace(sampler, options=options))
        if line.steps:
            return steps_of(line.steps)
        cost = price(sampler, model)
        guess = evaluations // (spec.evals_per_step if spec else 1)
        steps = most_steps(lambda n: cost(steps_of(n).sigmas), evaluations, guess)
        if not steps:
            least = cost(steps_of(1).sigmas)
            raise ValueError(f"{line.sampler} takes {least} evaluations at least and evaluations is {evaluations}.")
        return steps_of(steps)
    except ValueError as error:
        raise line.error(error) from None
