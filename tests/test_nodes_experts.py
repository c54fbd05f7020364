"""Sigmatic Experts KSampler on the stand-in host: one run over two models."""

import importlib
from types import SimpleNamespace

import pytest
import torch

import sigmatic

SPECS = [sigmatic.samplers.get(name) for name in sigmatic.samplers.names()]
OURS = [spec.name for spec in SPECS if not (spec.learned or spec.adaptive)]  # adaptive ones find their own steps
WHOLE = {"sampler": "sig_dpmpp_2m_sde", "schedule": "sig_karras", "steps": 8, "cfg": 3.0}


@pytest.fixture
def model(pack):
    """model(file, kind=) -> a MODEL that the host has made of this file: Wan 2.1's class, which 2.2 shares."""
    return lambda file=None, kind="flow": pack.model("WAN21_T2V" if file else None, file, kind)


@pytest.fixture
def run(pack, model):
    """run(kind=, **widgets) -> (samples, summary) of the node, with the widgets that make no demand on the recipe."""

    def run(kind="eps", **given):
        links = {**pack.links(), "model": model(kind=kind)}
        whole = pack.whole("SigmaticExpertsKSampler", **{**links, "seed": 3, **WHOLE, **given})
        latent, summary, *_ = whole.args
        return latent["samples"], summary

    return run


@pytest.fixture
def legs(pack, monkeypatch):
    """What the host was given to run, leg by leg."""
    module = pack.part("running.run").comfy.sample
    sample, seen = module.sample_custom, []

    def watched(model, noise, cfg, sampler, sigmas, positive, negative, latent_image, **options):
        seen.append({"model": model, "noise": noise, "cfg": cfg, "sigmas": sigmas, "latent_image": latent_image})
        return sample(model, noise, cfg, sampler, sigmas, positive, negative, latent_image, **options)

    monkeypatch.setattr(module, "sample_custom", watched)
    return seen


def facts(pack, model, wire="model"):
    """What a plan looks at in a MODEL."""
    return pack.part("dropdowns.plan").ModelFacts.of(model, {"samples": torch.zeros(1, 16, 1, 60, 104)}, wire)


def plan(pack, high, low=None, **widgets):
    """The node's plan."""
    low = None if low is None else facts(pack, low, "model_low")
    return pack.nodes["SigmaticExpertsKSampler"].plan(facts(pack, high), low=low, **widgets)


@pytest.mark.parametrize("sampler", ["sig_dpmpp_2m_sde", "euler_ancestral"])
def test_with_one_model_it_is_sigmatic_ksampler(pack, run, sampler):
    given = {**WHOLE, "sampler": sampler}
    assert torch.equal(run(**given)[0], pack.line(**given))


@pytest.mark.parametrize("sampler", OURS)
def test_a_switch_to_the_same_model_changes_nothing(run, model, sampler):
    """Memory, noise and position of the sampler go on across it."""
    for kind, schedule, boundary in (("eps", "sig_karras", 2.0), ("flow", "sig_simple", 0.6)):
        given = {"sampler": f"sig_{sampler}", "kind": kind, "schedule": schedule, "steps": 5}
        two = run(**given, model_low=model(kind=kind), boundary=boundary)[0]
        torch.testing.assert_close(two, run(**given)[0], rtol=0, atol=2e-6)


def test_the_hosts_own_samplers_change_models_too(run, model):
    given = {"sampler": "euler", "schedule": "simple"}
    two, summary = run(**given, model_low=model(kind="eps"), boundary=2.0)
    torch.testing.assert_close(two, run(**given)[0], rtol=0, atol=2e-6)
    assert "model_low: from step" in summary


def test_the_second_model_runs_below_the_boundary_alone(legs, run, model):
    high, low = model(kind="eps"), model(kind="eps")
    run(model=high, model_low=low, boundary=2.0)
    first, second = legs
    assert (first["model"], second["model"]) == (high, low)
    assert first["sigmas"][-1] == second["sigmas"][0] < 2.0 <= first["sigmas"][-2]
    assert len(first["sigmas"]) + len(second["sigmas"]) == 8 + 2


def test_each_model_has_its_cfg_and_both_the_latent_and_noise_of_the_run(legs, run, model):
    """So a mask is filled with the run's own latent, not with what the first leg has left."""
    other = {"model_low": model(kind="eps"), "boundary": 2.0}
    run(**other), run(**other, cfg_low=1.5)
    assert [leg["cfg"] for leg in legs] == [3.0, 3.0, 3.0, 1.5], "that of cfg, where no recipe says more"
    assert all(torch.equal(leg[name], legs[0][name]) for leg in legs for name in ("noise", "latent_image"))


def test_a_part_of_the_run_is_handed_on(pack, run, model):
    other = {"model_low": model(kind="eps"), "boundary": 2.0}
    for cut in (1, 6):  # before the switch, and behind it
        first = pack.nodes["SigmaticExpertsKSampler"]
        links = {
            "model": model(kind="eps"),
            "positive": pack.run("SigmaticDemoPrompt"),
            "negative": pack.run("SigmaticDemoPrompt", digit=""),
            "latent_image": pack.run("SigmaticDemoLatent", batch_size=2),
        }
        latent = first.execute(
            **links, **other, **WHOLE, seed=3, end_at_step=cut, return_with_leftover_noise=True
        ).args[0]
        rest, summary = run(**other, latent_image=latent, start_at_step=cut, add_noise=False)
        torch.testing.assert_close(rest, run(**other)[0], rtol=0, atol=2e-6)
        assert "note:" not in summary


