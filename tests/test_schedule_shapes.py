"""Schedules: each is what its definition says, and the quantiles that some of them are made of are right."""

import math

import numpy as np
import pytest
import scipy.special
import scipy.stats
import torch
from hypothesis import given, settings, strategies as st

import sigmatic
from sigmatic.core.schedule.quantile import beta_quantile

SHIFTED = (lambda t: 12 * t / (1 + 11 * t))(np.arange(1, 1001) / 1000)


@given(a=st.floats(0.05, 60), b=st.floats(0.05, 60), q=st.floats(1e-6, 1 - 1e-6))
@settings(deadline=None, max_examples=80)
def test_the_beta_quantile_is_the_inverse_of_its_distribution(a, b, q):
    x = beta_quantile(np.array([q]), a, b)[0]
    rest = beta_quantile(np.array([1 - q]), b, a)[0]
    assert scipy.special.betainc(a, b, x) == pytest.approx(q, rel=1e-9) or rest < 1e-9
    assert scipy.special.betaincc(a, b, x) == pytest.approx(1 - q, rel=1e-9) or x > 1 - 1e-6
    assert x + rest == pytest.approx(1, abs=1e-9)
    assert x == pytest.approx(scipy.stats.beta.ppf(q, a, b), rel=1e-8, abs=1e-300)


def test_the_beta_quantile_at_the_ends():
    assert beta_quantile(np.array([0.0, 1.0]), 0.6, 0.7).tolist() == [0.0, 1.0]


@pytest.mark.parametrize("name", ["beta", "beta57"])
def test_beta_never_loses_a_step(name):
    table = np.geomspace(0.03, 14.6, 50)  # more steps than entries
    for steps in (20, 60, 200):
        sigmas = sigmatic.schedulers.sigmas(name, steps, model_sigmas=table)
        assert len(sigmas) == steps + 1 and (sigmas.diff() < 0).all()


def test_beta57_is_beta():
    ours = sigmatic.schedulers.sigmas("beta57", 17)
    assert torch.equal(ours, sigmatic.schedulers.sigmas("beta", 17, alpha=0.5, beta=0.7))


def test_wide_arc_is_arc(space):
    ends = {"space": space, "sigma_max": 14.6 if space == "ve" else 0.98}  # arc begins to differ above
    wide = sigmatic.schedulers.sigmas("wide_arc", 17, **ends)
    assert torch.equal(wide, sigmatic.schedulers.sigmas("arc", 17, **ends, data_std=5.0, p=2.5, power=1.0))


def test_arc_puts_fewer_steps_at_low_noise_where_they_are_few(space):
    """The steps that are not at sigma_max or 0; between two of the numbers of steps that are named, between both."""

    def inner(steps, **given):
        return sigmatic.schedulers.sigmas("arc", steps, space=space, sigma_min=1e-4, **given)[1:-1]

    for p, named in ((1.0, (2, 5, 7)), (1.25, (10, 12, 15)), (1.35, (30, 60))):
        for steps in named:
            assert torch.equal(inner(steps), inner(steps, p=p))
    for below, above, between in ((1.0, 1.25, (8, 9)), (1.25, 1.35, (16, 20, 29))):
        for steps in between:
            assert (inner(steps, p=above) < inner(steps)).all() and (inner(steps) < inner(steps, p=below)).all()


def test_arc_puts_still_fewer_where_sigma_min_makes_the_last_step_long(space):
    """The last step more than twice as long as the others, in the power of the angle that they are even in."""

    def inner(**given):
        return sigmatic.schedulers.sigmas("arc", 24, space=space, **given)[1:-1]

    for sigma_min, p in ((1e-4, 1.31), (0.0292, 1.45), (0.2, 1.45)):
        assert torch.allclose(inner(sigma_min=sigma_min), inner(sigma_min=sigma_min, p=p), rtol=1e-6)
    short = sigmatic.schedulers.sigmas("arc", 12, space=space, sigma_min=0.2)
    assert torch.equal(short, sigmatic.schedulers.sigmas("arc", 12, space=space, sigma_min=0.2, p=1.25))


def test_bells_have_even_shares():
    sigmas = sigmatic.schedulers.sigmas("logit_normal", 9, sigma_min=0.03, sigma_max=14.6, mean=-0.4, std=1.2)
    shares = scipy.stats.norm.cdf((sigmas[:-1].double().log() + 0.4) / 1.2)
    np.testing.assert_allclose(np.diff(shares), np.diff(shares).mean(), rtol=1e-4)
    sigmas = sigmatic.schedulers.sigmas("laplace", 9, sigma_min=0.9, sigma_max=3, mu=0.5, beta=0.7)
    shares = scipy.stats.laplace.cdf(sigmas[:-1].double().log(), 0.5, 0.7)
    np.testing.assert_allclose(np.diff(shares), np.diff(shares).mean(), rtol=1e-4)


def even(values):
    """Whether the values have even distances."""
    return torch.allclose(values.diff(), values.diff().mean().expand(len(values) - 1), rtol=2e-3)


