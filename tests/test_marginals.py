"""With noise, on Gaussian data: every run is linear there, so its spread is computed exactly, not drawn.

First-order samplers approach the limit as 1/steps; for them it is read off two step counts.
"""

import math

import pytest
import torch

import sigmatic
from sigmatic.core import space as spaces

STEPS = 400
SPREAD = 0.5  # of the data


def variants(name):
    """The parameters to try: every eta, and churn and restart where the sampler has them."""
    known = sigmatic.samplers.get(name).defaults
    if "eta" in known:
        yield from ({"eta": eta} for eta in (0.0, 0.5, 1.0))
    else:
        yield {}
    if "s_churn" in known:
        yield {"s_churn": 20.0}
        yield {"s_churn": 10.0, "s_tmin": 0.05, "s_tmax": 0.8}
    if "restarts" in known:
        yield {"restarts": 2, "restart_min": 0.1, "restart_max": 0.8}


def final_variance(name, space, params, sigmas):
    """The variance of the result: x and every noise are unit vectors of their own, and what comes out is a vector."""
    table = sigmatic.samplers.table(name, sigmas, space=space, **params)
    draws = sum(len(row.segments()) for row in table.rows)
    used = 1

    def noise(sigma, sigma_next):
        nonlocal used
        used += 1
        return torch.nn.functional.one_hot(torch.tensor([used - 1]), draws + 1).double()

    def network(x, alpha, sigma):
        a, s = alpha[:, None], sigma[:, None]
        return x * a * SPREAD**2 / (a**2 * SPREAD**2 + s**2)

    denoise = spaces.from_network(network, space)

    def model(x, sigma):
        denoised = denoise(x, sigma)
        return sigmatic.samplers.Output(denoised, denoised)  # no prompt: both predictions are the same

    first = spaces.level(float(sigmas[0]), space)
    x = torch.zeros(1, draws + 1, dtype=torch.float64)
    x[0, 0] = math.hypot(first.alpha * SPREAD, first.sigma)
    out = sigmatic.samplers.sample(name, model, x, sigmas, space=space, noise=noise, disable=True, **params)
    assert used == draws + 1
    return out.square().sum().item() / SPREAD**2


def levels(space, steps):
    """Karras levels; on flow from below 1, where orders above 1 begin."""
    top = 0.999 if space == "flow" else None
    return sigmatic.schedulers.sigmas("karras", steps, space=space, sigma_max=top).double()


SPECS = [sigmatic.samplers.get(name) for name in sigmatic.samplers.names()]
BIASED = {spec.name for spec in SPECS if spec.models == "distilled" or spec.checked == "image"}  # by design
CASES = [(s.name, params) for s in SPECS if s.name not in BIASED and not s.adaptive for params in variants(s.name)]


@pytest.mark.parametrize(("name", "params"), CASES, ids=str)
def test_the_spread_of_the_data_comes_out(name, params, space):
    variance = final_variance(name, space, params, levels(space, STEPS))
    if sigmatic.samplers.get(name).order == 1:
        variance = 2 * variance - final_variance(name, space, params, levels(space, STEPS // 2))
    assert variance == pytest.approx(1, abs=0.01)
