"""With noise: the samples' distribution is the data's, on VE and on flow, at every eta."""

import pytest
import torch

import sigmatic
from sigmatic.demo.mixture import Mixture

SPECS = [sigmatic.samplers.get(name) for name in sigmatic.samplers.names()]
# Distilled models' samplers and DDPM's larger variances are biased on an exact denoiser, by design; adaptive samplers
# have tests of their own.
UNBIASED = [spec for spec in SPECS if spec.models == "any" and spec.checked == "all" and not spec.adaptive]
ETAS = [{"eta": eta} for eta in (0.5, 1.0)]  # at 0 it is the ODE, bit for bit: tests/test_loop.py
HALF = pytest.mark.thorough  # tests/test_marginals.py has every eta, exactly
CASES = [
    pytest.param(s.name, p, marks=HALF if p == {"eta": 0.5} else (), id=f"{s.name}-{p}")
    for s in UNBIASED
    if s.stochastic
    for p in (ETAS if "eta" in s.defaults else [{}, s.ode])
    if p is not None
]
COUNT = 20_000


def sliced_wasserstein(a, b, directions=64):
    """Sliced 2-Wasserstein distance of two equally large point clouds (n, d)."""
    generator = torch.Generator().manual_seed(0)
    axes = torch.randn(a.shape[1], directions, generator=generator, dtype=a.dtype)
    axes /= axes.norm(dim=0)
    gap = (a @ axes).sort(dim=0).values - (b @ axes).sort(dim=0).values
    return gap.pow(2).mean().sqrt().item()


@pytest.fixture(scope="module")
def mixture():
    return Mixture((2,), seed=1)


@pytest.fixture(scope="module")
def floor(mixture):
    """The distance between two exact samples: nothing can be nearer."""
    return sliced_wasserstein(mixture.sample(COUNT, seed=1), mixture.sample(COUNT, seed=2))


@pytest.mark.slow
@pytest.mark.parametrize("space", ["ve", pytest.param("flow", marks=pytest.mark.thorough)])
@pytest.mark.parametrize(("name", "params"), CASES)
def test_no_bias(name, params, space, mixture, floor):
    steps = 300 if sigmatic.samplers.get(name).order == 1 else 150
    sigmas = sigmatic.schedulers.sigmas("karras", steps, space=space, sigma_max=0.999 if space == "flow" else None)
    x = mixture.noised(COUNT, float(sigmas[0]), space, seed=3).reshape(1, COUNT, 2)

    def model(x, sigma):
        points = x.reshape(COUNT, 2)
        denoised = mixture.denoiser(space)(points, sigma.expand(COUNT)).reshape(x.shape)
        return sigmatic.samplers.Output(denoised, denoised)

    out = sigmatic.samplers.sample(name, model, x, sigmas, space=space, seed=5, disable=True, **params).reshape(
        COUNT, 2
    )
    exact = mixture.sample(COUNT, seed=4)
    ratio = (out.var(0) / exact.var(0)).mean().item()
    assert ratio == pytest.approx(1, abs=0.02)
    assert sliced_wasserstein(out, exact) < 2.5 * floor + 0.01
