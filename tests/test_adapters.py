"""One model under all its faces: eps, v, x0, both flow conventions, discrete and continuous time, VE and flow."""

import itertools
import math

import pytest
import torch

import sigmatic
from sigmatic.core import policy, space as spaces
from sigmatic.core.loop import Output
from sigmatic.core.model import adapters, guidance
from sigmatic.core.model.discrete import Discrete
from sigmatic.demo import digits
from sigmatic.demo.mixture import Mixture

TABLE = Discrete.from_betas(0.00085, 0.012, scaled=True)
FACES = {
    "x0": adapters.plain(),
    "edm eps": adapters.plain("eps"),
    "edm v": adapters.plain("v"),
    "ddpm eps": adapters.discrete("eps", TABLE),
    "ddpm v": adapters.discrete("v", TABLE.alphas_cumprod),
    "ddpm x0": adapters.discrete("x0", torch.from_numpy(TABLE.alphas_cumprod)),
    "flow to 1": adapters.flow(1),
    "flow to 0": adapters.flow(0),
}


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("sampled", ["ve", "flow"])
def test_there_and_back_is_the_same_denoiser(face, space, sampled):
    """A denoiser of one space, seen as a network, is the exact denoiser again in either space."""
    mixture = Mixture((3,))
    seen = adapters.network(mixture.denoiser(space), FACES[face], space)
    again = adapters.denoiser(seen, FACES[face], sampled)
    x = torch.randn(6, 3, dtype=torch.float64)
    rho = torch.tensor([0.03, 0.1, 0.5, 1.0, 4.0, 14.0], dtype=torch.float64)
    sigma = rho / (1 + rho) if sampled == "flow" else rho
    torch.testing.assert_close(again(x, sigma), mixture.denoiser(sampled)(x, sigma), rtol=1e-7, atol=1e-7)


def test_networks_are_asked_as_they_expect():
    """Input of unit size and whole step numbers for DDPM networks; t and velocity of either sign for flow."""
    asked = []

    def network(x, t, **extra):
        asked.append((x, t, extra))
        return torch.zeros_like(x)

    x = torch.ones(2, 1, dtype=torch.float64)
    steps = torch.tensor([3, 700])
    sigma = torch.from_numpy(TABLE.sigmas)[steps]
    adapters.denoiser(network, FACES["ddpm eps"])(x, sigma, y=5)
    seen, t, extra = asked.pop()
    torch.testing.assert_close(t, steps.double(), rtol=0, atol=1e-6)
    torch.testing.assert_close(seen[:, 0], torch.from_numpy(TABLE.alphas_cumprod)[steps].sqrt())
    assert extra == {"y": 5}
    for noise_at, expected in ((1, 0.75), (0, 0.25)):
        x0 = adapters.denoiser(network, adapters.flow(noise_at), "flow")(x, torch.full((2,), 0.75))
        assert asked.pop()[1].tolist() == [expected] * 2
        torch.testing.assert_close(x0, x)  # x = (1 - t) x0 + t n stands still: x0 = n = x


def test_no_end_of_flow_is_singular():
    mixture = Mixture((3,))
    for noise_at in (0, 1):
        seen = adapters.network(mixture.denoiser("ve"), adapters.flow(noise_at))
        x = torch.randn(4, 3)
        x0 = adapters.denoiser(seen, adapters.flow(noise_at), "flow")(x, torch.ones(4))
        torch.testing.assert_close(x0, mixture.denoiser("flow")(x, torch.ones(4)), rtol=1e-3, atol=1e-3)


