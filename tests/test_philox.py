"""Noise as A1111's web UI draws it: CUDA's numbers, from public sources."""

import importlib

import numpy as np
import pytest
import torch

from sigmatic.core.noise import kinds, philox

CUDA = [
    -0.9247, -0.4253, -2.6438, 0.1452, -0.1209, -0.5797, -0.6229, -0.3284, -1.0745, -0.3631, -1.6711, 2.2655, 0.3117,
    -0.1842, 1.2866, 1.1820, -0.1271, 1.2169, 1.4353, 1.0605, -0.4941, -1.4244, -0.7244, -1.2973, 0.0697, -0.0074,
]  # fmt: skip
"""torch.manual_seed(0); torch.randn(..., device="cuda"), as public notebooks that ran on several GPUs print it."""


def test_cudas_own_numbers():
    assert np.abs(philox.randn(0, 0, len(CUDA)) - CUDA).max() < 6e-5


def test_the_words_are_those_of_the_paper():
    """The known answers of Salmon's Random123 for counters and keys of zeros; our counter is (draw, 0, i, 0)."""
    assert [int(word[0]) for word in philox._words(0, 0, 1)] == [0x6627E8D5, 0xE169C58D]


@pytest.mark.parametrize("seed", [0, 7, 2**33, 2**64 - 1])
def test_they_are_normal_and_draws_differ(seed):
    z = np.stack([philox.randn(seed, draw, 50_000) for draw in range(3)]).astype(float)
    assert np.abs(z.mean(1)).max() < 0.02 and np.abs(z.std(1) - 1).max() < 0.02
    assert np.abs(np.corrcoef(z) - np.eye(3)).max() < 0.02


@pytest.mark.parametrize(("kind", "delta"), [("a1111", 0), ("a1111_ensd", 31337)])
def test_a_generator_a_picture_and_a_draw_after_the_other(kind, delta):
    x = torch.empty(2, 3, 4)
    start = kinds.initial(x, 5, kind=kind)
    source = kinds.KINDS[kind](x, 5)
    steps = [source(3.0, 2.0), source(2.0, 1.0)]
    for place in range(2):
        for drawn, seed, at in (
            (start, 5, 0),
            (steps[0], 5 + delta, delta == 0),
            (steps[1], 5 + delta, 1 + (delta == 0)),
        ):
            assert np.array_equal(drawn[place].flatten().numpy(), philox.randn(seed + place, int(at), 12))
    assert torch.equal(kinds.initial(x[:1], 5, [1], kind=kind)[0], start[1]), "a picture alone is itself"


@pytest.mark.parametrize(("kind", "denoise"), [("eps", 1.0), ("eps", 0.5), ("flow", 1.0)])
def test_ksampler_starts_as_the_web_ui_does(pack, monkeypatch, kind, denoise):
    """From noise times sigma, whatever the host makes of the noise that it is handed."""
    host = importlib.import_module("comfy.sample")
    handed, sample = [], host.sample_custom

    def watched(model, noise, *given, **more):
        handed.append((model, noise, given))
        return sample(model, noise, *given, **more)

    monkeypatch.setattr(host, "sample_custom", watched)
    pack.line(kind, noise="a1111", denoise=denoise)
    ((model, noise, (_, _, sigmas, *_)),) = handed
    ms = model.get_model_object("model_sampling")
    whole = float(sigmas[0]) > float(ms.sigma_max) * 0.9999
    x = ms.noise_scaling(sigmas[:1], noise, torch.zeros_like(noise), whole)
    both = [philox.randn(3 + place, 0, noise[0].numel()) for place in range(2)]
    wanted = torch.from_numpy(np.stack(both)).view_as(noise) * sigmas[0]
    torch.testing.assert_close(x, wanted, rtol=1e-5, atol=1e-6)
