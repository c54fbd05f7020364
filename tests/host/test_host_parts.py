"""Runs in parts in a running ComfyUI, between its own nodes and with masks: what the first part had is not lost."""

import pytest
import torch

STEPS, CUT = 12, 6
SPACES = ("eps", "flow")


def _saved(host, graph, *links):
    return host.latents(graph, *[graph.save(link) for link in links])


def _advanced(graph, model, positive, negative, latent, sampler, start=0, end=10000, seed=7):
    """The stock KSampler (Advanced), as the page has it: noise where a run begins, leftover noise where it is cut."""
    on = {False: "disable", True: "enable"}
    links = {"model": model, "positive": positive, "negative": negative, "latent_image": latent}
    values = {"noise_seed": seed, "steps": STEPS, "cfg": 2.0, "sampler_name": sampler, "scheduler": "sig_simple"}
    values |= {"start_at_step": start, "end_at_step": end, "add_noise": on[start == 0]}
    values["return_with_leftover_noise"] = on[end < STEPS]
    return graph.add("KSamplerAdvanced", **links, **values)


def _ours(host, graph, model, positive, negative, latent, sampler, start=0, end=10000, seed=7):
    """As `_advanced`, of Sigmatic KSampler."""
    values = {"steps": STEPS, "sampler": sampler, "schedule": "sig_simple", "seed": seed, "add_noise": start == 0}
    values |= {"start_at_step": start, "end_at_step": end, "return_with_leftover_noise": end < STEPS}
    return graph.sigmatic(model, positive, negative, latent, host.info, **values)


def _masked(graph, latent, soft):
    """The latent with its left half to be redone; `soft`: and a column between that is half redone."""
    mask = graph.add("SolidMask", value=0.0, width=32, height=32)
    if soft:
        half = graph.add("SolidMask", value=0.5, width=20, height=32)
        mask = graph.add("MaskComposite", destination=mask, source=half, x=0, y=0, operation="add")
    hole = graph.add("SolidMask", value=1.0, width=16, height=32)
    mask = graph.add("MaskComposite", destination=mask, source=hole, x=0, y=0, operation="add")
    return graph.add("SetLatentNoiseMask", samples=latent, mask=mask)


@pytest.mark.parametrize("kind", SPACES)
@pytest.mark.parametrize("sampler", ["sig_dpmpp_2m", "sig_dpmpp_3m_sde", "sig_ipndm"])
def test_two_stock_nodes_are_one_run(host, graph, kind, sampler):
    """Also where the second has seed 0, which is what Disable Noise hands on; and never where anything else differs."""
    model, positive, negative, latent = graph.demo(parametrisation=kind, batch=2)
    links = (model, positive, negative)
    half = _advanced(graph, *links, latent, sampler, end=CUT)
    ends = [_advanced(graph, *links, latent, sampler)]
    ends += [_advanced(graph, *links, half, sampler, CUT, seed=seed) for seed in (7, 0)]
    flipped = graph.add("LatentFlip", samples=half, flip_method="x-axis: vertically")
    back = graph.add("LatentFlip", samples=flipped, flip_method="x-axis: vertically")
    ends += [_advanced(graph, *links, back, sampler, CUT)]
    forgetful = [_advanced(graph, *links, half, sampler, CUT, seed=8), _advanced(graph, *links, flipped, sampler, CUT)]
    forgetful += [_advanced(graph, *links, half, sampler, CUT + 1), _advanced(graph, *links, half, "sig_res_3m", CUT)]
    whole, *same = _saved(host, graph, *ends)
    for latent in same:
        assert torch.equal(latent, whole)
    for latent in _saved(host, graph, *forgetful):
        assert latent.isfinite().all() and not torch.equal(latent, whole)


@pytest.mark.parametrize("kind", SPACES)
def test_custom_runs_go_on_without_noise_and_seed(host, graph, kind):
    """RandomNoise, then DisableNoise, on the halves of SplitSigmas."""
    links = graph.demo(parametrisation=kind)
    sigmas = graph.schedule(links[0], "sig_simple")
    sampler = graph.add("KSamplerSelect", sampler_name="sig_dpmpp_3m_sde")
    high = graph.add("SplitSigmas", sigmas=sigmas, step=4)
    half = graph.custom(*links, sampler, high)
    rest = graph.custom(*links[:3], half, sampler, [high[0], 1], noise=graph.add("DisableNoise"))
    whole, parts = _saved(host, graph, graph.custom(*links, sampler, sigmas), rest)
    assert torch.equal(whole, parts)
    assert host.log.count("goes on with the run before's") <= 1


