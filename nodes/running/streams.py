"""Picture and sound in one latent, which newer hosts hand to a sampler as one row of numbers (B, 1, N)."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from ...core.curve import scaled
from ...core.spec import SamplerSpec
from ...core.table import Table
from ...samplers import Stream
from ..host import facts

OPTIONS = ("eta_audio", "s_noise_audio")
"""Options of a run that are for its sound."""
_AMOUNTS = ("eta", "tau", "gamma")
_LEFT_OUT = "{given} left out: {why}."
_TOGETHER = "sampler {name} {does}, so its sound has the noise of the picture"


def of_run(spec: SamplerSpec, options: Mapping[str, Any], ms: Any, model: Any, x: Tensor) -> tuple[Stream, ...]:
    """The streams of a run's latent x; () where there is one, or the host does not say which.

    The sound has no noise, if the sampler can do without, or what the options say.
    """
    shapes = facts.shapes_of_streams(model, x)
    if len(shapes) < 2 or spec.adaptive:
        return ()
    scale, params = facts.scale_of_sound(model), of_sound(spec, options, ms)
    return Stream(shapes[0]), *(Stream(shape, scale, params) for shape in shapes[1:])


def of_sound(spec: SamplerSpec, options: Mapping[str, Any], ms: Any) -> dict[str, Any]:
    """The sampler's parameters for sound, where they are not the picture's. ValueError for one that is not allowed."""
    eta, strength = options.get("eta_audio") or 0.0, options.get("s_noise_audio")
    amount = next((name for name in _AMOUNTS if name in spec.defaults), None)
    params = dict(spec.ode or {}) if not eta else {amount: eta} if amount else {}
    if strength is not None and "s_noise" in spec.defaults:
        params["s_noise"] = strength
    params = spec.take(params)
    if "s_noise" in params:
        params["s_noise"] = scaled(params["s_noise"], facts.noise_scale(ms))
    return params


def notes(spec: SamplerSpec, options: Mapping[str, Any], table: Table | None, x: Tensor) -> list[str]:
    """A warning where what was set for sound could not be done."""
    given = " and ".join(f"{name} {options[name]:g}" for name in OPTIONS if options.get(name) is not None)
    row = x.ndim == 3 and x.shape[1] == 1  # as the host packs streams
    if not (given and row and spec.stochastic):
        return []
    if spec.adaptive:
        does = "chooses its steps for both together"
    elif table is not None and not table.others:
        return [_LEFT_OUT.format(given=given, why="this ComfyUI does not say which part of the latent is the sound")]
    elif table is not None and not all(part.free for part in table.others):
        does = "looks ahead at levels that depend on eta"
    else:
        return []
    return [_LEFT_OUT.format(given=given, why=_TOGETHER.format(name=spec.name, does=does))]
