"""The embedded model: the network's exact properties, the edges of its loader, and that it draws what it is asked."""

import numpy as np
import pytest
import torch

from sigmatic import samplers, schedulers
from sigmatic.demo import digits
from sigmatic.demo.digits import CLASSES
from sigmatic.demo.network import LAM_HIGH, LAM_LOW, log_snr

SCHEDULES = {
    "ve": ("karras", {"sigma_min": 0.03, "sigma_max": 14.6, "rho": 7.0}),
    "flow": ("linear", {}),
}


@pytest.fixture(scope="module")
def net():
    return digits.load()


def noisy(count: int, sigma: float = 1.0) -> torch.Tensor:
    return torch.randn(count, 1, 32, 32, generator=torch.Generator().manual_seed(5)) * sigma


@torch.no_grad()
def ask(net, x, alpha, sigma, label):
    """The network at one level for the whole batch."""
    alpha, sigma = torch.full((len(x),), alpha), torch.full((len(x),), sigma)
    return net(x, alpha, sigma, digits.one_hot(label, len(x)))


def test_weights_are_there_and_small(net):
    assert digits.WEIGHTS.stat().st_size < 4e6
    assert sum(p.numel() for p in net.parameters()) < 1.3e6
    assert not net.training and all(p.dtype == torch.float32 and not p.requires_grad for p in net.parameters())
    assert digits.load() is net, "read once"


@pytest.mark.parametrize("cfg", [1.0, digits.GUIDANCE])
def test_an_item_does_not_depend_on_its_batch(cfg):
    x, sigma = noisy(6, 3.0), torch.tensor([0.03, 0.2, 1.0, 3.0, 8.0, 14.6])
    labels = [3, None, 0, 9, 9, 5]
    together = digits.denoiser(labels, cfg=cfg)(x, sigma)
    for k, label in enumerate(labels):
        alone = digits.denoiser(label, cfg=cfg)(x[k : k + 1], sigma[k : k + 1])
        torch.testing.assert_close(alone[0], together[k], rtol=0, atol=1e-5)


@pytest.mark.parametrize("alpha, sigma", [(0.0, 1.0), (1.0, 1e3), (1.0, 1e-3), (0.999, 0.001), (1.0, 0.0)])
def test_no_end_is_singular(net, alpha, sigma):
    x0 = ask(net, noisy(3, max(sigma, 0.1)), alpha, sigma, [1, 7, None])
    assert x0.isfinite().all() and x0.abs().max() < 3


def test_infinite_noise_is_the_same_on_ve_and_flow(net):
    flow, ve = ask(net, noisy(4), 0.0, 1.0, 2), ask(net, noisy(4, 1e4), 1.0, 1e4, 2)
    torch.testing.assert_close(ve, flow, rtol=0, atol=0.02)


@pytest.mark.parametrize("rho", [0.03, 0.3, 1.0, 5.0, 40.0])
def test_ve_and_flow_see_the_same_prediction(net, rho):
    x, alpha = noisy(4, (1 + rho**2) ** 0.5), 1 / (1 + rho)
    ve, flow = ask(net, x, 1.0, rho, 4), ask(net, alpha * x, alpha, alpha * rho, 4)
    torch.testing.assert_close(ve, flow, rtol=0, atol=1e-5)


def test_labels_blend_and_none_is_a_row_of_zeros(net):
    x, one = noisy(2), torch.ones(2)
    with torch.no_grad():
        zeros = net(x, one, one, torch.zeros(2, CLASSES))
    assert torch.equal(digits.denoiser(None)(x, one), zeros)
    assert torch.equal(digits.denoiser([None, None])(x, one), zeros)
    half = torch.zeros(2, CLASSES)
    half[:, [3, 8]] = 0.5
    blend = digits.denoiser(half)(x, one)
    assert blend.isfinite().all() and not torch.equal(blend, zeros)


