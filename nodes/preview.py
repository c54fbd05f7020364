"""What a node will do, told from its widgets before anything runs: JSON in, JSON out, for the plots in the page.

The numbers are those of the run itself: the same functions make the levels and the table. Nothing is kept, no file is
read, and every answer takes a few milliseconds: what would take longer is refused in words.
"""

import inspect
import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

from .. import samplers, schedulers
from ..core.space import level
from ..core.spec import Param
from ..demo.listing import as_dict
from . import assumed, host, options, run, settings, widgets
from .adapter import offered
from .custom import SigmaticSampler, SigmaticSchedule
from .install import PREFIX, entry, own_sampler
from .ksampler import SigmaticKSampler
from .settings import SigmaticSettings

BODY = 1 << 14
"""Longest request, in bytes."""
LEVELS = 500
"""Most levels of noise that are made for one plot, before denoise cuts them."""
ROWS = 100
"""Most steps for which the table is made: a row costs about 0.15 ms."""
LETTERS = 2000
"""Longest text of a widget, a curve say."""
ECHO = 60
"""Most characters of a wrong value that an error repeats."""
NODES = {node.__name__: node for node in (SigmaticKSampler, SigmaticSampler, SigmaticSchedule, SigmaticSettings)}
_OTHER: dict[str, Any] = {"SigmaticSampler": SigmaticSchedule, "SigmaticSchedule": SigmaticSampler}
_WORDS = ("node", "values", "beside", "settings", "model")
_KINDS = {"INT": "int", "FLOAT": "float", "BOOLEAN": "bool", "COMBO": "choice", "STRING": "text"}


def answer(body: bytes) -> tuple[int, dict[str, Any]]:
    """(HTTP status, JSON) for the body of a request: 200, or 400 and 422 with an error in words. Never raises."""
    try:
        return 200, describe(_parsed(body))
    except (ValueError, TypeError) as error:
        return 400, {"error": _short(str(error), 400)}
    except Exception as error:  # noqa: BLE001 - schedules of other packs may raise anything
        return 422, {"error": _short(f"this cannot be drawn. {type(error).__name__}: {error}", 400)}


def describe(request: Any) -> dict[str, Any]:
    """The levels of a run, and for each step its evaluations and noise.

    `request`: node (a class name), values (of its widgets; defaults are filled in), beside (the same for the Sampler
    that runs a Schedule, or the other way round), settings (the same for Sigmatic Settings on the way to it), model
    (`assumed.read`). TypeError or ValueError naming what is off.
    """
    name, values = _read(request)
    beside = _beside(name, request.get("beside"))
    kind = assumed.read(request.get("model", {}))
    model: Any = assumed.Model(assumed.model_sampling(*kind))
    said = [checked(SigmaticSettings, given, "settings") for given in _list(request.get("settings", []))]
    if name == "SigmaticSettings":
        said, values = [*said, values], checked(SigmaticKSampler, {}, "")
    for given in said:
        model = SigmaticSettings.execute(model, **given).args[0]
    values = {**checked(SigmaticSchedule, {}, ""), **(beside or {}), **values}
    custom = name in _OTHER  # other nodes' dropdowns have names of the host and of other packs, too
    sigmas = _levels(model, values, custom)
    told = _told(values, sigmas, model, custom) if "sampler" in values else {"notes": []}
    space = host.space(model.ms)
    return {
        "sigmas": [_rounded(sigma) for sigma in sigmas],
        "log_snr": [_rounded(2 * level(sigma, space).lam) for sigma in sigmas],
        "summary": _summary(values, sigmas, told),
        "assumes": [*_assumptions(name, beside), f"The model is taken for {assumed.in_words(*kind)}."],
        **{key: told.get(key) for key in ("evaluations", "noise", "eta", "s_noise")},
        "notes": told["notes"],
    }


