"""What every single call of the model in a run is given: the level of noise that it hears, the scale of guidance.

Known before the run, from the options and the levels at which the model is called; the plot reads it, too. In the run
`EachCall` stands between sampler and model. It uses the host's own ways in: the guider's scale, as ComfyUI's CFG
Override does (which therefore wins where both act), and the first place among the functions after guidance, so that
those of other packs go on from its result.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ...core.model import cfg as ways, thresholding
from ...core.model.detail import factor
from ...core.table import Table
from ...samplers import Output
from ..host import facts
from ..inputs.guided import Cfg, bounds

OPTIONS = ("detail", "cfg", "guidance", "thresholding")
"""Those of the options of a run that are done here."""
_NO_SCALE = (
    "use CFGGuider or KSampler with a negative prompt: this guider has no scale that cfg_curve could set, so it was "
    "left out."
)
_TAKEN = (
    "take the other node for guidance out, or set guidance to default: a node on this model (RescaleCFG or the like) "
    "combines the prompts in its own way, so guidance {way} was left out."
)
_NO_PIXELS = (
    "for less burnt pictures set guidance to rescale or apg: this model works on latents, which have no range of "
    "values, so thresholding {way} was left out. It is for models of pixels (Chroma Radiance, HiDream-O1)."
)

_ALWAYS = "disable_cfg1_optimization"  # the host's: ask the negative even at scale 1


class Call(NamedTuple):
    """One call. factor: of the level that the model hears to the sampler's; cfg: the scale, None for the node's own.

    still: the model is not called, its answer is x: no velocity.
    """

    factor: float = 1.0
    cfg: float | None = None
    still: bool = False

    @property
    def alone(self) -> bool:
        """Whether the negative is not asked."""
        return self.cfg is not None and math.isclose(self.cfg, 1.0)


def calls(options: Mapping[str, Any], ms: Any) -> Callable[[float], Call]:
    """The call at a level of noise, on a model."""

    def to_sigma(percent: float) -> float:
        return facts.sigma_at(ms, percent)

    scale: Cfg = options.get("cfg") or Cfg()
    amount = _curve(options.get("detail") or 0.0, to_sigma)
    scales = None if scale.points is None else _curve(scale.points, to_sigma)
    low, high = bounds(scale.between, to_sigma) if scale.between else (-math.inf, math.inf)
    starts = options.get("guidance") == "cfg_zero_init" and facts.space(ms) == "flow"
    still_from = to_sigma(100 * ways.ZERO_INIT) if starts else math.inf
    top = float(ms.sigma_max)

    def at(sigma: float) -> Call:
        inside = low < sigma <= high
        value = 1.0 if not inside else None if scales is None else scales(sigma)
        return Call(factor(amount(sigma), sigma, top), value, sigma > still_from)

    return at


class EachCall:
    """The model of one run, called as `calls` wants.

    `notes`: warnings; `spared`: calls without the negative, `still`: calls that were not made.
    """

    def __init__(
        self, model: Any, denoiser: Callable[..., Any], options: Mapping[str, Any], table: Table | None
    ) -> None:
        ms = facts.model_sampling(model)
        self.denoiser = denoiser
        self.notes: list[str] = []
        self.spared = self.still = 0
        self._at, self._space = calls(options, ms), facts.space(ms)
        self._level = facts.levels_of_calls(table)
        self._guider = _guider(model)
        if "cfg" in options and self._guider is None:
            self.notes.append(_NO_SCALE)
        self._way = options.get("guidance", "plain")
        self._combination = ways.of(self._way, self._space)
        self._kept = self._within_range(model, options.get("thresholding", "none"))

    def prepare(self, extra_args: dict[str, Any]) -> dict[str, Any]:
        """The extra_args of the run with the chosen way of guidance in them, and after it the range of values."""
        options = extra_args.get("model_options") or {}
        taken = self._way != "plain" and "sampler_cfg_function" in options
        if taken:
            self.notes.append(_TAKEN.format(way=self._way))
        mine = [self._combine] if self._way != "plain" and not taken else []
        mine += [self._keep] if self._kept else []
        if not mine:
            return extra_args
        after = [*mine, *options.get("sampler_post_cfg_function", [])]
        return {**extra_args, "model_options": {**options, "sampler_post_cfg_function": after}}

    def _within_range(self, model: Any, way: str) -> Callable[[Tensor], Tensor] | None:
        values = facts.range_of_pixels(model)
        if way == "none" or values is None:
            self.notes += [_NO_PIXELS.format(way=way)] if way != "none" else []
            return None
        return thresholding.of(way, *values)

    def _keep(self, args: dict[str, Any]) -> Tensor:
        return self._kept(args["denoised"]) if self._kept else args["denoised"]

    def __call__(self, x: Tensor, sigma: Tensor, **extra_args: Any) -> Any:
        """The model's answer."""
        call = self._at(self._level(sigma))
        if call.still:
            self.still += 1
            return Output(x, x)  # as after any call, of both predictions
        heard = sigma if call.factor == 1 else sigma * call.factor
        if call.cfg is None or self._guider is None:
            return self.denoiser(x, heard, **extra_args)
        before, self._guider.cfg = self._guider.cfg, call.cfg
        try:
            if call.alone:
                extra_args = self._without_negative(extra_args)
            return self.denoiser(x, heard, **extra_args)
        finally:
            self._guider.cfg = before

    def _without_negative(self, extra_args: dict[str, Any]) -> dict[str, Any]:
        """So that CFG++ makes a plain step; where somebody else on the MODEL wants the negative, it stays."""
        of_model = getattr(self._guider, "model_options", None) or {}
        wanted = bool(of_model.get(_ALWAYS, False))
        self.spared += not wanted
        return {**extra_args, "model_options": {**(extra_args.get("model_options") or {}), _ALWAYS: wanted}}

    def _combine(self, args: dict[str, Any]) -> Tensor:
        cond, uncond, scale = args["cond_denoised"], args["uncond_denoised"], args["cond_scale"]
        if uncond is None or args.get("uncond") is None or math.isclose(scale, 1.0):
            return args["denoised"]
        made = self._combination(cond, uncond, scale, args["input"], args["sigma"])
        return torch.where((uncond == 0).all(), args["denoised"], made)  # zeros: no negative is in force at this level


