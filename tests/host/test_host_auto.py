"""sig_auto in a running ComfyUI: in the stock nodes and in ours, by a recipe of the user's own."""

import json

import pytest
import torch

RECIPE = {
    "title": "Demo", "models": ["DemoConfig"], "space": "flow", "prediction": "flow", "schedule": "token_shift",
    "tokens": {"pixels": 16}, "sampler": "heun", "steps": 6, "cfg": 1.0, "sources": ["this test"],
    "date": "2026-11-26",
}  # fmt: skip


@pytest.fixture
def recipe(host):
    """The recipe in the user's folder of that host."""
    path = host.base / "user" / "sigmatic" / "recipes" / "demo.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(RECIPE))
    yield
    path.unlink()


def _wanted(host, graph, model):
    """The MODEL with the tokens of its latents on it: 32 x 32 of 8 x 8 pixels, in tokens of 16 x 16."""
    return graph.add("SigmaticSettings", **{**host.defaults("SigmaticSettings"), "model": model, "more": "tokens=256"})


def test_stock_nodes_run_the_recipe_of_the_model(host, graph, recipe):
    model, *links = graph.demo(parametrisation="flow")
    by_recipe = {"sampler_name": "sig_auto", "scheduler": "sig_auto"}
    by_name = {"sampler_name": "sig_heun", "scheduler": "sig_token_shift"}
    ends = [
        graph.ksampler(model, *links, **by_recipe),
        graph.ksampler(_wanted(host, graph, model), *links, **by_name),
        graph.sigmatic(model, *links, host.info, sampler="sig_auto", schedule="sig_auto"),
        graph.ksampler(model, *links, sampler_name="sig_euler", scheduler="sig_simple"),
    ]
    auto, named, ours, plain = host.latents(graph, *[graph.save(end) for end in ends])
    assert torch.equal(auto, named) and torch.equal(auto, ours) and not torch.equal(auto, plain)


@pytest.mark.parametrize(("kind", "sampler", "schedule"), [("eps", "dpmpp_2m", "karras"), ("flow", "euler", "simple")])
def test_an_unknown_model_runs(host, graph, kind, sampler, schedule):
    model, *links = graph.demo(parametrisation=kind)
    seed = {"seed": 4}  # the host keeps what it made of the same widgets while there was a recipe for this model
    ends = [
        graph.ksampler(model, *links, sampler_name="sig_auto", scheduler="sig_auto", **seed),
        graph.ksampler(model, *links, sampler_name=f"sig_{sampler}", scheduler=f"sig_{schedule}", **seed),
    ]
    auto, named = host.latents(graph, *[graph.save(end) for end in ends])
    assert torch.equal(auto, named)
