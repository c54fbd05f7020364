"""The list of a comparison: read from text, a line an entry, and the number of steps that each may take.

A line is `sampler / schedule / name = value; name = value`. The schedule and the parameters may be left out.
"""

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import comfy.samplers
import torch
from torch import Tensor

from ... import samplers, schedulers
from ...core.curve import Percents
from ...core.spec import Param
from ..dropdowns import lookup
from ..dropdowns.lookup import sampler_entry, schedule_entry
from ..host import facts
from ..inputs import options, widgets
from ..running import run, settings_on_model
from ..running.host_functions import choice_of, table_of

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
_EDGE = {"model", "x", "noise", "sigmas", "extra_args", "callback", "disable", "noise_sampler"}


class Entry(NamedTuple):
    """A line: two names (schedule "" is the usual one of the model), what each is told, its own number of steps."""

    line: int
    sampler: str
    schedule: str
    said: dict[str, Any]
    spaced: dict[str, Any]
    steps: int | None = None

    def error(self, problem: Any) -> ValueError:
        """The same in words that say where."""
        return wrong(self.line, problem)

    def on(self, ms: Any) -> "Entry":
        """The same with the schedule that is meant on this kind of model."""
        return self if self.schedule else self._replace(schedule=_USUAL[facts.space(ms)])

    @property
    def params(self) -> str:
        """What the sampler and the schedule are told, as it is typed."""
        return "; ".join(f"{name}={options.as_text(value)}" for name, value in {**self.said, **self.spaced}.items())

    @property
    def text(self) -> str:
        """The line in its plain form."""
        told = "; ".join(part for part in (self.params, f"steps={self.steps}" if self.steps else "") if part)
        return " / ".join(part for part in (self.sampler, self.schedule, told) if part)


def wrong(line: int, problem: Any) -> ValueError:
    """An error that names the widget and the line."""
    return ValueError(f"{WIDGET}, line {line}: {problem}")


def read(text: str | None) -> list[Entry]:
    """The entries; DEFAULT where there is none. Lines that begin with # are left out. ValueError naming the line."""
    lines = [(number, line.strip()) for number, line in enumerate((text or "").splitlines(), 1)]
    found = [_entry(number, line) for number, line in lines if line and not line.startswith("#")]
    return found or read(DEFAULT)


def _entry(line: int, text: str) -> Entry:
    sampler, *rest = (part.strip() for part in text.split("/", 2))
    schedule = rest.pop(0) if rest and "=" not in rest[0] else ""
    names = comfy.samplers
    if len(rest) > 1:
        raise wrong(line, "write sampler / schedule / name = value; name = value.")
    for word, value, known in (
        ("sampler", sampler, names.SAMPLER_NAMES),
        ("schedule", schedule, names.SCHEDULER_NAMES),
    ):
        problem = widgets.problem(word, value, known) if value or word == "sampler" else None
        if problem:
            raise wrong(line, problem)
    try:
        return _told(line, sampler, schedule, rest[0] if rest else "")
    except ValueError as error:
        raise wrong(line, error) from None


def _told(line: int, sampler: str, schedule: str, text: str) -> Entry:
    """The entry with its parameters, each handed to whom it is for. ValueError for what nobody takes."""
    mine, spaces = _takes(sampler), _of(schedule_entry(schedule), schedulers) if schedule else {}
    said, spaced, steps = {}, {}, None
    for piece in text.split(";"):
        name, _, value = (part.strip() for part in piece.partition("="))
        if not piece.strip():
            continue
        if not name or not value:
            raise ValueError(f"{piece.strip()[:40]!r} is no parameter: write name = value; name = value.")
        if name == "steps":
            steps = options.checked(None, _STEPS, options.value_of(value))
            continue
        if name not in mine and name not in spaces:
            takes = ", ".join([*mine, *spaces, "steps"])
            both = " / ".join(filter(None, (sampler, schedule)))
            raise ValueError(f"{both} has no parameter {name[:40]!r}: give {takes}.")
        for room, kept in ((mine, said), (spaces, spaced)):
            if name in room:
                kept[name] = room[name](value)
    return Entry(line, sampler, schedule, said, spaced, steps)


def _takes(sampler: str) -> dict[str, Callable[[str], Any]]:
    """The parameters of a sampler of anybody's: name to what makes a checked value of a text."""
    own = sampler_entry(sampler)
    if own:
        return _of(own, samplers)
    function = getattr(comfy.samplers.sampler_object(sampler), "sampler_function", None)
    heard = inspect.signature(function).parameters.values() if function else ()
    return {p.name: partial(_plain, p) for p in heard if p.kind is not p.VAR_KEYWORD and p.name not in _EDGE}


def _of(own: Any, registry: Any) -> dict[str, Callable[[str], Any]]:
    if own is None:
        return {}
    spec = registry.get(own.name)
    return {p.name: lambda text, p=p: options.checked(spec, p, options.value_of(text, p.kind)) for p in spec.params}


