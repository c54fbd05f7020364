"""The node classes on a stand-in host."""

import importlib

import pytest
import torch

import sigmatic

KINDS = ("eps", "v", "flow")


def test_the_ids_are_the_documented_ones(pack):
    assert set(pack.nodes) == {
        "SigmaticKSampler", "SigmaticSampler", "SigmaticSchedule", "SigmaticNoise", "SigmaticDemoModel",
        "SigmaticDemoPrompt", "SigmaticDemoLatent", "SigmaticDemoDecode", "SigmaticSettings", "SigmaticSavePreset",
        "SigmaticSamplerInfo", "SigmaticUnsample", "SigmaticSplit", "SigmaticEdit", "SigmaticText", "SigmaticConvert",
        "SigmaticFit", "SigmaticCompare", "SigmaticRecipe", "SigmaticExpertsKSampler", "SigmaticSaveRun",
        "SigmaticLoadRun", "SigmaticSweep",
    }  # fmt: skip


def test_every_widget_has_a_default_and_a_tooltip(pack):
    for node in pack.nodes.values():
        described = node.define_schema()
        assert described.display_name.startswith("Sigmatic ")
        assert described.category.startswith("model/sampling/sigmatic")
        assert described.description
        for widget in described.inputs:
            assert widget.given["tooltip"]
            if widget.io_type in ("INT", "FLOAT", "BOOLEAN", "STRING", "COMBO"):
                assert "default" in widget.given, widget.id
            if widget.io_type == "FLOAT":
                assert widget.given["round"] is False
            if widget.io_type == "COMBO":
                assert widget.given["default"] in widget.given["options"]


