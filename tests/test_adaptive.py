"""Adaptive samplers: as exact as they are asked to be, within their cap, and honest about what they took."""

from functools import lru_cache

import pytest
import torch

import sigmatic
from sigmatic.demo.mixture import Mixture

NAMES = [n for n in sigmatic.samplers.names() if sigmatic.samplers.get(n).adaptive]
MIXTURE = Mixture((4, 6))


def run(name, space, count=6, model=None, **params):
    """x at the end of a run to sigma .05, and what it took."""
    sigmas = sigmatic.schedulers.sigmas("karras", 20, space=space, sigma_min=0.05)[:-1].double()
    x = MIXTURE.noised(count, float(sigmas[0]), space, seed=2)
    model = model or MIXTURE.denoiser(space)
    out, state = sigmatic.samplers.sample_with_state(name, model, x, sigmas, space=space, disable=True, **params)
    return out, state.took


@lru_cache
def exact(space):
    """The exact solution there, of the same six starts."""
    start = float(sigmatic.schedulers.sigmas("karras", 20, space=space)[0])
    fine = sigmatic.schedulers.sigmas("karras", 300, space=space, sigma_min=0.05, sigma_max=start)[:-1]
    x = MIXTURE.noised(6, start, space, seed=2)
    return sigmatic.samplers.sample("rk4", MIXTURE.denoiser(space), x, fine.double(), space=space, disable=True)


@pytest.mark.parametrize("name", NAMES)
def test_a_tighter_tolerance_is_a_smaller_error(name, space):
    errors = []
    for tolerance in (1e-1, 1e-2, 1e-3):
        out, took = run(name, space, rtol=tolerance, atol=tolerance / 6, max_evaluations=5000)
        errors.append((out - exact(space)).abs().mean().item())
        assert not took["capped"]
    assert errors[1] < errors[0] / 2 and errors[2] < errors[1] / 3 and errors[2] < 1e-3


@pytest.mark.parametrize("name", NAMES)
def test_what_it_took_is_what_was_asked_of_the_model(name, space):
    calls, steps = [], []

    def model(x, sigma):
        calls.append(float(sigma[0]))
        return MIXTURE.denoiser(space)(x, sigma)

    _, took = run(name, space, model=model, h_init=3.0, callback=steps.append)
    assert took["evaluations"] == len(calls) and took["accepted"] == len(steps) and took["rejected"] > 0
    places = [step["i"] for step in steps]
    assert places == sorted(places) and places[0] >= 0 and places[-1] <= 18
    assert {"x", "i", "sigma", "sigma_hat", "denoised", "error", "rejected"} <= set(steps[-1])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("most", [10, 25])
def test_the_cap_is_hard(name, most, space):
    out, took = run(name, space, max_evaluations=most, rtol=1e-6, atol=1e-7)
    assert took["capped"] and took["evaluations"] <= most and torch.isfinite(out).all()


@pytest.mark.parametrize("name", NAMES)
def test_noise_keeps_the_spread_and_follows_the_seed(name, space):
    options = {"eta": 1.0, "rtol": 0.02, "atol": 0.004, "max_evaluations": 2000}
    one, again, other = (run(name, space, **options, seed=seed)[0] for seed in (1, 1, 2))
    assert torch.equal(one, again)
    assert min((a - b).abs().mean() for a, b in ((one, exact(space)), (one, other))) > 0.1
    many, _ = run(name, space, count=400, **options, seed=1)
    wanted = MIXTURE.noised(4000, 0.05, space).var(0).mean().item()
    assert many.var(0).mean() == pytest.approx(wanted, rel=0.1)


@pytest.mark.parametrize("name", NAMES)
def test_up_and_down_again(name, space):
    """From where a run ended, back to where it began; on flow from below 1, where there is nothing to come back to."""
    options = {"space": space, "rtol": 1e-3, "atol": 1e-4, "disable": True, "max_evaluations": 2000}
    top = {"sigma_max": 0.98} if space == "flow" else {}
    sigmas = sigmatic.schedulers.sigmas("karras", 20, space=space, sigma_min=0.05, **top)[:-1].double()
    x = MIXTURE.noised(6, float(sigmas[0]), space, seed=2)
    down = sigmatic.samplers.sample(name, MIXTURE.denoiser(space), x, sigmas, **options)
    up = sigmatic.samplers.sample(name, MIXTURE.denoiser(space), down, sigmas.flip(0), **options)
    assert (down - x).abs().mean() > 0.2 * x.abs().mean() > 10 * (up - x).abs().mean()


@pytest.mark.parametrize("name", NAMES)
def test_what_it_refuses(name):
    with pytest.raises(TypeError, match="no table"):
        sigmatic.samplers.table(name, [1.0, 0.0])
    x = torch.ones(1, 4, 6)
    for options, message in (
        ({"eta": 1.0, "sigmas": [0.1, 1.0]}, "Set eta to 0"),
        ({"rtol": -1.0}, "rtol"),
        ({"rtol": lambda sigma: 0.1}, "rtol is <function .*: give a number from 0 to 1"),
    ):
        sigmas = options.pop("sigmas", [1.0, 0.0])
        with pytest.raises(ValueError, match=message):
            sigmatic.samplers.sample(name, None, x, sigmas, disable=True, **options)
    with pytest.raises(ArithmeticError, match="not finite"):
        sigmatic.samplers.sample(name, lambda x, sigma: x * float("nan"), x, [1.0, 0.1, 0.0], disable=True)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("eta", [1.5, 10.0])
def test_large_eta_and_odd_ends(name, eta, space):
    out, took = run(name, space, eta=eta, max_evaluations=400)
    assert torch.isfinite(out).all() and took["evaluations"] <= 400
    x = torch.ones(1, 4, 6)
    assert sigmatic.samplers.sample(name, None, x, [0.0], disable=True) is x
    one = sigmatic.samplers.sample(name, MIXTURE.denoiser("flow"), x, [1.0, 0.0], space="flow", disable=True)
    assert torch.equal(one, MIXTURE.denoiser("flow")(x, torch.ones(1)))
    _, state = sigmatic.samplers.sample_with_state(name, MIXTURE.denoiser(), x, [1.0, 0.5], disable=True)
    with pytest.raises(ValueError, match="its sigma is"):
        sigmatic.samplers.sample(name, None, x, [0.7, 0.0], state=state)
    up = sigmatic.samplers.sample(name, MIXTURE.denoiser("flow"), x, [0.1, 0.5, 1.0], space="flow", disable=True)
    assert torch.isfinite(up).all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rest", [[], [0.0], [1.0, 0.0]])
def test_a_schedule_of_the_highest_level_alone_is_one_step(name, rest):
    """What one step of a flow model makes: there is no level in between to find steps for."""
    x, sigmas = MIXTURE.noised(3, 1.0, "flow"), [1.0, *(rest or [1.0])]
    out = sigmatic.samplers.sample(name, MIXTURE.denoiser("flow"), x, sigmas, space="flow", disable=True)
    torch.testing.assert_close(out, MIXTURE.denoiser("flow")(x, torch.ones(3)) if rest else x)