def _read(request: Any) -> tuple[str, dict[str, Any]]:
    if not isinstance(request, dict):
        raise TypeError(f"give a JSON object with {', '.join(_WORDS)}.")
    unknown = request.keys() - set(_WORDS)
    if unknown:
        raise TypeError(f"{_short(min(unknown))} is not known: give {', '.join(_WORDS)}.")
    name = request.get("node")
    if not isinstance(name, str) or name not in NODES:
        raise ValueError(f"node is {_short(repr(name))}: give one of {', '.join(NODES)}.")
    return name, checked(NODES[name], request.get("values", {}), "values")


def _list(given: Any) -> list[Any]:
    if not isinstance(given, list) or len(given) > 4:
        raise TypeError("settings: give a list of up to 4 objects.")
    return given


def catalogue() -> dict[str, Any]:
    """Every sampler and schedule as declared, by the names they have in dropdowns."""

    def listed(registry: Any, names: Iterable[str]) -> list[dict[str, Any]]:
        return [{**as_dict(registry.get(bare)), "name": PREFIX + bare} for bare in names]

    return {"samplers": listed(samplers, offered()), "schedules": listed(schedulers, schedulers.names())}


def checked(node: Any, given: Any, place: str) -> dict[str, Any]:
    """The node's widgets with the given values, checked as the host checks them, and its defaults for the others."""
    if not isinstance(given, dict):
        raise TypeError(f"{place}: give an object, a value for each widget.")
    found = {}
    for widget in node.define_schema().inputs:
        if widget.io_type in _KINDS:
            found[widget.id] = _value(widget, given[widget.id]) if widget.id in given else widget.as_dict()["default"]
    unknown = given.keys() - found.keys()
    if unknown:
        raise ValueError(f"{place}: {node.__name__} has no widget {_short(repr(min(unknown)))}.")
    asked = inspect.signature(node.validate_inputs).parameters if "validate_inputs" in vars(node) else ()
    verdict = not asked or node.validate_inputs(**{name: found[name] for name in asked if name in found})
    if verdict is not True:
        raise ValueError(str(verdict))
    return found


def _value(widget: Any, value: Any) -> Any:
    about = widget.as_dict()
    if widget.io_type == "COMBO":
        value = value if isinstance(value, str) else repr(value)
        widgets.insist(**{widget.id: (_short(value), about["options"])})
        return value
    if widget.io_type == "STRING":
        if not isinstance(value, str) or len(value) > LETTERS:
            raise ValueError(f"{widget.id} is {_short(repr(value))}: give text, up to {LETTERS} letters of it.")
        return value
    kind = _KINDS[widget.io_type]
    return Param(widget.id, about["default"], kind=kind, min=about.get("min"), max=about.get("max")).check(value)


def _beside(name: str, given: Any) -> dict[str, Any] | None:
    """The widgets of the node that does the other half of a custom run, None where the page does not know it."""
    return None if given is None or name not in _OTHER else checked(_OTHER[name], given, "beside")


def _assumptions(name: str, beside: dict[str, Any] | None) -> list[str]:
    schedule = f"{widgets.SCHEDULE} with 20 steps"
    if name == "SigmaticSettings":
        return [f"They are shown at {widgets.SAMPLER} on {schedule}."]
    return [f"The schedule is taken for {schedule}."] if name == "SigmaticSampler" and beside is None else []


def _levels(model: Any, values: dict[str, Any], custom: bool) -> list[float]:
    """The sigmas that the node would step through, by the functions that it uses itself."""
    ms, steps, denoise = model.ms, values["steps"], values["denoise"]
    if steps > LEVELS * denoise > 0:
        raise ValueError(f"steps is {steps} at denoise {denoise:g}: up to {LEVELS} x denoise steps are drawn.")
    if custom:
        own = checked(SigmaticSchedule, {}, "")
        answer = SigmaticSchedule.execute(model, **{name: values[name] for name in own})
        return host.at_most_one(answer.args[0], ms).tolist()
    names = values["schedule"], values["sampler"]
    sigmas = run.tail(steps, denoise, lambda total: run.levels_by_name(ms, *names, total, values["rho"]))
    asked = (values["start_at_step"], values["end_at_step"], values["return_with_leftover_noise"])
    return host.at_most_one(run.part(sigmas, *asked), ms).tolist()


