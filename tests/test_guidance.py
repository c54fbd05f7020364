"""Guidance by a gradient: with the exact log-posterior it turns the model of all into the model of some, exactly."""

import copy

import pytest
import torch

import sigmatic
from sigmatic.core import space as spaces
from sigmatic.core.model import guidance
from sigmatic.demo.mixture import Mixture

WANTED = slice(0, 3)  # the class y: three of the mixture's eight components


@pytest.fixture
def everything():
    return Mixture((2,), seed=2)


@pytest.fixture
def wanted():
    """The mixture given y."""
    some = Mixture((2,), seed=2)
    some.centres = some.centres[WANTED]
    return some


def log_posterior(mixture, space):
    """log p(y | x), exact at every level: of y's share of the mixture's responsibilities."""

    def log_prob(x, sigma):
        a, s = spaces.alpha_of(sigma, space).to(x)[:, None], sigma.to(x)[:, None]
        gap = (x[:, None] - a[..., None] * mixture.centres.to(x)).square().sum(-1)
        logits = -gap / (2 * ((a * mixture.spread) ** 2 + s**2))
        return torch.logsumexp(logits[:, WANTED], 1) - torch.logsumexp(logits, 1)

    return log_prob


def _guided(mixture, space, scale=1.0):
    gradient = guidance.gradient_of(log_posterior(mixture, space))
    return guidance.guided(mixture.denoiser(space), gradient, scale, space=space)


def test_scale_1_is_the_conditional_denoiser(space, everything, wanted):
    sigma = torch.tensor([0.999, 0.9, 0.5, 0.2, 0.03] if space == "flow" else [90.0, 9.0, 1.0, 0.3, 0.03]).double()
    x = (torch.randn(5, 2, dtype=torch.float64) * sigma[:, None]) + 0.1
    exact = wanted.denoiser(space)(x, sigma)
    torch.testing.assert_close(_guided(everything, space)(x, sigma), exact, rtol=1e-8, atol=1e-8)
    assert not torch.allclose(everything.denoiser(space)(x, sigma), exact, atol=1e-2), "there was something to do"


def test_pure_noise_on_flow_is_no_singular_end(everything, wanted):
    x = torch.randn(6, 2, dtype=torch.float64)
    one = torch.ones(6, dtype=torch.float64)
    torch.testing.assert_close(_guided(everything, "flow")(x, one), wanted.denoiser("flow")(x, one), rtol=0, atol=1e-3)


@pytest.mark.parametrize("name", ["euler", "heun", "dpmpp_2m", "uni_pc", "euler_ancestral", "dpmpp_2m_sde", "lcm"])
def test_every_sampler_draws_from_the_condition(name, space, everything, wanted):
    """Guided and conditional runs are the same run; all points end at the wanted components."""
    sigmas = sigmatic.schedulers.sigmas("karras", 12, space=space, sigma_max=0.98 if space == "flow" else 12.0)
    x = torch.randn(40, 2, dtype=torch.float64) * float(sigmas[0])
    options = {"space": space, "seed": 4, "disable": True}
    out = sigmatic.samplers.sample(name, _guided(everything, space), x, sigmas, **options)
    torch.testing.assert_close(
        out, sigmatic.samplers.sample(name, wanted.denoiser(space), x, sigmas, **options), rtol=1e-5, atol=1e-5
    )


def test_scale_0_is_no_guidance_and_the_scale_is_linear(space, everything):
    x, sigma = torch.randn(4, 2, dtype=torch.float64), torch.full((4,), 0.4, dtype=torch.float64)
    free = everything.denoiser(space)(x, sigma)
    one, two = (_guided(everything, space, scale)(x, sigma) - free for scale in (1.0, 2.0))
    assert torch.equal(_guided(everything, space, 0.0)(x, sigma), free)
    torch.testing.assert_close(two, 2 * one)


class Classifier(torch.nn.Module):
    """A small network: what users have."""

    def __init__(self):
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.SiLU(), torch.nn.Linear(8, 3))

    def forward(self, x, sigma):
        return torch.log_softmax(self.layers(x), 1)[:, 0]


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode, torch.enable_grad])
def test_autograd_is_on_for_the_gradient_alone(mode, everything):
    """Under no_grad, inference mode (ComfyUI) and neither: the model never records, the classifier always does."""
    classifier, modes = Classifier(), []

    def model(x, sigma):
        modes.append((torch.is_grad_enabled(), x.requires_grad))
        return everything.denoiser()(x, sigma)

    def log_prob(x, sigma):
        modes.append((torch.is_grad_enabled(), x.requires_grad))
        return classifier(x, sigma)

    results = []
    sigmas = sigmatic.schedulers.sigmas("karras", 3)
    with mode():
        x = torch.randn(5, 2, generator=torch.Generator().manual_seed(1)) * sigmas[0]
        pulled = guidance.guided(model, guidance.gradient_of(log_prob), 1.0)
        results.append(sigmatic.samplers.sample("euler", pulled, x, sigmas, disable=True))
    assert modes == [(False, False), (True, True)] * 3
    assert not results[0].requires_grad and results[0].isfinite().all()
    assert all(p.grad is None for p in classifier.parameters())


def test_a_classifier_made_under_inference_mode_works_as_a_copy(everything):
    with torch.inference_mode():
        made = Classifier()
        with torch.inference_mode(False):
            classifier = copy.deepcopy(made)
        pulled = guidance.guided(everything.denoiser(), guidance.gradient_of(classifier), 1.0)
        assert pulled(torch.randn(4, 2), torch.ones(4)).isfinite().all()


def test_half_precision_stays_half(everything):
    pulled = _guided(everything, "ve")
    assert pulled(torch.randn(4, 2).half(), torch.ones(4)).dtype == torch.float16


@pytest.mark.parametrize(
    "call, hint",
    [
        (lambda m: guidance.guided(m, lambda x, s: x, float("nan")), "scale is nan"),
        (lambda m: guidance.guided(m, lambda x, s: x, space="vp"), "space is 'vp'"),
        (lambda m: guidance.guided(m, lambda x, s: x[0])(torch.ones(3, 2), torch.ones(3)), "shape of x"),
        (lambda m: guidance.gradient_of(lambda x, s: x)(torch.ones(3, 2), torch.ones(3)), "one number for each item"),
    ],
)
def test_mistakes_are_named(call, hint, everything):
    with pytest.raises(ValueError, match=hint):
        call(everything.denoiser())