def around(
    model: Any,
    denoiser: Callable[..., Any],
    extra_args: dict[str, Any],
    options: Mapping[str, Any],
    table: Table | None,
) -> tuple[Any, dict[str, Any]]:
    """(denoiser, extra_args) of a run with its `options`; as they were where none of this file's is set."""
    if all(options.get(name) in (None, 0.0, "plain", "none") for name in OPTIONS):
        return denoiser, extra_args
    every = EachCall(model, denoiser, options, table)
    return every, every.prepare(extra_args)


def notes(denoiser: Any) -> list[str]:
    """The warnings of what `around` made."""
    return denoiser.notes if isinstance(denoiser, EachCall) else []


def spared(denoiser: Any) -> tuple[int, int]:
    """Of a run with what `around` made: calls without the negative, calls that were not made."""
    return (denoiser.spared, denoiser.still) if isinstance(denoiser, EachCall) else (0, 0)


def _curve(value: Any, to_sigma: Callable[[float], float]) -> Callable[[float], float]:
    """A number or `Percents` as a function of sigma."""
    return value.curve(to_sigma) if hasattr(value, "curve") else lambda _: float(value)


def _guider(model: Any) -> Any:
    """What has the scale of a run and a negative prompt; None where there is none, or its scale is not one number."""
    for link in facts.links(model):
        conds = getattr(link, "conds", None)
        if isinstance(conds, dict):
            single = isinstance(getattr(link, "cfg", None), (int, float)) and not hasattr(link, "cfg2")
            return link if single and conds.get("negative") else None
    return None
