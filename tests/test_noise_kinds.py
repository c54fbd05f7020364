"""Kinds of noise other than white: unit variance, item by item, the spectrum that the name says."""

import itertools
import math

import pytest
import torch

import sigmatic
from sigmatic.core.noise import kinds, shapes

SHARED = ["window", "loop"]  # by the frames of a video
KINDS = sorted(set(kinds.KINDS) - set(SHARED))
SPATIAL = ["pink", "blue", "violet", "pyramid"]
WITH_A_PATH = ["brownian", *SPATIAL]


def draw(kind, shape, seed=1, batch_index=None, pair=(2.0, 1.0), **more):
    return kinds.KINDS[kind](torch.empty(shape), seed, batch_index, **more)(*pair)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(2, 3, 40, 56), (1, 2, 3, 33, 17)])
def test_unit_variance_everywhere(kind, shape):
    z = torch.cat([draw(kind, shape, seed) for seed in range(120)]).double()
    assert z.shape[1:] == shape[1:] and z.var().item() == pytest.approx(1, abs=0.03)
    rows, columns = z.var(dim=(0, 1, -1)), z.var(dim=(0, 1, -2))
    assert rows.min() > 0.7 and rows.max() < 1.4 and columns.min() > 0.7 and columns.max() < 1.4


@pytest.mark.parametrize("kind", KINDS)
def test_an_item_is_itself_in_any_batch(kind):
    assert torch.equal(draw(kind, (5, 2, 16, 12))[3], draw(kind, (1, 2, 16, 12), batch_index=[3])[0])


@pytest.mark.parametrize(("kind", "exponent"), [("pink", 1), ("blue", -1), ("violet", -2), ("brownian", 0)])
def test_the_spectrum_falls_as_named(kind, exponent):
    z = torch.cat([draw(kind, (8, 4, 64, 64), seed) for seed in range(8)])
    spectrum = torch.fft.rfft2(z).abs().pow(2).mean(dim=(0, 1))
    f = torch.hypot(torch.fft.fftfreq(64)[:, None], torch.fft.rfftfreq(64)[None])
    low, high = ((f > a) & (f < b) for a, b in ((0.04, 0.08), (0.32, 0.4)))
    slope = math.log(spectrum[low].mean() / spectrum[high].mean()) / math.log(f[high].mean() / f[low].mean())
    assert slope == pytest.approx(exponent, abs=0.15)


def test_pyramid_has_more_at_low_frequencies():
    z = torch.cat([draw("pyramid", (8, 4, 64, 64), seed) for seed in range(4)])
    spectrum = torch.fft.rfft2(z).abs().pow(2).mean(dim=(0, 1))
    assert spectrum[1:3, 1:3].mean() > 5 * spectrum[20:30, 20:30].mean()


@pytest.mark.parametrize(("kind", "kurtosis"), [("uniform", 1.8), ("laplacian", 6.0), ("gaussian", 3.0)])
def test_the_shape_of_single_numbers(kind, kurtosis):
    z = draw(kind, (1, 1_000_000)).double()
    assert (z**4).mean().item() / z.var().item() ** 2 == pytest.approx(kurtosis, rel=0.03)
    assert z.mean().item() == pytest.approx(0, abs=0.005)


@pytest.mark.parametrize("kind", WITH_A_PATH)
def test_kinds_with_a_path_add_up(kind):
    path = kinds.KINDS[kind](torch.empty(1, 2, 16, 16), 1)
    sigmas = [float(s) for s in sigmatic.schedulers.sigmas("karras", 9)[:-1]]

    def increment(a, b):
        return path(a, b) * math.sqrt(round((path.clock(b) - path.clock(a)) * 1024) / 1024)

    parts = sum(increment(a, b) for a, b in itertools.pairwise(sigmas))
    torch.testing.assert_close(parts, increment(sigmas[0], sigmas[-1]), rtol=0, atol=1e-2)


@pytest.mark.parametrize("kind", SPATIAL)
@pytest.mark.parametrize("shape", [(2, 8, 100), (1, 1, 500), (2, 5), (1, 4, 1, 9)])
def test_latents_without_height_and_width_are_refused(kind, shape):
    with pytest.raises(ValueError, match="height and width"):
        draw(kind, shape)


@pytest.mark.parametrize("kind", ["gaussian", "brownian", "uniform", "laplacian"])
@pytest.mark.parametrize("shape", [(2, 8, 100), (1, 1, 500), (2, 5)])
def test_the_others_take_any_shape(kind, shape):
    assert draw(kind, shape).shape == shape


