"""The embedded models: their networks' exact properties, the edges of the loader, and that they draw what is asked."""

import dataclasses
import socket

import numpy as np
import pytest
import torch
from safetensors import safe_open

from sigmatic.demo import digits, measure, tiles
from sigmatic.demo.network import LAM_HIGH, LAM_LOW, log_snr

MODELS = {"digits": digits, "tiles": tiles}
LIMITS = {"digits": (4e6, 1.3e6), "tiles": (8e6, 4e6)}
"""Bytes of the file and parameters of the network, at most."""


@pytest.fixture(params=MODELS)
def model(request):
    return MODELS[request.param]


def noisy(model, count: int, sigma: float = 1.0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(5)
    return torch.randn(count, model.MODEL.colours, 32, 32, generator=generator) * sigma


@torch.no_grad()
def ask(model, x, alpha, sigma, label):
    """The network at one level for the whole batch."""
    alpha, sigma = torch.full((len(x),), alpha), torch.full((len(x),), sigma)
    return model.load()(x, alpha, sigma, model.one_hot(label, len(x)))


@pytest.mark.parametrize("name", MODELS)
def test_weights_are_there_and_small(name):
    model, (most_bytes, most_parameters) = MODELS[name], LIMITS[name]
    net = model.load()
    assert model.WEIGHTS.stat().st_size < most_bytes
    assert sum(p.numel() for p in net.parameters()) < most_parameters
    assert not net.training and all(p.dtype == torch.float32 and not p.requires_grad for p in net.parameters())
    assert model.load() is net, "read once"


def test_it_is_read_without_a_network_and_always_the_same(model, monkeypatch):
    monkeypatch.setattr(socket, "socket", lambda *_, **__: pytest.fail("a socket was opened"))
    (one, judge), (again, _) = (model.MODEL.read(model.WEIGHTS) for _ in range(2))
    for a, b in zip(one.parameters(), again.parameters(), strict=True):
        assert torch.equal(a, b)
    assert judge.out.out_features == model.CLASSES == one.classes and one.colours == model.MODEL.colours


def test_the_file_says_what_it_is(model):
    with safe_open(model.WEIGHTS, "pt") as file:
        facts = file.metadata()
    assert facts["license"] and facts["data"] and int(facts["step"]) > 0
    assert float(facts["recognised_ve"]) > 0.5


@pytest.mark.parametrize("cfg", [1.0, 2.0])
def test_an_item_does_not_depend_on_its_batch(model, cfg):
    x, sigma = noisy(model, 6, 3.0), torch.tensor([0.03, 0.2, 1.0, 3.0, 8.0, 14.6])
    labels = [3, None, 0, 9, 9, 5]
    together = model.denoiser(labels, cfg=cfg)(x, sigma)
    for k, label in enumerate(labels):
        alone = model.denoiser(label, cfg=cfg)(x[k : k + 1], sigma[k : k + 1])
        torch.testing.assert_close(alone[0], together[k], rtol=0, atol=2e-5)


@pytest.mark.parametrize("alpha, sigma", [(0.0, 1.0), (1.0, 1e3), (1.0, 1e-3), (0.999, 0.001), (1.0, 0.0)])
def test_no_end_is_singular(model, alpha, sigma):
    x0 = ask(model, noisy(model, 3, max(sigma, 0.1)), alpha, sigma, [1, 7, None])
    assert x0.isfinite().all() and x0.abs().max() < 2 * model.MODEL.high + 1


def test_infinite_noise_is_the_same_on_ve_and_flow(model):
    flow, ve = ask(model, noisy(model, 4), 0.0, 1.0, 2), ask(model, noisy(model, 4, 1e4), 1.0, 1e4, 2)
    torch.testing.assert_close(ve, flow, rtol=0, atol=0.02)


@pytest.mark.parametrize("rho", [0.03, 0.3, 1.0, 5.0, 40.0])
def test_ve_and_flow_see_the_same_prediction(model, rho):
    x, alpha = noisy(model, 4, (1 + rho**2) ** 0.5), 1 / (1 + rho)
    ve, flow = ask(model, x, 1.0, rho, 4), ask(model, alpha * x, alpha, alpha * rho, 4)
    torch.testing.assert_close(ve, flow, rtol=0, atol=2e-5)


def test_labels_blend_and_none_is_a_row_of_zeros(model):
    x, one = noisy(model, 2), torch.ones(2)
    with torch.no_grad():
        zeros = model.load()(x, one, one, torch.zeros(2, model.CLASSES))
    assert torch.equal(model.denoiser(None)(x, one), zeros)
    assert torch.equal(model.denoiser([None, None])(x, one), zeros)
    half = torch.zeros(2, model.CLASSES)
    half[:, [3, 8]] = 0.5
    blend = model.denoiser(half)(x, one)
    assert blend.isfinite().all() and not torch.equal(blend, zeros)


def test_guidance_is_the_textbook_formula(model):
    x, sigma = noisy(model, 3), torch.full((3,), 2.0)
    given, free = model.denoiser(6)(x, sigma), model.denoiser(None)(x, sigma)
    guided = model.denoiser([6, 6, 6], cfg=2.5)(x, sigma, seed=0, anything="is ignored")
    torch.testing.assert_close(guided, free + 2.5 * (given - free), rtol=0, atol=2e-5)
    torch.testing.assert_close(model.denoiser(6, cfg=0.0)(x, sigma), free, rtol=0, atol=2e-5)
    both = model.denoiser(6, cfg=2.5, uncond=True)(x, sigma)
    torch.testing.assert_close(both.denoised, guided, rtol=0, atol=2e-5)
    torch.testing.assert_close(both.uncond, free, rtol=0, atol=2e-5)


def test_the_noise_level_stays_where_the_network_was_trained():
    """Exact in the middle, held at both ends, rising without a kink."""
    ends = log_snr(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 0.0]))
    torch.testing.assert_close(ends, torch.tensor([LAM_LOW, LAM_HIGH]))
    lam = torch.linspace(-12, 11, 2301, dtype=torch.float64)
    held, middle = log_snr(torch.ones_like(lam), torch.exp(-lam)), (lam > -4) & (lam < 3)
    torch.testing.assert_close(held[middle], lam[middle], rtol=0, atol=1e-3)
    assert (held.diff() > 0).all() and held.diff().diff().abs().max() < 1e-4


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_the_answer_has_the_dtype_of_x(model, dtype):
    x = noisy(model, 2).to(dtype)
    x0 = model.denoiser(1)(x, torch.ones(2, dtype=dtype))
    assert x0.dtype == dtype and x0.shape == x.shape


