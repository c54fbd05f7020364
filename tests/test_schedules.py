"""Schedules: exact length, falling, finite, in range, for every step count, range and space."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

import sigmatic
from sigmatic.core import space as spaces

NAMES = sigmatic.schedulers.names()
SCALED_LINEAR = sigmatic.schedulers.span().table
TABLES = {
    "sd": ("ve", SCALED_LINEAR),
    "edm": ("ve", np.geomspace(0.002, 120, 1000)),
    "zsnr": ("ve", np.append(SCALED_LINEAR[:-1], 4519.0)),
    "flow": ("flow", np.arange(1, 1001) / 1000),
    "flow shift 12": ("flow", (lambda t: 12 * t / (1 + 11 * t))(np.arange(1, 1001) / 1000)),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("table", TABLES)
def test_every_step_count(name, table):
    space, levels = TABLES[table]
    for steps in range(1, 101):
        sigmas = sigmatic.schedulers.sigmas(name, steps, model_sigmas=levels, space=space)
        assert sigmas.dtype == torch.float32 and sigmas.shape == (steps + 1,)
        assert sigmas[0].item() == pytest.approx(levels[-1], rel=1e-5)
        assert sigmas[-1] == 0 and sigmas[-2] >= levels[0] * (1 - 1e-5)
        assert (sigmas.diff() < 0).all()


SHIFTS = {
    f"shift {s:g}": ("flow", (lambda t, s=s: s * t / (1 + (s - 1) * t))(np.arange(1, 1001) / 1000)) for s in (3, 5)
}


def values(param):
    """Allowed values of a parameter: around its default or at one end of its range."""
    if param.kind == "choice":
        return st.sampled_from(param.choices)
    if param.kind in ("int", "text"):
        return st.just(param.default)
    low = param.min if param.above is None else param.above
    ends = (low if param.above is None else low + 1e-300, min(param.max, 1e6))
    near = max(low, param.default - 3, 0.1 if param.above is not None else low), min(param.max, param.default + 5)
    return st.floats(*near) | st.sampled_from(ends)


@given(data=st.data(), name=st.sampled_from(NAMES), steps=st.integers(1, 300))
@settings(deadline=None, max_examples=1000)
def test_any_range_and_parameters(data, name, steps):
    space, table = {**TABLES, **SHIFTS}[data.draw(st.sampled_from([*TABLES, *SHIFTS]))]
    low = data.draw(st.floats(table[0], table[-1] * 0.9))
    high = data.draw(st.floats(low * 1.05, table[-1]))
    spec = sigmatic.schedulers.get(name)
    given_params = {p.name: data.draw(values(p), label=p.name) for p in spec.params}
    if name == "linear_quadratic":
        given_params["threshold"] = min(given_params["threshold"], 0.4)
    try:
        sigmas = sigmatic.schedulers.sigmas(
            name, steps, model_sigmas=table, space=space, sigma_min=low, sigma_max=high, **given_params
        )
    except ValueError as error:  # a bell whose flank has nothing in this range
        assert name in ("laplace", "logit_normal", "ideogram") and "no steps fall into the model's range" in str(error)
        return
    assert sigmas.shape == (steps + 1,) and torch.isfinite(sigmas).all() and (sigmas.diff() <= 0).all()
    assert sigmas[-1] == 0 and sigmas[0].item() <= high * (1 + 1e-5)
    if given_params.get("spacing") != "leading":  # which begins a stride below
        assert sigmas[0].item() == pytest.approx(high, rel=1e-5)
    assert sigmas[-2].item() >= low * (1 - 1e-5)


TINY = [
    ("flow_shift", {"megapixels": 1e-200}),
    ("flow_shift", {"shift": 1e-300}),
    ("vp", {"beta_d": 0.0, "beta_min": 1e-300}),
    ("arc", {"data_std": 0.001, "power": 4.0}),
]


@pytest.mark.parametrize(("name", "params"), TINY)
def test_the_smallest_parameters_make_a_schedule(name, params, space):
    sigmas = sigmatic.schedulers.sigmas(name, 8, space=space, **params)
    assert len(sigmas) == 9 and (sigmas.diff() <= 0).all() and sigmas[-1] == 0


@pytest.mark.parametrize("name", NAMES)
def test_denoise_by_steps_is_the_end_of_a_longer_schedule(name, space):
    part = sigmatic.schedulers.sigmas(name, 8, space=space, denoise=0.37)
    assert torch.equal(part, sigmatic.schedulers.sigmas(name, int(8 / 0.37), space=space)[-9:])


@pytest.mark.parametrize("name", NAMES)
def test_denoise_by_sigma_begins_where_it_says(name, space):
    whole = sigmatic.schedulers.sigmas(name, 8, space=space)
    part = sigmatic.schedulers.sigmas(name, 8, space=space, denoise=0.37, denoise_rule="sigma")
    assert len(part) == 9 and part[0].item() == pytest.approx(0.37 * whole[0].item(), rel=1e-5) and part[-1] == 0


@pytest.mark.parametrize("name", NAMES)
def test_without_the_terminal_step(name, space):
    sigmas = sigmatic.schedulers.sigmas(name, 8, space=space, terminal=False)
    assert len(sigmas) == 9 and sigmas[-1] > 0
    assert torch.equal(sigmas, sigmatic.schedulers.sigmas(name, 9, space=space)[:-1])


def test_first_sigma_moves_only_the_first_level():
    plain = sigmatic.schedulers.sigmas("karras", 8)
    moved = sigmatic.schedulers.sigmas("karras", 8, first_sigma=20.0)
    assert moved[0] == 20 and torch.equal(moved[1:], plain[1:])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("ends", [(0.9995, 1.0), (0.9995, 0.99999), (0.5, 0.5005), (0.001, 0.0011)])
def test_a_narrow_range_has_room_for_all_steps(name, ends):
    low, high = ends
    for steps in (1, 2, 4, 30):
        sigmas = sigmatic.schedulers.sigmas(name, steps, space="flow", sigma_min=low, sigma_max=high)
        assert (sigmas.diff() < 0).all() and sigmas[0].item() == pytest.approx(high) and sigmas[-2] >= low * (1 - 1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_a_rounding_error_below_one_changes_nothing(name):
    whole = np.arange(1, 1001) / 1000
    rounded = np.append(whole[:-1], np.nextafter(np.float32(1), np.float32(0)))
    one, other = (sigmatic.schedulers.sigmas(name, 12, model_sigmas=t, space="flow") for t in (whole, rounded))
    torch.testing.assert_close(one, other, rtol=2e-3, atol=1e-6)


def test_span_index_undoes_sigma():
    for space, levels in TABLES.values():
        span = spaces.Span(space, float(levels[0]), float(levels[-1]), np.asarray(levels))
        for place in (0, 0.25, 10.5, 500, len(levels) - 1):
            assert span.index(float(span.sigma(place))) == pytest.approx(place, abs=1e-6)


BAD = [
    ({"steps": 0}, "steps is 0"),
    ({"steps": -3}, "steps"),
    ({"steps": 2.5}, "steps"),
    ({"steps": None}, "steps"),
    ({"steps": 10**6 + 1}, "steps is 1000001: give a whole number from 1 to 1000000"),
    ({"steps": 10**30}, "steps is 1000"),
    ({"denoise": 1e-7}, "denoise is 1e-07: 10 steps would be the last of 1e.08"),
    ({"denoise": 1e-320}, "denoise is 9.99989e-321"),
    ({"sigma_min": 2.0, "sigma_max": 1.0}, "sigma_min is 2 and sigma_max is 1"),
    ({"sigma_min": 1.0, "sigma_max": 1.0}, "sigma_min"),
    ({"sigma_min": 0.0}, "sigma_min"),
    ({"sigma_max": math.inf}, "sigma_max"),
    ({"sigma_max": math.nan}, "sigma_max"),
    ({"sigma_max": 14.0, "space": "flow"}, "sigma_max is 14: on flow"),
    ({"space": "vp"}, "space is 'vp'"),
    ({"sigma_min": "a"}, "sigma_min is 'a': give a number"),
    ({"sigma_max": [1.0, 2.0]}, "sigma_max is .*: give a number"),
    ({"sigma_max": torch.ones(2)}, "sigma_max is tensor.*: give a number"),
    ({"sigma_min": True}, "sigma_min is True: give a number"),
    ({"denoise": torch.ones(2)}, "denoise is tensor.*: give a number"),
    ({"steps": True}, "steps is True: give a whole number"),
    ({"sigma_max": 10**400}, "sigma_max is 10+.*: give a number"),
    ({"sigma_max": 1e308}, "sigma_max is 1e.308: give a number from 1e-37 to 1e.37"),
    ({"sigma_min": 1e-310}, "sigma_min is 1e-310"),
    ({"model_sigmas": [1.0, 1e308]}, "sigma_max is 1e.308"),
    ({"first_sigma": 1e308}, "first_sigma is 1e.308"),
    ({"first_sigma": "x"}, "first_sigma is 'x': give a number"),
    ({"terminal": 0}, "terminal is 0: give True or False"),
    ({"terminal": "off"}, "terminal is 'off': give True or False"),
    ({"model_sigmas": ["a", "b"]}, "model_sigmas: give"),
    ({"model_sigmas": [3.0, 2.0, 1.0]}, "model_sigmas"),
    ({"model_sigmas": [1.0]}, "model_sigmas"),
    ({"model_sigmas": [1.0, math.nan]}, "model_sigmas"),
    ({"rho": 0}, "rho is 0"),
    ({"rho": -1}, "rho"),
    ({"rho": math.nan}, "rho"),
    ({"mu": 1}, "no parameter 'mu'"),
    ({"denoise": 0}, "denoise is 0"),
    ({"denoise": 1.1}, "denoise is 1.1"),
    ({"denoise": 1e-4, "denoise_rule": "sigma"}, "denoise is 0.0001.*begin at"),
    ({"denoise_rule": "half"}, "denoise_rule is 'half'"),
    ({"first_sigma": 0.5}, "first_sigma is 0.5: .* above the second level"),
    ({"first_sigma": math.nan}, "first_sigma is nan"),
    ({"first_sigma": 1.5, "space": "flow"}, "first_sigma is 1.5: .* at most 1"),
    ({"name": "laplace", "mu": 9, "beta": 0.001}, "mu is 9 and beta is 0.001"),
    ({"name": "logit_normal", "mean": -10, "std": 0.1}, "mean is -10 and std is 0.1"),
    ({"name": "linear_quadratic", "linear_steps": 10}, "linear_steps is 10: give fewer than steps"),
    ({"name": "linear_quadratic", "threshold": 0.9}, "threshold is 0.9: with 5 even steps of 10 give less than 0.667"),
    ({"name": "beta", "alpha": 0}, "alpha is 0"),
    ({"name": "ays", "table": "flux"}, "table is 'flux'"),
    ({"name": "arc", "p": -1}, "p is -1"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_bad_input_names_the_parameter(change, message):
    with pytest.raises(ValueError, match=message):
        sigmatic.schedulers.sigmas(**{"name": "karras", "steps": 10, **change})


@pytest.mark.parametrize("name", sigmatic.schedulers.names())
def test_very_many_steps_are_as_many_and_fall(name, space):
    sigmas = sigmatic.schedulers.sigmas(name, 200_000, space=space)
    assert len(sigmas) == 200_001 and sigmas[-1] == 0 and (sigmas.diff() <= 0).all()


def test_a_table_schedule_stays_in_its_table():
    with pytest.raises(ValueError, match="beyond the model's own"):
        sigmatic.schedulers.sigmas("normal", 10, sigma_max=80)


def test_drawn_goes_through_its_points():
    points = "14.6, 4, 1, 0.03, 0"
    four = sigmatic.schedulers.sigmas("drawn", 4, points=points)
    torch.testing.assert_close(four, torch.tensor([14.6, 4.0, 1.0, 0.03, 0.0]))
    assert set(four.tolist()) <= set(sigmatic.schedulers.sigmas("drawn", 7, points=points).tolist())
    placed = sigmatic.schedulers.sigmas("drawn", 3, points="0:10, 50:5, 100:0.1")
    torch.testing.assert_close(placed, torch.tensor([10.0, 5.0, 0.1, 0.0]))
    for wrong in ("a, b", "1, 2, 3", "3, -1", "0:5, 100:6"):
        with pytest.raises(ValueError, match="points"):
            sigmatic.schedulers.sigmas("drawn", 3, points=wrong)
    with pytest.raises(ValueError, match="points begins at 14"):
        sigmatic.schedulers.sigmas("drawn", 4, points="14, 1", space="flow")
