"""Mistakes that can be seen before a run: where the node is planned, drawn, or the sampler is chosen by name."""

import importlib
import logging

import pytest
import torch
from fakehost.host import Pack, fake_host

import sigmatic

KSAMPLER = "SigmaticKSampler"


@pytest.fixture(scope="module")
def pack():
    """All nodes on the stand-in, for all tests of this file: none of them changes it."""
    with fake_host() as module:
        yield Pack(module)


@pytest.fixture
def model(pack):
    """model(class, file, kind=, shift=) -> a MODEL of that class, made of this file."""
    return pack.model


def warned(pack, model, **widgets):
    """The warnings of a Sigmatic KSampler that is planned on the model."""
    facts = pack.part("dropdowns.plan").ModelFacts.of(model)
    return (
        pack.nodes[KSAMPLER]
        .plan(facts, **{"sampler": "sig_euler", "schedule": "sig_simple", "steps": 20, **widgets})
        .warnings
    )


TURBO = ("ZImage", "z_image_turbo_bf16.safetensors")


@pytest.mark.parametrize(
    ("who", "widgets", "words"),
    [
        (TURBO, {"steps": 8, "cfg": 1.0}, []),
        (TURBO, {"steps": 30, "cfg": 1.0}, ["take 8 steps"]),
        (TURBO, {"steps": 8, "cfg": 5.0}, ["set cfg to 1"]),
        (TURBO, {"steps": 8, "cfg": 1.0, "denoise": 0.5}, []),
        (TURBO, {"steps": 30, "cfg": 1.0, "sampler": "euler", "schedule": "simple"}, ["take 8 steps"]),
        (("QwenImage", "qwen_image.safetensors"), {"steps": 4, "cfg": 4.0}, ["choose sig_auto, or take 20 steps"]),
        (("QwenImage", "qwen_image.safetensors"), {"steps": 4, "cfg": 4.0, "sampler": "sig_auto"}, []),
        (("QwenImage", "qwen_image.safetensors"), {"steps": 4, "cfg": 1.0}, []),
        (("QwenImage", "qwen_image.safetensors"), {"steps": 20, "cfg": 4.0}, []),
        (("Unheard", "of.safetensors"), {"steps": 2, "cfg": 9.0}, []),
        (("Unheard", "of.safetensors"), {"schedule": "sig_karras"}, ["choose the schedule sig_simple"]),
        (("Unheard", "of.safetensors"), {"sampler": "sig_lcm", "cfg": 7.0}, ["lower cfg to 1 to 2"]),
    ],
)  # fmt: skip
def test_a_mistake_is_in_the_plan_whatever_the_names(pack, model, who, widgets, words):
    found = warned(pack, model(*who), **widgets)
    assert [line.startswith(word) for line, word in zip(found, words, strict=True)] == [True] * len(words)


@pytest.mark.parametrize("name", ["sdxl", "sd1"])
def test_few_evaluations_count_not_few_steps(pack, model, name):
    title = sigmatic.recipes.get(name)
    one = model(title.models[0], "sd_xl_base_1.0.safetensors", kind="eps")
    given = {"schedule": "sig_karras", "cfg": 7.0, "steps": 8}
    assert len(warned(pack, one, **given)) == 1
    assert warned(pack, one, **given, sampler="sig_heun") == (), "16 evaluations"


def test_a_sampler_by_name_says_it_in_any_node_and_once(pack, model, caplog):
    one = model(*TURBO)
    with caplog.at_level(logging.WARNING, "sigmatic"):
        pack.line(model=one, sampler="sig_euler", schedule="sig_simple", steps=30, cfg=1.0)
    assert [line.startswith("Sigmatic: take 8 steps") for line in caplog.messages] == [True]
    run = importlib.import_module("comfy.samplers").sampler_object("sig_euler").sampler_function
    caplog.clear()
    guider = type("Guider", (), {"model_patcher": one, "cfg": 5.0})()
    host = type("Model", (), {"inner_model": guider, "__call__": lambda self, x, sigma, **_: x * 0})()
    sigmas = sigmatic.schedulers.sigmas("simple", 8, space="flow")
    run(host, torch.zeros(1, 4, 8, 8), sigmas, {"model_options": {}, "seed": 0}, disable=True)
    assert [line.startswith("Sigmatic: set cfg to 1") for line in caplog.messages] == [True]


@pytest.mark.parametrize("steps", [8, 20, 25])
@pytest.mark.parametrize("shift", [1.73, 3.0, 8.0])
def test_a_shift_that_is_applied_twice_is_said(pack, model, steps, shift):
    guard = pack.part("running.mismatch")
    ms = model("Unheard", "of.safetensors", shift=shift).get_model_object("model_sampling")
    even = torch.linspace(1, 0, steps + 1, dtype=torch.float64)
    once, twice, other = (s * even / (1 + (s - 1) * even) for s in (shift, shift**2, shift**2 * 1.01))
    found = guard.of_run(None, twice.float().tolist(), ms, 1.0)
    assert [line.startswith("take one of the two shifts out") for line in found] == [True]
    for levels in (once, other, even, twice[-4:]):
        assert guard.of_run(None, levels.float().tolist(), ms, 1.0) == []


def test_comparisons_may_leave_the_recipe(pack, model, caplog):
    record = pack.part("running.record").Record(tries=True)
    function = pack.part("running.host_functions").host_sampler("euler", log=record)
    guider = type("Guider", (), {"model_patcher": model(*TURBO), "cfg": 5.0})()
    host = type("Model", (), {"inner_model": guider, "__call__": lambda self, x, sigma, **_: x * 0})()
    sigmas = sigmatic.schedulers.sigmas("simple", 30, space="flow")
    function(host, torch.zeros(1, 4, 8, 8), sigmas, {"model_options": {}, "seed": 0}, disable=True)
    assert not caplog.messages


@pytest.mark.parametrize("name", sigmatic.recipes.names())
def test_the_recipes_own_levels_are_no_mistake(pack, name):
    recipe = sigmatic.recipes.get(name)
    guard, assumed = pack.part("running.mismatch"), pack.part("page.assumed")
    shift = float(recipe.params.get("shift", 3.0)) if recipe.space == "flow" else 1.0
    ms = assumed.model_sampling("flow" if recipe.space == "flow" else "edm", shift, 0.002, 1000.0)
    cfg = 7.0 if isinstance(recipe.cfg, str) else recipe.cfg
    levels = sigmatic.recipes.sigmas(name, recipe.steps).tolist()
    assert guard.of_recipe(recipe, recipe.sampler, levels, ms, cfg) == []
    if recipe.schedule == "flow_shift":
        assert guard.of_run(sigmatic.samplers.get(recipe.sampler), levels, ms, cfg) == []