@pytest.mark.parametrize("top", [14.6146, 0.9])
def test_schedules_are_even_in_their_own_variable(top):
    space, low = ("flow" if top < 1 else "ve"), 0.005  # so low that nothing is stretched to stay above it
    ends = {"space": space, "sigma_min": low, "sigma_max": top}

    def rho(name, **params):
        sigmas = sigmatic.schedulers.sigmas(name, 12, **ends, **params).double()
        return sigmas / (1 - sigmas) if space == "flow" else sigmas

    assert even(rho("logsnr_uniform")[:-1].log())
    assert even(rho("kl_optimal")[:-1].atan())
    assert even(rho("cosine").atan()) and even((rho("cosine", shift=3.0) / 3).atan())
    assert even(rho("arc", p=1.5, data_std=0.7, power=1.0).div(0.7).atan().pow(1 / 1.5))
    assert even(rho("constant_rate", data_std=0.5).square().add(0.25).log())
    grown = rho("vp", beta_d=19.9, beta_min=0.1)[:-1].square().log1p()
    assert even((grown * 2 * 19.9 + 0.01).sqrt())
    share = (lambda r: r / (1 + r))(rho("flow_shift", shift=5.0))
    assert even(share / (5 - 4 * share))


def test_flow_shift_is_the_models_own_where_that_has_the_shift():
    sigmas = sigmatic.schedulers.sigmas("flow_shift", 10, space="flow", shift=12.0)
    model = sigmatic.schedulers.sigmas("simple", 10, model_sigmas=SHIFTED, space="flow")
    torch.testing.assert_close(sigmas, model, rtol=1e-6, atol=1e-7)


def test_flow_shift_grows_with_the_picture():
    def shifted(**params):
        return sigmatic.schedulers.sigmas("flow_shift", 10, space="flow", **params)

    torch.testing.assert_close(shifted(megapixels=4.194304), shifted(shift=6.0))
    torch.testing.assert_close(shifted(shift=1.0, mu=math.log(3)), shifted(shift=3.0))
    flux = shifted(shift=1.0, megapixels=1.048576, rule="flux")
    torch.testing.assert_close(flux, shifted(shift=1.0, mu=1.15))


def test_published_levels_stand_where_they_were_published():
    ten = sigmatic.schedulers.sigmas("ays", 10, sigma_max=14.61464, sigma_min=0.0291672)
    assert ten[1:4].tolist() == pytest.approx([6.4745760956, 3.8636745985, 2.6946151520], rel=1e-5)
    xl = sigmatic.schedulers.sigmas("ays", 10, sigma_max=14.61464, sigma_min=0.0291672, table="sdxl")
    assert xl[1:4].tolist() == pytest.approx([6.3184485287, 3.7681790315, 2.1811480769], rel=1e-5)
    gits = sigmatic.schedulers.sigmas("gits", 6, sigma_max=80, sigma_min=0.002)
    assert gits.tolist() == pytest.approx([80, 10.9836, 3.8811, 1.584, 0.5666, 0.1698, 0])


def test_bong_tangent_is_two_arctangents():
    sigmas = sigmatic.schedulers.sigmas("bong_tangent", 20, space="flow").double()
    pivot, slope = 13, 0.2 / (22 / 40)
    assert sigmas[12] == pytest.approx(0.5)
    falls = torch.atan(slope * (pivot - torch.arange(13.0).double()))
    torch.testing.assert_close(sigmas[:13], 0.5 + 0.5 * (falls - falls[-1]) / (falls[0] - falls[-1]), rtol=1e-5, atol=0)
    falls = torch.atan(-slope * torch.arange(9.0).double())
    torch.testing.assert_close(sigmas[12:], 0.5 * (falls - falls[-1]) / (falls[0] - falls[-1]), rtol=1e-5, atol=1e-7)


def test_karras_is_the_papers():
    sigmas = sigmatic.schedulers.sigmas("karras", 18, sigma_min=0.002, sigma_max=80, rho=7)
    i = torch.arange(18, dtype=torch.float64)
    exact = (80 ** (1 / 7) + i / 17 * (0.002 ** (1 / 7) - 80 ** (1 / 7))) ** 7
    torch.testing.assert_close(sigmas[:-1], exact.float(), rtol=1e-6, atol=0)


def test_polyexponential_at_one_is_exponential():
    one, other = (sigmatic.schedulers.sigmas(n, 13) for n in ("polyexponential", "exponential"))
    torch.testing.assert_close(one, other, rtol=1e-6, atol=0)


def test_default_range_is_stable_diffusions():
    levels = sigmatic.schedulers.span().table
    assert levels[0] == pytest.approx(0.0291675, rel=1e-4)
    assert levels[-1] == pytest.approx(14.614642, rel=1e-5)


def test_simple_on_flow_is_the_shift():
    levels = SHIFTED
    sigmas = sigmatic.schedulers.sigmas("simple", 10, model_sigmas=levels, space="flow")
    t = torch.linspace(1, 0, 11, dtype=torch.float64)
    torch.testing.assert_close(sigmas, (12 * t / (1 + 11 * t)).float(), rtol=1e-6, atol=1e-7)
