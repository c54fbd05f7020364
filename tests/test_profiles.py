"""Profiles: what they promise for every number of steps, what a fit may cost, and what happens to damaged files."""

import json
import math

import pytest
import torch

from sigmatic import profiles, samplers, schedulers
from sigmatic.demo import digits
from sigmatic.demo.mixture import Mixture
from sigmatic.profiles import search
from sigmatic.profiles.profile import LIMITS, read

LOW = {"ve": 0.0292, "flow": 0.001}
RUN = (4, 9, 50)  # steps whose tables are made
MODEL = Mixture((16,), seed=5)


def noise(count=4, seed=1):
    return torch.randn(count, 16, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module", params=("ve", "flow"))
def fitted(request):
    """(profile, model calls) of a mixture."""
    calls, model = [], MODEL.denoiser(request.param)

    def counted(x, sigma, **extra_args):
        assert extra_args == {"prompt": "a"}
        calls.append(len(x))
        return model(x, sigma)

    made = profiles.fit(counted, noise(), space=request.param, extra_args={"prompt": "a"})
    return made, calls


def check(profile):
    """Every number of steps has levels; a run can follow those."""
    for steps in range(4, 51):
        sigmas = profile.sigmas(steps)
        assert sigmas.dtype == torch.float32 and sigmas.shape == (steps + 1,) and sigmas[-1] == 0
        assert sigmas.isfinite().all() and (sigmas.diff() < 0).all(), steps
        assert sigmas[0] == torch.tensor(profile.sigma_max) and sigmas[-2] >= profile.sigma_min * (1 - 1e-6)
        if steps in RUN:
            samplers.table(profile.sampler, sigmas, space=profile.space, **profile.params(steps))


def test_a_fit_gives_levels_for_every_count_within_its_budget(fitted):
    profile, calls = fitted
    assert len(calls) == profile.evaluations <= profiles.BUDGET and set(calls) == {4}
    check(profile)


@pytest.mark.parametrize("space", ("ve", "flow"))
@pytest.mark.parametrize("ends", (0, 1), ids=("least", "most"))
def test_the_farthest_numbers_that_a_profile_may_have_still_make_schedules(space, ends):
    numbers = {name: limits[ends] for name, limits in LIMITS.items()}
    high = 1.0 if space == "flow" else 14.6
    for low in (1e-4, 0.05):
        check(profiles.Profile(space, low, high, **numbers))
        for name in LIMITS:
            check(profiles.Profile(space, low, high, **{name: numbers[name]}))


def test_a_profile_is_better_than_arc_as_it_comes_on_noise_it_has_not_seen(fitted):
    profile, _ = fitted
    model, space = MODEL.denoiser(profile.space), profile.space
    x = noise(64, seed=9).double()
    fine = schedulers.sigmas("arc", 200, space=space, sigma_min=LOW[space])
    goal = samplers.sample("arc", model, x * float(fine[0]), fine, space=space, disable=True, last="denoised")

    def error(x0):
        return (x0 - goal).square().mean(1).sqrt().log().mean()

    gains = []
    for steps in (4, 6, 8, 10):
        sigmas, params = schedulers.sigmas("arc", steps, space=space, sigma_min=LOW[space]), profile.params(steps)
        usual = samplers.sample("arc", model, x * float(sigmas[0]), sigmas, space=space, disable=True, **params)
        out = profile.run(model, x * float(profile.sigmas(steps)[0]), steps, disable=True)
        gains.append(float(error(out) - error(usual)))
    assert math.exp(sum(gains) / len(gains)) < 0.8 and max(gains) < 0.1


def test_run_is_the_sampler_on_its_levels(fitted):
    profile, _ = fitted
    model, sigmas = MODEL.denoiser(profile.space), profile.sigmas(7)
    x = noise() * sigmas[0]
    direct = samplers.sample(profile.sampler, model, x, sigmas, space=profile.space, disable=True, **profile.params(7))
    assert torch.equal(profile.run(model, x, 7, disable=True), direct)
    other = {"ve": "flow", "flow": "ve"}[profile.space]
    with pytest.raises(ValueError, match="space"):
        profile.run(model, x, 7, space=other)


def test_a_file_gives_back_what_was_saved(fitted, tmp_path):
    profile, _ = fitted
    file = tmp_path / "new" / "one.json"
    profile.save(file)
    assert profiles.load(file) == profile
    assert [path.name for path in file.parent.iterdir()] == ["one.json"]


def damaged():
    good = json.loads(profiles.Profile(levels={4: (14.6, 3.0, 1.0, 0.3, 0.0)}).as_text())
    yield "no JSON", "{"
    yield "deep", "[" * 100_000
    yield "a list", "[]"
    yield "another version", json.dumps({**good, "version": 2})
    yield "another sampler", json.dumps({**good, "sampler": "euler"})
    yield "unknown field", json.dumps({**good, "more": 1})
    yield "missing field", json.dumps({key: value for key, value in good.items() if key != "p"})
    for name, value in {"p": "NaN", "power": "x", "data_std": 0, "late": 2, "integrates": -1, "space": "vp"}.items():
        yield name, json.dumps({**good, name: float("nan") if value == "NaN" else value})
    for name, levels in {
        "rising": (14.6, 1.0, 3.0, 0.3, 0.0), "short": (14.6, 3.0, 1.0, 0.0), "no end": (14.6, 3.0, 1.0, 0.3, 0.1),
        "too low": (14.6, 3.0, 1.0, 0.001, 0.0), "too high": (20.0, 3.0, 1.0, 0.3, 0.0),
        "not finite": (float("inf"), 3.0, 1.0, 0.3, 0.0),
    }.items():  # fmt: skip
        yield name, json.dumps({**good, "levels": {"4": levels}})
    yield "levels no table", json.dumps({**good, "levels": [1]})
    yield "levels of words", json.dumps({**good, "levels": {"4": ["a"]}})


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in damaged()])
def test_a_damaged_file_is_refused_in_words(text, tmp_path):
    file = tmp_path / "bad.json"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"bad\.json: no profile"):
        profiles.load(file)


