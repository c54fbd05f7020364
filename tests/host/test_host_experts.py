"""Sigmatic Recipe and Sigmatic Experts KSampler in a running ComfyUI."""

import pytest
import torch

SETTINGS = {"sampler": "sig_dpmpp_2m_sde", "schedule": "sig_karras", "steps": 8, "cfg": 2.0, "seed": 7}


def experts(host, graph, model, positive, negative, latent, low=None, **widgets):
    """Sigmatic Experts KSampler, set so that it needs no recipe."""
    links = {"model": model, "positive": positive, "negative": negative, "latent_image": latent}
    links |= {"model_low": low} if low else {}
    defaults = host.defaults("SigmaticExpertsKSampler")
    return graph.add("SigmaticExpertsKSampler", **{**defaults, **SETTINGS, **widgets, **links})


@pytest.mark.parametrize("kind", ["eps", "flow"])
def test_two_models_are_one_run(host, graph, kind):
    """With the same model twice it is the run with one, and that is Sigmatic KSampler's."""
    boundary = 0.6 if kind == "flow" else 2.0
    schedule = "sig_simple" if kind == "flow" else "sig_karras"
    model, *links = graph.demo(parametrisation=kind)
    low = graph.add("SigmaticDemoModel", model="mixture", parametrisation=kind)
    ends = [
        experts(host, graph, model, *links, low, boundary=boundary, schedule=schedule),
        experts(host, graph, model, *links, schedule=schedule),
        graph.sigmatic(model, *links, host.info, **{**SETTINGS, "schedule": schedule}),
        experts(host, graph, model, *links, low, boundary=boundary, schedule=schedule, sampler="dpmpp_2m"),
    ]
    two, one, plain, theirs = host.latents(graph, *[graph.save(end) for end in ends])
    assert torch.equal(one, plain)
    torch.testing.assert_close(two, one, rtol=0, atol=2e-6)
    assert theirs.isfinite().all() and not torch.equal(theirs, two)


def test_what_no_recipe_knows_is_an_error_before_the_run(host, graph):
    model, *links = graph.demo(parametrisation="flow")
    graph.save(experts(host, graph, model, *links, steps=0))
    prompt, _ = host.queue(graph)
    assert "steps is 0, which takes the recipe's" in str(host.wait(prompt)["status"]["messages"])


def test_the_recipe_node_decides_for_what_comes_behind_it(host, graph):
    """By name: stock nodes, ours, and a custom run of its own outputs make the same picture."""
    model, *links = graph.demo(parametrisation="flow")
    wish = {**host.defaults("SigmaticRecipe"), "model": model, "recipe": "Flux.1 schnell", "latent_image": links[-1]}
    node = graph.add("SigmaticRecipe", **wish)[0]
    chosen, sampler, sigmas, steps, cfg = ([node, slot] for slot in range(5))
    auto = {"sampler_name": "sig_auto", "scheduler": "sig_auto", "steps": steps, "cfg": cfg}
    ends = [
        graph.ksampler(chosen, *links, **auto),
        graph.sigmatic(chosen, *links, host.info, sampler="sig_auto", schedule="sig_auto", steps=steps, cfg=cfg),
        graph.custom(chosen, *links, sampler, sigmas),
        graph.ksampler(model, *links, **{**auto, "steps": 4, "cfg": 1.0, "scheduler": "normal"}),
    ]
    stock, ours, custom, without = host.latents(graph, *[graph.save(end) for end in ends])
    assert torch.equal(stock, ours) and torch.equal(stock, custom) and not torch.equal(stock, without)


def test_an_unknown_recipe_is_refused_with_the_nearest(host, graph):
    model, *_, latent = graph.demo(parametrisation="flow")
    node = graph.add("SigmaticRecipe", **{**host.defaults("SigmaticRecipe"), "model": model, "recipe": "Flux.1 schnel"})
    sampler = graph.add("KSamplerSelect", sampler_name="euler")
    noise = graph.add("RandomNoise", noise_seed=1)
    prompt = graph.add("SigmaticDemoPrompt", digit="3")
    guider = graph.add("BasicGuider", model=model, conditioning=prompt)
    links = {"guider": guider, "noise": noise, "sampler": sampler, "latent_image": latent}
    graph.save(graph.add("SamplerCustomAdvanced", **links, sigmas=[node[0], 2]))
    accepted, errors = host.queue(graph)
    assert accepted is None and "Flux.1 schnell" in str(errors)
