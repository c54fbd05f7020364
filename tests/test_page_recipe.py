"""What the page says of sig_auto: the recipe that files' names speak for, and the levels that the run then has."""

import pytest
import torch

import sigmatic

FLUX = {"files": ["flux1-dev.safetensors"]}


@pytest.fixture
def ask(pack):
    """ask(node, **request) -> the answer."""

    def ask(node="SigmaticKSampler", **request):
        return pack.part("page.answer").describe({"node": node, **request})

    return ask


def words(answer):
    """What it takes for granted."""
    return " ".join(text.format(**values) for text, values in answer["assumes"])


def test_the_file_speaks_for_the_recipe(ask):
    told = ask(model=FLUX, values={"steps": 28})
    assert told["sigmas"] == pytest.approx(sigmatic.recipes.sigmas("flux_dev", 28).tolist(), rel=1e-6)
    assert told["names"] == {"sampler": "sig_auto (euler)", "schedule": "sig_auto"}
    assert "By flux1-dev.safetensors, the model is taken for Flux.1 dev." in words(told)
    assert "1024 x 1024" in words(told)
    assert all("pays no attention" in text for text, _ in told["notes"])


def test_the_size_on_the_wires_is_taken(ask):
    told = ask(model=FLUX, size={"width": 1344, "height": 768, "frames": 1}, values={"steps": 20})
    wanted = sigmatic.recipes.sigmas("flux_dev", 20, width=1344, height=768)
    assert told["sigmas"] == pytest.approx(wanted.tolist(), rel=1e-6) and "1024" not in words(told)
    with pytest.raises(ValueError, match=r"size\.width is 0"):
        ask(size={"width": 0, "height": 8})


def test_a_shift_on_the_wires_wins_as_in_the_run(ask, pack):
    shifted = {"node": "ModelSamplingSD3", "values": {"shift": 6.0}, **FLUX}
    told = ask(model=shifted, values={"steps": 4})
    assert told["sigmas"][1] == pytest.approx(6 * 0.75 / (1 + 5 * 0.75), rel=1e-2)
    assert any("shift of 6" in str(values) + text for text, values in told["notes"])


def test_a_lora_before_the_model_counts(ask):
    files = ["Qwen-Image-Lightning-4steps-V1.0.safetensors", "qwen_image_fp8.safetensors"]
    assert "Qwen-Image" in words(ask(model={"files": files})) and "Lightning" in words(ask(model={"files": files}))


def test_an_unknown_file_gets_what_an_unknown_model_gets_and_that_is_said(ask):
    told = ask(values={"steps": 20})
    assert told["names"]["sampler"] == "sig_auto (dpmpp_2m)" and "without a recipe" in words(told)
    named = ask(values={"steps": 20, "sampler": "sig_euler", "schedule": "sig_karras"})
    assert "without a recipe" not in words(named)


@pytest.mark.parametrize("widgets", [{}, {"noise": "pink"}, {"s_noise": 0.5}, {"more": "s_noise = 0.9"}])
def test_sigmatic_sampler_as_sig_auto_is_the_recipes_sampler(pack, widgets):
    """Known when it runs, and what its widgets say reaches it."""
    import comfy.sample

    model = pack.model("SDXL", "lcm_lora_sdxl.safetensors", kind="eps")
    given = {"noise": "default", **widgets}
    links = [pack.run("SigmaticDemoPrompt"), pack.run("SigmaticDemoPrompt", digit="")]
    latent = pack.run("SigmaticDemoLatent")["samples"]
    noise = torch.randn(latent.shape, generator=torch.Generator().manual_seed(3))
    sigmas = sigmatic.recipes.sigmas("sdxl_lcm", 4)

    def run(name):
        sampler = pack.nodes["SigmaticSampler"].plan(None, sampler=name, **given).sampler.build()
        return comfy.sample.sample_custom(model, noise, 1.0, sampler, sigmas, *links, latent, seed=3)

    assert torch.equal(run("sig_auto"), run("sig_lcm")) and not torch.equal(run("sig_auto"), run("sig_euler"))


def test_sigmatic_schedule_as_sig_auto_is_the_recipes_levels(pack):
    node, facts = pack.nodes["SigmaticSchedule"], pack.part("dropdowns.plan").ModelFacts
    model = facts.of(pack.model("FluxSchnell", shift=1.0))
    whole = node.plan(model, "sig_auto", 8)
    assert torch.equal(whole.sigmas, sigmatic.recipes.sigmas("flux_schnell", 8)) and not whole.warnings
    assert torch.equal(node.plan(model, "sig_auto", 4, 0.5).sigmas, whole.sigmas[-5:])
    assert torch.equal(node.plan(model, "sig_auto", 8, terminal=False).sigmas, whole.sigmas[:-1])
    assert "sigma_max" in node.plan(model, "sig_auto", 8, sigma_max=0.9).warnings[0]
    assert node.validate_inputs(schedule="sig_auto") is True


def test_lists_of_our_own_nodes_begin_with_what_to_begin_with(pack):
    start = pack.part("dropdowns.start_here")
    for node, widgets in {
        "SigmaticKSampler": ("sampler", "schedule"), "SigmaticSampler": ("sampler",), "SigmaticSchedule": ("schedule",),
    }.items():  # fmt: skip
        inputs = {one.id: one.as_dict() for one in pack.nodes[node].define_schema().inputs}
        for widget in widgets:
            names, first = inputs[widget]["options"], start.FIRST[widget == "schedule"]
            assert tuple(names[: len(first)]) == first, node
            assert len(set(names)) == len(names)
    ours = [name for name in inputs["schedule"]["options"] if not name.startswith("sig_")]
    assert not ours
    host = pack.module and __import__("comfy.samplers", fromlist=["x"]).SAMPLER_NAMES
    assert sorted(start.ordered(host)) == sorted(host) and start.ordered(host) != host
    assert host.index("euler") < host.index("sig_euler"), "the host's own list is as it was"