def test_guidance_is_the_textbook_formula():
    x, sigma = noisy(3), torch.full((3,), 2.0)
    given, free = digits.denoiser(6)(x, sigma), digits.denoiser(None)(x, sigma)
    guided = digits.denoiser([6, 6, 6], cfg=2.5)(x, sigma, seed=0, anything="is ignored")
    torch.testing.assert_close(guided, free + 2.5 * (given - free), rtol=0, atol=1e-5)
    torch.testing.assert_close(digits.denoiser(6, cfg=0.0)(x, sigma), free, rtol=0, atol=1e-5)


def test_the_noise_level_stays_where_the_network_was_trained():
    """Exact in the middle, held at both ends, rising without a kink."""
    ends = log_snr(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 0.0]))
    torch.testing.assert_close(ends, torch.tensor([LAM_LOW, LAM_HIGH]))
    lam = torch.linspace(-12, 11, 2301, dtype=torch.float64)
    held, middle = log_snr(torch.ones_like(lam), torch.exp(-lam)), (lam > -4) & (lam < 3)
    torch.testing.assert_close(held[middle], lam[middle], rtol=0, atol=1e-3)
    assert (held.diff() > 0).all() and held.diff().diff().abs().max() < 1e-4


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_the_answer_has_the_dtype_of_x(dtype):
    x0 = digits.denoiser(1)(noisy(2).to(dtype), torch.ones(2, dtype=dtype))
    assert x0.dtype == dtype and x0.shape == (2, 1, 32, 32)


@pytest.mark.parametrize("labels", [10, -1, [3, 10], [2.0], ["3"], [True], torch.zeros(2, 9)])
def test_bad_labels_are_refused_at_once(labels):
    with pytest.raises(ValueError, match="labels"):
        digits.denoiser(labels)


@pytest.mark.parametrize("options", [{"space": "vp"}, {"cfg": float("nan")}])
def test_bad_options_are_refused_at_once(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        digits.denoiser(1, **options)


def test_wrong_shapes_are_refused():
    model = digits.denoiser([1, 2])
    with pytest.raises(ValueError, match="labels: 2 of them for a batch of 3"):
        model(noisy(3), torch.ones(3))
    with pytest.raises(ValueError, match="sigma"):
        model(noisy(2), torch.ones(3))
    for call in (lambda x: model(x, torch.ones(2)), digits.classify, digits.to_images):
        with pytest.raises(ValueError, match=r"\(2, 3, 32, 32\)"):
            call(torch.zeros(2, 3, 32, 32))


@pytest.mark.parametrize("kept", [0, 4, 1000, -100])
def test_a_damaged_file_is_one_clear_sentence(tmp_path, kept):
    path = tmp_path / "cut.safetensors"
    path.write_bytes(digits.WEIGHTS.read_bytes()[:kept])
    with pytest.raises(RuntimeError, match=r"cut\.safetensors.*damaged.*sigmatic\.demo\.train"):
        digits.load(path)


def test_a_missing_file_is_one_clear_sentence(tmp_path):
    with pytest.raises(RuntimeError, match=r"gone\.safetensors.*missing.*sigmatic\.demo\.train"):
        digits.load(tmp_path / "gone.safetensors")


def test_images_are_white_on_black():
    images = digits.to_images(torch.tensor([-1.7, -1.0, 0.0, 1.0, 9.0]).reshape(5, 1, 1, 1).expand(5, 1, 32, 32))
    assert [int(image[0, 0]) for image in images] == [0, 0, 128, 255, 255]
    assert all(image.dtype == np.uint8 and image.shape == (32, 32) for image in images)


@pytest.mark.slow
def test_it_draws_the_digit_asked_for(space):
    """At least 95 % of 100 digits, guided at GUIDANCE, 20 Euler steps, are read as the class that was asked for."""
    name, options = SCHEDULES[space]
    sigmas, labels = schedulers.sigmas(name, 20, space=space, **options), [k % CLASSES for k in range(100)]
    model = digits.denoiser(labels, space=space, cfg=digits.GUIDANCE)
    x0 = samplers.sample("euler", model, noisy(100, float(sigmas[0])), sigmas, space=space, disable=True)
    assert (digits.classify(x0) == torch.tensor(labels)).float().mean() >= 0.95
    varied = x0.reshape(10, CLASSES, -1).std(0).mean(1)
    assert varied.min() > 0.1, "every digit of a class looks the same"