def test_what_else_a_model_returns_is_handed_on():
    """An Output (the prediction without the prompt, a learned variance) goes through every adapter."""
    mixture, frac = Mixture((3,)), torch.rand(4, 3)

    def model(x, sigma):
        return Output(mixture.denoiser()(x, sigma), 0.5 * x, frac)

    x, sigma = torch.randn(4, 3), torch.ones(4)
    seen = adapters.network(model, FACES["ddpm eps"])
    outputs = {
        "adapter": adapters.denoiser(seen, FACES["ddpm eps"])(x, sigma),
        "clip": adapters.clip_denoised(model, -9, 9)(x, sigma),
        "guidance": guidance.guided(model, lambda x, sigma: torch.zeros_like(x))(x, sigma),
    }
    for output in outputs.values():
        torch.testing.assert_close(output, model(x, sigma), rtol=1e-4, atol=1e-5)
    clipped = adapters.clip_denoised(model, -0.1, 0.1)(x, sigma)
    assert clipped.denoised.abs().max() <= 0.1 and clipped.uncond.abs().max() <= 0.1 and clipped.log_var_frac is frac


@pytest.mark.parametrize(
    "wrong", [lambda: adapters.flow(2), lambda: adapters.plain("noise"), lambda: adapters.discrete("eps", [0.5, 0.9])]
)
def test_wrong_habits_are_refused(wrong):
    with pytest.raises(ValueError, match="give"):
        wrong()


@pytest.mark.parametrize(
    "bad", [lambda x: spaces.from_x0("nose", x, x, x, x), lambda x: spaces.from_network(abs, "ve", "u")]
)
def test_unknown_kinds_are_refused(bad):
    with pytest.raises(ValueError, match="x0, eps, v"):
        bad(torch.ones(1))


# Euler-Maruyama on a velocity model, and ancestral Euler.


def euler_maruyama(velocity, x, times, g2, noise):
    """dx = (u + g^2/2 score) dt + g dW from noise (t = 0) to the image (t = 1), in plain steps, without our library.

    x_t = t x0 + (1 - t) n, so the score is -(x - t u)/(1 - t): the drift that keeps the marginals for every g.
    """
    for (t, end), variance in zip(itertools.pairwise(times), g2, strict=True):
        h, u = end - t, velocity(x, torch.full((len(x),), t, dtype=x.dtype))
        score = -(x - t * u) / (1 - t)
        x = x + h * (u + 0.5 * variance * score) + math.sqrt(h * variance) * noise(1 - t, 1 - end)
    return x


@pytest.fixture
def velocity():
    """The exact velocity field of a mixture, as a network that counts t from noise at 0."""
    return adapters.network(Mixture((2,)).denoiser("flow"), adapters.flow(0), "flow")


def _both(velocity, steps, eta, space):
    """(Euler-Maruyama, ancestral Euler through the adapter), same start and noise; g makes their noise equal."""
    times = torch.linspace(0.1, 0.8, steps + 1, dtype=torch.float64).tolist()
    x = torch.randn(2048, 2, dtype=torch.float64)
    draw = {round(1 - t, 9): torch.randn_like(x) for t in times}  # by the level where a step begins
    levels = [spaces.level(1 - t, "flow") for t in times]
    fresh = [policy.deviation(b, policy.ancestral(a, b, eta)) ** 2 for a, b in itertools.pairwise(levels)]
    g2 = [variance / (b - a) for variance, (a, b) in zip(fresh, itertools.pairwise(times), strict=True)]
    maruyama = euler_maruyama(velocity, x, times, g2, lambda sigma, _: draw[round(sigma, 9)])
    ends = [at.alpha if space == "ve" else 1.0 for at in (levels[0], levels[-1])]
    sigmas = torch.tensor([at.rho if space == "ve" else at.sigma for at in levels], dtype=torch.float64)

    def noise(sigma, _):
        return draw[round(spaces.at_rho(sigma, "flow").sigma if space == "ve" else sigma, 9)]

    model = adapters.denoiser(velocity, adapters.flow(0), space)
    options = {"space": space, "noise": noise, "eta": eta, "disable": True}
    ancestral = sigmatic.samplers.sample("euler_ancestral", model, x / ends[0], sigmas, **options) * ends[1]
    return maruyama, ancestral


