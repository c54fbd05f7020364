"""Order of convergence, from the declaration alone, and the limit that is converged to."""

import itertools
import math

import pytest
import torch

import sigmatic
from sigmatic.core import space as spaces
from sigmatic.core.table import Kept

SPECS = [sigmatic.samplers.get(name) for name in sigmatic.samplers.names()]
ODES = [spec.name for spec in SPECS if spec.ode is not None and not spec.adaptive]


def ode(name):
    """The parameters that make a sampler its ODE."""
    return dict(sigmatic.samplers.get(name).ode)


def two_points(space):
    """The exact denoiser of data at -1 and +1: E[x0 | x] = tanh(alpha x / sigma^2). Smooth, and not linear."""

    def network(x, alpha, sigma):
        return torch.tanh(alpha[:, None] * x / sigma[:, None] ** 2)

    return both(spaces.from_network(network, space))


def two_bells(space):
    """The exact denoiser of data around -1 and +1 with spread .5, which is smooth down to sigma = 0."""

    def network(x, alpha, sigma):
        a, variance = alpha[:, None], (sigma**2 + 0.25 * alpha**2)[:, None]
        centre = torch.tanh(a * x / variance)
        return centre + 0.25 * a / variance * (x - a * centre)

    return both(spaces.from_network(network, space))


def both(denoise):
    """The model with the same for its unconditional prediction: no guidance."""

    def model(x, sigma):
        denoised = denoise(x, sigma)
        return sigmatic.samplers.Output(denoised, denoised)

    return model


def grid(space, steps, low=0.45):
    """Even in log-SNR: from sigma 10 to .8 on VE, from .98 to `low` on flow."""
    ends = [spaces.level(s, space).lam for s in ((10.0, 0.8) if space == "ve" else (0.98, low))]
    return torch.tensor(
        [spaces.at_rho(math.exp(-ends[0] - (ends[1] - ends[0]) * i / steps), space).sigma for i in range(steps + 1)],
        dtype=torch.float64,
    )


def memory(name):
    """How many steps are done beforehand: none by samplers that begin anew, group by group."""
    spec = sigmatic.samplers.get(name)
    return 0 if spec.group_size else spec.history


def started(name, x, sigmas, space, model):
    """x and the state of a multistep sampler after its first steps, done by a method of order 5."""
    spec = sigmatic.samplers.get(name)
    kept, registers = [], []
    for here, there in itertools.pairwise(sigmas[: memory(name) + 1]):
        first = sigmatic.samplers.table(name, [here, there], space=space, **ode(name)).rows[0].stages[0]
        denoised, uncond, _ = model(x, here.expand(len(x)))
        kept[:0] = [Kept(float(here), first.p, first.q)] + [Kept(float(here), 0.0, 1.0)] * spec.uncond
        registers[:0] = [denoised if first.p == 0 else x + first.q / first.p * denoised] + [uncond] * spec.uncond
        between = torch.linspace(float(here), float(there), 5, dtype=torch.float64)
        x = sigmatic.samplers.sample("dormand_prince", model, x, between, space=space, disable=True)
    end = float(sigmas[memory(name)])
    return x, sigmatic.samplers.State(name, space, end, tuple(x.shape), tuple(kept), tuple(registers))


def run(name, x, sigmas, space, make=two_points, **params):
    """A whole run as an ODE, begun at the sampler's own order."""
    model, params = make(space), {**ode(name), **params}
    x, state = started(name, x, sigmas, space, model)
    rest = sigmas[memory(name) :]
    return sigmatic.samplers.sample(name, model, x, rest, space=space, state=state, disable=True, **params)


ROUNDING = 1e-12  # errors below are float64's, not the method's


@pytest.mark.parametrize("name", ODES)
def test_order(name, space):
    x = torch.linspace(-9, 9, 64, dtype=torch.float64)[:, None] * (1 if space == "ve" else 0.2)
    order = sigmatic.samplers.get(name).order
    # arc's errors are small long before they fall as they must
    steps, low = ((384, 768, 1536), 0.3) if name.startswith("arc") else ((48, 96, 192, 384), 0.45)
    results = [run(name, x, grid(space, count, low), space) for count in steps]
    errors = [(a - b).norm().item() for a, b in itertools.pairwise(results)]
    slopes = [math.log2(a / b) for a, b in itertools.pairwise(errors) if b > ROUNDING]
    if sigmatic.samplers.get(name).checked == "none":  # constants are off: on even steps their errors nearly cancel
        assert slopes[-1] > order - 0.2, slopes
    else:
        assert slopes[-1] == pytest.approx(order, abs=0.2), slopes


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_arc_has_the_order_that_is_asked_for(order, space):
    """Without its corrector, which adds to it where steps are not short yet."""
    x = torch.linspace(-9, 9, 64, dtype=torch.float64)[:, None] * (1 if space == "ve" else 0.2)
    levels = (grid(space, count, 0.3) for count in (384, 768, 1536))
    results = [run("arc", x, sigmas, space, order=order, corrector="off") for sigmas in levels]
    errors = [(a - b).norm().item() for a, b in itertools.pairwise(results)]
    assert math.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.25), errors


def test_arc_keeps_its_order_down_to_sigma_0(space):
    x = torch.linspace(-2, 2, 64, dtype=torch.float64)[:, None]
    levels = (torch.linspace(0.5, 0, 96 * 2**k + 1, dtype=torch.float64) for k in range(4))  # before rounding counts
    results = [run("arc", x, sigmas, space, two_bells, last="integrate") for sigmas in levels]
    errors = [(a - b).norm().item() for a, b in itertools.pairwise(results)]
    assert math.log2(errors[-2] / errors[-1]) == pytest.approx(5, abs=0.5), errors


@pytest.mark.parametrize("name", ODES)
def test_limit_is_the_exact_solution(name, space):
    """Gaussian data: x at the end is x at the start scaled by the ratio of the marginal spreads."""
    order = sigmatic.samplers.get(name).order
    sigmas = grid(space, 1000 if order <= 2 else 300)

    def network(x, alpha, sigma):
        a, s = alpha[:, None], sigma[:, None]
        return a * x / (a**2 + s**2)

    x = torch.linspace(-2, 2, 9, dtype=torch.float64)[:, None]
    out = sigmatic.samplers.sample(
        name, both(spaces.from_network(network, space)), x, sigmas, space=space, disable=True, **ode(name)
    )
    a, b = (spaces.level(float(s), space) for s in (sigmas[0], sigmas[-1]))
    exact = x * math.hypot(b.alpha, b.sigma) / math.hypot(a.alpha, a.sigma)
    torch.testing.assert_close(out, exact, rtol=2e-3 if order == 1 else 1e-5, atol=1e-8)
