"""Brownian noise, ours against torchsde as ComfyUI calls it, in one run: python benchmarks/noise.py

Both answer the queries of a 20-step dpmpp_2m_sde run; plain in-place normal_ and keyed Gaussian noise stand beside.
Medians of alternating runs; ratios are what matters.
"""

from __future__ import annotations

import itertools
import statistics
import time

import inhost

SHAPES = [((1, 4, 128, 128), 10), ((4, 16, 128, 128), 20), ((1, 16, 21, 60, 104), 20)]  # and how much faster it must be


def timed(call) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def walk(draw, pairs):
    for a, b in pairs:
        draw(a, b)


def inside(arguments) -> int:
    host, sigmatic = inhost.load_host(), inhost.load_sigmatic()
    import torch

    missed = 0
    sigmas = sigmatic.schedulers.sigmas("karras", 20)[:-1]
    marks, floats = list(itertools.pairwise(sigmas.unbind())), list(itertools.pairwise(sigmas.tolist()))
    print("ms a query            shape    torchsde  brownian  gaussian   normal_   faster  of normal_  gaussian of it")
    for shape, wanted in SHAPES:
        x, rows = torch.zeros(shape), []
        for seed in range(arguments.repeats):

            def tree(seed=seed, x=x):
                sampler = host.K.BrownianTreeNoiseSampler(x, sigmas.min(), sigmas.max(), seed=seed, cpu=True)
                walk(sampler, marks)

            rows.append(
                [
                    timed(tree),
                    timed(lambda s=seed, x=x: walk(sigmatic.noise.brownian(x, s), floats)),
                    timed(lambda s=seed, x=x: walk(sigmatic.noise.gaussian(x, s), floats)),
                    timed(lambda x=x: walk(lambda a, b: x.normal_(), floats)),
                ]
            )
        torchsde, brownian, gaussian, plain = (
            statistics.median(c) / len(floats) * 1e3 for c in zip(*rows, strict=True)
        )
        good = torchsde / brownian >= wanted and brownian / plain <= 15 and gaussian / plain <= 2
        missed += not good
        verdict = f"wanted {wanted}x, 15x, 2x{'' if good else '  MISSED'}"
        times = f"{torchsde:11.2f} {brownian:9.3f} {gaussian:9.3f} {plain:9.3f}"
        ratios = f"{torchsde / brownian:7.1f}x {brownian / plain:9.1f}x {gaussian / plain:12.2f}x"
        print(f"{shape!s:>27} {times} {ratios}  {verdict}", flush=True)
    return missed


if __name__ == "__main__":
    raise SystemExit(inhost.main(__file__, __doc__, inside, repeats=5))