def test_the_bar_counts_both_legs_as_one_run(run, model):
    seen = importlib.import_module("latent_preview").SEEN
    seen.clear()
    run(model_low=model(kind="eps"), boundary=2.0)
    assert seen == [(i, 8) for i in range(8)]


@pytest.mark.parametrize(
    ("files", "steps", "cfg", "boundary"),
    [
        (("wan2.2_t2v_high_noise_14B_fp8.safetensors", "wan2.2_t2v_low_noise_14B_fp8.safetensors"), 40, (4, 3), 0.875),
        (
            ("wan2.2_i2v_high_noise_14B_fp8.safetensors", "wan2.2_i2v_low_noise_14B_fp8.safetensors"),
            40,
            (3.5, 3.5),
            0.9,
        ),
    ],
)
def test_what_is_0_is_the_recipes(pack, model, files, steps, cfg, boundary):
    made = plan(pack, *map(model, files))
    assert len(made.sigmas) == steps + 1 and made.cfg == cfg and not made.warnings
    assert made.sigmas[made.switch] < boundary <= made.sigmas[made.switch - 1]
    set_by_hand = plan(pack, *map(model, files), steps=10, cfg=2.0, cfg_low=1.5, boundary=0.5)
    assert len(set_by_hand.sigmas) == 11 and set_by_hand.cfg == (2.0, 1.5)
    assert set_by_hand.sigmas[set_by_hand.switch] < 0.5 <= set_by_hand.sigmas[set_by_hand.switch - 1]


def of_prompt(monkeypatch, **inputs):
    """A running prompt where the node's MODELs come from LoRAs: input=name of the LoRA."""
    prompt = {name: {"inputs": {"lora_name": file, "strength_model": 1.0}} for name, file in inputs.items()}
    prompt["node"] = {"inputs": {name: [name, 0] for name in inputs}}
    server = importlib.import_module("server").PromptServer.instance
    queue = SimpleNamespace(currently_running={0: (0, "here", prompt, {}, [])})
    monkeypatch.setattr(server, "prompt_queue", queue, raising=False)
    utils = importlib.import_module("comfy_execution.utils")
    monkeypatch.setattr(utils, "running", utils.ExecutionContext("here", "node"))


def test_lightning_is_two_steps_each_and_a_lora_of_one_counts_for_it_alone(pack, model, monkeypatch):
    files = [f"wan2.2_t2v_{side}_noise_14B.safetensors" for side in ("high", "low")]
    lora = "wan2.2_t2v_lightx2v_4steps_lora_v1.1_{}_noise.safetensors"
    of_prompt(monkeypatch, model=lora.format("high"), model_low=lora.format("low"))
    both = plan(pack, *map(model, files))
    assert both.switch == 2 and len(both.sigmas) == 5 and both.cfg == (1.0, 1.0) and not both.warnings
    of_prompt(monkeypatch, model_low=lora.format("low"))
    one = plan(pack, *map(model, files))
    assert one.cfg == (4.0, 1.0) and len(one.sigmas) == 41
    (warning,) = one.warnings
    assert warning.startswith("take 4 steps") and "Lightning" in warning
    assert len(plan(pack, *map(model, files), cfg_low=4.0).warnings) == 2, "and guidance that it does not take"


def test_experts_the_wrong_way_round_are_refused(pack, model):
    high, low = (f"wan2.2_t2v_{side}_noise_14B.safetensors" for side in ("high", "low"))
    with pytest.raises(ValueError, match=r"model and model_low are the wrong way round.*Swap"):
        plan(pack, model(low), model(high))
    (warning,) = plan(pack, model(high), model(high)).warnings
    assert warning.startswith("take another file for model_low") and high in warning


def test_what_cannot_run_is_refused_before_it_does(pack, model, run):
    with pytest.raises(ValueError, match=r"steps is 0, which takes the recipe's, but .*set it"):
        run(steps=0)
    with pytest.raises(ValueError, match=r"cfg is 0, which takes the recipe's, but"):
        run(cfg=0.0)
    with pytest.raises(ValueError, match=r"boundary is 0, which takes the recipe's, but"):
        run(model_low=model(kind="eps"))
    with pytest.raises(ValueError, match=r"boundary is 99: give a sigma between 0.02917 and 14.59"):
        run(model_low=model(kind="eps"), boundary=99.0)
    with pytest.raises(ValueError, match=r"model_low is of another kind \(flow.*than model \(ve"):
        run(model_low=model(kind="flow"), boundary=2.0)


def test_a_model_without_a_step_is_said(pack, model, run):
    _, summary = run(model_low=model(kind="eps"), boundary=14.0, steps=1)
    assert "note: raise boundary, or take more steps: at 14 none of the 1 steps is model_low's." in summary
    _, quiet = run(model_low=model(kind="eps"), boundary=2.0, denoise=0.1)
    assert "note" not in quiet, "that is what denoise is for"


def test_the_plot_has_the_switch(pack):
    answer = pack.part("page.answer").describe
    about = {"node": "SigmaticExpertsKSampler", "model": {"kind": "flow", "shift": 5.0}}
    drawn = answer({**about, "values": {"boundary": 0.5, "steps": 10}})
    assert drawn["sigmas"][drawn["switch"]] < 0.5 <= drawn["sigmas"][drawn["switch"] - 1]
    unset = answer({**about, "values": {}})
    assert unset["switch"] > 0 and any("recipe" in text for text, _ in unset["assumes"])
    assert not any("recipe" in text for text, _ in answer({"node": "SigmaticKSampler", "values": WHOLE})["assumes"])
    assert answer({"node": "SigmaticKSampler", "values": {}})["switch"] is None
