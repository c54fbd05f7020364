"""The sigma toolkit: cutting, joining and bending lists of sigmas, text and back, one level in other words."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

import sigmatic
from sigmatic.core.schedule import levels, sigmas as lists

KARRAS = tuple(sigmatic.schedulers.sigmas("karras", 12).tolist())
SPANS = {
    "sd": sigmatic.schedulers.span(),
    "edm": sigmatic.schedulers.span(model_sigmas=np.geomspace(0.002, 120, 1000)),
    "flow": sigmatic.schedulers.span(space="flow"),
    "shift 5": sigmatic.schedulers.span(
        space="flow", model_sigmas=(lambda t: 5 * t / (1 + 4 * t))(np.arange(1, 1001) / 1000)
    ),
}


@given(st.integers(0, 12))
def test_the_parts_of_a_split_join_to_the_whole(step):
    high, low = lists.split(KARRAS, step)
    assert high[-1] == low[0] == KARRAS[step]
    assert lists.join(high, low) == KARRAS


@given(st.floats(0, KARRAS[0]))
def test_a_split_at_a_sigma(sigma):
    high, low = lists.split_at(KARRAS, sigma)
    near = sigma * (1 + lists.NEAR)
    assert low[0] <= near and all(value > sigma for value in high[:-1]) and lists.join(high, low) == KARRAS
    high, low = lists.split_at(KARRAS, sigma, exact=True)
    assert high[-1] == low[0] == pytest.approx(sigma, rel=1.1 * lists.NEAR, abs=0)
    assert sorted({*high, *low}) == sorted({*KARRAS, low[0]})


def test_a_rising_list_is_split_too():
    rising = lists.reverse(KARRAS)
    first, second = lists.split_at(rising, 1.0)
    assert first[-1] == second[0] >= 1.0 > first[-2]


def test_reverse_there_and_back():
    rising = lists.reverse(KARRAS)
    assert rising[0] == lists.RISING_START and rising[1:] == KARRAS[-2::-1]
    assert lists.reverse(rising)[:-1] == KARRAS[:-1]


def test_steps_of_a_range():
    assert lists.part(KARRAS, 3, 7) == KARRAS[3:8]
    assert lists.part(KARRAS, 10, 10000) == KARRAS[10:]


def test_a_reversed_list_can_be_run():
    assert lists.reverse((1.0, 0.5, 0.0, 0.0)) == (lists.RISING_START, 0.5, 1.0)
    assert lists.reverse((0.0,)) == (0.0,)


@pytest.mark.parametrize("kind", SPANS)
def test_a_list_can_be_split_at_its_own_levels(kind):
    """Reckoned from what the user says of one, it may come out beside it by a rounding error, or outside the list."""
    model = SPANS[kind]
    sigmas = tuple(sigmatic.schedulers.sigmas("normal", 9, space=model.space, model_sigmas=model.table).tolist())
    for step, sigma in enumerate(sigmas[:-2]):
        for unit in levels.UNITS:
            found = levels.to_sigma(levels.convert(sigma, "sigma", model)[unit], unit, model)
            for near in (found, found * (1 + 1e-6), found * (1 - 1e-6)):
                for exact in (False, True):
                    assert lists.split_at(sigmas, near, exact) == lists.split(sigmas, step)


def test_a_joint_of_two_runs_drops_the_closing_zero():
    assert lists.join((14.0, 5.0, 0.0), (2.0, 1.0, 0.0)) == (14.0, 5.0, 2.0, 1.0, 0.0)
    assert lists.join((14.0, 5.0), (5.0000001, 1.0)) == (14.0, 5.0000001, 1.0)


def test_scale_and_blend():
    doubled = lists.scale(KARRAS, 2.0)
    assert doubled == tuple(2 * value for value in KARRAS)
    assert lists.scale(KARRAS, 0.9, 5, 7)[:5] == KARRAS[:5]
    assert lists.blend(KARRAS, doubled, 0.0) == KARRAS
    assert lists.blend(KARRAS, doubled, 1.0) == pytest.approx(doubled)
    assert lists.blend(KARRAS, doubled, 0.25) == pytest.approx([1.25 * value for value in KARRAS])
    assert len(lists.blend(KARRAS, (14.0, 1.0, 0.0), 0.5)) == len(KARRAS)


@given(steps=st.integers(1, 60), first=st.floats(0.1, 100), count=st.integers(1, 30), closing=st.booleans())
@settings(deadline=None)
def test_resampled_lists_keep_their_course(steps, first, count, closing):
    course = tuple(first * 0.8**i for i in range(count + 1)) + ((0.0,) if closing else ())
    found = lists.resample(course, steps)
    assert len(found) == steps + 1 and found[0] == course[0] and found[-1] == course[-1]
    assert all(a > b for a, b in pairwise(found))
    if steps > 1:  # a geometric list stays one
        ratios = np.diff(np.log(found[: len(found) - closing]))
        assert np.allclose(ratios, ratios[:1])
    assert lists.resample(course, len(course) - 1) == course


@given(st.lists(st.floats(0, 1e5, width=32), min_size=2, max_size=30, unique=True))
def test_text_and_back(values):
    falling = tuple(sorted(values, reverse=True))
    assert torch.equal(torch.tensor(lists.parse(lists.write(falling))), torch.tensor(falling))


def test_text_in_many_forms():
    for text in ("14.6, 2, 0.5, 0", "[14.6; 2\n0.5 0]", " (1.46e1 2. .5 0)\n"):
        assert lists.parse(text) == (14.6, 2.0, 0.5, 0.0)


BAD = [
    (lambda: lists.parse("1, two, 0"), "item 2 is 'two'"),
    (lambda: lists.parse("1_0, 0"), "item 1 is '1_0'"),
    (lambda: lists.parse("__import__('os')"), "item 1"),
    (lambda: lists.parse("3, nan"), r"sigmas\[1\] is nan"),
    (lambda: lists.parse("3, -1"), r"sigmas\[1\] is -1"),
    (lambda: lists.parse("3, 1, 2"), "both up and down"),
    (lambda: lists.parse(" "), "empty"),
    (lambda: lists.split(KARRAS, 13), "step is 13: give 0 to 12"),
    (lambda: lists.split_at(KARRAS, 99.0), "sigma is 99: the list goes from 14.6"),
    (lambda: lists.part(KARRAS, 5, 5), "start is 5 and end is 5"),
    (lambda: lists.part(KARRAS, 20, 30), "start is 20"),
    (lambda: lists.join((1.0, 0.5), (3.0, 0.0)), "both up and down"),
    (lambda: lists.scale(KARRAS, 0.0), "factor is 0"),
    (lambda: lists.scale(KARRAS, 9.0, 3, 4), "both up and down"),
    (lambda: lists.blend(KARRAS, KARRAS, 1.5), "share is 1.5"),
    (lambda: lists.blend(KARRAS, KARRAS[::-1][1:], 0.5), "one list ends in 0"),
    (lambda: lists.blend((9.0, 8.0, 1.0), (1.0, 4.0, 9.0), 0.5), "both up and down"),
    (lambda: lists.blend(KARRAS, (0.0,), 0.5), "nothing but 0"),
    (lambda: lists.parse("1e39, 1, 0"), r"1e\+39 is too much"),
    (lambda: lists.resample((0.0,), 3), "nothing but 0"),
    (lambda: lists.resample(KARRAS, 0), "steps is 0"),
    (lambda: lists.set_first(KARRAS, 1.0), "both up and down"),
    (lambda: lists.set_last(KARRAS, 3.0), "both up and down"),
    (lambda: levels.convert(2.0, "sigma", SPANS["flow"]), "sigma is 2: this model has levels from 0 to 1"),
    (lambda: levels.convert(1.5, "percent", SPANS["sd"]), "percent is 1.5"),
    (lambda: levels.convert(1000, "timestep", SPANS["sd"]), "timestep is 1000: .* to 999"),
    (lambda: levels.convert(-1e4, "log-SNR", SPANS["sd"]), "log-SNR is -10000"),
    (lambda: levels.convert(math.nan, "sigma", SPANS["sd"]), "sigma is nan"),
    (lambda: levels.convert(1.0, "rho", SPANS["sd"]), "unit is 'rho'"),
]


@pytest.mark.parametrize("k", range(len(BAD)))
def test_bad_input_says_what_is_wrong(k):
    call, message = BAD[k]
    with pytest.raises(ValueError, match=message):
        call()


def test_first_and_last():
    assert lists.set_first(KARRAS, 20.0) == (20.0, *KARRAS[1:])
    assert lists.set_last(KARRAS, 0.01) == (*KARRAS[:-1], 0.01)


@given(name=st.sampled_from(sorted(SPANS)), unit=st.sampled_from(levels.UNITS), place=st.floats(1.5, 998.5))
def test_every_unit_leads_back_to_the_level(name, unit, place):
    model = SPANS[name]
    sigma = float(model.sigma(place))
    said = levels.convert(sigma, "sigma", model)
    assert levels.to_sigma(said[unit], unit, model) == pytest.approx(sigma, rel=1e-9)


def test_units_mean_what_they_say():
    sd, shifted = SPANS["sd"], SPANS["shift 5"]
    assert levels.convert(0.0, "percent", sd)["sigma"] == pytest.approx(14.6146, rel=1e-5)
    assert levels.convert(1.0, "percent", sd) == {"sigma": 0.0, "percent": 1.0, "timestep": 0.0, "log-SNR": math.inf}
    assert levels.convert(0.5, "percent", sd)["timestep"] == pytest.approx(499.5)
    assert levels.convert(1.0, "sigma", sd)["log-SNR"] == 0
    assert levels.convert(0.5, "percent", shifted)["sigma"] == pytest.approx(5 / 6)
    assert levels.convert(0.5, "sigma", shifted)["log-SNR"] == 0
    assert levels.convert(0.5, "sigma", shifted)["timestep"] == 500
    assert levels.convert(-2000.0, "log-SNR", shifted)["sigma"] == 1
