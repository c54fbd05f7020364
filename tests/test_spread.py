"""The spread that a table says is the spread that a run of it has."""

import pytest
import torch

import sigmatic
from sigmatic.core.space import level
from sigmatic.core.spread import USUAL, deviation, overshoot

S = sigmatic.samplers
ODES = [name for name in S.names() if S.get(name).ode == {} and not S.get(name).adaptive]


def sigmas_for(space, steps):
    return sigmatic.schedulers.sigmas("karras", steps, space=space, sigma_max=0.98 if space == "flow" else None)


def denoiser(space):
    def denoise(x, sigma):
        at = level(float(sigma[0]), space)
        denoised = at.alpha * USUAL**2 / ((at.alpha * USUAL) ** 2 + at.sigma**2) * x
        return S.Output(denoised, denoised)

    return denoise


@pytest.mark.parametrize("name", ODES)
def test_a_run_of_the_ode_widens_as_its_table_says(name, space):
    """Without noise a run multiplies x by one number, which its start and end tell."""
    sigmas = sigmas_for(space, 6)
    at = level(float(sigmas[0]), space)
    start = torch.ones(1, 1, dtype=torch.float64) * ((at.alpha * USUAL) ** 2 + at.sigma**2) ** 0.5
    end = S.sample(name, denoiser(space), start, sigmas, space=space, disable=True)
    assert deviation(S.table(name, sigmas, space=space)) == pytest.approx(float(end), rel=1e-6)


@pytest.mark.parametrize("name", ["euler_ancestral", "dpmpp_2m_sde", "sa_solver"])
def test_so_does_a_run_with_noise(name, space):
    sigmas, count = sigmas_for(space, 8), 40_000
    at = level(float(sigmas[0]), space)
    start = torch.randn(1, count, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    start = start * ((at.alpha * USUAL) ** 2 + at.sigma**2) ** 0.5
    end = S.sample(name, denoiser(space), start, sigmas, space=space, seed=2, disable=True)
    assert deviation(S.table(name, sigmas, space=space)) == pytest.approx(float(end.std()), rel=0.02)


@pytest.mark.parametrize("name", ["dpm_2", "dpm_solver_2"])
def test_steps_that_are_too_long_overshoot(name):
    """The figures of a run on N(0, .5^2), done by hand with the textbook's step: 10 and 2 times as wide."""
    assert overshoot(S.table(name, sigmas_for("ve", 2))) > 5
    assert overshoot(S.table(name, sigmas_for("ve", 3))) > 1.5
    assert overshoot(S.table(name, sigmas_for("ve", 10))) == pytest.approx(1, abs=0.1)
