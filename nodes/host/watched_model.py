"""The model between sampler and host: Cancel is looked at before every evaluation, NaN and infinity stop the run."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from . import facts

_WIDER = {torch.float16: torch.float32, torch.bfloat16: torch.float32}  # in which no sum of theirs overflows


class _Evaluation(NamedTuple):
    """One on a device: its place in the run, sigma, the sums of x and of the answer, a mark in the device's queue.

    `sums` (2,) are on their way to the CPU and can be read when the device has passed the mark.
    """

    place: int
    sigma: Tensor
    sums: Tensor
    event: Any


class Sentinel:
    """Wraps the model of one run, and stops it where a result is not finite: on the CPU at once, elsewhere later.

    There it never waits for the device before the run's end, but reads what the device has done already. A sum stands
    for a tensor: one pass, and not finite if any of its numbers is not.
    """

    def __init__(self, model: Callable[..., Any], name: str, sigmas: Sequence[float], at_once: bool) -> None:
        self.model, self.name, self.sigmas, self.at_once = model, name, sigmas, at_once
        self.evaluations = 0
        self._under_way: list[_Evaluation] = []

    def __call__(self, x: Tensor, sigma: Tensor, **extra_args: Any) -> Any:
        """The model's answer."""
        facts.check_interrupt()
        answer = self.model(x, sigma, **extra_args)
        out = getattr(answer, "denoised", answer)
        if self.at_once:
            if not _finite(out):
                self._stop(self.evaluations, float(sigma.flatten()[0]), _finite(x))
        else:
            self._under_way.append(_Evaluation(self.evaluations, sigma[:1], _on_the_way(x, out), _event(x.device)))
            self._look(wait=False)
        self.evaluations += 1
        return answer

    def finish(self, out: Tensor) -> Tensor:
        """The result of the run, once it and all that is still under way has been looked at."""
        self._look(wait=True)
        if not _finite(out):
            self._stop(self.evaluations, float(self.sigmas[-1]), False)
        return out

    def _look(self, wait: bool) -> None:
        """Check the sums that the device has finished; with `wait`, all of them."""
        while self._under_way and (wait or _passed(self._under_way[0].event)):
            one = self._under_way.pop(0)
            if one.event is not None:
                one.event.synchronize()  # passed, unless this is the end of the run
            taken, given = map(math.isfinite, one.sums.tolist())
            if not (taken and given):
                self._stop(one.place, float(one.sigma), taken)

    def _stop(self, place: int, sigma: float, blame_model: bool) -> None:
        passed = sum(level >= sigma for level in self.sigmas[:-1])
        step = passed if self.sigmas[0] >= self.sigmas[-1] else len(self.sigmas) - passed
        if blame_model:
            cause = (
                "The model made it out of finite ones: lower cfg, or start ComfyUI with --force-fp32 to see whether "
            )
            cause += "its precision is too low."
        elif place == 0:
            cause = "It was in the latent or noise that the run started from."
        else:
            cause = "The sampler made it: set eta and s_noise lower, or try sig_euler."
        raise RuntimeError(
            f"sampler sig_{self.name}: a number that is not finite (NaN or infinity) at step {max(1, step)} of "
            f"{len(self.sigmas) - 1}, sigma {sigma:g}. {cause}"
        )


def _sum(x: Tensor) -> Tensor:
    return x.sum(dtype=_WIDER.get(x.dtype))


def _on_the_way(x: Tensor, out: Tensor) -> Tensor:
    """The sums of both, copied to the CPU behind what the device has still to do, where it can do that."""
    sums = torch.stack([_sum(x), _sum(out)])
    if x.device.type != "cuda":
        return sums
    return torch.empty(2, dtype=sums.dtype, pin_memory=True).copy_(sums, non_blocking=True)


def _finite(x: Tensor) -> bool:
    """Whether all numbers are finite; where only their sum overflows they are looked at one by one."""
    return math.isfinite(_sum(x).item()) or bool(torch.isfinite(x).all())


def _event(device: torch.device) -> Any:
    """A mark in the queue of the device, which tells when it was passed; None where there is no such thing."""
    if device.type != "cuda":
        return None
    event = torch.cuda.Event()
    event.record(torch.cuda.current_stream(device))  # where x is, which need not be the current device
    return event


def _passed(event: Any) -> bool:
    return event is not None and event.query()
