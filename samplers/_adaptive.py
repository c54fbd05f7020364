"""The call that runs an adaptive sampler: dtype, callback and parameters around `core.adaptive`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from ..core.adaptive import Controller, Report, Run
from ..core.loop import Noise, Output, broadcast_like
from ..core.space import working_dtype
from ..core.spec import SamplerSpec
from ..core.tabulate import check_sigmas, refuse_noise_on_the_way_up

_log = logging.getLogger("sigmatic")


def run(
    spec: SamplerSpec,
    model: Callable[..., Any],
    x: Tensor,
    marks: Tensor,
    params: dict[str, Any],
    *,
    space: str,
    noise: Noise,
    extra_args: dict[str, Any],
    callback: Callable[[dict[str, Any]], Any] | None,
) -> tuple[Tensor, dict[str, int | bool]]:
    """Sample x (B, ...) between the ends of `marks` (n+1,); return the result and what it took.

    The callback's i is the step of the schedule that the run has come to; error, evaluations and the rest come with it.
    """
    sigmas = check_sigmas(marks.tolist(), space)
    refuse_noise_on_the_way_up(spec, sigmas[-1] > sigmas[0], params)
    if len(sigmas) < 2 or not any(sigmas):
        return x, vars(Report())
    state = working_dtype(x)

    def answer(x_now: Tensor, sigma: Tensor) -> Tensor:
        output = model(x_now.to(x.dtype), sigma, **extra_args)
        return broadcast_like("model", output.denoised if isinstance(output, Output) else output, x).to(state)

    def report(step: dict[str, Any]) -> None:
        if callback is None:
            return
        i = _step(sigmas, step["sigma"])
        mark = marks.new_tensor(step["sigma"])
        callback({**step, "i": i, "sigma": mark, "sigma_hat": mark, "x": step["x"].to(x.dtype)})

    order = 1.5 if params["eta"] else float(params.get("order", spec.order))
    powers = {key[0]: params[key] for key in ("pcoeff", "icoeff", "dcoeff")}
    going = Run(
        pair=lambda step: spec.build(step, **params),
        controller=Controller(params["h_init"], order, safety=params["accept_safety"], **powers),
        model=answer,
        noise=noise,
        space=space,
        cost=spec.evals_per_step,
        most=params["max_evaluations"],
        tell=report,
        **{key: params[key] for key in ("rtol", "atol", "eta", "s_noise")},
    )
    out = going(x.to(state), sigmas).to(x.dtype)
    took = going.report
    _log.info(
        "Sigmatic: %s took %d evaluations, %d steps, %d tries rejected%s.",
        spec.name, took.evaluations, took.accepted, took.rejected, "; stopped at max_evaluations" * took.capped,
    )  # fmt: skip
    return out, vars(took)


def _step(sigmas: Sequence[float], sigma: float) -> int:
    """The step of the schedule in which `sigma` lies."""
    down = sigmas[-1] < sigmas[0]
    passed = sum(1 for mark in sigmas[1:] if (mark >= sigma if down else mark <= sigma))
    return min(passed, len(sigmas) - 2)
