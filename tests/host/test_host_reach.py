"""Settings, curves, split runs and masks in a running ComfyUI."""

import pytest
import safetensors.torch
import torch

import sigmatic

SPACES = ("eps", "flow")


def _saved(host, graph, *links):
    return host.latents(graph, *[graph.save(link) for link in links])


def _settings(host, graph, model, **given):
    return graph.add("SigmaticSettings", **{**host.defaults("SigmaticSettings"), "model": model, **given})


@pytest.mark.parametrize("kind", SPACES)
def test_settings_reach_the_stock_nodes(host, graph, kind):
    model, *links = graph.demo(parametrisation=kind, batch=2)
    names = {"sampler_name": "sig_euler_ancestral"}
    ends = [graph.ksampler(_settings(host, graph, model, eta=0.0), *links, **names)]
    ends.append(graph.ksampler(model, *links, sampler_name="sig_euler"))
    ends.append(graph.ksampler(model, *links, **names))
    spaced = _settings(host, graph, _settings(host, graph, model, eta=0.5, rho=3.0), eta=0.0)
    ends.append(graph.ksampler(spaced, *links, **names))
    ends.append(graph.sigmatic(model, *links, host.info, sampler="sig_euler", rho=3.0))
    still, ode, noisy, both, rho = _saved(host, graph, *ends)
    assert torch.equal(still, ode) and not torch.equal(noisy, ode)
    assert torch.equal(both, rho) and not torch.equal(both, ode)


def _lora(host):
    """A LoRA file for the digit network in the server's folder; its name."""
    folder = host.base / "models" / "loras"
    folder.mkdir(parents=True, exist_ok=True)
    up, down = torch.randn(128, 1), torch.randn(1, 32)
    key = "lora_unet_network_noise_mlp_0"
    safetensors.torch.save_file(
        {f"{key}.lora_up.weight": up, f"{key}.lora_down.weight": down}, folder / "t.safetensors"
    )
    return "t.safetensors"


def test_settings_survive_lora_clones_and_hooks(host, graph):
    """Settings before or after a LoRA, and a LoRA hook on the prompt: eta 0 is the ODE sampler, the LoRA is heard."""
    lora = {"lora_name": _lora(host), "strength_model": 1.0}
    model, positive, negative, latent = graph.demo(model="digits")
    links, ends = (positive, negative, latent), []
    loaded = graph.add("LoraLoaderModelOnly", model=model, **lora)
    for chain in (
        graph.add("LoraLoaderModelOnly", model=_settings(host, graph, model, eta=0.0), **lora),
        _settings(host, graph, loaded, eta=0.0),
    ):
        ends.append(graph.ksampler(chain, *links, sampler_name="sig_euler_ancestral"))
    ends += [graph.ksampler(one, *links, sampler_name="sig_euler") for one in (loaded, model)]
    hooks = graph.add("CreateHookLora", **lora, strength_clip=1.0)
    hooked = graph.add(
        "ConditioningSetProperties", cond_NEW=positive, strength=1.0, set_cond_area="default", hooks=hooks
    )
    still = _settings(host, graph, model, eta=0.0)
    ends.append(graph.ksampler(still, hooked, negative, latent, sampler_name="sig_euler_ancestral"))
    ends.append(graph.ksampler(model, hooked, negative, latent, sampler_name="sig_euler"))
    before, after, ode, plain, hook, hook_ode = _saved(host, graph, *ends)
    assert torch.equal(before, ode) and torch.equal(after, ode) and not torch.equal(ode, plain)
    assert torch.equal(hook, hook_ode) and not torch.equal(hook, plain)


def test_a_model_sampling_node_after_settings_loses_the_schedules_part_and_says_so(host, graph):
    model, *links = graph.demo(parametrisation="flow")
    later = graph.add("ModelSamplingSD3", model=_settings(host, graph, model, eta=0.0, rho=3.0), shift=3.0)
    right = _settings(host, graph, graph.add("ModelSamplingSD3", model=model, shift=3.0), eta=0.0, rho=3.0)
    ode = graph.add("ModelSamplingSD3", model=model, shift=3.0)
    ends = [graph.ksampler(one, *links, sampler_name="sig_euler_ancestral") for one in (later, right)]
    ends.append(graph.ksampler(ode, *links, sampler_name="sig_euler"))
    lost, kept, ode = _saved(host, graph, *ends)
    assert host.log.count("put Sigmatic Settings after ModelSamplingSD3") == 1
    assert torch.equal(lost, ode), "eta is kept, rho is the schedule's own"
    assert not torch.equal(lost, kept)