@pytest.mark.parametrize("labels", [20, -1, [3, 20], [2.0], ["3"], [True], torch.zeros(2, 9)])
def test_bad_labels_are_refused_at_once(model, labels):
    with pytest.raises(ValueError, match="labels"):
        model.denoiser(labels)


@pytest.mark.parametrize("options", [{"space": "vp"}, {"cfg": float("nan")}])
def test_bad_options_are_refused_at_once(model, options):
    with pytest.raises(ValueError, match=next(iter(options))):
        model.denoiser(1, **options)


def test_wrong_shapes_are_refused(model):
    two = model.denoiser([1, 2])
    with pytest.raises(ValueError, match="labels: 2 of them for a batch of 3"):
        two(noisy(model, 3), torch.ones(3))
    with pytest.raises(ValueError, match="sigma"):
        two(noisy(model, 2), torch.ones(3))
    for call in (lambda x: two(x, torch.ones(2)), model.classify, model.features, model.to_images):
        with pytest.raises(ValueError, match=r"\(2, 4, 32, 32\)"):
            call(torch.zeros(2, 4, 32, 32))


@pytest.mark.parametrize("kept", [0, 4, 1000, -100])
def test_a_damaged_file_is_one_clear_sentence(model, tmp_path, kept):
    path = tmp_path / "cut.safetensors"
    path.write_bytes(model.WEIGHTS.read_bytes()[:kept])
    with pytest.raises(RuntimeError, match=r"cut\.safetensors.*damaged.*sigmatic\.demo\.train"):
        model.load(path)
    with pytest.raises(RuntimeError, match=r"cut\.safetensors.*damaged.*sigmatic\.demo\.train"):
        dataclasses.replace(model.MODEL, weights=path).look()


def test_a_glance_at_a_whole_file_is_quiet_and_reads_no_numbers(model, monkeypatch):
    monkeypatch.setattr("sigmatic.demo.embedded.load_file", lambda _: pytest.fail("it is read"))
    model.MODEL.look()


def test_the_file_of_another_model_is_damaged(tmp_path):
    with pytest.raises(RuntimeError, match=r"digits\.safetensors.*damaged.*sigmatic\.demo\.train_tiles"):
        tiles.load(digits.WEIGHTS)


def test_a_missing_file_is_one_clear_sentence(model, tmp_path):
    with pytest.raises(RuntimeError, match=r"gone\.safetensors.*missing.*sigmatic\.demo\.train"):
        model.load(tmp_path / "gone.safetensors")


def test_digits_are_white_on_black():
    images = digits.to_images(torch.tensor([-1.7, -1.0, 0.0, 1.0, 9.0]).reshape(5, 1, 1, 1).expand(5, 1, 32, 32))
    assert [int(image[0, 0]) for image in images] == [0, 0, 128, 255, 255]
    assert all(image.dtype == np.uint8 and image.shape == (32, 32) for image in images)


@pytest.mark.slow
def test_it_draws_what_is_asked_for(model, space):
    """A hundred pictures, guided as usual, 20 Euler steps: the classifier reads most as what was asked for."""
    labels = torch.arange(100) % model.CLASSES
    x0 = measure.draw(model.MODEL, model.load(), labels, space=space, cfg=model.GUIDANCE)
    level = {digits: 0.95, tiles: 0.7}[model]
    assert (model.classify(x0) == labels).float().mean() >= level
    varied = torch.stack([x0[labels == k].std(0).mean() for k in range(model.CLASSES)])
    assert varied.min() > 0.1, "every picture of a class looks the same"