def test_six_widgets_are_advanced(pack):
    inputs = pack.nodes["SigmaticKSampler"].define_schema().inputs
    folded = [i.id for i in inputs if i.extra_dict.get("advanced")]
    assert folded == ["start_at_step", "end_at_step", "add_noise", "return_with_leftover_noise",
                      "eta_curve", "s_noise_curve"]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_the_demo_model_is_the_mixture_exactly(pack, kind):
    # The stand-in rounds the network's time, as the host does: only the true sigma gives this.
    patcher = pack.run("SigmaticDemoModel", model="mixture", parametrisation=kind)
    space = "flow" if kind == "flow" else "ve"
    mixture = importlib.import_module("sigmatic.demo.mixture").Mixture(shape=(1, 32, 32), seed=0)
    x, sigma = mixture.noised(2, 0.37, space).float(), torch.tensor([0.37, 0.37])
    context = torch.zeros(2, 1, 30)
    got = patcher.model.apply_model(x, sigma, context, {"sigmas": sigma})
    torch.testing.assert_close(got, mixture.denoiser(space)(x, sigma), atol=2e-6, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_every_sampler_arrives_at_a_picture(pack, kind):
    for name in [n for n in sigmatic.samplers.names() if not sigmatic.samplers.get(n).learned]:
        samples = pack.line(kind, sampler="sig_" + name)
        assert samples.shape == (2, 1, 32, 32)
        assert samples.isfinite().all(), name
        assert 0.3 < samples.std() < 1.2, name


def test_the_callback_comes_once_a_step(pack):
    seen = importlib.import_module("latent_preview").SEEN
    seen.clear()
    pack.line(sampler="sig_heun")
    assert seen == [(i, 6) for i in range(6)]


def test_an_item_of_a_batch_is_the_item_alone(pack):
    whole = pack.line(batch=4, sampler="sig_euler_ancestral")
    alone = {"samples": torch.zeros(1, 1, 32, 32), "batch_index": [2]}
    torch.testing.assert_close(pack.line(sampler="sig_euler_ancestral", latent_image=alone)[0], whole[2])


def test_two_halves_are_the_whole(pack):
    given = {"sampler": "sig_euler_ancestral", "steps": 8}
    whole = pack.line(**given)
    first = pack.line(**given, end_at_step=4, return_with_leftover_noise=True)
    second = pack.line(**given, latent_image={"samples": first}, start_at_step=4, add_noise=False)
    torch.testing.assert_close(second, whole, atol=1e-5, rtol=0)


def test_without_leftover_noise_the_first_half_is_clean(pack):
    first = pack.line(steps=8, end_at_step=3)
    assert first.std() < 1.2


@pytest.mark.parametrize("nothing", [{"denoise": 0.0}, {"start_at_step": 6}, {"start_at_step": 4, "end_at_step": 4}])
def test_nothing_to_do_returns_the_latent(pack, nothing):
    latent = {"samples": torch.ones(1, 1, 32, 32), "downscale_ratio_spacial": 8, "noise_mask": "kept"}
    out = pack.part("running.run").sample(
        pack.run("SigmaticDemoModel", model="mixture"), latent, None, torch.empty(0), seed=0, add_noise=True
    )
    assert set(out) == {"samples", "noise_mask"}
    assert torch.equal(pack.line(latent_image={"samples": latent["samples"]}, **nothing), latent["samples"])


def test_part_and_tail(pack):
    run = pack.part("running.run")
    sigmas = torch.tensor([4.0, 3.0, 2.0, 1.0, 0.0])
    assert run.part(sigmas, 0, 10000, False).tolist() == [4, 3, 2, 1, 0]
    assert run.part(sigmas, 1, 3, True).tolist() == [3, 2, 1]
    assert run.part(sigmas, 1, 3, False).tolist() == [3, 2, 0]
    assert sigmas.tolist() == [4, 3, 2, 1, 0], "the schedule itself is not written to"
    asked = []

    def levels(total):
        asked.append(total)
        return torch.arange(total, -1.0, -1.0)

    assert run.tail(4, 0.4, levels).tolist() == [4, 3, 2, 1, 0]
    assert run.tail(4, 1.0, levels).tolist() == [4, 3, 2, 1, 0]
    assert asked == [10, 4]


def test_the_hosts_own_names_work_and_hear_eta(pack):
    heard = importlib.import_module("comfy.k_diffusion.sampling").HEARD
    assert pack.line(sampler="euler_ancestral", schedule="simple", eta=0.25, s_noise=0.5).isfinite().all()
    assert heard == {"eta": 0.25, "s_noise": 0.5}
    assert pack.line(sampler="euler", schedule="sig_karras").isfinite().all()


def test_a_sampler_that_skips_a_level_gets_one_more(pack):
    lookup = pack.part("dropdowns.lookup")
    ms = pack.run("SigmaticDemoModel", model="mixture").get_model_object("model_sampling")
    sigmas = lookup.levels_by_name(ms, "sig_karras", "dpm_2", 6, 7.0, warn=pytest.fail)
    more = sigmatic.schedulers.sigmas("karras", 7, model_sigmas=ms.sigmas)
    assert torch.equal(sigmas, torch.cat([more[:-2], more[-1:]]))


def test_eta_and_rho_reach_their_places(pack):
    base = pack.line(sampler="sig_euler_ancestral", schedule="sig_karras")
    assert not torch.equal(pack.line(sampler="sig_euler_ancestral", schedule="sig_karras", eta=0.5), base)
    assert not torch.equal(pack.line(sampler="sig_euler_ancestral", schedule="sig_karras", rho=3.0), base)
    assert torch.equal(
        pack.line(sampler="sig_euler_ancestral", schedule="sig_karras", eta=0.0),
        pack.line(sampler="sig_euler", eta=0.5),
    )


def test_rho_left_alone_is_the_schedules_own(pack):
    lookup = pack.part("dropdowns.lookup")
    assert lookup.schedule_params("polyexponential", 7.0) == {}
    assert lookup.schedule_params("polyexponential", 3.0) == {"rho": 3.0}
    assert lookup.schedule_params("exponential", 3.0) == {}


def test_sampler_and_schedule_nodes(pack):
    sampler = pack.run("SigmaticSampler", sampler="sig_euler", eta=0.5)
    model = pack.run("SigmaticDemoModel", model="mixture", parametrisation="flow")
    sigmas = pack.run("SigmaticSchedule", model=model, steps=5, denoise=0.5)
    assert len(sigmas) == 6
    assert callable(sampler.sampler_function)
    ms = model.get_model_object("model_sampling")
    assert torch.equal(sigmas, sigmatic.schedulers.sigmas("karras", 10, model_sigmas=ms.sigmas, space="flow")[-6:])


def test_noise_of_an_item_is_its_own_in_any_batch(pack):
    noise = pack.run("SigmaticNoise", seed=5, noise="pink")
    whole = noise.generate_noise({"samples": torch.zeros(4, 3, 16, 16)})
    alone = noise.generate_noise({"samples": torch.zeros(1, 3, 16, 16), "batch_index": [2]})
    assert noise.seed == 5 and whole.device.type == "cpu" and whole.dtype == torch.float32
    assert torch.equal(alone[0], whole[2]) and not torch.equal(whole[0], whole[1])


def test_spatial_noise_falls_back_with_one_line(pack, caplog):
    noise = pack.run("SigmaticNoise", seed=5, noise="pyramid")
    flat = noise.generate_noise({"samples": torch.zeros(1, 8, 100)})
    assert flat.shape == (1, 8, 100) and flat.std() > 0.5
    assert "white noise instead of pyramid" in caplog.text and "height" in caplog.text


def test_parts_of_a_nested_latent_get_noise_of_their_own(pack):
    class Nested(list):
        is_nested = True

        def unbind(self):
            return list(self)

    noise = pack.run("SigmaticNoise", seed=5, noise="gaussian")
    picture, sound = noise.generate_noise({"samples": Nested([torch.zeros(1, 2, 50), torch.zeros(1, 2, 50)])})
    assert not torch.equal(picture, sound)


@pytest.mark.parametrize("kind", ["default", "gaussian", "brownian", "pink", "uniform"])
def test_the_noise_widget_is_heard(pack, kind):
    import sigmatic.core.noise as kinds

    samples = pack.line(sampler="sig_euler_ancestral", noise=kind)
    plain = pack.line(sampler="sig_euler_ancestral")
    assert samples.isfinite().all()
    assert torch.equal(samples, plain) == (kind in ("default", "gaussian")), kinds
