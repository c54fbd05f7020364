"""The command `bench`: what every sampler costs beside the model, on this machine."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .. import samplers, schedulers
from ..core.loop import Output
from ..core.spec import SamplerSpec
from .flags import USUAL_SCHEDULE, add_run, whole

ROUNDS = 5


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """Which samplers, on what."""
    parser.add_argument("names", nargs="*", metavar="SAMPLER", help="default: all of them")
    parser.add_argument("--shape", type=_shape, default=(1, 4, 128, 128), metavar="BxCxHxW", help="default 1x4x128x128")
    parser.add_argument("--steps", type=whole(2, 1000), default=20, metavar="N", help="default %(default)s")
    parser.add_argument("--device", type=_device, default="cpu", help="such as cuda; default %(default)s")
    add_run(parser)


def execute(args: argparse.Namespace, command: str) -> None:
    """Print one line for each sampler as soon as it is known."""
    specs = [samplers.get(name) for name in args.names or samplers.names()]
    sigmas = schedulers.sigmas(args.schedule or USUAL_SCHEDULE[args.space], args.steps, space=args.space)
    noise = torch.randn(args.shape, generator=torch.Generator().manual_seed(args.seed)).to(args.device)
    scratch = torch.empty_like(noise)
    once = _seconds(lambda: torch.lerp(noise, noise, 0.5, out=scratch))
    shape = "x".join(map(str, args.shape))
    print(f"One pass over a latent of {shape} takes {once * 1e6:.1f} us. Below, the quickest of {ROUNDS} runs of")
    print(f"{args.steps} steps with a model that costs nothing, and the noise that a sampler takes by itself.\n")
    width = max(len(spec.name) for spec in specs)
    print(f"{'sampler'.ljust(width)}  evaluations   us a step  passes a step")
    for spec in specs:
        evaluations, seconds = _cost(spec, noise, sigmas, args.space, args.seed)
        step = seconds / args.steps
        print(f"{spec.name.ljust(width)}  {evaluations:11}  {step * 1e6:10.1f}  {step / once:13.1f}", flush=True)


def _cost(spec: SamplerSpec, noise: Tensor, sigmas: Tensor, space: str, seed: int) -> tuple[int, float]:
    """How often the model is asked in a run over `sigmas`, and how long all the rest of it takes, in seconds."""
    calls = 0
    answer = Output(noise, uncond=noise, log_var_frac=torch.full_like(noise, 0.5))

    def model(x: Tensor, sigma: Tensor) -> Any:
        nonlocal calls
        calls += 1
        return answer

    def run() -> Tensor:
        return samplers.sample(spec.name, model, x, sigmas, space=space, seed=seed, disable=True)

    x = noise * float(sigmas[0])
    seconds = _seconds(run)
    return calls // (ROUNDS + 1), seconds


def _seconds(call: Callable[[], Tensor]) -> float:
    """How long the quickest of several calls takes, after one that does not count; waits for the device."""
    times = []
    for _ in range(ROUNDS + 1):
        start = time.perf_counter()
        call().flatten()[:1].cpu()
        times.append(time.perf_counter() - start)
    return min(times[1:])


def _shape(text: str) -> tuple[int, ...]:
    """A type for argparse: 1x4x128x128."""
    sizes = text.lower().split("x")
    if len(sizes) < 2 or not all(size.isdecimal() and int(size) for size in sizes):
        raise argparse.ArgumentTypeError(f"{text!r} is no shape: give two sizes or more with x between, as 1x4x128x128")
    return tuple(map(int, sizes))


def _device(text: str) -> torch.device:
    """A type for argparse: a device that is there."""
    try:
        return torch.empty(0, device=text).device
    except (RuntimeError, AssertionError) as error:  # AssertionError: torch built without CUDA
        reason = str(error).splitlines()[0]
        raise argparse.ArgumentTypeError(f"{text!r} is no device of this machine: {reason}") from None
