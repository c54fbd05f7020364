"""Sigmatic Fit Schedule on a stand-in host."""

import importlib
import json
from itertools import pairwise

import pytest
import torch
from fakehost.host import Pack, fake_host

from sigmatic import schedulers
from sigmatic.core.schedule.sigmas import write


@pytest.fixture
def pack(tmp_path, monkeypatch):
    """All nodes on the stand-in, with a user directory of their own."""
    monkeypatch.setenv("SIGMATIC_TEST_USER", str(tmp_path))
    with fake_host() as module:
        yield Pack(module)


def run(pack, kind="eps", digit="3", **inputs):
    """What the node returns on the mixture."""
    links = {**pack.links(kind, batch=1), "positive": pack.run("SigmaticDemoPrompt", digit=digit)}
    return pack.whole("SigmaticFit", **{"steps": 5, "latents": 3, "budget": 130, "cfg": 1.0, **links, **inputs})


def fit(pack, *args, **inputs):
    """The schedule and the report of the node on the mixture."""
    return run(pack, *args, **inputs).args[:2]


def runs_of(pack, model):
    """Six runs of a model without a prompt."""
    prompts = [pack.run("SigmaticDemoPrompt", digit="")] * 2
    return pack.part("measuring.fit_runs").ModelRuns(model, *prompts, 1.0, torch.zeros(1, 1, 32, 32), 6)


@pytest.fixture
def ran(pack, monkeypatch):
    """The numbers of steps of all runs that the host is made to do, as they begin."""
    host, steps = importlib.import_module("comfy.sample"), []
    sample_custom = host.sample_custom

    def noted(model, noise, cfg, sampler, sigmas, *rest, **options):
        steps.append(len(sigmas) - 1)
        return sample_custom(model, noise, cfg, sampler, sigmas, *rest, **options)

    monkeypatch.setattr(host, "sample_custom", noted)
    return steps


PROBE = [2]
"""The only run where a fit is there from before: two steps, to know the model by."""


def exact(runs):
    """Where the exact solution ends: 150 steps of order 5, down to a hundredth of the model's last level."""
    span = runs.span
    levels = schedulers.sigmas("arc", 150, space=span.space, sigma_max=span.sigma_max, sigma_min=span.sigma_min / 100)
    return runs.run("sig_dormand_prince", levels)


LOST = "the fit goes by the geometric mean: two of three pictures are nearer, one ends at another mode of the data"


@pytest.mark.parametrize("kind", ["eps", pytest.param("flow", marks=pytest.mark.xfail(strict=True, reason=LOST))])
def test_it_beats_every_schedule_that_it_knows(pack, kind):
    sigmas, text = fit(pack, kind)
    assert len(sigmas) == 6 and sigmas[-1] == 0 and (sigmas.diff() < 0).all()
    runs = runs_of(pack, pack.run("SigmaticDemoModel", model="mixture", parametrisation=kind))
    goal = exact(runs)

    def error(levels):
        return (runs.run("sig_dpmpp_2m", levels) - goal).square().mean().sqrt()

    starts = [
        pack.part("running.host_functions").model_levels(runs.ms, name, 5)
        for name in pack.part("measuring.fit_runs").STARTS
    ]
    assert error(sigmas) < 0.9 * min(error(start) for start in starts)
    assert "model evaluations" in text and text.startswith(write(sigmas.tolist()))


def test_a_budget_too_small_for_a_search_is_told(pack):
    for sampler, enough in (("sig_dpmpp_2m", 200), ("sig_heun", 360)):  # heun asks twice in all steps but the last
        assert fit(pack, budget=0, sampler=sampler)[1].endswith(
            f"The budget was too small to find a better one: {enough} is enough."
        )
    assert "too small" not in fit(pack)[1] + fit(pack, budget=0, steps=1)[1]


@pytest.mark.parametrize("kind", ["eps", "flow"])
def test_what_it_aims_at_is_the_exact_solution(pack, kind):
    """Nearer than a good sampler comes in 20 steps (2.5e-4), whatever Sigmatic Settings say."""
    model = pack.run("SigmaticDemoModel", model="mixture", parametrisation=kind)
    told = pack.run("SigmaticSettings", model=model, more="order = 1; corrector = off; last = denoised; follow = 9")
    for runs in (runs_of(pack, model), runs_of(pack, told)):
        assert (runs.exact() - exact(runs)).flatten(1).square().mean(1).sqrt().max() < 5e-5


def test_the_page_is_told_what_was_found_and_for_what(pack):
    """As text: an object would be counted as a file that was made."""
    returned = run(pack, budget=0)
    (said,) = returned.ui["fit"]
    told = json.loads(said)
    assert told.pop("sigmas") == pytest.approx(returned.args[0].tolist())
    assert told == {"sampler": "sig_dpmpp_2m", "steps": 5, "cfg": 1.0, "latents": 3, "budget": 0, "fit": "these steps"}


def test_a_model_is_measured_once(pack, ran):
    first, text = fit(pack)
    bars = importlib.import_module("comfy.utils").BARS
    assert bars[-1][0] == bars[-1][1] and all(a[0] <= b[0] for a, b in pairwise(bars))
    del ran[:]
    again, same = fit(pack)
    assert torch.equal(first, again) and text == same and ran == PROBE
    for other in ({"steps": 4}, {"cfg": 2.0}, {"kind": "flow"}, {"keep": False}):
        del ran[:]
        fit(pack, **{"budget": 0, **other})
        assert len(ran) > 2


def test_another_model_of_the_same_settings_is_measured_anew(pack, ran):
    fit(pack, budget=0)
    other = pack.run("SigmaticDemoModel", model="mixture", parametrisation="eps")
    network = other.model.diffusion_model
    forward = network.forward
    network.forward = lambda *args, **options: 1.2 * forward(*args, **options)
    for model, known in ((other, False), (other, True), (None, True)):
        del ran[:]
        fit(pack, budget=0, **({"model": model} if model else {}))
        assert (ran == PROBE) == known