@pytest.mark.parametrize("kind", SPACES)
@pytest.mark.parametrize("sampler", ["sig_dpmpp_3m_sde", "sig_ipndm", "sig_uni_pc"])
def test_any_split_is_the_straight_run(host, graph, kind, sampler):
    links = graph.demo(parametrisation=kind, batch=2)
    common = {"sampler": sampler, "steps": 12, "eta": 0.5}
    ends = [graph.sigmatic(*links, host.info, **common)]
    for cuts in ((6,), (1, 4, 9)):
        latent, start = links[3], 0
        for cut in (*cuts, 10000):
            part = {"start_at_step": start, "end_at_step": cut, "add_noise": start == 0}
            part["return_with_leftover_noise"] = cut < 12
            latent, start = graph.sigmatic(*links[:3], latent, host.info, **common, **part), cut
        ends.append(latent)
    whole, *split = _saved(host, graph, *ends)
    for latent in split:
        assert torch.equal(latent, whole)


def test_a_changed_latent_is_no_continuation(host, graph):
    links = graph.demo()
    common = {"sampler": "sig_dpmpp_2m", "steps": 8}
    first = graph.sigmatic(*links, host.info, **common, end_at_step=4, return_with_leftover_noise=True)
    flipped = graph.add("LatentFlip", samples=first, flip_method="x-axis: vertically")
    rest = graph.sigmatic(*links[:3], flipped, host.info, **common, start_at_step=4, add_noise=False)
    (latent,) = _saved(host, graph, rest)
    assert latent.isfinite().all()
    assert host.log.count("the latent was changed since") == 1


def test_memory_goes_on_across_two_models(host, graph):
    """High noise on one model, low noise on another that knows the same: the run is that of one model."""
    model, positive, negative, latent = graph.demo()
    other = graph.add("SigmaticDemoModel", model="mixture", parametrisation="v")
    common = {"sampler": "sig_ipndm", "steps": 10}
    links = {"positive": positive, "negative": negative}
    half = graph.sigmatic(model, positive, negative, latent, host.info, **common, end_at_step=4,
                          return_with_leftover_noise=True)  # fmt: skip
    rest = {"start_at_step": 4, "add_noise": False}
    ends = [graph.sigmatic(one, positive, negative, half, host.info, **common, **rest) for one in (model, other)]
    values = {"noise_seed": 7, "cfg": 2.0, "steps": 10, "sampler_name": "sig_ipndm", "scheduler": "sig_karras"}
    values |= {"add_noise": "disable", "return_with_leftover_noise": "disable", "start_at_step": 4, "end_at_step": 99}
    ends.append(graph.add("KSamplerAdvanced", model=other, latent_image=half, **links, **values))
    ends.append(graph.sigmatic(model, positive, negative, latent, host.info, **common))
    before = host.log.count("without its memory")
    same, two, stock, whole = _saved(host, graph, *ends)
    assert torch.equal(same, whole)
    torch.testing.assert_close(two, whole, atol=1e-4, rtol=0)
    assert torch.equal(stock, two), "the stock node's run is known by its samples"
    assert host.log.count("without its memory") == before


@pytest.mark.parametrize("kind", SPACES)
def test_outside_a_hard_mask_nothing_changes(host, graph, kind):
    """Every sampler, on the stock KSampler: bit-equal (the demo's latent format scales nothing)."""
    model, positive, negative, latent = graph.demo(parametrisation=kind)
    base = graph.ksampler(model, positive, negative, latent, sampler_name="sig_euler", seed=1)
    mask = graph.add("SolidMask", value=0.0, width=32, height=32)
    hole = graph.add("SolidMask", value=1.0, width=16, height=32)
    mask = graph.add("MaskComposite", destination=mask, source=hole, x=0, y=0, operation="add")
    masked = graph.add("SetLatentNoiseMask", samples=base, mask=mask)
    names = ["sig_" + name for name in sigmatic.samplers.names() if not sigmatic.samplers.get(name).learned]
    ends = [graph.ksampler(model, positive, negative, masked, sampler_name=name, denoise=0.7) for name in names]
    before, *after = _saved(host, graph, base, *ends)
    for name, latent in zip(names, after, strict=True):
        assert torch.equal(latent[..., 16:], before[..., 16:]), name
        assert not torch.equal(latent[..., :16], before[..., :16]), name


