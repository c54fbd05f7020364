"""Our names and nodes in a running ComfyUI."""

import numpy as np
import pytest
import torch

import sigmatic
from sigmatic.demo import tiles

NODES = {
    "SigmaticKSampler", "SigmaticSampler", "SigmaticSchedule", "SigmaticNoise", "SigmaticDemoModel",
    "SigmaticDemoPrompt", "SigmaticDemoLatent", "SigmaticDemoDecode", "SigmaticSettings", "SigmaticSavePreset",
    "SigmaticSamplerInfo", "SigmaticUnsample", "SigmaticSplit", "SigmaticEdit", "SigmaticText", "SigmaticConvert",
    "SigmaticFit", "SigmaticCompare",
}  # fmt: skip
KINDS = ("eps", "v", "flow")
SAMPLERS = ["sig_" + name for name in sigmatic.samplers.names() if not sigmatic.samplers.get(name).learned]
SCHEDULES = ["sig_" + name for name in sigmatic.schedulers.names()]


def _options(info, node, name):
    kind, *rest = info[node]["input"]["required"][name]
    return kind if isinstance(kind, list) else rest[0]["options"]


def _saved(host, graph, *links):
    return host.latents(graph, *[graph.save(link) for link in links])


def test_nodes_and_names_are_listed(host):
    assert set(host.info) >= NODES
    for node, widget, names in (
        ("KSampler", "sampler_name", SAMPLERS),
        ("KSamplerAdvanced", "sampler_name", SAMPLERS),
        ("KSamplerSelect", "sampler_name", SAMPLERS),
        ("SigmaticKSampler", "sampler", SAMPLERS),
        ("KSampler", "scheduler", SCHEDULES),
        ("KSamplerAdvanced", "scheduler", SCHEDULES),
        ("BasicScheduler", "scheduler", SCHEDULES),
        ("SigmaticKSampler", "schedule", SCHEDULES),
    ):
        listed = _options(host.info, node, widget)
        assert [name for name in names if listed.count(name) != 1] == [], (node, widget)


def test_the_start_is_quiet(host):
    assert host.said_at_start == []


def test_the_quickstart_paints_in_colour(host, quickstart):
    outputs = host.run(quickstart)
    (images,) = [output["images"] for output in outputs.values() if "images" in output]
    pictures = host.pictures(images)
    assert len(pictures) >= 4
    for picture in pictures:
        assert picture.size == (256, 256)
        colours = torch.from_numpy(np.array(picture.convert("RGB"))).float()
        assert (colours.amax(-1) - colours.amin(-1)).amax() > 60 and colours.std() > 20


