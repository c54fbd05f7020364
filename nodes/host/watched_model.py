"""The model between sampler and host: Cancel is looked at before every evaluation, NaN and infinity stop the run."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from . import facts

_WIDER = {torch.float16: torch.float32, torch.bfloat16: torch.float32}  # in which no sum of theirs overflows


class Sums:
    """The sums of a model's x and of its answer, on their way to the CPU behind what the device has still to do."""

    def __init__(self, x: Tensor, out: Tensor) -> None:
        sums, self._event = torch.stack([_sum(x), _sum(out)]), None
        if x.device.type != "cuda":
            self._sums = sums
            return
        self._sums = torch.empty(2, dtype=sums.dtype, pin_memory=True).copy_(sums, non_blocking=True)
        self._event = torch.cuda.Event()
        self._event.record(torch.cuda.current_stream(x.device))  # where x is, which need not be the current device

    def arrived(self) -> bool:
        """Whether they can be read without waiting; not known of devices without marks in their queue."""
        return self._event is not None and self._event.query()

    def read(self) -> tuple[float, float]:
        """Both, waiting for the device if they have not arrived."""
        if self._event is not None:
            self._event.synchronize()
        of_x, of_answer = self._sums.tolist()
        return of_x, of_answer


class _Evaluation(NamedTuple):
    """One on a device: its place in the run, its sigma (1,), its sums."""

    place: int
    sigma: Tensor
    sums: Any


class Sentinel:
    """Wraps the model of one run, and stops it where a result is not finite: on the CPU at once, elsewhere later.

    There it never waits for the device before the run's end, but reads what has arrived already. A sum stands for a
    tensor: one pass, and not finite if any of its numbers is not. `sums` makes the object that fetches them.
    """

    def __init__(
        self,
        model: Callable[..., Any],
        name: str,
        sigmas: Sequence[float],
        at_once: bool,
        sums: Callable[[Tensor, Tensor], Any] = Sums,
    ) -> None:
        self.model, self.name, self.sigmas, self.at_once = model, name, sigmas, at_once
        self.evaluations = 0
        self._sums = sums
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
            self._under_way.append(_Evaluation(self.evaluations, sigma[:1], self._sums(x, out)))
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
        """Check the sums that have arrived; with `wait`, all of them."""
        while self._under_way and (wait or self._under_way[0].sums.arrived()):
            place, sigma, sums = self._under_way.pop(0)
            of_x, of_answer = map(math.isfinite, sums.read())
            if not (of_x and of_answer):
                self._stop(place, float(sigma), of_x)

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


def _finite(x: Tensor) -> bool:
    """Whether all numbers are finite; where only their sum overflows they are looked at one by one."""
    return math.isfinite(_sum(x).item()) or bool(torch.isfinite(x).all())
