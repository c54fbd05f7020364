"""The original DDPM: its levels, its posterior by the papers' formulas, and a whole chain step by step."""

import itertools

import numpy as np
import pytest
import torch

import sigmatic
from sigmatic.core.model import adapters
from sigmatic.core.model.discrete import Discrete
from sigmatic.core.model.trajectory import Trajectory
from sigmatic.demo.mixture import Mixture

TABLES = {
    "Ho et al.": Discrete.from_betas(),
    "Stable Diffusion": Discrete.from_betas(0.00085, 0.012, scaled=True),
    "24 steps": Discrete.from_betas(0.004, 0.8, 24),
}


@pytest.fixture(params=TABLES)
def table(request):
    return TABLES[request.param]


def test_betas_are_those_that_were_asked_for():
    np.testing.assert_allclose(TABLES["Ho et al."].betas, np.linspace(1e-4, 0.02, 1000), rtol=1e-9)
    roots = np.sqrt(TABLES["Stable Diffusion"].betas)
    np.testing.assert_allclose(roots, np.linspace(0.00085**0.5, 0.012**0.5, 1000), rtol=1e-9)


def test_stable_diffusions_levels_are_the_schedules_own_default(table):
    assert sigmatic.schedulers.sigmas("karras", 5)[0] == pytest.approx(TABLES["Stable Diffusion"].sigmas[-1])


def test_posterior_is_the_papers_at_every_step(table):
    """Ho et al. 2006.11239, eq. 7, from the betas alone, in float64."""
    beta = table.betas
    abar = np.cumprod(1 - beta)
    before = np.concatenate([[1.0], abar[:-1]])
    image = np.sqrt(before) * beta / (1 - abar)
    state = np.sqrt(1 - beta) * (1 - before) / (1 - abar)
    variance = (1 - before) / (1 - abar) * beta
    ours = np.array([table.posterior(t) for t in range(len(table))])
    np.testing.assert_allclose(ours, np.stack([image, state, variance], 1), rtol=1e-9, atol=1e-15)


def test_posterior_over_several_steps_is_that_of_the_shortened_chain(table):
    kept = np.arange(2, len(table), 5)
    short = Discrete(table.alphas_cumprod[kept])
    for k in range(1, len(kept)):
        np.testing.assert_allclose(table.posterior(kept[k], kept[k - 1]), short.posterior(k), rtol=1e-9)


def test_the_sampler_ddpm_takes_the_posteriors_steps(table):
    """Its row from sigma_t to sigma_s, with x scaled to the papers' unit size, is the posterior."""
    for t, s in [(t, t - 1) for t in range(1, len(table))] + [(len(table) - 1, 3)]:
        (row,) = sigmatic.samplers.table("ddpm", table.sigmas[[t, s]].tolist()).rows
        before, after = np.sqrt(table.alphas_cumprod[[t, s]])
        landing = row.stages[-1]
        ours = (after * landing.w[0], after / before * landing.A, (after * landing.B[0]) ** 2)
        np.testing.assert_allclose(ours, table.posterior(t, s), rtol=1e-6)


def test_a_whole_chain_is_the_papers_algorithm_2(table):
    """1000 (or 24) steps of `sample` and of the loop in the paper, written out, with the same noise."""
    mixture = Mixture((2,))
    network = adapters.network(mixture.denoiser(), adapters.discrete("eps", table))
    draws = torch.randn(len(table), 8, 2, dtype=torch.float64)
    start = torch.randn(8, 2, dtype=torch.float64)
    beta, abar = torch.from_numpy(table.betas), torch.from_numpy(table.alphas_cumprod)
    x = start
    for t in reversed(range(len(table))):
        eps = network(x, torch.full((8,), float(t), dtype=torch.float64))
        x0 = ((x - (1 - abar[t]).sqrt() * eps) / abar[t].sqrt()).clamp(-1, 1)
        before = abar[t - 1] if t else torch.tensor(1.0)
        mean = (before.sqrt() * beta[t] * x0 + (1 - beta[t]).sqrt() * (1 - before) * x) / (1 - abar[t])
        x = mean + ((1 - before) / (1 - abar[t]) * beta[t]).sqrt() * draws[t]
    steps = iter(reversed(range(len(table))))
    model = adapters.clip_denoised(adapters.denoiser(network, adapters.discrete("eps", table)))
    out = sigmatic.samplers.sample(
        "ddpm", model, start / abar[-1].sqrt(), table.schedule(), noise=lambda a, b: draws[next(steps)], disable=True
    )
    torch.testing.assert_close(out, x, rtol=0, atol=1e-4)  # the schedule is float32