def test_parameters_are_checked():
    x = torch.empty(1, 2, 8, 8)
    for call, message in [
        (lambda: kinds.power(x, 1, exponent=5), "exponent is 5"),
        (lambda: kinds.power(x, 1, exponent=math.nan), "exponent"),
        (lambda: kinds.pyramid(x, 1, discount=-0.1), "discount"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
    assert torch.allclose(kinds.power(x, 1, exponent=0)(2.0, 1.0), kinds.brownian(x, 1)(2.0, 1.0), atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_samplers_take_every_kind_by_name(kind):
    x, sigmas = torch.ones(2, 2, 8, 8), [3.0, 2.0, 1.0]
    out = sigmatic.samplers.sample("dpmpp_2m_sde", lambda x, s: x * 0.5, x, sigmas, noise=kind, disable=True)
    assert torch.isfinite(out).all()


def test_enlarged_levels_have_the_variance_that_is_divided_out():
    weights = shapes._squared(5, 9)
    big = torch.nn.functional.interpolate(torch.randn(20_000, 1, 5), 9, mode="linear")[:, 0]
    torch.testing.assert_close(big.var(0), weights, rtol=0.05, atol=0)


@pytest.mark.parametrize("apart", [1e-7, 1e-6, 9e-6])
@pytest.mark.parametrize("name", ["dpmpp_sde", "dpmpp_2m_sde"])
def test_levels_too_close_for_comfys_noise_are_refused_in_words(name, apart):
    pytest.importorskip("torchsde")
    sigmas = torch.tensor([3.0, 1.0, 1.0 - apart, 0.3, 0.0], dtype=torch.float64)
    calls = []

    def run(noise):
        return sigmatic.samplers.sample(name, calls.append, torch.ones(1, 4), sigmas, noise=noise, disable=True)

    with pytest.raises(ValueError, match=r"sigmas\[1\] and sigmas\[2\].*apart.*Leave one out"):
        run("comfy")
    assert not calls


@pytest.mark.parametrize("kind", SHARED)
def test_frames_share_the_noise_of_a_window(kind):
    """The first 16 frames are white and those of a short clip; the others are 16 again, by fours in another order."""
    z = draw(kind, (2, 3, 41, 8, 6))
    assert torch.equal(z[:, :, :16], draw(kind, (2, 3, 16, 8, 6)))
    assert torch.equal(z[:, :, :16], draw("brownian", (2, 3, 16, 8, 6)))
    same = [[k for k in range(16) if torch.equal(z[:, :, t], z[:, :, k])] for t in range(41)]
    assert all(len(found) == 1 for found in same)
    order = [found[0] for found in same]
    if kind == "loop":
        assert order == [t % 16 for t in range(41)]
    else:
        assert all(sorted(order[t : t + 4]) == sorted(k % 16 for k in range(t, t + 4)) for t in range(0, 40, 4))
        assert order[16:32] != list(range(16)) and order[16:32] != order[:16]
        assert all(order[t : t + 4] != [t % 16 + k for k in range(4)] for t in range(16, 40, 4))


@pytest.mark.parametrize("kind", SHARED)
def test_every_frame_has_variance_one_and_no_other_its_numbers_nearby(kind):
    z = torch.cat([draw(kind, (1, 2, 33, 12, 10), seed) for seed in range(60)]).double()
    assert z.var(dim=(0, 1, 3, 4)).sub(1).abs().max() < 0.05
    flat = z.movedim(2, 0).flatten(1)
    likeness = (flat @ flat.T / flat.shape[1]).abs()
    near = [likeness[t, t + gap] for gap in (1, 2, 3) for t in range(33 - gap)]
    assert max(near) < 0.06, "frames next to each other stay independent"


@pytest.mark.parametrize("kind", SHARED)
def test_shared_noise_is_itself_in_any_batch_adds_up_and_says_where_it_does_not_fit(kind):
    assert torch.equal(draw(kind, (5, 2, 20, 4, 4))[3], draw(kind, (1, 2, 20, 4, 4), batch_index=[3])[0])
    path = kinds.KINDS[kind](torch.empty(1, 2, 20, 4, 4), 1)
    clock = [path.clock(sigma) for sigma in (4.0, 2.0, 1.0)]
    parts = path(4.0, 2.0) * (clock[1] - clock[0]) ** 0.5 + path(2.0, 1.0) * (clock[2] - clock[1]) ** 0.5
    torch.testing.assert_close(parts, path(4.0, 1.0) * (clock[2] - clock[0]) ** 0.5, atol=1e-5, rtol=0)
    with pytest.raises(ValueError, match="video latents"):
        draw(kind, (1, 4, 8, 8))
    assert torch.equal(
        kinds.initial(torch.empty(1, 2, 5, 4, 4), 1, kind=kind), kinds.initial(torch.empty(1, 2, 5, 4, 4), 1)
    )
