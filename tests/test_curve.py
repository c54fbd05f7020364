"""Curves: parameters as functions of sigma, and their text in percent."""

import math

import pytest
import torch

import sigmatic
from sigmatic.core.curve import Curve, Percents, interval, parse, scaled

SPECS = [sigmatic.samplers.get(name) for name in sigmatic.samplers.names()]
NOISY = [spec.name for spec in SPECS if not spec.adaptive and "s_noise" in {p.name for p in spec.params}]
RAMP = Curve(((14.0, 1.0), (1.0, 0.25), (0.05, 0.0)))


def _model(x, sigma, **_):
    return torch.tanh(x / (1 + sigma.reshape(-1, *[1] * (x.ndim - 1)) ** 2))


def _sigmas(space, steps=12):
    return sigmatic.schedulers.sigmas("karras", steps, space=space)


def test_a_curve_goes_through_its_points_and_straight_over_log_sigma_between():
    curve = Curve(((8.0, 1.0), (2.0, 0.5), (2.0, 0.2), (0.5, 0.0)))
    assert [curve(s) for s in (100.0, 8.0, 2.0, 0.5, 0.1, 0.0)] == [1.0, 1.0, 0.2, 0.0, 0.0, 0.0]
    assert curve(4.0) == pytest.approx(0.75) and curve(1.0) == pytest.approx(0.1)
    assert curve(2.0 + 1e-12) == pytest.approx(0.5)
    assert hash(curve) == hash(Curve(curve.points)) and curve == Curve(curve.points)


@pytest.mark.parametrize("name", NOISY)
def test_a_constant_curve_is_the_number(name, space):
    sigmas = _sigmas(space)
    number = sigmatic.samplers.table(name, sigmas, space=space, s_noise=0.7)
    for curve in (Curve(((1.0, 0.7),)), lambda sigma: 0.7):
        assert sigmatic.samplers.table(name, sigmas, space=space, s_noise=curve).rows == number.rows


def test_every_step_has_its_own_value(space):
    sigmas = _sigmas(space)
    table = sigmatic.samplers.table("euler_ancestral", sigmas, space=space, eta=RAMP)
    for i, row in enumerate(table.rows):
        alone = sigmatic.samplers.table(
            "euler_ancestral", sigmas[i : i + 2], space=space, eta=min(1.0, RAMP(float(sigmas[i])))
        )
        assert row.stages == alone.rows[0].stages


@pytest.mark.parametrize("name", ["euler_ancestral", "dpmpp_2m_sde", "dpmpp_3m_sde"])
def test_a_split_run_follows_the_same_curve(name, space):
    sigmas, x = _sigmas(space), torch.randn(2, 3, 8, 8) * float(_sigmas(space)[0])
    given = {"space": space, "seed": 4, "eta": RAMP, "s_noise": lambda sigma: 1 - 0.1 * sigma / (1 + sigma)}
    whole = sigmatic.samplers.sample(name, _model, x, sigmas, disable=True, **given)
    half, state = sigmatic.samplers.sample_with_state(name, _model, x, sigmas[:7], disable=True, **given)
    rest = sigmatic.samplers.sample(name, _model, half, sigmas[6:], state=state, disable=True, **given)
    assert torch.equal(rest, whole)


def test_an_interval_is_on_between_two_sigmas_only(space):
    sigmas = _sigmas(space)
    low, high = float(sigmas[8]), float(sigmas[3])
    for value in (0.5, Curve(((1.0, 0.5),))):
        noise = sigmatic.samplers.table("euler_ancestral", sigmas, space=space, eta=interval(value, low, high)).noise
        assert [i for i, std in enumerate(noise) if std] == [3, 4, 5, 6, 7]
    with pytest.raises(ValueError, match="low < high"):
        interval(1.0, 2.0, 1.0)


def test_a_scaled_curve_is_scaled_everywhere():
    for value in (2.0, RAMP, math.sqrt):
        for sigma in (20.0, 3.0, 0.01):
            assert (scaled(value, 3)(sigma) if callable(value) else scaled(value, 3)) == pytest.approx(
                3 * (value(sigma) if callable(value) else value)
            )


