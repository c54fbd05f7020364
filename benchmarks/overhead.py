"""Sampler-side time per step, ours against ComfyUI's, in one run: python benchmarks/overhead.py

The model is x * 0.9; its own time is measured and subtracted. Runs alternate, medians count. Ratios are what matters:
times of one machine and one moment say little.
"""

from __future__ import annotations

import inspect
import statistics
import time

import inhost

STEPS = 20
SHAPES = [(1, 4, 128, 128), (4, 16, 128, 128), (1, 16, 21, 60, 104)]
# name, noise, wanted ratio: "constant" replaces the noise on both sides, "own" is what users get
CASES = [
    ("euler", "constant", 0.35),
    ("dpmpp_2m", "constant", 0.35),
    ("dpmpp_2m_sde", "constant", 0.35),
    ("heun", "constant", 0.35),
    ("dpmpp_3m_sde", "constant", 0.35),
    ("euler_ancestral", "own", 0.75),
    ("dpmpp_2m_sde", "own", 0.15),
]
# all others that both have, at the first shape
MORE = [
    *[(name, "constant", 0.35) for name in (
        "dpm_2", "lms", "ipndm", "ipndm_v", "deis", "gradient_estimation", "res_2m", "lcm", "euler_ancestral",
        "dpm_2_ancestral", "dpmpp_2s_ancestral", "dpmpp_sde", "seeds_2", "seeds_3",
    )],
    *[(name, "constant", 0.2) for name in ("er_sde", "sa_solver", "sa_solver_pece", "uni_pc", "uni_pc_bh2")],
]  # fmt: skip
THEIR_NAME = {"res_2m": "res_multistep"}


def timed(call) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def sides(host, sigmatic, name: str, noise: str, x, sigmas):
    """The two calls to compare: ours and the host's."""

    def denoise(x, sigma):
        return x * 0.9

    model = inhost.HostModel(denoise, inhost.model_sampling(host, "ve"))
    function = getattr(host.K, "sample_" + THEIR_NAME.get(name, name), None) or _uni_pc(host, name)
    constant = x.clone()
    ours, theirs = {}, {}
    if noise == "constant" and "noise_sampler" in inspect.signature(function).parameters:
        ours, theirs = {"noise": lambda a, b: constant}, {"noise_sampler": lambda a, b: constant}

    def run_ours():
        sigmatic.samplers.sample(name, model, x, sigmas, seed=1, disable=True, **ours)

    def run_theirs():
        function(model, x, sigmas, extra_args={"seed": 1}, disable=True, **theirs)

    def run_model():
        sigma = sigmas[:1]
        for _ in range(sigmatic.samplers.table(name, sigmas).evaluations):
            model(x, sigma)

    return run_ours, run_theirs, run_model


def _uni_pc(host, name: str):
    """ComfyUI keeps UniPC in a module of its own."""
    import importlib

    module = importlib.import_module("comfy.extra_samplers.uni_pc")
    return getattr(module, "sample_" + name.replace("uni_pc", "unipc", 1) if name == "uni_pc" else "sample_unipc_bh2")


def measure(host, sigmatic, name: str, noise: str, shape, repeats: int) -> tuple[float, float]:
    """Median microseconds per step beyond the model: ours, theirs."""
    import torch

    generator = torch.Generator().manual_seed(0)
    sigmas = sigmatic.schedulers.sigmas("karras", STEPS)
    x = torch.randn(shape, generator=generator) * sigmas[0]
    calls = sides(host, sigmatic, name, noise, x, sigmas)
    for call in calls:
        call()
    times = [[timed(call) for call in calls] for _ in range(repeats)]
    model = statistics.median(row[2] for row in times)
    return tuple((statistics.median(row[k] for row in times) - model) / STEPS * 1e6 for k in (0, 1))


def inside(arguments) -> int:
    host, sigmatic = inhost.load_host(), inhost.load_sigmatic()
    missed = 0
    print(f"{'sampler':<16} {'noise':<9} {'shape':<20} {'ours us':>9} {'theirs us':>10} {'ratio':>6}  wanted")
    for shape in SHAPES[: arguments.shapes]:
        for name, noise, wanted in CASES + (MORE if shape == SHAPES[0] else []):
            slow = noise == "own" and name.endswith("_sde")
            repeats = max(1, arguments.repeats // 10) if slow else arguments.repeats
            repeats = repeats if shape[-1] * shape[-2] * shape[0] * shape[1] < 1e5 else max(2, repeats // 3)
            ours, theirs = measure(host, sigmatic, name, noise, shape, repeats)
            ratio = ours / theirs
            missed += ratio > wanted
            flag = "" if ratio <= wanted else "  MISSED"
            print(
                f"{name:<16} {noise:<9} {shape!s:<20} {ours:9.1f} {theirs:10.1f} {ratio:6.3f}  {wanted}{flag}",
                flush=True,
            )
    return missed


if __name__ == "__main__":
    raise SystemExit(inhost.main(__file__, __doc__, inside, repeats=30, shapes=len(SHAPES)))
