"""Models that the page cannot see: what decides about one, on the wires or by choice, as the host's own object."""

import math
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import comfy.model_sampling

from ... import recipes
from ...core.spec import Param
from ..dropdowns.plan import Message, say
from ..running.recognised import Match, known
from . import checks


class Kind(NamedTuple):
    """sd: Stable Diffusion's table; zsnr: the same up to pure noise; edm; flow; flux: flow in ten times the levels."""

    kind: str = "sd"
    shift: float = 1.0
    sigma_min: float = 0.002
    sigma_max: float = 120.0


MOST_FILES = 32
"""So many files lead to one model."""
_FIELDS = {
    "kind": Param("model.kind", "sd", kind="choice", choices=("sd", "zsnr", "edm", "flow", "flux")),
    "shift": Param("model.shift", 1.0, min=0.01, max=100.0),
    "sigma_min": Param("model.sigma_min", 0.002, min=1e-5, max=1.0),
    "sigma_max": Param("model.sigma_max", 120.0, min=2.0, max=1e5),
}


def _number(name: str, default: float) -> Param:
    return Param(f"model.{name}", default, min=0.0, max=1e5)


def _flux(max_shift: float, base_shift: float, width: float, height: float) -> Kind:
    """The log of the shift is linear in the number of tokens, 16 x 16 pixels each: base at 256, max at 4096."""
    slope = (max_shift - base_shift) / (4096 - 256)
    return Kind("flux", math.exp(min(base_shift + slope * (width * height / 256 - 256), 100.0)))


DECIDING: dict[str, tuple[tuple[Param, ...], Callable[..., Kind]]] = {
    "ModelSamplingSD3": ((_number("shift", 3.0),), lambda shift: Kind("flow", shift)),
    "ModelSamplingAuraFlow": ((_number("shift", 1.73),), lambda shift: Kind("flow", shift)),
    "ModelSamplingFlux": (
        (_number("max_shift", 1.15), _number("base_shift", 0.5), _number("width", 1024), _number("height", 1024)),
        _flux,
    ),
    "ModelSamplingDiscrete": (
        (Param("model.zsnr", False, kind="bool"),),
        lambda zsnr: Kind("zsnr" if zsnr else "sd"),
    ),
    "ModelSamplingContinuousEDM": (
        (_number("sigma_max", 120.0), _number("sigma_min", 0.002)),
        lambda sigma_max, sigma_min: Kind("edm", sigma_min=sigma_min, sigma_max=sigma_max),
    ),
    "SigmaticDemoModel": (
        (Param("model.parametrisation", "eps", kind="text"),),
        lambda parametrisation: Kind("flow" if parametrisation == "flow" else "sd"),
    ),
}
"""Nodes that decide how a model is sampled: the widgets that say how, and the kind of model by ComfyUI's own rules."""

FAMILIES = [
    (re.compile(pattern, re.I), kind)
    for pattern, kind in (
        (r"schnell", Kind("flow", 1.0)),
        (r"flux|krea|kontext|qwen", Kind("flux", math.exp(1.15))),
        (r"ltx", Kind("flux", math.exp(2.37))),
        (r"sd[-_. ]?3|stable[-_. ]?diffusion[-_. ]?3|z[-_. ]?image|hidream", Kind("flow", 3.0)),
        (r"wan[-_. ]?2|wan[-_. ]?video|wan\d", Kind("flow", 8.0)),
        (r"hunyuan[-_. ]?video", Kind("flow", 7.0)),
        (r"lumina", Kind("flow", 6.0)),
        (r"aura[-_. ]?flow", Kind("flow", 1.73)),
        (r"(^|[-_.])svd", Kind("edm", sigma_max=700.0)),
    )
]
"""Families of models by words in their files' names, with what ComfyUI gives them; the first that fits counts."""


def deciding() -> dict[str, list[str]]:
    """For the page: the nodes that decide, and which of their widgets it is to send."""
    return {node: [_bare(param) for param in params] for node, (params, _) in DECIDING.items()}


def read(given: Any) -> Kind:
    """The kind of model that the page sends: {"node", "values", "files"} as it sees them on the wires, or a `Kind`.

    TypeError or ValueError naming what is wrong in it.
    """
    if isinstance(given, dict) and "node" in given:
        return _of_node(checks.fields(given, "model", "node", "values", "files"))
    if isinstance(given, dict) and "files" in given:
        return _of_files(files(checks.fields(given, "model", "files")))
    if not isinstance(given, dict) or not given.keys() <= _FIELDS.keys():
        raise TypeError(f"model: give an object with {', '.join(_FIELDS)}, all of them optional.")
    return _checked(Kind(**given))


