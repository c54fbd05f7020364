"""Sigmatic Settings: options that travel on the MODEL to every sig_ sampler and schedule that is chosen by name."""

import copy
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ... import schedulers
from ..inputs import options

_KEY = "sigmatic"  # in model_options, where samplers see it
PROFILE = "profile"  # among the options: the profile that rides on the MODEL (`profile_files.Kept`)
_MARK = "_sigmatic"  # on the model_sampling object, which is all that a schedule is shown


def put(given: Mapping[str, Any], before: Mapping[str, Any], ms: Any) -> tuple[dict[str, Any], Any]:
    """(options, model_sampling) of a model with `given` put on it, from those that it had; the others of those stay."""
    merged = {**before, **given}
    of_schedules = _of_schedules(merged)
    return merged, _with_options(ms, of_schedules) if of_schedules else ms


def apply(model: Any, settings: Mapping[str, Any], ms: Any) -> Any:
    """A clone of the MODEL with these options and model_sampling, as of `put`."""
    clone = model.clone()
    clone.model_options[_KEY] = dict(settings)
    if ms is not model.get_model_object("model_sampling"):
        clone.add_object_patch("model_sampling", ms)
    return clone


def with_profile(model: Any, ms: Any, kept: Any) -> Any:
    """A clone of the MODEL with a profile on it, for sig_fitted."""
    return apply(model, *put({PROFILE: kept}, of_model(model), ms))


def of_model(model: Any, extra_args: dict[str, Any] | None = None) -> dict[str, Any]:
    """The options on a MODEL, or on the one that a sampler function was handed with `extra_args`."""
    model_options = (extra_args or {}).get("model_options") or getattr(model, "model_options", None) or {}
    options = model_options.get(_KEY)
    return dict(options) if isinstance(options, dict) else {}


def of_schedule(ms: Any) -> dict[str, Any]:
    """The options that a schedule sees."""
    return dict(getattr(ms, _MARK, None) or {})


def missing(given: dict[str, Any], ms: Any) -> list[str]:
    """A warning where the options `given` to a model did not come to its schedules."""
    there = of_schedule(ms)
    absent = [f"{k} {options.as_text(value)}" for k, value in _of_schedules(given).items() if there.get(k) != value]
    if not absent:
        return []
    return [
        "put Sigmatic Settings after ModelSamplingSD3, ModelSamplingFlux and the like: another node has changed the "
        f"model's range of noise since, and the schedule was made without {', '.join(absent)}."
    ]


def _of_schedules(given: dict[str, Any]) -> dict[str, Any]:
    """Those that a schedule of ours has."""
    return {name: value for name, value in given.items() if name in _schedule_params() or name == PROFILE}


@lru_cache(maxsize=1)
def _schedule_params() -> frozenset[str]:
    return frozenset(param.name for name in schedulers.names() for param in schedulers.get(name).params)


def _with_options(ms: Any, given: dict[str, Any]) -> Any:
    """A copy of model_sampling with options on it. It shares the tensors; what is registered on it later is its own."""
    out = copy.copy(ms)
    for kept in ("_buffers", "_parameters", "_modules"):
        if kept in vars(out):
            vars(out)[kept] = copy.copy(vars(out)[kept])
    setattr(out, _MARK, given)
    return out
