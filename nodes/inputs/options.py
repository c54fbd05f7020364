"""Options of samplers and schedules as widgets and texts give them; curves laid out over a model's sigmas; in words.

Options are a flat dictionary of parameter names (any that a sampler or schedule of ours has) to values: numbers, words,
or `Percents` for a curve over the run. Three names more are for the run: noise, batch_index, between.
"""

import math
import re
from collections.abc import Callable
from typing import Any

from ...core import catalog
from ...core.curve import Percents, interval, parse
from ...core.spec import CHURN, LAW, RESTART, Spec
from ..host import facts
from . import guided

_AMOUNTS = ("eta", "tau", "s_churn")  # of noise: 0 outside of `between`; its strength, s_noise, stays as it is
_RARE = {param.name: param.default for param in (*CHURN[:3], *RESTART, LAW)}  # left out of words at these values


def pairs(text: str | None) -> dict[str, str]:
    """{name: value}, both as written, from "name = value; name = value" or a line each. ValueError for what is no pair.

    Of two values for one name the later counts.
    """
    options = {}
    for piece in filter(str.strip, re.split(r"[;\n]", text or "")):
        name, _, value = (part.strip() for part in piece.partition("="))
        if not (name and value):
            raise ValueError(f"{piece.strip()[:40]!r} is no option: write name = value; name = value.")
        options[name] = value
    return options


def more(text: str | None) -> dict[str, Any]:
    """The options written in the widget `more`, for whichever sampler or schedule has them. ValueError naming it."""
    try:
        return catalog.take(pairs(text), text=True)
    except ValueError as error:
        raise ValueError(f"more: {error}") from None


def curves(**texts: str | None) -> dict[str, Any]:
    """The options written in curve widgets: eta_curve="0:1, 100:0" is eta as a curve. ValueError naming the widget."""
    given = {}
    for widget, text in texts.items():
        try:
            if (text or "").strip():
                given[widget.removesuffix("_curve")] = parse(str(text))
        except ValueError as error:
            raise ValueError(f"{widget}: {error}") from None
    return catalog.take(given)


def from_widgets(eta: float = 1.0, s_noise: float = 1.0, **texts: str) -> dict[str, Any]:
    """The options that a node's widgets give: a number at its default gives none, a curve wins over its number."""
    numbers = {"eta": eta, "s_noise": s_noise}
    return catalog.take({name: value for name, value in numbers.items() if value != 1.0}) | curves(**texts)


def problems(**texts: str | None) -> str | None:
    """What is wrong with the texts of curve widgets (and of `more`), None if nothing is."""
    try:
        more(texts.pop("more", None))
        curves(**texts)
    except ValueError as error:
        return str(error)
    return None


def accepted_by(spec: Spec, options: dict[str, Any], source: str, warn: Callable[[str], Any]) -> dict[str, Any]:
    """Those options that the sampler or schedule has. A value it does not allow is left out with a warning.

    For options that were given with others in mind, too: those on a MODEL, or of a preset. `warn` gets each warning,
    which names their `source`.
    """
    return spec.take(options, others=True, warn=lambda problem: warn(f"{source}: left out for {spec.name}: {problem}"))


def over_sigma(given: dict[str, Any], ms: Any, between: tuple[float, float] | None = None) -> dict[str, Any]:
    """`given` with curves laid out on the model's sigmas, and amounts of noise 0 outside of `between` (percents)."""

    def to_sigma(percent: float) -> float:
        return facts.sigma_at(ms, percent)

    out = {name: value.curve(to_sigma) if isinstance(value, Percents) else value for name, value in given.items()}
    if between:
        start, end = between
        high = math.inf if start <= 0 else to_sigma(start)
        low = 0.0 if end >= 100 else to_sigma(end)
        for name in _AMOUNTS:
            if name in out:
                out[name] = interval(out[name], low, high) if low < high else 0.0
    return out


def as_text(value: Any) -> Any:
    """An option's value as JSON and people have it: curves as text, whole numbers without a point."""
    if isinstance(value, (Percents, guided.Cfg)):
        return str(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def in_words(options: dict[str, Any]) -> str:
    """Options in one line; those that few people set are left out at their defaults, and s_noise where no noise is."""
    shown = {name: value for name, value in options.items() if name != "batch_index" and _RARE.get(name) != value}
    if not {"eta", "tau", "gamma", "solver_type", "s_churn", "restarts"} & shown.keys() and shown.get("s_noise") == 1:
        del shown["s_noise"]
    return ", ".join(f"{name} {as_text(value)}" for name, value in shown.items() if value is not None)
