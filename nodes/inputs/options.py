"""Options of samplers and schedules as people give them: text to values, what a declaration can use, curves to sigma.

Options are a flat dictionary of parameter names (any that a sampler or schedule of ours has) to values: numbers, words,
or `Percents` for a curve over the run. Three names more are for the run: noise, batch_index, between.
"""

import difflib
import math
import re
from typing import Any

from ... import samplers, schedulers
from ...core.curve import Percents, interval, parse
from ...core.spec import CHURN, LAW, RESTART, SamplerSpec
from ..host import facts, warnings

_FADED = ("eta", "tau", "s_churn")  # what `between` switches off outside: the amounts of noise, not its strength


def params() -> dict[str, list[tuple[Any, Any]]]:
    """Every parameter name that we know, with those that have it: (the sampler or schedule, its declaration)."""
    found: dict[str, list[tuple[Any, Any]]] = {}
    for room in (samplers, schedulers):
        for spec in map(room.get, room.names()):
            for param in spec.params:
                found.setdefault(param.name, []).append((spec, param))
    return found


def checked(spec: Any, param: Any, value: Any) -> Any:
    """`value` in the parameter's type, a curve with all its points looked at; ValueError if it does not fit."""
    if not isinstance(value, Percents):
        return param.check(value)
    if not isinstance(spec, SamplerSpec) or spec.adaptive or param.kind != "float" or param.steady:
        raise ValueError(f"{param.name} cannot change over the run: give {param.allowed}.")
    for place, number in value.points:
        try:
            param.check(number)
        except ValueError:
            raise ValueError(f"{param.name} is {number:g} at {place:g} percent: give {param.allowed}.") from None
    return value


def accepted_by_any(name: str, value: Any) -> Any:
    """`value` if a sampler or schedule of ours can use it as its `name`; ValueError naming it if none can."""
    known = params()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
        hint = f"did you mean {', '.join(near)}?" if near else f"there are {', '.join(sorted(known))}."
        raise ValueError(f"no sampler or schedule of Sigmatic has a parameter {name[:40]!r}: {hint}")
    problem, allowed = "", {}
    for spec, param in known[name]:
        try:
            return checked(spec, param, value)
        except ValueError as error:
            problem = str(error).removesuffix(f"{param.allowed}.")
            allowed.setdefault(problem, {})[param.allowed] = True
    raise ValueError(f"{problem}{', or '.join(allowed[problem])}.")  # what some take, others may not


def accepted_by(spec: Any, options: dict[str, Any], whose: str) -> dict[str, Any]:
    """Those options that the sampler or schedule has; a value out of its range is left out with a warning."""
    found = {}
    for param in spec.params:
        if param.name in options:
            try:
                found[param.name] = checked(spec, param, options[param.name])
            except ValueError as error:
                warnings.warn([f"{whose}: left out for {spec.name}: {error}"])
    return found


def curve(widget: str, text: str | None) -> Percents | None:
    """The curve written in a widget, None if it is blank. ValueError naming the widget."""
    if not (text or "").strip():
        return None
    try:
        return parse(str(text))
    except ValueError as error:
        raise ValueError(f"{widget}: {error}") from None


def value_of(text: str, kind: str = "") -> Any:
    """A number, true or false, a curve (it has a colon) or a word, from text; the text for a parameter of that kind."""
    text = text.strip()
    if kind == "text":
        return text
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        return float(text)
    except ValueError:
        return parse(text) if ":" in text else text


def more(text: str | None) -> dict[str, Any]:
    """Options from text such as "order = 3; s_churn = 0:20, 50:0". ValueError naming what is wrong."""
    found: dict[str, Any] = {}
    for piece in re.split(r"[;\n]", text or ""):
        name, equals, value = (part.strip() for part in piece.partition("="))
        if not piece.strip():
            continue
        if not (name and equals and value):
            raise ValueError(f"more: {piece.strip()[:40]!r} is no option: write name = value; name = value.")
        try:
            kinds = {param.kind for _, param in params().get(name, ())}
            found[name] = accepted_by_any(name, value_of(value, "text" if "text" in kinds else ""))
        except ValueError as error:
            raise ValueError(f"more: {error}") from None
    return found


def curves(**texts: str) -> dict[str, Any]:
    """The options that curve widgets give: eta_curve="0:1" is eta as a curve. ValueError naming the widget."""
    found = {name.removesuffix("_curve"): curve(name, text) for name, text in texts.items()}
    return {name: accepted_by_any(name, value) for name, value in found.items() if value is not None}


def from_widgets(eta: float = 1.0, s_noise: float = 1.0, **texts: str) -> dict[str, Any]:
    """The options of a node's widgets: a number left at its default says nothing, a curve wins over the number."""
    numbers = {"eta": eta, "s_noise": s_noise}
    moved = {name: accepted_by_any(name, value) for name, value in numbers.items() if value != 1.0}
    return moved | curves(**texts)


def problems(**texts: str | None) -> str | None:
    """What is wrong with the texts of curve widgets (and of `more`), None if nothing is."""
    try:
        for widget, text in texts.items():
            if widget == "more":
                more(text)
            elif curve(widget, text) is not None:
                accepted_by_any(widget.removesuffix("_curve"), curve(widget, text))
    except ValueError as error:
        return str(error)
    return None


def over_sigma(given: dict[str, Any], ms: Any, between: tuple[float, float] | None = None) -> dict[str, Any]:
    """`given` with curves laid out on the model's sigmas, and amounts of noise 0 outside of `between` (percents)."""

    def to_sigma(percent: float) -> float:
        return facts.sigma_at(ms, percent)

    out = {name: value.curve(to_sigma) if isinstance(value, Percents) else value for name, value in given.items()}
    if between:
        start, end = between
        high = math.inf if start <= 0 else to_sigma(start)
        low = 0.0 if end >= 100 else to_sigma(end)
        for name in _FADED:
            if name in out:
                out[name] = interval(out[name], low, high) if low < high else 0.0
    return out


def as_text(value: Any) -> Any:
    """An option's value as JSON and people have it: curves as text, whole numbers without a point."""
    if isinstance(value, Percents):
        return str(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


_RARE = {param.name: param.default for param in (*CHURN[:3], *RESTART, LAW)}


def in_words(told: dict[str, Any]) -> str:
    """Options in one line; those that few people move are left out where nobody has."""
    said = {name: value for name, value in told.items() if name != "batch_index" and _RARE.get(name) != value}
    if not {"eta", "tau", "gamma", "solver_type", "s_churn", "restarts"} & said.keys() and said.get("s_noise") == 1:
        del said["s_noise"]  # of no noise
    return ", ".join(f"{name} {as_text(value)}" for name, value in said.items() if value is not None)
