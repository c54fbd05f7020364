"""Profiles in a running ComfyUI: fitted by its node, kept, and gone by in the stock KSampler and in ours."""

import time

import pytest
import torch

BUDGET = 68  # the least that a profile takes
FITTED = {"sampler_name": "sig_arc", "scheduler": "sig_fitted", "steps": 6}


@pytest.fixture
def fit(host, graph):
    """fit(model, *links) -> the links of the node's outputs on that host."""

    def add(model, positive, negative, latent, budget=BUDGET):
        values = {**host.defaults("SigmaticFit"), "fit": "profile", "budget": budget, "steps": 6, "cfg": 2.0}
        links = {"model": model, "positive": positive, "negative": negative, "latent_image": latent}
        name = graph.add("SigmaticFit", **{**values, **links})[0]
        return [[name, place] for place in range(3)]

    yield add
    for name in [one["name"] for one in host.get("/sigmatic/profiles")["profiles"]]:
        host.delete(f"/sigmatic/profiles?name={name}")


@pytest.mark.parametrize("kind", ["eps", "flow"])
def test_a_fit_is_gone_by_in_every_node_and_next_time(host, graph, fit, kind):
    """By the MODEL that carries it, by the model alone, and not by the model with other guidance."""
    model, *links = graph.demo(parametrisation=kind)
    sigmas, _, carrying = fit(model, *links)
    ours = {"sampler": "sig_arc", "schedule": "sig_fitted", "steps": 6}
    ends = [
        graph.ksampler(carrying, *links, **FITTED),
        graph.sigmatic(carrying, *links, host.info, **ours),
        graph.sigmatic(carrying, *links, host.info, **{**ours, "sampler": "sig_auto"}),
        graph.ksampler(model, *links, **{**FITTED, "scheduler": "sig_arc"}),
    ]
    carried, by_ours, auto, plain = host.latents(graph, *[graph.save(end) for end in ends])
    assert torch.equal(carried, by_ours) and torch.equal(carried, auto) and not torch.equal(carried, plain)
    (kept,) = host.get("/sigmatic/profiles")["profiles"]
    assert kept["cfg"] == 2.0 and kept["whole"] and kept["evaluations"] <= BUDGET
    bare = type(graph)()
    model, *links = bare.demo(parametrisation=kind)
    ends = [
        bare.ksampler(model, *links, **FITTED),
        bare.ksampler(model, *links, **FITTED, cfg=3.0),
        bare.ksampler(model, *links, **{**FITTED, "scheduler": "sig_auto"}, cfg=3.0),
    ]
    later, other, by_recipe = host.latents(bare, *[bare.save(end) for end in ends])
    assert torch.equal(later, carried) and torch.equal(other, by_recipe)
    assert "is for cfg 2, and cfg is 3" in host.log
    assert sigmas[1] == 0


def test_a_cancelled_fit_leaves_what_it_has(host, graph, fit):
    """The network takes its time: there is enough of it to press Cancel once the first profile is kept."""
    sigmas = fit(*graph.demo(model="digits"), budget=400)[0]
    graph.save(graph.custom(*graph.demo(model="digits"), graph.add("KSamplerSelect", sampler_name="euler"), sigmas))
    prompt_id, errors = host.queue(graph)
    assert prompt_id, errors
    deadline = time.monotonic() + 120
    while not host.get("/sigmatic/profiles")["profiles"] and time.monotonic() < deadline:
        time.sleep(0.02)
    host.interrupt()
    assert host.wait(prompt_id)["status"]["status_str"] == "error"
    (kept,) = host.get("/sigmatic/profiles")["profiles"]
    assert not kept["whole"] and 0 < kept["evaluations"] < 400


def test_a_lora_in_use_is_another_model_and_the_weights_beneath_are_the_same(cases):
    (case,) = cases("fingerprints.py")
    assert case == {"loaded": True, "same": True, "with_lora": True, "with_half": True, "shifted": True}