@pytest.mark.parametrize("kind", SPACES)
@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("different", [False, True])
def test_outside_of_a_mask_nothing_changes_in_parts(host, graph, kind, soft, different):
    """Two or three parts, our node and the stock one, one sampler, another in the second part, and the host's own."""
    model, positive, negative, latent = graph.demo(parametrisation=kind)
    base = graph.ksampler(model, positive, negative, latent, sampler_name="sig_euler", seed=1)
    masked = _masked(graph, base, soft)
    links = (graph.add("DifferentialDiffusion", model=model) if different else model, positive, negative)
    ends, wholes = [], []
    for first, second in (("sig_dpmpp_2m",) * 2, ("sig_dpmpp_3m_sde",) * 2, ("sig_dpmpp_2m", "sig_heun")):
        half = _ours(host, graph, *links, masked, first, end=CUT)
        third = _ours(host, graph, *links, half, second, CUT, CUT + 3)
        ends += [_ours(host, graph, *links, third, second, CUT + 3)]
        half = _advanced(graph, *links, masked, first, end=CUT)
        ends += [_advanced(graph, *links, half, second, CUT)]
        wholes += [_ours(host, graph, *links, masked, first)] * 2
    half = _ours(host, graph, *links, masked, "euler", end=CUT)
    ends, wholes = [*ends, _ours(host, graph, *links, half, "euler", CUT)], [*wholes, wholes[0]]
    before, *after = _saved(host, graph, base, *ends, *wholes)
    parts, wholes = after[: len(ends)], after[len(ends) :]
    for latent in parts[:-1]:
        assert torch.equal(latent[..., 20:], before[..., 20:])
        assert not torch.equal(latent[..., :16], before[..., :16])
    torch.testing.assert_close(parts[-1][..., 20:], before[..., 20:], atol=1e-6, rtol=0)  # the host's own rounds
    if not different:  # whose thresholds the host makes of each part by itself
        for latent, whole in zip(parts[:4], wholes, strict=False):
            assert torch.equal(latent, whole)


@pytest.mark.parametrize("kind", SPACES)
def test_a_picture_of_a_batch_is_the_same_alone_on_stock_nodes(host, graph, kind):
    """LatentFromBatch in one run and in two parts; a batch of one seed is one picture all over."""
    model, positive, negative, latent = graph.demo(parametrisation=kind, batch=4)
    links = (model, positive, negative)
    alone = graph.add("LatentFromBatch", samples=latent, batch_index=2, length=1)
    fixed = graph.add("LatentBatchSeedBehavior", samples=latent, seed_behavior="fixed")
    ends = [_advanced(graph, *links, one, "sig_euler_ancestral") for one in (latent, alone, fixed)]
    half = _advanced(graph, *links, alone, "sig_euler_ancestral", end=CUT)
    ends += [_advanced(graph, *links, half, "sig_euler_ancestral", CUT)]
    whole, one, same, parts = _saved(host, graph, *ends)
    torch.testing.assert_close(one, whole[2:3], atol=1e-4, rtol=0)
    torch.testing.assert_close(parts, one, atol=1e-4, rtol=0)
    torch.testing.assert_close(same, whole[:1].expand_as(same), atol=1e-4, rtol=0)


@pytest.mark.parametrize("kind", SPACES)
@pytest.mark.parametrize("soft", [False, True])
def test_unsampling_with_a_mask_comes_back(host, graph, kind, soft):
    """Outside of the mask to rounding, inside as near as the steps are fine."""
    model, positive, negative, latent = graph.demo(parametrisation=kind)
    base = graph.ksampler(model, positive, negative, latent, sampler_name="sig_euler", seed=1)
    links = {"model": model, "positive": positive, "negative": negative}
    values = {**host.defaults("SigmaticUnsample"), "check": False, "steps": 40}
    noise = graph.add("SigmaticUnsample", **{**values, **links, "latent_image": _masked(graph, base, soft)})
    sampler = graph.add("KSamplerSelect", sampler_name="sig_heun")
    custom = {"add_noise": False, "noise_seed": 0, "cfg": 1.0, "sampler": sampler, "sigmas": [noise[0], 1]}
    back = graph.add("SamplerCustom", **links, **custom, latent_image=noise)
    before, after = _saved(host, graph, base, back)
    torch.testing.assert_close(after[..., 20:], before[..., 20:], atol=1e-5, rtol=0)
    assert (after - before).square().mean().sqrt() < 0.1
