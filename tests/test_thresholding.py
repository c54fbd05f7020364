"""Predictions within the range of pictures: the papers' formulas, what is kept to the bit, every sampler."""

import pytest
import torch

from sigmatic import samplers
from sigmatic.core.model import thresholding as t

TABLED = [name for name in samplers.names() if not samplers.get(name).learned]


def pictures(spread=2.0):
    return spread * torch.randn(3, 3, 16, 16, generator=torch.Generator().manual_seed(2), dtype=torch.float64)


def test_dynamic_is_the_papers():
    """DPM-Solver++'s words: s = max(quantile(|x0|, 0.995), 1), then clamp(x0, -s, s) / s."""
    x0 = pictures()
    s = torch.quantile(x0.abs().reshape(3, -1), 0.995, dim=1).clamp(min=1.0).reshape(3, 1, 1, 1)
    torch.testing.assert_close(t.dynamic(x0), torch.clamp(x0, -s, s) / s, rtol=1e-12, atol=1e-12)
    assert t.dynamic(x0).abs().max() <= 1 and torch.equal(t.static(x0), x0.clamp(-1, 1))


@pytest.mark.parametrize("ratio", [1e-9, 0.3, 0.995, 1.0])
def test_the_quantile_is_torchs(ratio):
    values = pictures().flatten(1).abs()
    torch.testing.assert_close(t._quantile(values, ratio), torch.quantile(values, ratio, dim=1))


def test_another_range_is_the_same_rule_in_its_units():
    x0 = pictures()
    low, high = 0.5, 3.5
    torch.testing.assert_close(t.dynamic(2 + 1.5 * x0, low, high), 2 + 1.5 * t.dynamic(x0))
    assert t.static(10 * x0, low, high).max() == high


@pytest.mark.parametrize("way", ["static", "dynamic"])
def test_what_is_within_is_kept_and_items_are_their_own(way):
    x0 = pictures(0.2).clamp(-1, 1)
    assert torch.equal(t.of(way)(x0), x0)
    loud = torch.cat([x0[:1], 5 * x0[1:]])
    assert torch.equal(t.of(way)(loud)[:1], x0[:1])
    torch.testing.assert_close(t.of(way)(loud)[1:2], t.of(way)(loud[1:2]))
    assert t.of(way)(loud.half()).dtype == torch.float16


def test_none_is_the_model_itself():
    def model(x, sigma):
        return x

    assert t.thresholded(model, "none") is model and t.of("none") is None


@pytest.mark.parametrize("space", ["ve", "flow"])
@pytest.mark.parametrize("name", [name for name in TABLED if not samplers.get(name).integrates_to_zero])
def test_every_sampler_ends_within_the_range(name, space):
    """A model that shouts: without it the end is out of range; with a step to 0, x = D is within."""

    def model(x, sigma):
        return samplers.Output(3 * torch.tanh(x), 2.5 * torch.tanh(x))

    sigmas = [1.0, 0.7, 0.4, 0.2, 0.0] if space == "flow" else [10.0, 4.0, 1.0, 0.3, 0.0]
    x = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(1)) * sigmas[0]
    run = {"space": space, "disable": True, "seed": 1}
    assert samplers.sample(name, model, x, sigmas, **run).abs().max() > 1.5
    for way in ("static", "dynamic"):
        out = samplers.sample(name, t.thresholded(model, way), x, sigmas, **run)
        assert out.abs().max() <= 1 + 1e-6


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="none, static, dynamic"):
        t.of("clip")
    with pytest.raises(ValueError, match="lowest value"):
        t.of("static", 1.0, -1.0)
    with pytest.raises(ValueError, match="ratio is 0"):
        t.dynamic(pictures(), ratio=0)