def _told(values: dict[str, Any], sigmas: Sequence[float], model: Any, custom: bool) -> dict[str, Any]:
    """What the sampler does in each step: evaluations, noise, eta, s_noise (where it has them), and notes in words."""
    name = values["sampler"]
    own = entry(name) if custom else own_sampler(name)
    if own is None:
        return {"notes": [f"{name} is not Sigmatic's: only its levels of noise are known."]}
    if len(sigmas) < 2:
        return {"notes": []}
    spec, steps, ms = samplers.get(own.name), len(sigmas) - 1, model.ms
    wishes = {**own.preset, **settings.of_model(model)}
    texts = {key: values.get(key, "") for key in ("eta_curve", "s_noise_curve")}
    said = options.said(values["eta"], values["s_noise"], **texts) | options.more(values.get("more"))
    fixed = {param.name: options.checked(spec, param, said[param.name]) for param in spec.params if param.name in said}
    resolved = spec.resolve({**options.usable(spec, wishes, "Sigmatic Settings"), **fixed})
    params = options.over_sigma(resolved, ms, wishes.get("between"))
    idle = [key for key in ("eta", "s_noise") if key not in params]
    told: dict[str, Any] = {"notes": [f"{name} pays no attention to {' and '.join(idle)}."] if idle else []}
    for key in {"eta", "s_noise"} & params.keys():
        value: Any = params[key]
        told[key] = [_rounded(_at(value, sigma)) for sigma in sigmas[:-1]]
    if steps > ROWS:
        told["notes"].append(f"What each step does is drawn for up to {ROWS} steps.")
        return told
    try:
        table = samplers.table(own.name, sigmas, space=host.space(ms), **params)
    except TypeError as error:  # a sampler that finds its own steps
        told["notes"].append(_short(str(error), 400))
        return told
    told["evaluations"], told["noise"] = [0] * steps, [0.0] * steps
    for row, noise in zip(table.rows, table.noise, strict=True):  # a step is more than one row where it is done again
        told["evaluations"][row.step] += sum(stage.q != 0 for stage in row.stages)
        told["noise"][row.step] = max(told["noise"][row.step], _rounded(noise) or 0.0)
    return told


def _at(value: Any, sigma: float) -> Any:
    """A parameter's value at `sigma`, whether it changes over the run or not."""
    return value(sigma) if callable(value) else value


def _summary(values: dict[str, Any], sigmas: Sequence[float], told: dict[str, Any]) -> str:
    if len(sigmas) < 2:
        return "Nothing to do: the latent is handed on as it is."
    steps, noise, evaluations = len(sigmas) - 1, told.get("noise"), told.get("evaluations")
    parts = [_count(steps, "step")]
    if evaluations:
        parts.append(_count(sum(evaluations), "model evaluation"))
    parts.append(f"sigma {sigmas[0]:.4g} to {sigmas[-1]:.4g}")
    if noise:
        noisy = sum(value > 0 for value in noise)
        parts.append(f"fresh noise in {noisy} of {_count(steps, 'step')}" if noisy else "no fresh noise")
    names = [values[key] for key in ("sampler", "schedule") if key in values]
    return f"{' on '.join(names)}: {', '.join(parts)}."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _parsed(body: bytes) -> Any:
    if len(body) > BODY:
        raise ValueError(f"the request has {len(body)} bytes: up to {BODY} are read.")
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("the request is not JSON.") from None


def _rounded(value: float) -> float | None:
    """`value` with the digits that a float32 has; None for infinity, which JSON does not know."""
    return float(f"{value:.7g}") if math.isfinite(value) else None


def _short(text: str, most: int = ECHO) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."
