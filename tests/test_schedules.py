"""Schedules: exact length, falling, finite, in range, for every step count, range and space."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st

import sigmatic
from sigmatic.core import space as spaces

NAMES = sigmatic.schedulers.names()
SCALED_LINEAR = sigmatic.schedulers._default_table("ve")
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


@given(
    name=st.sampled_from(NAMES),
    steps=st.integers(1, 300),
    ends=st.tuples(st.floats(0.03, 14.0), st.floats(1.01, 400)).map(lambda t: (t[0], min(14.6, t[0] * t[1]))),
    rho=st.floats(0.05, 50),
)
def test_any_range_and_rho(name, steps, ends, rho):
    params = {"rho": rho} if sigmatic.schedulers.get(name).params else {}
    low, high = ends
    sigmas = sigmatic.schedulers.sigmas(name, steps, sigma_min=low, sigma_max=high, **params)
    assert sigmas.shape == (steps + 1,) and torch.isfinite(sigmas).all() and (sigmas.diff() <= 0).all()
    assert sigmas[0].item() == pytest.approx(high, rel=1e-5) and sigmas[-2].item() >= low * (1 - 1e-5)


def test_karras_is_the_papers():
    sigmas = sigmatic.schedulers.sigmas("karras", 18, sigma_min=0.002, sigma_max=80, rho=7)
    i = torch.arange(18, dtype=torch.float64)
    exact = (80 ** (1 / 7) + i / 17 * (0.002 ** (1 / 7) - 80 ** (1 / 7))) ** 7
    torch.testing.assert_close(sigmas[:-1], exact.float(), rtol=1e-6, atol=0)


def test_polyexponential_at_one_is_exponential():
    one, other = (sigmatic.schedulers.sigmas(n, 13) for n in ("polyexponential", "exponential"))
    torch.testing.assert_close(one, other, rtol=1e-6, atol=0)


def test_default_range_is_stable_diffusions():
    assert SCALED_LINEAR[0] == pytest.approx(0.0291675, rel=1e-4)
    assert SCALED_LINEAR[-1] == pytest.approx(14.614642, rel=1e-5)


def test_simple_on_flow_is_the_shift():
    levels = TABLES["flow shift 12"][1]
    sigmas = sigmatic.schedulers.sigmas("simple", 10, model_sigmas=levels, space="flow")
    t = torch.linspace(1, 0, 11, dtype=torch.float64)
    torch.testing.assert_close(sigmas, (12 * t / (1 + 11 * t)).float(), rtol=1e-6, atol=1e-7)


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
    ({"sigma_min": 2.0, "sigma_max": 1.0}, "sigma_min is 2 and sigma_max is 1"),
    ({"sigma_min": 1.0, "sigma_max": 1.0}, "sigma_min"),
    ({"sigma_min": 0.0}, "sigma_min"),
    ({"sigma_max": math.inf}, "sigma_max"),
    ({"sigma_max": math.nan}, "sigma_max"),
    ({"sigma_max": 14.0, "space": "flow"}, "sigma_max is 14: on flow"),
    ({"space": "vp"}, "space is 'vp'"),
    ({"model_sigmas": [3.0, 2.0, 1.0]}, "model_sigmas"),
    ({"model_sigmas": [1.0]}, "model_sigmas"),
    ({"model_sigmas": [1.0, math.nan]}, "model_sigmas"),
    ({"rho": 0}, "rho is 0"),
    ({"rho": -1}, "rho"),
    ({"rho": math.nan}, "rho"),
    ({"mu": 1}, "no parameter 'mu'"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_bad_input_names_the_parameter(change, message):
    with pytest.raises(ValueError, match=message):
        sigmatic.schedulers.sigmas(**{"name": "karras", "steps": 10, **change})


def test_a_table_schedule_stays_in_its_table():
    with pytest.raises(ValueError, match="beyond the model's own"):
        sigmatic.schedulers.sigmas("normal", 10, sigma_max=80)