def test_differential_diffusion_is_like_the_stock_sampler(host, graph):
    model, positive, negative, latent = graph.demo()
    base = graph.ksampler(model, positive, negative, latent, sampler_name="sig_euler", seed=1)
    mask = graph.add("SolidMask", value=0.5, width=32, height=32)
    masked = graph.add("SetLatentNoiseMask", samples=base, mask=mask)
    different = graph.add("DifferentialDiffusion", model=model)
    ends = [graph.ksampler(different, positive, negative, masked, sampler_name=name) for name in ("sig_euler", "euler")]
    ours, theirs = _saved(host, graph, *ends)
    torch.testing.assert_close(ours, theirs, atol=2e-5, rtol=0)


def _detailed(graph, model, positive, negative, tiles, sampler, schedule="sig_karras"):
    links = {"model": model, "positive": positive, "negative": negative, "tiles": tiles}
    names = {"sampler_name": sampler, "scheduler": schedule}
    return graph.add("NamesOnlyDetailer", **links, **names, denoise=0.3, seed=5)


@pytest.mark.parametrize("kind", SPACES)
def test_a_node_that_takes_only_names_obeys_settings_and_presets(host, graph, kind):
    model, *prompts, latent = graph.demo(parametrisation=kind, batch=3)
    base = graph.ksampler(model, *prompts, latent, sampler_name="sig_euler", seed=1)
    preset = {**host.defaults("SigmaticSavePreset"), "name": f"half-{kind}", "replace": True, "eta": 0.5, "rho": 3.0}
    graph.add("SigmaticSavePreset", **{**preset, "sampler": "sig_euler_ancestral", "schedule": "sig_karras"})
    host.run(graph)  # the preset is there at once, for the very next prompt
    mine = f"sig_my_half-{kind}"

    def tiles(sampler, schedule="sig_karras", **settings):
        chain = _settings(host, graph, model, **settings) if settings else model
        return _detailed(graph, chain, *prompts, base, sampler, schedule)

    ends = [base, tiles("sig_euler_ancestral", eta=0.0), tiles("sig_euler"), tiles("sig_euler_ancestral")]
    ends += [tiles(mine, mine), tiles("sig_euler_ancestral", eta=0.5, rho=3.0), tiles(mine, mine, eta=0.0)]
    ends += [tiles("sig_euler", rho=3.0)]
    before, still, ode, noisy, preset, by_settings, overruled, spaced = _saved(host, graph, *ends)
    assert torch.equal(still, ode) and not torch.equal(noisy, ode)
    assert torch.equal(preset, by_settings) and not torch.equal(preset, noisy)
    assert torch.equal(overruled, spaced) and not torch.equal(spaced, ode)
    for latent in (still, noisy, preset):
        assert torch.equal(latent[:, :, :8], before[:, :, :8]), "outside the mask"


def test_presets_are_in_the_lists_now_and_after_a_start(start, graph, tmp_path):
    host = start()
    preset = {"name": "calm", "sampler": {"sampler": "dpmpp_2m_sde", "options": {"eta": "0:1, 50:0"}}}
    book = host.post("/sigmatic/presets", {**preset, "schedule": {"schedule": "karras", "options": {"rho": 5}}})
    assert set(book["samplers"]) == set(book["schedules"]) == {"calm"}
    info = host.get("/object_info")
    places = [(node, "sampler_name") for node in ("KSampler", "KSamplerAdvanced", "KSamplerSelect")]
    places += [("SigmaticKSampler", "sampler"), ("SigmaticSampler", "sampler"), ("KSampler", "scheduler")]
    places += [("BasicScheduler", "scheduler"), ("SigmaticKSampler", "schedule"), ("SigmaticSchedule", "schedule")]
    for node, widget in places:
        kind, *rest = info[node]["input"]["required"][widget]
        assert (kind if isinstance(kind, list) else rest[0]["options"]).count("sig_my_calm") == 1, (node, widget)
    assert host.get("/api/sigmatic/presets")["samplers"]["calm"]["sampler"] == "dpmpp_2m_sde"
    host.stop()
    (file,) = (host.base / "user").rglob("presets.json")
    folder = tmp_path / "base1" / "user" / "sigmatic"
    folder.mkdir(parents=True)
    (folder / "presets.json").write_bytes(file.read_bytes())
    again = start()
    (latent,) = _saved(again, graph, graph.ksampler(*graph.demo(), sampler_name="sig_my_calm", scheduler="sig_my_calm"))
    assert latent.isfinite().all()
    assert [line for line in again.log.splitlines() if "Sigmatic:" in line] == []
