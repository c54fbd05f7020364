"""Noise in a running ComfyUI: the widget, the node, and ComfyUI's own noise on request."""

import pytest
import torch

from sigmatic.core.noise.kinds import KINDS, initial

SPACES = ("eps", "flow")


def _saved(host, graph, *links):
    return host.latents(graph, *[graph.save(link) for link in links])


@pytest.mark.parametrize("kind", SPACES)
def test_every_kind_of_noise(host, graph, kind):
    links = graph.demo(parametrisation=kind, batch=2)
    ends = [graph.sigmatic(*links, host.info, noise=noise) for noise in ["default", *KINDS, "comfy"]]
    latents = _saved(host, graph, *ends)
    for noise, latent in zip(["default", *KINDS, "comfy"], latents, strict=True):
        assert latent.isfinite().all(), noise
    assert torch.equal(latents[0], latents[1 + list(KINDS).index("brownian")])


@pytest.mark.parametrize("sampler", ["dpmpp_2m_sde", "dpmpp_3m_sde", "euler_ancestral"])
def test_comfy_noise_gives_comfyuis_own_picture(host, graph, sampler):
    """The same sampler, schedule and seed as ComfyUI's own entry, with its own noise: the same picture."""
    links = graph.demo(batch=2)
    theirs = graph.ksampler(*links, sampler_name=sampler, scheduler="karras")
    ours = graph.sigmatic(*links, host.info, sampler="sig_" + sampler, schedule="karras", noise="comfy")
    one, other = _saved(host, graph, theirs, ours)
    torch.testing.assert_close(other, one, atol=2e-5, rtol=2e-5)


@pytest.mark.parametrize("kind", SPACES)
def test_the_noise_node(host, graph, kind):
    """SamplerCustomAdvanced starts from our noise, and an item of a batch from its own."""
    model, positive, negative, latent = graph.demo(parametrisation=kind, batch=4)
    sampler = graph.add("KSamplerSelect", sampler_name="sig_euler_ancestral")
    sigmas, noise = graph.schedule(model), graph.add("SigmaticNoise", seed=11, noise="gaussian")
    whole = graph.custom(model, positive, negative, latent, sampler, sigmas, noise)
    third = graph.add("LatentFromBatch", samples=latent, batch_index=2, length=1)
    ode = graph.add("KSamplerSelect", sampler_name="sig_euler")
    pair = [graph.custom(model, positive, negative, latent, ode, sigmas, noise)]
    pair.append(graph.custom(model, positive, negative, third, ode, sigmas, noise))
    everything, batch, alone = _saved(host, graph, whole, *pair)
    assert everything.isfinite().all()
    torch.testing.assert_close(alone[0], batch[2], atol=1e-5, rtol=1e-5)


def test_the_noise_is_what_the_library_gives(host, graph):
    """One step of one level: what comes out is the noise that went in, scaled."""
    model, positive, negative, latent = graph.demo(batch=2)
    noise = graph.add("SigmaticNoise", seed=11, noise="pink")
    sampler = graph.add("KSamplerSelect", sampler_name="sig_euler")
    sigmas = graph.add("SplitSigmas", sigmas=graph.schedule(model), step=0)
    (out,) = _saved(host, graph, graph.custom(model, positive, negative, latent, sampler, sigmas, noise))
    expected = initial(torch.empty(2, 1, 32, 32), 11, kind="pink")
    correlation = torch.corrcoef(torch.stack([out.flatten(), expected.flatten()]))[0, 1]
    assert correlation > 0.9999


def test_ten_and_ten_steps_are_twenty_on_one_path(host, graph):
    """A one-step SDE sampler on the Brownian path, split over two stock nodes."""
    model, positive, negative, latent = graph.demo()
    values = {"model": model, "positive": positive, "negative": negative, "noise_seed": 7, "cfg": 2.0, "steps": 20}
    values |= {"sampler_name": "sig_dpmpp_sde", "scheduler": "sig_karras"}

    def advanced(latent, start, end, first, last):
        switches = {"add_noise": first, "return_with_leftover_noise": last}
        return graph.add(
            "KSamplerAdvanced", latent_image=latent, start_at_step=start, end_at_step=end, **values, **switches
        )

    whole = advanced(latent, 0, 20, "enable", "disable")
    halves = advanced(advanced(latent, 0, 10, "enable", "enable"), 10, 20, "disable", "disable")
    one, two = _saved(host, graph, whole, halves)
    torch.testing.assert_close(two, one, atol=1e-5, rtol=1e-5)
