"""The unconditional prediction of the host's guidance, for samplers that need it (CFG++)."""

import math
from collections.abc import Callable
from typing import Any

import comfy.model_patcher
import torch
from torch import Tensor

from ...samplers import Output


def with_uncond(
    name: str, model: Any, extra_args: dict[str, Any]
) -> tuple[Callable[..., Output], dict[str, Any], Callable[[], bool]]:
    """The host's `model` so that it returns both predictions, the extra_args it must be called with for that, and
    whether a call so far had no unconditional one: None, or the zeros that the host has where no prompt is in force.
    The prediction is then both, which makes the step the plain one.

    ValueError where there is no negative prompt to predict with, as with BasicGuider.
    """
    conds = getattr(getattr(model, "inner_model", None), "conds", None)
    if isinstance(conds, dict) and not conds.get("negative"):
        raise ValueError(
            f"sampler sig_{name}: it needs a negative prompt, and this run has none (Basic Guider?). Use CFGGuider, "
            "cfg 1 to 2, or the sampler of the same name without _cfg_pp."
        )
    unconditional: list[Tensor | None] = []  # of the call that is running
    absent: list[Tensor] = []  # of every call, on the device
    wanted: list[bool] = []  # of every call: not where it was done without on purpose, where cfg_curve is 1

    def keep(args: dict[str, Any]) -> Tensor:
        guided, uncond = args["denoised"], args.get("uncond_denoised")
        unconditional[:] = [uncond]
        absent.append(torch.ones((), dtype=torch.bool) if uncond is None else (uncond == 0).all())
        wanted.append(args.get("model_options", {}).get("disable_cfg1_optimization", True))
        # of zeros the host has made cfg times the prediction: cfg has nothing to push away from
        return guided if uncond is None else torch.where(absent[-1], args.get("cond_denoised", guided), guided)

    options = comfy.model_patcher.set_model_options_post_cfg_function(
        extra_args.get("model_options", {}).copy(), keep, disable_cfg1_optimization=True
    )

    def predict(x: Tensor, sigma: Tensor, **extra: Any) -> Output:
        denoised = model(x, sigma, **extra)
        if not unconditional:
            raise ValueError(
                f"sampler sig_{name}: this guider does not give the unconditional prediction. Use CFGGuider, or the "
                "sampler of the same name without _cfg_pp."
            )
        uncond = unconditional.pop()
        return Output(denoised, denoised if uncond is None else torch.where(absent[-1], denoised, uncond))

    def lacked() -> bool:
        return any(want and bool(one) for want, one in zip(wanted, absent, strict=True))

    return predict, {**extra_args, "model_options": options}, lacked


def asks_negative(model: Any) -> bool | None:
    """Whether a run that was handed `model` asks for the negative prompt: at cfg 1 the host leaves it out.

    None where there is none, or where the guider does not say.
    """
    guider = getattr(model, "inner_model", None)
    conds, cfg = getattr(guider, "conds", None), getattr(guider, "cfg", None)
    if not isinstance(conds, dict) or not conds.get("negative") or not isinstance(cfg, (int, float)):
        return None
    options = getattr(guider, "model_options", None) or {}
    return not math.isclose(cfg, 1.0) or bool(options.get("disable_cfg1_optimization"))
