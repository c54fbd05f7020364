"""Order of convergence, from the declaration alone, and the limit that is converged to."""

import itertools
import math

import pytest
import torch

import sigmatic
from sigmatic.core import space as spaces

NAMES = sigmatic.samplers.names()


def ode(name):
    """The parameters that make a sampler its ODE."""
    return {"eta": 0.0} if any(p.name == "eta" for p in sigmatic.samplers.get(name).params) else {}


def two_points(space):
    """The exact denoiser of data at -1 and +1: E[x0 | x] = tanh(alpha x / sigma^2). Smooth, and not linear."""

    def network(x, alpha, sigma):
        return torch.tanh(alpha[:, None] * x / sigma[:, None] ** 2)

    return spaces.denoiser(network, space)


def grid(space, steps):
    """Even in log-SNR: from sigma 10 to .5 on VE, from .98 to .3 on flow."""
    ends = [spaces.level(s, space).lam for s in ((10.0, 0.5) if space == "ve" else (0.98, 0.3))]
    return torch.tensor(
        [spaces.at_rho(math.exp(-ends[0] - (ends[1] - ends[0]) * i / steps), space).sigma for i in range(steps + 1)],
        dtype=torch.float64,
    )


@pytest.mark.parametrize("name", [n for n in NAMES if n != "ddpm"])
def test_order(name, space):
    x = torch.linspace(-9, 9, 64, dtype=torch.float64)[:, None] * (1 if space == "ve" else 0.2)
    results = []
    for steps in (128, 256, 512, 1024):
        sigmas = grid(space, steps)
        results.append(
            sigmatic.samplers.sample(name, two_points(space), x, sigmas, space=space, disable=True, **ode(name))
        )
    errors = [(a - b).norm().item() for a, b in itertools.pairwise(results)]
    slopes = [math.log2(a / b) for a, b in itertools.pairwise(errors)]
    assert slopes[-1] == pytest.approx(sigmatic.samplers.get(name).order, abs=0.2), slopes


@pytest.mark.parametrize("name", [n for n in NAMES if n != "ddpm"])
def test_limit_is_the_exact_solution(name, space):
    """Gaussian data: x at the end is x at the start scaled by the ratio of the marginal spreads."""
    sigmas = grid(space, 1500)

    def network(x, alpha, sigma):
        a, s = alpha[:, None], sigma[:, None]
        return a * x / (a**2 + s**2)

    x = torch.linspace(-2, 2, 9, dtype=torch.float64)[:, None]
    out = sigmatic.samplers.sample(
        name, spaces.denoiser(network, space), x, sigmas, space=space, disable=True, **ode(name)
    )
    a, b = (spaces.level(float(s), space) for s in (sigmas[0], sigmas[-1]))
    exact = x * math.hypot(b.alpha, b.sigma) / math.hypot(a.alpha, a.sigma)
    torch.testing.assert_close(out, exact, rtol=2e-3 if sigmatic.samplers.get(name).order == 1 else 1e-5, atol=1e-8)
