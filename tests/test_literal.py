"""The loop makes of every table what the literal executor makes of it."""

import pytest
import torch
from literal import run as literal

import sigmatic
from sigmatic.core.noise import kinds

NAMES = [name for name in sigmatic.samplers.names() if not sigmatic.samplers.get(name).adaptive]
NEAR = {torch.float32: 1e-6, torch.float64: 1e-12}
CANCELS = 100  # slopes are differences of x and D over small sigmas: what both round is enlarged
SHAPE = (2, 3, 4)


def takers(param):
    """The samplers that have a parameter."""
    return [name for name in NAMES if param in sigmatic.samplers.get(name).defaults]


def denoise(x, sigma):
    """A model with everything that a sampler may want, smooth and different in every part."""
    level = sigma.to(x).reshape(-1, 1, 1)
    denoised = torch.tanh(x / (0.3 + level)) + 0.1 * torch.cos(3 * x)
    return sigmatic.samplers.Output(denoised, 0.8 * denoised - 0.05 * torch.sin(x), torch.sigmoid(x))


def levels(space, steps=7):
    top = 5.0 if space == "ve" else 0.97
    return sigmatic.schedulers.sigmas("karras", steps, space=space, sigma_min=0.05, sigma_max=top)


def start(sigmas, dtype):
    return torch.randn(SHAPE, dtype=torch.float64, generator=torch.Generator().manual_seed(1)).to(dtype) * sigmas[0]


def apart(one, other):
    """How far apart two tensors are, in units of the second."""
    return float((one - other).norm() / other.norm())


def same(name, space, dtype, sigmas, state=None, x=None, **params):
    """Run both; return the loop's result and state."""
    x = start(sigmas, dtype) if x is None else x
    spec = sigmatic.samplers.get(name)
    source = kinds.KINDS[spec.noise](x, 5, None, space=space).draw
    out, left = sigmatic.samplers.sample_with_state(
        name, denoise, x, sigmas, space=space, seed=5, state=state, disable=True, **params
    )
    table = sigmatic.samplers.table(name, sigmas, space=space, state=state, **params)
    wanted, kept = literal(table, denoise, x, source, state.registers if state else ())
    assert apart(out, wanted) <= NEAR[dtype] * (2 if name == "dpm_fast" else 1)  # whose weights add up to 15
    for place, register, full in zip(left.kept, left.registers, kept, strict=False):
        assert apart((place.p or place.q) * register, full) <= CANCELS * NEAR[dtype]
    return out, left


@pytest.mark.parametrize("dtype", NEAR, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_every_table(name, space, dtype):
    same(name, space, dtype, levels(space))


@pytest.mark.parametrize("name", NAMES)
def test_a_run_in_parts(name, space):
    sigmas = levels(space)
    x, state = same(name, space, torch.float64, sigmas[:4])
    same(name, space, torch.float64, sigmas[3:], state, x)


@pytest.mark.parametrize("name", takers("restarts"))
def test_restart(name, space):
    marks = {"restart_min": 0.1, "restart_max": 0.6}
    same(name, space, torch.float64, levels(space, 9), restarts=2, **marks)


@pytest.mark.parametrize("name", takers("s_churn"))
def test_churn(name, space):
    same(name, space, torch.float64, levels(space), s_churn=3.0, s_noise=1.1)


@pytest.mark.parametrize("name", takers("eta"))
def test_curves(name, space):
    same(name, space, torch.float64, levels(space), eta=lambda sigma: min(1.0, sigma), s_noise=lambda sigma: 0.9)
