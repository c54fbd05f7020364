"""The unconditional prediction of the host's guidance, for samplers that need it (CFG++)."""

from collections.abc import Callable
from typing import Any

import comfy.model_patcher
from torch import Tensor

from ...samplers import Output


def with_uncond(name: str, model: Any, extra_args: dict[str, Any]) -> tuple[Callable[..., Output], dict[str, Any]]:
    """The host's `model` so that it returns both predictions, and the extra_args it must be called with for that.

    ValueError where there is no negative prompt to predict with, as with BasicGuider.
    """
    conds = getattr(getattr(model, "inner_model", None), "conds", None)
    if isinstance(conds, dict) and not conds.get("negative"):
        raise ValueError(
            f"sampler sig_{name}: it needs a negative prompt, and this run has none (Basic Guider?). Use CFGGuider, "
            "cfg 1 to 2, or the sampler of the same name without _cfg_pp."
        )
    unconditional: list[Tensor] = []  # of the call that is running

    def keep(args: dict[str, Any]) -> Tensor:
        unconditional[:] = [args["uncond_denoised"]]
        return args["denoised"]

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
        return Output(denoised, unconditional.pop())

    return predict, {**extra_args, "model_options": options}
