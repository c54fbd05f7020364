"""Ways of guidance, and detail, as functions: each paper's formula, what it is for, and what none may change."""

import pytest
import torch

from sigmatic.core.curve import Curve
from sigmatic.core.model import cfg
from sigmatic.core.model.detail import detailed

SHAPES = [(3, 4, 8, 8), (2, 3, 5, 6, 6), (2, 16)]


@pytest.fixture(params=SHAPES, ids=str)
def given(request):
    """(cond, uncond, x, sigma) in float64."""
    generator = torch.Generator().manual_seed(1)
    cond, uncond, noise = (torch.randn(request.param, generator=generator, dtype=torch.float64) for _ in range(3))
    return cond, uncond + 0.3, cond + 0.7 * noise, torch.full(request.param[:1], 0.7, dtype=torch.float64)


@pytest.mark.parametrize("way", cfg.WAYS)
@pytest.mark.parametrize("space", ["ve", "flow"])
def test_scale_one_is_the_prompt_and_equal_predictions_are_kept(given, way, space):
    cond, uncond, x, sigma = given
    for free, scale in ((uncond, 1.0), (cond, 7.0)):
        if way.startswith("cfg_zero") and scale == 1.0:
            continue  # at 1 the negative has no share: below
        torch.testing.assert_close(cfg.of(way, space)(cond, free, scale, x, sigma), cond)
    torch.testing.assert_close(cfg.of(way, space)(cond, uncond, 1.0, x, sigma), cond)


@pytest.mark.parametrize("way", cfg.WAYS)
def test_an_item_is_itself_in_any_batch(given, way):
    cond, uncond, x, sigma = given
    alone = cfg.of(way)(cond[1:2], uncond[1:2], 5.0, x[1:2], sigma[1:2])
    torch.testing.assert_close(cfg.of(way)(cond, uncond, 5.0, x, sigma)[1:2], alone)


@pytest.mark.parametrize("space", ["ve", "flow"])
def test_rescaled_has_the_spread_of_the_prompts_velocity(given, space):
    """phi 1: that spread exactly; phi 0: plain guidance; between, a mixture of both (eq. 16)."""
    cond, uncond, x, sigma = given
    mean = x if space == "flow" else x / (1 + 0.7**2)
    dims = tuple(range(1, x.ndim))
    full, half, none = (cfg.rescaled(cond, uncond, 6.0, x=x, sigma=sigma, space=space, phi=p) for p in (1.0, 0.5, 0.0))
    torch.testing.assert_close((mean - full).std(dims), (mean - cond).std(dims))
    torch.testing.assert_close(none, cfg.plain(cond, uncond, 6.0))
    torch.testing.assert_close(half, (full + none) / 2)
    with pytest.raises(ValueError, match="phi"):
        cfg.rescaled(cond, uncond, 6.0, x=x, sigma=sigma, phi=1.5)


def test_apg_is_algorithm_1(given):
    """Beside the algorithm as it is written, over three calls, item by item."""
    cond, uncond, _, _ = given
    projected, before = cfg.Projected(threshold=900.0, momentum=-0.5, parallel=0.25), 0.0
    longest = 900.0 * (cond[0].numel() / cfg.THRESHOLD_NUMBERS) ** 0.5
    for shift in (0.0, 0.5, -0.2):
        free = uncond + shift
        made = projected(cond, free, 4.0)
        before = (cond - free) - 0.5 * before
        for one, pull, result in zip(cond, before, made, strict=True):
            pull = pull * min(1.0, longest / float(pull.norm()))
            along = one * float((pull * one).sum() / one.norm() ** 2)
            torch.testing.assert_close(result, one + 3.0 * ((pull - along) + 0.25 * along))
    with pytest.raises(ValueError, match="threshold"):
        cfg.Projected(threshold=0.0)


def test_apg_without_bounds_is_plain_guidance(given):
    cond, uncond, _, _ = given
    free = cfg.Projected(threshold=float("inf"), momentum=0.0, parallel=1.0)
    torch.testing.assert_close(free(cond, uncond, 5.0), cfg.plain(cond, uncond, 5.0))


def test_cfg_zero_is_guidance_of_velocities_with_the_negative_fitted(given):
    """v = (1 - w) s v_uncond + w v_cond, with the s that brings v_uncond nearest to v_cond (eq. 13)."""
    cond, uncond, x, sigma = given
    level = 0.7
    v, free = (x - cond) / level, (x - uncond) / level
    made = cfg.zero_star(cond, uncond, 4.0, x=x)
    for k in range(len(x)):
        fit = float((v[k] * free[k]).sum() / (free[k] ** 2).sum())
        torch.testing.assert_close(made[k], x[k] - level * (-3.0 * fit * free[k] + 4.0 * v[k]), atol=1e-6, rtol=1e-6)
    assert sigma.unique() == level


def test_no_guidance_of_another_name():
    with pytest.raises(ValueError, match=r"guidance is 'best'.*apg"):
        cfg.of("best")


def test_detail_gives_the_model_less_noise_within_its_range():
    heard = []
    x, amounts = torch.zeros(2, 3), (0.0, 0.05, -0.3, Curve(((0.9, 0.2), (0.5, 0.0))))
    for amount in amounts:
        model = detailed(lambda x, sigma, **_: heard.append(sigma) or x, amount, space="flow")
        for level in (0.9, 0.5):
            model(x, torch.full((2,), level))
    wanted = [0.9, 0.5, 0.855, 0.475, 1.0, 0.65, 0.72, 0.5]
    torch.testing.assert_close(torch.stack(heard), torch.tensor(wanted)[:, None].expand(-1, 2))
    with pytest.raises(ValueError, match=r"detail is 0\.9"):
        detailed(lambda x, sigma: x, 0.9)