def test_a_damaged_file_is_left_out(pack, tmp_path, caplog):
    first, _ = fit(pack, budget=0)
    (file,) = (tmp_path / "sigmatic" / "fits").iterdir()
    file.write_text("{")
    again, _ = fit(pack, budget=0)
    assert torch.equal(first, again) and "damaged" in caplog.text


@pytest.mark.parametrize(
    "damage",
    [
        {"start_error": None}, {"evaluations": "x"}, {"sigmas": None}, {"sigmas": "abc"}, {"sigmas": [14.0, 1.0, 0.0]},
        {"sigmas": [1.0, 5.0, 3.0, 2.0, 1.0, 0.0]}, {"probe": None}, {"probe": ["a"]}, None,
    ],
)  # fmt: skip
def test_a_damaged_fit_is_made_anew(pack, tmp_path, caplog, damage):
    first, text = fit(pack, budget=0)
    (file,) = (tmp_path / "sigmatic" / "fits").iterdir()
    kept = json.loads(file.read_text())
    other = {**kept["fits"][0], "probe": [9.0, 8.0]}  # that of another model
    kept["fits"] = [other, {**kept["fits"][0], **damage} if damage else {"sigmas": first.tolist()}]
    file.write_text(json.dumps(kept))
    again, same = fit(pack, budget=0)
    assert torch.equal(first, again) and text == same and "damaged" in caplog.text
    assert json.loads(file.read_text())["fits"][0] == other, "what is whole stays"


def test_a_fit_of_another_version_is_made_anew(pack, monkeypatch, ran):
    fit(pack, budget=0)
    del ran[:]
    fit(pack, budget=0)
    assert ran == PROBE
    monkeypatch.setattr(pack.part("fit"), "__version__", "99.0.0")
    fit(pack, budget=0)
    assert len(ran) > 3


@pytest.mark.parametrize("keep", [True, False])
def test_all_evaluations_are_counted(pack, keep):
    """One is for all latents at once."""
    model, calls = pack.run("SigmaticDemoModel", model="mixture", parametrisation="eps"), []
    network = model.model.diffusion_model
    forward = network.forward
    network.forward = lambda *args, **options: calls.append(1) or forward(*args, **options)
    text = fit(pack, model=model, keep=keep)[1]
    assert f" {len(calls)} model evaluations." in text


def test_a_disk_that_refuses_is_only_logged(pack, tmp_path, caplog):
    (tmp_path / "sigmatic").write_text("not a folder")
    assert len(fit(pack, budget=0)[0]) == 6
    assert "not kept" in caplog.text


@pytest.mark.parametrize("sampler", ["sig_lcm", "sig_sa_solver", "sig_er_sde", "sig_dpm_adaptive", "sig_rk_adaptive"])
@pytest.mark.parametrize("kind", ["eps", "flow"])
def test_samplers_without_a_schedule_to_find_are_refused(pack, sampler, kind):
    why = "it finds its own steps" if "adaptive" in sampler else "it adds noise"
    with pytest.raises(ValueError, match=f"sampler {sampler}: {why}"):
        fit(pack, kind, sampler=sampler)


def test_a_preset_is_measured_as_what_it_stands_for(pack):
    """At its own price, and anew once it stands for something else."""
    presets, small = pack.part("dropdowns.presets"), {"budget": 0, "latents": 1}

    def mine(name, **options):
        presets.save("mine", {"samplers": {"sampler": name, "options": options}}, True)
        return fit(pack, sampler="sig_my_mine", **small)

    for name, options in (("heun", {}), ("euler_ancestral", {"eta": 0.7}), ("lms", {"max_order": 2})):
        sigmas, text = mine(name, **options)
        plain = {"lms": "sig_lms", "heun": "sig_heun"}.get(name, "sig_euler")
        wanted, same = fit(pack, sampler=plain, **small)
        assert text.rpartition(". ")[2] == same.rpartition(". ")[2], "as many evaluations"
        assert torch.equal(sigmas, wanted) == (name != "lms"), name
    with pytest.raises(ValueError, match="sampler sig_my_mine: it adds noise"):
        mine("heun", s_churn=5.0)


def test_settings_on_the_model_are_another_fit(pack):
    model = pack.run("SigmaticDemoModel", model="mixture", parametrisation="eps")
    told = pack.run("SigmaticSettings", model=model, more="max_order = 2")
    plain = fit(pack, model=model, sampler="sig_lms", budget=0)[1]
    assert fit(pack, model=told, sampler="sig_lms", budget=0)[1] != plain


def test_a_fit_is_saved_under_a_name_and_found_in_the_dropdown(pack):
    sigmas, _ = fit(pack, sampler="sig_euler", steps=4, budget=0, latents=2, save_as="mine")
    hosts = importlib.import_module("comfy.samplers")
    assert "sig_my_mine" in hosts.KSampler.SCHEDULERS
    model = pack.run("SigmaticDemoModel", model="mixture", parametrisation="eps")
    again = pack.run("SigmaticSchedule", model=model, schedule="sig_my_mine", steps=4)
    torch.testing.assert_close(again, sigmas, rtol=1e-5, atol=0)
    assert len(pack.run("SigmaticSchedule", model=model, schedule="sig_my_mine", steps=9)) == 10
    with pytest.raises(ValueError, match="another preset"):
        fit(pack, sampler="sig_euler", steps=5, budget=0, latents=2, save_as="mine")
    with pytest.raises(ValueError, match="name"):
        fit(pack, sampler="sig_euler", steps=4, budget=0, latents=2, save_as="../up")