def test_the_good_file_of_those_tests_is_good():
    assert read(profiles.Profile(levels={4: (14.6, 3.0, 1.0, 0.3, 0.0)}).as_text()).levels[4][1] == 3.0


@pytest.mark.parametrize(
    ("given", "error", "words"),
    (
        ({"x": noise(3)}, ValueError, "4 or more"),
        ({"x": noise() * 14}, ValueError, "unit normals"),
        ({"x": [1.0]}, TypeError, "x"),
        ({"x": torch.zeros(4, 2, dtype=torch.long)}, TypeError, "x"),
        ({"budget": 10}, ValueError, "budget"),
        ({"budget": 400.5}, ValueError, "budget"),
        ({"space": "vp"}, ValueError, "space"),
        ({"sigma_min": 20.0}, ValueError, "sigma_min"),
    ),
)
def test_mistakes_are_refused_before_the_model_is_called(given, error, words):
    def model(x, sigma):
        raise AssertionError("called")

    with pytest.raises(error, match=words):
        profiles.fit(model, given.pop("x", noise()), **given)


@pytest.mark.parametrize("steps", (3, 51, 8.0, True, "8"))
def test_other_numbers_of_steps_are_refused(steps):
    with pytest.raises(ValueError, match="steps"):
        profiles.Profile().sigmas(steps)


def test_what_was_fitted_before_an_interrupt_is_kept():
    kept, calls, model = [], [], MODEL.denoiser()

    def interrupted(x, sigma):
        calls.append(1)
        if len(calls) == 300:
            raise KeyboardInterrupt
        return model(x, sigma)

    with pytest.raises(KeyboardInterrupt):
        profiles.fit(interrupted, noise(), keep=kept.append)
    assert kept and 40 < kept[-1].evaluations < 300
    check(kept[-1])


@pytest.mark.parametrize("budget", (profiles.LEAST, 130, 250))
def test_a_smaller_budget_is_kept_to(budget):
    made = profiles.fit(MODEL.denoiser(), noise(), budget=budget)
    assert made.evaluations <= budget
    check(made)


def test_only_what_serves_both_halves_of_the_pictures_is_a_gain():
    old = search.Item(torch.zeros(0).numpy(), [torch.ones(4, 8)])
    scales = search.scales_of(old)
    first_half = search.Item(old.at, [torch.ones(4, 8) * torch.tensor([0.1, 1.01, 0.1, 1.01])[:, None]])
    both = search.Item(old.at, [torch.full((4, 8), 0.9)])
    assert not search.better(first_half, old, scales) and search.better(both, old, scales)


@pytest.mark.slow
def test_a_network_is_fitted_in_float32_and_carries_to_other_noise():
    torch.manual_seed(0)
    labels = list(range(4))
    model = digits.denoiser(labels, cfg=3.0)
    profile = profiles.fit(model, torch.randn(4, 1, 32, 32), budget=200)
    check(profile)
    out = profile.run(model, torch.randn(4, 1, 32, 32) * profile.sigmas(8)[0], 8, disable=True)
    assert digits.classify(out).tolist() == labels