@pytest.mark.parametrize("bad", [-0.5, 101.0, math.nan, math.inf, "1", None])
def test_a_value_out_of_range_names_the_parameter_and_the_place(bad):
    calls = []

    def model(x, sigma):
        calls.append(sigma)
        return x

    with pytest.raises(ValueError, match=r"^eta is .* at sigma 1 of its curve: give a number from 0 to 100"):
        sigmatic.samplers.sample(
            "euler_ancestral", model, torch.zeros(1, 4), [2.0, 1.0, 0.0], eta=lambda sigma: bad if sigma == 1 else 0.5
        )
    assert not calls


def test_only_numbers_may_be_curves():
    with pytest.raises(ValueError, match="solver_type is"):
        sigmatic.samplers.table("dpmpp_2m_sde", [2.0, 1.0, 0.0], solver_type=RAMP)
    with pytest.raises(ValueError, match="has no parameter 'rho'"):
        sigmatic.samplers.table("dpmpp_2m_sde", [2.0, 1.0, 0.0], rho=RAMP)
    with pytest.raises(ValueError, match="eta is over percents"):
        sigmatic.samplers.table("dpmpp_2m_sde", [2.0, 1.0, 0.0], eta=parse("0:1, 100:0"))
    with pytest.raises(ValueError, match="rho is"):
        sigmatic.schedulers.sigmas("karras", 4, rho=RAMP)


def test_noise_on_the_way_up_is_refused_for_curves_too():
    with pytest.raises(ValueError, match="eta is above 0"):
        sigmatic.samplers.table("euler_ancestral", [1.0, 2.0, 3.0], eta=RAMP)


@pytest.mark.parametrize(
    "points", [(), ((0.0, 1.0),), ((-1.0, 1.0),), ((1.0, math.nan),), ((math.inf, 1.0),), ((1.0, 1.0), (2.0, 1.0))]
)
def test_points_that_are_no_curve_are_refused(points):
    with pytest.raises(ValueError, match="curve"):
        Curve(points)


def test_text_in_percent():
    percents = parse(" 0:1, 50% : 0.5,50:0.25, 100:0,")
    assert percents.points == ((0.0, 1.0), (50.0, 0.5), (50.0, 0.25), (100.0, 0.0))
    assert parse(str(percents)) == percents
    assert [percents(p) for p in (0, 25, 49.999999999, 50, 75, 100)] == pytest.approx([1, 0.75, 0.5, 0.25, 0.125, 0])
    assert parse("30:2")(0) == parse("30:2")(100) == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no point"), ("1", "no point"), ("a:1", "no point"), ("0:1; 50:2", "no point"), ("0:1,,50:2", "no point"),
        ("0:1 50:2", "no point"), ("-1:1", "from 0 to 100"), ("101:1", "from 0 to 100"), ("0:nan", "from 0 to 100"),
        ("0:inf", "from 0 to 100"), ("nan:1", "from 0 to 100"), ("50:1, 0:1", "rising"), ("1:1,1:2,1:3", "two make"),
        (",".join(["5:1"] * 2000), "1 to 1000"),
    ],
)  # fmt: skip
def test_text_that_is_no_curve_is_refused(text, says):
    with pytest.raises(ValueError, match=says):
        parse(text)


def test_percents_become_sigmas_by_the_models_own_map():
    def to_sigma(percent):
        return 14.6 * (0.03 / 14.6) ** ((percent / 100) ** 2)  # any falling map

    percents = Percents(((10.0, 1.0), (40.0, 0.2), (40.0, 0.6), (90.0, 0.0)))
    curve = percents.curve(to_sigma)
    for percent in (0, 5, 10, 20, 39.9, 40, 41, 66, 90, 95, 100):
        assert curve(to_sigma(percent)) == pytest.approx(percents(percent), abs=2e-3), percent
