"""The host's guiders with our samplers, those with CFG++ too, in SamplerCustomAdvanced."""

import pytest
import torch

import sigmatic

CFG_PP = ["sig_" + name for name in sigmatic.samplers.names() if sigmatic.samplers.get(name).uncond]


def _guiders(graph, model, positive, negative, cfg):
    """Guiders that come to the same: a second prompt that is the negative one changes nothing."""
    pair = {"model": model, "positive": positive, "negative": negative}
    dual = {"cfg_conds": cfg, "cfg_cond2_negative": 1.5, "style": "regular"}
    perpendicular = {**pair, "empty_conditioning": negative, "cfg": cfg, "neg_scale": 0.7}
    return {
        "CFGGuider": graph.add("CFGGuider", **pair, cfg=cfg),
        "DualCFGGuider": graph.add(
            "DualCFGGuider", **dual, model=model, cond1=positive, cond2=negative, negative=negative
        ),
        "PerpNegGuider": graph.add("PerpNegGuider", **perpendicular),
    }


def _run(graph, guider, sampler, sigmas, latent):
    chosen, noise = graph.add("KSamplerSelect", sampler_name=sampler), graph.add("RandomNoise", noise_seed=7)
    links = {"guider": guider, "sampler": chosen, "sigmas": sigmas, "noise": noise, "latent_image": latent}
    return graph.save(graph.add("SamplerCustomAdvanced", **links))


@pytest.mark.parametrize("kind", ["eps", "flow"])
@pytest.mark.parametrize("sampler", [*CFG_PP, "sig_heun", "sig_dpmpp_2m_sde"])
def test_every_guider_with_a_negative_is_the_stock_ksampler(host, graph, kind, sampler):
    model, positive, negative, latent = graph.demo(parametrisation=kind, model="digits")
    sigmas = graph.add("BasicScheduler", model=model, scheduler="sig_beta", steps=6, denoise=1.0)
    guiders = _guiders(graph, model, positive, negative, 1.5)
    ends = [_run(graph, guider, sampler, sigmas, latent) for guider in guiders.values()]
    values = {"sampler_name": sampler, "scheduler": "sig_beta", "steps": 6, "cfg": 1.5, "seed": 7}
    ends.append(graph.save(graph.ksampler(model, positive, negative, latent, **values)))
    ends.append(graph.save(graph.ksampler(model, positive, negative, latent, **{**values, "cfg": 1.0})))
    *guided, stock, plain = host.latents(graph, *ends)
    assert torch.equal(guided[0], stock) and not torch.equal(stock, plain), "and guidance is heard"
    for name, out in zip(guiders, guided, strict=True):
        torch.testing.assert_close(out, stock, atol=2e-4, rtol=0, msg=name)


@pytest.mark.parametrize("sampler", CFG_PP)
def test_a_guider_without_a_negative_is_refused_with_a_way_out(host, graph, sampler):
    model, positive, negative, latent = graph.demo()
    selected = graph.add("KSamplerSelect", sampler_name=sampler)
    graph.save(graph.custom(model, positive, negative, latent, selected, graph.schedule(model)))
    (error,) = [data for kind, data in host.wait(host.queue(graph)[0])["status"]["messages"] if "error" in kind]
    assert sampler in error["exception_message"] and "Use CFGGuider" in error["exception_message"]


@pytest.mark.parametrize("sampler", ["sig_euler_cfg_pp", "sig_dpmpp_2m_cfg_pp"])
def test_where_the_negative_prompt_does_not_hold_the_steps_are_plain(host, graph, sampler):
    """The picture is as wide as with it, and one warning says so."""
    model, positive, negative, latent = graph.demo(batch=4)
    part = graph.add("ConditioningSetTimestepRange", conditioning=negative, start=0.0, end=0.3)
    ends = [graph.ksampler(model, positive, each, latent, sampler_name=sampler, steps=20) for each in (negative, part)]
    before = host.log.count("made plain steps")
    whole, partly = host.latents(graph, *[graph.save(end) for end in ends])
    assert partly.isfinite().all() and abs(partly.std() / whole.std() - 1) < 0.2
    assert host.log.count("made plain steps") - before == 1