def _plain(param: inspect.Parameter, text: str) -> Any:
    value = options.value_of(text)
    if isinstance(value, str) and isinstance(param.default, (int, float)):
        raise ValueError(f"{param.name} is {value[:40]!r}: give a number.")
    if isinstance(value, Percents):
        raise ValueError("a sampler of ComfyUI's own takes no curves: give a number, or choose a sig_ sampler.")
    return int(value) if isinstance(value, float) and value.is_integer() else value


def levels(entry: Entry, ms: Any, steps: int, denoise: float) -> Tensor:
    """The sigmas of the entry's run in so many steps."""
    names = entry.schedule, entry.sampler
    return run.tail(steps, denoise, lambda n: lookup.levels_by_name(ms, *names, n, widgets.DEFAULT_RHO, entry.spaced))


def fit(entry: Entry, model: Any, evaluations: int, denoise: float) -> tuple[Tensor, dict[str, Any]]:
    """(sigmas, what to tell the sampler): as many steps as cost at most so many model evaluations.

    ValueError naming the line where not even one step is that cheap.
    """
    ms, said = facts.model_sampling(model), entry.said
    own = sampler_entry(entry.sampler)
    try:
        if own and samplers.get(own.name).adaptive:  # the run itself is told when to stop
            least = next(int(p.min or 1) for p in samplers.get(own.name).params if p.name == "max_evaluations")
            if evaluations < least:
                raise ValueError(f"{entry.sampler} needs {least} evaluations or more and evaluations is {evaluations}.")
            said = {"max_evaluations": evaluations, **said}
            return levels(entry, ms, entry.steps or evaluations, denoise), said
        if entry.steps:
            return levels(entry, ms, entry.steps, denoise), said
        price = _table_price(entry, model, ms) if own else _trial_price(entry, model, ms)
        guess = evaluations // (samplers.get(own.name).evals_per_step if own else 1)
        steps = most_steps(lambda n: price(levels(entry, ms, n, denoise)), evaluations, guess)
        if not steps:
            least = price(levels(entry, ms, 1, denoise))
            raise ValueError(f"{entry.sampler} takes {least} evaluations at least and evaluations is {evaluations}.")
        return levels(entry, ms, steps, denoise), said
    except ValueError as error:
        raise entry.error(error) from None


def most_steps(price: Callable[[int], int], most: int, guess: int) -> int:
    """The largest number of steps up to `most` whose price, which grows with it, is at most `most`; 0 if none is.

    A good `guess` is found to be right in two questions.
    """
    low, high = 0, most

    def ask(steps: int) -> tuple[int, int]:
        return (steps, high) if price(steps) <= most else (low, steps - 1)

    for steps in (guess, guess + 1):
        low, high = ask(steps) if low < steps <= high else (low, high)
    while low < high:
        low, high = ask((low + high + 1) // 2)
    return low


def _table_price(entry: Entry, model: Any, ms: Any) -> Callable[[Tensor], int]:
    """Evaluations of a run of ours: known from its table."""
    choice: Any = choice_of(lookup.sampler_by_name(entry.sampler, entry.said).sampler_function)
    params = choice.params(choice.told(settings_on_model.of_model(model), {}), ms)
    return lambda sigmas: table_of(choice.spec, sigmas.tolist(), facts.space(ms), params).evaluations


def _trial_price(entry: Entry, model: Any, ms: Any) -> Callable[[Tensor], int]:
    """Evaluations of a run of somebody else's: counted in a trial on a model that answers at once."""
    chosen = lookup.sampler_by_name(entry.sampler, entry.said)

    def price(sigmas: Tensor) -> int:
        trial = _Trial(model, ms)
        x, extra = torch.ones(1, 4, 8, 8) * sigmas[:1], {"model_options": {}, "seed": 0, "denoise_mask": None}
        quiet = {"extra_args": extra, "callback": None, "disable": True}
        try:
            with torch.random.fork_rng(devices=[]), torch.no_grad():
                chosen.sampler_function(trial, x, sigmas.clone(), **quiet, **chosen.extra_options)
        except Exception:  # noqa: BLE001 - it asks for more than a trial has: taken for one evaluation a step
            return len(sigmas) - 1
        return trial.evaluations

    return price


class _Trial:
    """Stands where a sampler function looks for the model, at every depth; its prediction is the blandest there is."""

    def __init__(self, model: Any, ms: Any) -> None:
        self.model_patcher, self.model_sampling, self.inner_model = model, ms, self
        self.cfg, self.evaluations = 1.0, 0

    def __call__(self, x: Tensor, sigma: Tensor, model_options: Any = None, **_: Any) -> Tensor:
        self.evaluations += 1
        denoised = x / (1 + sigma.reshape(-1, *[1] * (x.ndim - 1)) ** 2)
        for function in (model_options or {}).get("sampler_post_cfg_function", ()):
            names = ("denoised", "uncond_denoised", "cond_denoised", "input")
            denoised = function({**dict.fromkeys(names, denoised), "sigma": sigma})
        return denoised