def test_index_and_level_are_inverse(table):
    index = torch.linspace(0, len(table) - 1, 57, dtype=torch.float64)
    torch.testing.assert_close(table.index(table.log_sigma(index)), index)
    whole = torch.arange(len(table))
    torch.testing.assert_close(table.index(torch.from_numpy(table.log_sigmas)), whole.double())


@pytest.mark.parametrize("spacing, ends", [("linspace", (999, 0)), ("leading", (900, 0)), ("trailing", (999, 99))])
def test_spacings_are_those_of_the_literature(spacing, ends):
    table = TABLES["Ho et al."]
    steps = table.steps(10, spacing)
    assert (steps[0], steps[-1]) == ends and (np.diff(steps) < 0).all() and len(steps) == 10
    sigmas = table.schedule(10, spacing)
    assert sigmas.shape == (11,) and sigmas[-1] == 0 and sigmas.dtype == torch.float32
    np.testing.assert_allclose(sigmas[:-1], table.sigmas[steps], rtol=1e-6)


@pytest.mark.parametrize("spacing", ["linspace", "leading", "trailing"])
@pytest.mark.parametrize("count", [1, 3, 7, 999, 1000])
def test_every_spacing_has_as_many_different_steps_as_asked(spacing, count):
    assert len(np.unique(TABLES["Ho et al."].steps(count, spacing))) == count


def test_clip_denoised_holds_the_prediction_and_nothing_else():
    model = adapters.clip_denoised(lambda x, sigma, gain: gain * x, -0.5, 2.0)
    x = torch.tensor([[-3.0, 0.1, 3.0]])
    assert model(x, torch.ones(1), gain=1.0).tolist() == [[-0.5, pytest.approx(0.1), 2.0]]


def test_the_whole_trajectory_is_there_on_request():
    mixture, sigmas = Mixture((2,)), sigmatic.schedulers.sigmas("karras", 9)
    x = torch.randn(5, 2) * sigmas[0]
    kept = Trajectory()
    out = sigmatic.samplers.sample("ddpm", mixture.denoiser(), x, sigmas, callback=kept, disable=True)
    states = kept.finished(out)
    assert states.shape == (10, 5, 2) and torch.equal(states[0], x) and torch.equal(states[-1], out)
    assert kept.sigmas == sigmas.tolist() and len(kept.denoised) == 9
    for state, sigma, denoised in zip(states, sigmas, kept.denoised, strict=False):
        torch.testing.assert_close(denoised, mixture.denoiser()(state, sigma.expand(5)))
    # Each state is a run's own start for the rest: nothing was overwritten later.
    for a, b in itertools.pairwise(states):
        assert not torch.equal(a, b)
    some = Trajectory(every=4, dtype=torch.float16)
    out = sigmatic.samplers.sample("ddpm", mixture.denoiser(), x, sigmas, callback=some, disable=True)
    assert some.finished(out).dtype == torch.float16 and some.sigmas == [*sigmas[[0, 4, 8]].tolist(), 0.0]


WRONG = [
    (lambda: Discrete.from_betas(0.02, 1e-4), "beta_start is 0.02"),
    (lambda: Discrete.from_betas(0.0, 0.1), "beta_start is 0.0"),
    (lambda: Discrete.from_betas(0.1, 1.0), "beta_end is 1.0"),
    (lambda: Discrete.from_betas(count=1), "count is 1"),
    (lambda: Discrete(np.array([0.5, 0.6])), "falling"),
    (lambda: Discrete(np.array([0.9, 0.0])), "between 0 and 1"),
    (lambda: TABLES["24 steps"].steps(25), "count is 25: give a whole number from 1 to 24"),
    (lambda: TABLES["24 steps"].steps(5, "log"), "spacing is 'log'"),
    (lambda: TABLES["24 steps"].posterior(24), "t is 24"),
    (lambda: TABLES["24 steps"].posterior(4, 4), "s is 4"),
    (lambda: adapters.clip_denoised(abs, 1, -1), "low is 1"),
    (lambda: Trajectory(0), "every is 0"),
]


@pytest.mark.parametrize("wrong, hint", WRONG)
def test_mistakes_are_named(wrong, hint):
    with pytest.raises(ValueError, match=hint):
        wrong()