def _of_node(given: dict[str, Any]) -> Kind:
    name = given["node"]
    if not isinstance(name, str) or name not in DECIDING:
        raise ValueError(f"model.node is {checks.short(repr(name))}: give one of {', '.join(DECIDING)}.")
    params, kind = DECIDING[name]
    values = checks.fields(given.get("values", {}), "model.values", *map(_bare, params))
    return _checked(kind(*(param.check(values.get(_bare(param), param.default)) for param in params)))


def files(given: Any) -> list[str]:
    """The names of the files that the page has seen: of LoRAs, of the model last."""
    names = given.get("files", []) if isinstance(given, dict) else []
    if not isinstance(names, list) or len(names) > MOST_FILES or not all(isinstance(name, str) for name in names):
        raise ValueError(f"model.files is {checks.short(repr(names))}: give a list of up to {MOST_FILES} texts.")
    if sum(map(len, names)) > checks.LETTERS:
        raise ValueError(f"model.files: give names of up to {checks.LETTERS} letters in all.")
    return names


def match(given: Any) -> Match | None:
    """The recipe that the files' names alone speak for, where they are all that the page knows; None where none is."""
    names = files(given)
    recipe = recipes.recognise(names, None, known()) if names else None
    if recipe is None or recipe.space != ("flow" if _of_files(names).kind in ("flow", "flux") else "ve"):
        return None
    named = [name for name in names if any(recipes.matched(words, name) >= 0 for words in recipe.files)]
    return Match(recipe, ", ".join(named))


def _of_files(names: list[str]) -> Kind:
    """By the model's own file; where that says nothing, by what the recipe of all of them is for."""
    model = names[-1] if names else ""
    kind = next((kind for words, kind in FAMILIES if words.search(model)), None)
    if kind:
        return kind
    recipe = recipes.recognise(names, None, known()) if names else None
    shift = float(recipe.params.get("shift", 1.0)) if recipe else 1.0
    return _checked(Kind("flow", shift)) if recipe and recipe.space == "flow" else Kind()


def _checked(kind: Kind) -> Kind:
    return Kind(**{name: param.check(getattr(kind, name)) for name, param in _FIELDS.items()})


def _bare(param: Param) -> str:
    return param.name.removeprefix("model.")


@lru_cache(maxsize=8)
def model_sampling(kind: str, shift: float, sigma_min: float, sigma_max: float) -> Any:
    """The host's model_sampling object of that kind of model."""
    known = comfy.model_sampling
    if kind in ("flow", "flux"):
        table = known.ModelSamplingFlux if kind == "flux" else known.ModelSamplingDiscreteFlow
        flow = type("Assumed", (table, known.CONST), {})()
        flow.set_parameters(shift=math.log(shift) if kind == "flux" else shift)  # the former counts in logs
        return flow
    if kind == "edm":
        edm = type("Assumed", (known.ModelSamplingContinuousEDM, known.EPS), {})()
        edm.set_parameters(sigma_min, sigma_max, 1.0)
        return edm
    table = type("Assumed", (known.ModelSamplingDiscrete, known.V_PREDICTION if kind == "zsnr" else known.EPS), {})
    return table(zsnr=True) if kind == "zsnr" else table()


def size(given: Any) -> tuple[int, ...] | None:
    """The shape, as of a latent, of the size that the page has seen: {"width", "height", "frames"} in pixels."""
    if given is None:
        return None
    sides = checks.fields(given, "size", "width", "height", "frames")
    whole = {
        side: Param(f"size.{side}", 1024, kind="int", min=1, max=1 << 20) for side in ("width", "height", "frames")
    }
    width, height, frames = (whole[side].check(sides.get(side, 1)) for side in whole)
    return 1, 1, frames, max(1, height // 8), max(1, width // 8)


def in_words(kind: Kind, match: Match | None = None) -> Message:
    """What is assumed, as a sentence for people."""
    if match and match.recipe:
        return say("By {file}, the model is taken for {title}.", file=match.by, title=match.recipe.title)
    return {
        "sd": say("The model is taken for a Stable Diffusion 1, 2 or XL model."),
        "zsnr": say("The model is taken for a v model trained up to pure noise (zero terminal SNR)."),
        "edm": say(
            "The model is taken for an EDM model from sigma {low} to {high}.", low=kind.sigma_min, high=kind.sigma_max
        ),
    }.get(kind.kind, say("The model is taken for a flow model with shift {shift}.", shift=kind.shift))