@pytest.mark.parametrize("kind", KINDS)
def test_tiles_are_drawn_in_colour_by_the_stock_nodes(host, graph, kind):
    """A kind by name, the empty latent of one channel, the stock KSampler: what was asked for, and previews."""
    links = graph.demo(model="tiles", parametrisation=kind, digit="book", batch=2)
    latent = graph.ksampler(*links, scheduler="simple", steps=10)
    graph.add("PreviewImage", images=graph.add("SigmaticDemoDecode", samples=latent, zoom=1))
    messages, previews = host.watch(graph)
    assert previews == 10
    (images,) = [m["data"]["output"]["images"] for m in messages if m["type"] == "executed"]
    pixels = torch.from_numpy(np.stack([np.array(picture.convert("RGB")) for picture in host.pictures(images)]))
    x0 = tiles.LOW + pixels.movedim(-1, 1) / 255 * (tiles.HIGH - tiles.LOW)
    assert [tiles.KINDS[k] for k in tiles.classify(x0)] == ["book", "book"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_sampler_runs_in_the_stock_ksampler(host, graph, kind):
    links = graph.demo(parametrisation=kind)
    ends = [graph.ksampler(*links, sampler_name=name) for name in SAMPLERS]
    for name, latent in zip(SAMPLERS, _saved(host, graph, *ends), strict=True):
        assert latent.isfinite().all(), name
        assert 0.3 < latent.std() < 1.2, name


@pytest.mark.parametrize("kind", KINDS)
def test_every_schedule_runs_in_the_stock_ksampler(host, graph, kind):
    links = graph.demo(parametrisation=kind)
    ends = [graph.ksampler(*links, scheduler=name) for name in SCHEDULES]
    for name, latent in zip(SCHEDULES, _saved(host, graph, *ends), strict=True):
        assert latent.isfinite().all(), name
        assert 0.3 < latent.std() < 1.2, name


def test_sigmatic_ksampler_on_its_defaults(host, graph):
    links = graph.demo(batch=2)
    defaults = {name: value for name, value in host.defaults("SigmaticKSampler").items() if value is not None}
    (latent,) = _saved(host, graph, graph.sigmatic(*links, host.info, **defaults))
    assert latent.shape == (2, 1, 32, 32)
    assert latent.isfinite().all()


@pytest.mark.parametrize(
    ("sampler", "schedule"),
    [
        ("sig_euler", "sig_karras"), ("sig_dpmpp_2m_sde", "sig_karras"), ("sig_heun", "normal"), ("euler", "karras"),
        ("euler", "sig_karras"), ("euler_ancestral", "normal"), ("dpm_2", "simple"), ("ddim", "ddim_uniform"),
        ("uni_pc", "exponential"), ("dpm_adaptive", "karras"), ("dpm_fast", "normal"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["eps", "flow"])
def test_sigmatic_ksampler_equals_the_stock_one_bit_for_bit(host, graph, kind, sampler, schedule):
    links = graph.demo(parametrisation=kind, batch=2)
    for denoise in (1.0, 0.4):
        stock = graph.ksampler(*links, sampler_name=sampler, scheduler=schedule, denoise=denoise)
        ours = graph.sigmatic(*links, host.info, sampler=sampler, schedule=schedule, denoise=denoise)
        theirs, own = _saved(host, graph, stock, ours)
        assert torch.equal(theirs, own)


def test_eta_reaches_ours_and_the_hosts(host, graph):
    links = graph.demo()
    pairs = [("sig_euler_ancestral", "sig_euler"), ("euler_ancestral", "euler")]
    ends = [graph.sigmatic(*links, host.info, sampler=name, eta=0.0) for pair in pairs for name in pair]
    ends.append(graph.sigmatic(*links, host.info, sampler="sig_euler_ancestral"))
    ours, ours_ode, theirs, theirs_ode, noisy = _saved(host, graph, *ends)
    assert torch.equal(ours, ours_ode)
    torch.testing.assert_close(theirs, theirs_ode, atol=1e-5, rtol=0)
    assert not torch.equal(noisy, ours)


@pytest.mark.parametrize("kind", KINDS)
def test_custom_sampling(host, graph, kind):
    links = graph.demo(parametrisation=kind)
    sampler = graph.add("SigmaticSampler", sampler="sig_euler", eta=1.0, s_noise=1.0, noise="default")
    custom = graph.custom(*links, sampler, graph.schedule(links[0]))
    selected = graph.add("KSamplerSelect", sampler_name="sig_euler")
    basic = graph.add("BasicScheduler", model=links[0], scheduler="sig_karras", steps=8, denoise=1.0)
    by_name = graph.custom(*links, selected, basic)
    stock = graph.ksampler(*links, cfg=1.0)
    ours, named, plain = _saved(host, graph, custom, by_name, stock)
    assert torch.equal(ours, named)
    assert torch.equal(ours, plain)


@pytest.mark.parametrize("kind", KINDS)
def test_denoise_changes_a_part_only(host, graph, kind):
    links = graph.demo(parametrisation=kind)
    first = graph.ksampler(*links)
    again = graph.ksampler(*links[:3], first, denoise=0.4, seed=8, sampler_name="sig_dpmpp_2m_sde")
    before, after = _saved(host, graph, first, again)
    assert 0.01 < (after - before).std() < 0.9
    assert after.isfinite().all()


@pytest.mark.parametrize("node", ["ksampler", "sigmatic"])
def test_a_mask_keeps_the_rest_exactly(host, graph, node):
    links = graph.demo(batch=3)
    first = graph.ksampler(*links)
    full, none = (graph.add("SolidMask", value=value, width=32, height=32) for value in (1.0, 0.0))
    mask = graph.add("MaskComposite", destination=none, source=full, x=16, y=0, operation="add")
    masked = graph.add("SetLatentNoiseMask", samples=first, mask=mask)
    if node == "ksampler":
        again = graph.ksampler(*links[:3], masked, seed=8, sampler_name="sig_dpmpp_2m_sde")
    else:
        again = graph.sigmatic(*links[:3], masked, host.info, seed=8)
    before, after = _saved(host, graph, first, again)
    torch.testing.assert_close(after[..., :16], before[..., :16], atol=1e-6, rtol=0)
    assert (after[..., 16:] - before[..., 16:]).std() > 0.05


@pytest.mark.parametrize("sampler", ["sig_euler_ancestral", "sig_dpmpp_2m_sde"])
def test_an_item_of_a_batch_is_the_item_alone(host, graph, sampler):
    links = graph.demo(batch=4)
    whole = graph.sigmatic(*links, host.info, sampler=sampler)
    third = graph.add("LatentFromBatch", samples=links[3], batch_index=2, length=1)
    alone = graph.sigmatic(*links[:3], third, host.info, sampler=sampler)
    all_four, item = _saved(host, graph, whole, alone)
    torch.testing.assert_close(item[0], all_four[2], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_ten_and_ten_steps_are_twenty(host, graph, kind):
    model, positive, negative, latent = graph.demo(parametrisation=kind)
    links = {"model": model, "positive": positive, "negative": negative}
    values = {
        "noise_seed": 7,
        "cfg": 2.0,
        "steps": 20,
        "sampler_name": "sig_euler_ancestral",
        "scheduler": "sig_karras",
    }

    def advanced(latent, start, end, first, last):
        switches = {"add_noise": first, "return_with_leftover_noise": last}
        steps = {"start_at_step": start, "end_at_step": end}
        return graph.add("KSamplerAdvanced", latent_image=latent, **links, **values, **switches, **steps)

    whole = advanced(latent, 0, 20, "enable", "disable")
    halves = advanced(advanced(latent, 0, 10, "enable", "enable"), 10, 20, "disable", "disable")
    one, two = _saved(host, graph, whole, halves)
    torch.testing.assert_close(two, one, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("kind", "node", "settings"),
    [
        ("flow", "ModelSamplingSD3", {"shift": 3.0}),
        ("flow", "ModelSamplingSD3", {"shift": 16.94}),  # its last level is rounded to above 1
        ("v", "ModelSamplingDiscrete", {"sampling": "v_prediction", "zsnr": True}),
    ],
)
def test_patched_models_are_followed(host, graph, kind, node, settings):
    model, *links = graph.demo(parametrisation=kind)
    patched = graph.add(node, model=model, **settings)
    plain = graph.ksampler(model, *links, scheduler="sig_simple")
    ours = graph.ksampler(patched, *links, scheduler="sig_simple")
    theirs = graph.ksampler(patched, *links, scheduler="simple")
    noisy = graph.ksampler(patched, *links, scheduler="sig_normal", sampler_name="sig_dpmpp_2m_sde")
    plain, ours, theirs, noisy = _saved(host, graph, plain, ours, theirs, noisy)
    assert (ours - plain).abs().max() > 1e-3
    torch.testing.assert_close(ours, theirs, atol=1e-3, rtol=0)
    assert noisy.isfinite().all()


@pytest.mark.parametrize("kind", KINDS)
def test_the_toolkit_takes_a_schedule_apart_and_puts_it_together(host, graph, kind):
    links = graph.demo(parametrisation=kind)
    sampler = graph.add("SigmaticSampler", sampler="sig_euler", eta=1.0, s_noise=1.0, noise="default")
    whole = graph.schedule(links[0])
    edit = {**host.defaults("SigmaticEdit"), "operation": "join"}
    convert = graph.add("SigmaticConvert", model=links[0], value=0.4, unit="percent")
    split = graph.add("SigmaticSplit", sigmas=whole, by="sigma", at=convert, exact=False)
    joined = graph.add("SigmaticEdit", **{**edit, "sigmas": split, "sigmas_2": [split[0], 1]})
    text = graph.add("SigmaticText", text="", sigmas=joined)
    again = graph.add("SigmaticText", text=[text[0], 1])
    plain, ours = _saved(host, graph, graph.custom(*links, sampler, whole), graph.custom(*links, sampler, again))
    assert torch.equal(plain, ours)


def test_the_toolkit_counts_as_the_host_does(host, graph):
    for kind in ("eps", "flow"):
        links = graph.demo(parametrisation=kind)
        sampler = graph.add("KSamplerSelect", sampler_name="sig_euler")
        theirs = graph.add("SamplingPercentToSigma", model=links[0], sampling_percent=0.35, return_actual_sigma=False)
        ours = graph.add("SigmaticConvert", model=links[0], value=0.35, unit="percent")
        edit = {
            **host.defaults("SigmaticEdit"),
            "operation": "set first",
            "sigmas": graph.add("SigmaticText", text="0.3, 0.1, 0"),
        }
        ends = [
            graph.custom(*links, sampler, graph.add("SigmaticEdit", **{**edit, "amount": at})) for at in (theirs, ours)
        ]
        host_made, own = _saved(host, graph, *ends)
        torch.testing.assert_close(own, host_made, atol=1e-5, rtol=0)
        graph.clear()


DECIDING = {
    "ModelSamplingSD3": {"shift": 4.0},
    "ModelSamplingAuraFlow": {"shift": 1.73},
    "ModelSamplingFlux": {"max_shift": 1.15, "base_shift": 0.5, "width": 768, "height": 1024},
    "ModelSamplingDiscrete": {"sampling": "v_prediction", "zsnr": True},
    "ModelSamplingContinuousEDM": {"sampling": "eps", "sigma_max": 80.0, "sigma_min": 0.01},
}


@pytest.mark.parametrize("node", DECIDING)
def test_a_plot_has_the_levels_that_the_wires_make(host, graph, node):
    """Told what the page sees, the class and widgets of the node that decides, the server draws what is then run."""
    decided = graph.add(node, model=graph.demo()[0], **DECIDING[node])
    text = graph.add("SigmaticText", text="", sigmas=graph.schedule(decided, "sig_simple"))
    shown, _ = graph.add("PreviewAny", source=[text[0], 1])
    (run,) = host.run(graph)[shown]["text"]
    seen = {name: DECIDING[node][name] for name in host.get("/sigmatic/plots")["deciding"][node]}
    values = {"schedule": "sig_simple", "steps": 8}
    told = {"node": "SigmaticSchedule", "values": values, "model": {"node": node, "values": seen}}
    drawn = host.post("/sigmatic/table", told)["sigmas"]
    assert drawn == pytest.approx([float(level) for level in run.split(",")], rel=1e-6)


@pytest.mark.parametrize("kind", ["eps", "flow"])
def test_a_schedule_is_fitted_and_runs(host, graph, kind):
    model, positive, negative, latent = graph.demo(parametrisation=kind)
    links = {"model": model, "positive": positive, "negative": negative, "latent_image": latent}
    widgets = {**host.defaults("SigmaticFit"), "steps": 5, "latents": 3, "budget": 130, "cfg": 1.0}
    widgets = {name: value for name, value in widgets.items() if value is not None}
    fitted = graph.add("SigmaticFit", **{**widgets, **links})
    sampler = graph.add("KSamplerSelect", sampler_name="sig_dpmpp_2m")
    karras = graph.add("BasicScheduler", model=model, scheduler="sig_karras", steps=5, denoise=1.0)
    fine = graph.add("BasicScheduler", model=model, scheduler="sig_kl_optimal", steps=100, denoise=1.0)
    ends = [graph.custom(model, positive, negative, latent, sampler, sigmas) for sigmas in (fitted, karras, fine)]
    ours, theirs, goal = _saved(host, graph, *ends)
    assert (ours - goal).std() < 0.5 * (theirs - goal).std()
    assert list((host.base / "user" / "sigmatic" / "fits").glob("*.json"))
