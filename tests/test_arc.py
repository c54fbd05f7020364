"""What `arc` can be told: how far its last correction goes, and how wide the model's data are."""

import pytest
import torch

import sigmatic
from sigmatic.demo import digits
from sigmatic.demo.mixture import Mixture

SHAPE = (2, 3)


def levels(steps, space):
    return sigmatic.schedulers.sigmas("arc", steps, space=space, sigma_min=1e-4).double()


def run(model, x, sigmas, space, **options):
    return sigmatic.samplers.sample_with_state("arc", model, x, sigmas, space=space, disable=True, **options)


def landing(sigmas, space, **options):
    return sigmatic.samplers.table("arc", sigmas, space=space, **options).rows[-1].stages[-1]


def test_auto_is_on_but_for_the_last_step(space):
    """Halfway between on and off there, where that is integrated."""
    sigmas = levels(10, space)
    auto, on, off = (
        sigmatic.samplers.table("arc", sigmas, space=space, corrector=c, last="integrate")
        for c in ("auto", "on", "off")
    )
    assert auto.rows[:-1] == on.rows[:-1]
    last, full, none = (table.rows[-1].stages[-1] for table in (auto, on, off))
    assert pytest.approx((full.A + none.A) / 2, rel=1e-12) == last.A
    padded = (*none.w, *[0.0] * (len(full.w) - len(none.w)))
    assert last.w == pytest.approx([(a + b) / 2 for a, b in zip(full.w, padded, strict=True)], rel=1e-9)


def test_a_run_that_ends_above_0_is_put_right_in_full(space):
    sigmas = levels(12, space)[:-1]
    assert landing(sigmas, space) == landing(sigmas, space, corrector="on")


def test_the_last_step_is_the_models_picture_unless_it_is_to_be_integrated(space):
    """D of the newest prediction; the rest of the table is the same."""
    sigmas = levels(10, space)
    plain, integrated = (sigmatic.samplers.table("arc", sigmas, space=space, **o) for o in ({}, {"last": "integrate"}))
    assert (plain.rows[-1].stages[-1].A, plain.rows[-1].stages[-1].w) == (0.0, (1.0,))
    assert plain.rows[:-1] == integrated.rows[:-1] and integrated.rows[-1].stages[-1].A != 0


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_few_steps_have_what_they_can(steps, space):
    sigmas = levels(steps, space)
    x = torch.randn(2, *SHAPE, dtype=torch.float64) * sigmas[0]
    assert torch.isfinite(run(Mixture(SHAPE).denoiser(space), x, sigmas, space)[0]).all()


@pytest.mark.parametrize("cfg", [1.0, 5.0])
def test_auto_brings_the_digits_nearer_on_flow(cfg):
    net, steps, count = digits.load(), 10, 6
    model = digits.guided(net, list(range(count)), space="flow", cfg=cfg)
    x = torch.randn(count, 1, 32, 32, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    fine = torch.cat([levels(40, "flow")[:-1], torch.tensor([1e-5, 0.0], dtype=torch.float64)])
    best = sigmatic.samplers.sample("dormand_prince", model, x, fine, space="flow", disable=True)
    auto, on = (run(model, x, levels(steps, "flow"), "flow", corrector=c, last="integrate")[0] for c in ("auto", "on"))
    errors = [(out - best).flatten(1).norm(dim=1).log().mean() for out in (auto, on)]
    assert errors[0] < errors[1] - 0.03


@pytest.mark.parametrize("scale", [0.2, 7.0])
def test_wider_data_are_the_same_with_as_wide_a_data_std(scale):
    """c x0 from c noise: every level, the data and data_std c times as large; and the run is c times the run."""
    sigmas, exact = levels(25, "ve"), Mixture(SHAPE).denoiser("ve")
    x = Mixture(SHAPE).noised(5, float(sigmas[0]), "ve", seed=3).double()
    scaled = lambda x, sigma: scale * exact(x / scale, sigma / scale)  # noqa: E731
    plain, _ = run(exact, x, sigmas, "ve")
    wide, _ = run(scaled, scale * x, scale * sigmas, "ve", data_std=2.2 * scale)
    torch.testing.assert_close(wide, scale * plain, rtol=1e-7, atol=1e-7 * scale)


def test_data_std_is_one_number():
    with pytest.raises(ValueError, match="data_std is"):
        sigmatic.samplers.table("arc", levels(9, "ve"), data_std=lambda sigma: 1.0 + sigma)


@pytest.mark.parametrize("eta", [0.01, 1.0])
@pytest.mark.parametrize("data_std", [0.1, 2.2])
def test_noise_never_magnifies_what_a_network_rounds(eta, data_std):
    sigmas = [80.0, 79.0, 77.0, 34.71, 34.01, 28.78, 0.0041, 0.0]
    rows = sigmatic.samplers.table("arc_sde", sigmas, eta=eta, data_std=data_std).rows
    assert max(sum(map(abs, row.stages[-1].w)) for row in rows) < 60
