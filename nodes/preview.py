"""What a node will do, told from its widgets before anything runs: JSON in, JSON out, for the plots in the page.

The numbers are those of the run itself: the same functions make the levels and the table. Nothing is kept, no file is
read, and every answer takes a few milliseconds: what would take longer is refused in words.
"""

import json
import math
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from .. import samplers, schedulers
from ..core.space import level
from ..core.spec import Param
from ..demo.listing import as_dict
from . import assumed, host, run, widgets
from .adapter import model_levels, takes
from .custom import SigmaticSampler, SigmaticSchedule
from .install import PREFIX, own_sampler
from .ksampler import SigmaticKSampler

BODY = 1 << 14
"""Longest request, in bytes."""
LEVELS = 500
"""Most levels of noise that are made for one plot, before denoise cuts them."""
ROWS = 100
"""Most steps for which the table is made: a row costs about 0.15 ms."""
ECHO = 60
"""Most characters of a wrong value that an error repeats."""
NODES = {node.__name__: node for node in (SigmaticKSampler, SigmaticSampler, SigmaticSchedule)}
_KINDS = {"INT": "int", "FLOAT": "float", "BOOLEAN": "bool", "COMBO": "choice"}


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
    that runs a Schedule, or the other way round), model (`assumed.read`). TypeError or ValueError naming what is off.
    """
    if not isinstance(request, dict):
        raise TypeError("give a JSON object with node, values, beside and model.")
    unknown = request.keys() - {"node", "values", "beside", "model"}
    if unknown:
        raise TypeError(f"{_short(str(min(unknown)))} is not known: give node, values, beside and model.")
    name = request.get("node")
    if not isinstance(name, str) or name not in NODES:
        raise ValueError(f"node is {_short(repr(name))}: give one of {', '.join(NODES)}.")
    values = checked(NODES[name], request.get("values", {}), "values")
    beside = _beside(name, request.get("beside"))
    model = assumed.read(request.get("model", {}))
    values = {**checked(SigmaticSchedule, {}, ""), **(beside or {}), **values}
    custom = name != "SigmaticKSampler"  # its dropdowns have names of the host and of other packs, too
    sigmas = _levels(assumed.model_sampling(*model), values, custom)
    told = _told(values, sigmas, model[0], custom) if "sampler" in values else {"notes": []}
    return {
        "sigmas": [_rounded(sigma) for sigma in sigmas],
        "log_snr": [_rounded(2 * level(sigma, _space(model[0])).lam) for sigma in sigmas],
        "summary": _summary(values, sigmas, told),
        "assumes": [*_assumptions(name, beside), f"The model is taken for {assumed.in_words(*model)}."],
        **{key: told.get(key) for key in ("evaluations", "noise", "eta", "s_noise")},
        "notes": told["notes"],
    }


def catalogue() -> dict[str, Any]:
    """Every sampler and schedule as declared, by the names they have in dropdowns."""

    def listed(registry: Any) -> list[dict[str, Any]]:
        return [{**as_dict(registry.get(bare)), "name": PREFIX + bare} for bare in registry.names()]

    return {"samplers": listed(samplers), "schedules": listed(schedulers)}


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
    return found


def _value(widget: Any, value: Any) -> Any:
    about = widget.as_dict()
    if widget.io_type == "COMBO":
        value = value if isinstance(value, str) else repr(value)
        widgets.insist(**{widget.id: (_short(value), about["options"])})
        return value
    kind = _KINDS[widget.io_type]
    return Param(widget.id, about["default"], kind=kind, min=about.get("min"), max=about.get("max")).check(value)


def _beside(name: str, given: Any) -> dict[str, Any] | None:
    """The widgets of the node that does the other half of a custom run, None where the page does not know it."""
    other = {"SigmaticSampler": SigmaticSchedule, "SigmaticSchedule": SigmaticSampler}.get(name)
    return None if given is None or other is None else checked(other, given, "beside")


def _assumptions(name: str, beside: dict[str, Any] | None) -> list[str]:
    return (
        ["The schedule is taken for sig_karras with 20 steps."] if (name, beside) == ("SigmaticSampler", None) else []
    )


def _levels(ms: Any, values: dict[str, Any], custom: bool) -> list[float]:
    """The sigmas that the node would step through, by the functions that it uses itself."""
    steps, denoise, schedule, rho = (values[key] for key in ("steps", "denoise", "schedule", "rho"))
    if steps > LEVELS * denoise > 0:
        raise ValueError(f"steps is {steps} at denoise {denoise:g}: up to {LEVELS} x denoise steps are drawn.")

    def levels(total: int) -> Tensor:
        if not custom:
            return run.levels_by_name(ms, schedule, values["sampler"], total, rho)
        bare = schedule.removeprefix(PREFIX)
        return model_levels(ms, bare, total, **run.schedule_params(bare, rho))

    sigmas = run.tail(steps, denoise, levels)
    if "start_at_step" in values:
        asked = (values["start_at_step"], values["end_at_step"], values["return_with_leftover_noise"])
        sigmas = run.part(sigmas, *asked)
    return host.at_most_one(sigmas, ms).tolist()


def _told(values: dict[str, Any], sigmas: Sequence[float], kind: str, custom: bool) -> dict[str, Any]:
    """What the sampler does in each step: evaluations, noise, eta, s_noise (where it has them), and notes in words."""
    name = values["sampler"]
    own = name.removeprefix(PREFIX) if custom else own_sampler(name)
    if own is None:
        return {"notes": [f"{name} is not Sigmatic's: only its levels of noise are known."]}
    if len(sigmas) < 2:
        return {"notes": []}
    spec = samplers.get(own)
    params = spec.resolve(takes(spec, eta=values["eta"], s_noise=values["s_noise"]))
    steps = len(sigmas) - 1
    told: dict[str, Any] = {key: [params[key]] * steps for key in ("eta", "s_noise") if key in params}
    idle = [key for key in ("eta", "s_noise") if key not in params]
    told["notes"] = [f"{name} pays no attention to {' and '.join(idle)}."] if idle else []
    if steps > ROWS:
        told["notes"].append(f"What each step does is drawn for up to {ROWS} steps.")
        return told
    try:
        table = samplers.table(own, sigmas, space=_space(kind), **params)
    except TypeError as error:  # a sampler that finds its own steps
        told["notes"].append(_short(str(error), 400))
        return told
    told["evaluations"] = [sum(stage.q != 0 for stage in row.stages) for row in table.rows]
    told["noise"] = [_rounded(noise) for noise in table.noise]
    return told


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


def _space(kind: str) -> str:
    return "flow" if kind == "flow" else "ve"


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