def test_without_noise_they_are_the_same_steps(velocity, space):
    """eta 0: x += h u is Euler of the samplers, on VE (k-diffusion's) and on flow, to rounding, for any steps."""
    for steps in (1, 3, 20):
        maruyama, ancestral = _both(velocity, steps, 0.0, space)
        torch.testing.assert_close(maruyama, ancestral, rtol=0, atol=1e-13)


@pytest.mark.parametrize("eta", [0.5, 1.0])
def test_with_noise_they_are_one_sampler_to_first_order(velocity, space, eta):
    """Same noise, drifts that differ by O(h^2) a step: the two end O(h) apart, which is the order of either."""
    gaps = [(a - b).abs().mean().item() for a, b in (_both(velocity, n, eta, space) for n in (16, 32, 64, 128))]
    assert gaps[-1] > 1e-5, "equal would be wrong, too: see the test below"
    slope = math.log2(gaps[0] / gaps[-1]) / 3
    assert slope == pytest.approx(1, abs=0.15), gaps


@pytest.mark.parametrize("eta", [0.3, 1.0])
def test_the_ancestral_step_is_exactly_a_velocity_step_and_a_langevin_step(eta):
    """x' = x + h u + c score + B xi with c = sigma sigma' (1 - d) and B = sigma' sqrt(1 - d^2), not to first order.

    Euler-Maruyama has c = B^2/2 instead; B^2/(2c) = sigma' (1 + d)/(2 sigma) < 1, so with noise no choice of steps
    makes the two equal.
    """
    for sigma, sigma_next in ((0.95, 0.7), (0.5, 0.45), (0.2, 0.01)):
        (row,) = sigmatic.samplers.table("euler_ancestral", [sigma, sigma_next], space="flow", eta=eta).rows
        landing, t, h = row.stages[-1], 1 - sigma, sigma - sigma_next
        d = policy.ancestral(spaces.level(sigma, "flow"), spaces.level(sigma_next, "flow"), eta)
        c, variance = sigma * sigma_next * (1 - d), landing.B[0] ** 2
        # u = (D - x)/sigma and score = -(x - t D)/sigma^2 in terms of x and D
        assert pytest.approx(1 - h / sigma - c / sigma**2, abs=1e-12) == landing.A
        assert landing.w[0] == pytest.approx(h / sigma + t * c / sigma**2, abs=1e-12)
        assert variance / (2 * c) == pytest.approx(sigma_next * (1 + d) / (2 * sigma), rel=1e-9)
        assert variance / (2 * c) < 1


# One digit network under three names.


@pytest.mark.parametrize("sampler", ["euler", "euler_ancestral", "dpmpp_2m", "dpmpp_2m_sde"])
def test_one_digit_network_as_eps_v_and_flow_draws_the_same_digits(sampler):
    """The network made to predict eps and v at DDPM's step numbers (VE), and the velocity (flow)."""
    rho = sigmatic.schedulers.sigmas("karras", 12).double()
    noise = torch.randn(4, 1, 32, 32)
    made = {}
    for name in ("ddpm eps", "ddpm v", "flow to 1", "flow to 0"):
        own = "flow" if "flow" in name else "ve"
        seen = adapters.network(digits.denoiser([1, 4, 7, 8], space=own), FACES[name], own)
        sigmas = rho / (1 + rho) if own == "flow" else rho
        x = noise * sigmas[0]
        model = adapters.denoiser(seen, FACES[name], own)
        clock = {"clock": "log_snr"} if sampler == "dpmpp_2m" else {}  # in it the steps of all are the same
        made[name] = sigmatic.samplers.sample(sampler, model, x, sigmas, space=own, seed=3, disable=True, **clock)
    for other in made.values():
        torch.testing.assert_close(other, made["ddpm eps"], rtol=0, atol=1e-3)
