"""sig_auto on the stand-in host: the recipe of the model at hand, by what can be known of it."""

import importlib
import logging
from types import SimpleNamespace

import pytest
import torch

import sigmatic


def config(name, *bases):
    """A model_config of the host's of this class."""
    return type(name, bases or (object,), {})()


@pytest.fixture
def auto(pack):
    return pack.part("running.auto")


@pytest.fixture
def recognised(pack):
    return pack.part("running.recognised")


@pytest.fixture
def model(pack):
    """model(class, file=, kind=, shift=) -> a MODEL of the host of this class, made of this file."""
    return pack.model


def levels(auto, model, steps, shape=None, said=None):
    """The levels of sig_auto; what it warns of goes to `said`."""
    ms, said = model.get_model_object("model_sampling"), [] if said is None else said
    return auto.levels(auto.match(model), model, ms, steps, shape, warn=said.append)


@pytest.mark.parametrize(
    ("name", "file", "recipe"),
    [
        ("Flux", "flux1-dev.safetensors", "flux_dev"),
        ("Flux", "somebodys_own.safetensors", "flux_dev"),  # all of this class are run alike
        ("FluxSchnell", None, "flux_schnell"),
        ("ZImage", "z_image_turbo_bf16.safetensors", "z_image_turbo"),
        ("ZImage", "somebodys_own.safetensors", None),  # base or Turbo: no guess
        ("QwenImage", "qwen_image_fp8_e4m3fn.safetensors", "qwen_image"),
        ("SomethingNew", "flux1-dev.safetensors", None),
    ],
)
def test_a_model_is_known_by_its_class_and_file(auto, model, name, file, recipe):
    found = auto.match(model(name, file))
    assert (found.recipe and found.recipe.name) == recipe
    assert name in found.by


def test_a_class_built_on_another_is_that_other(auto, model):
    base = type("FluxSchnell", (), {})
    assert auto.match(model(config("Tuned", base))).recipe.name == "flux_schnell"


def test_a_model_of_the_wrong_kind_is_not_taken_for_it(auto, model):
    assert auto.match(model("FluxSchnell", kind="eps")).recipe is None


@pytest.mark.parametrize(("kind", "sampler", "schedule"), [("eps", "dpmpp_2m", "karras"), ("flow", "euler", "simple")])
def test_an_unknown_model_gets_what_is_safe_for_its_kind(auto, model, kind, sampler, schedule, pack):
    one = model(kind=kind)
    ms = one.get_model_object("model_sampling")
    assert auto.sampler(auto.match(one), ms, 20)[0] == sampler
    known = pack.part("host.facts").levels(ms)
    assert torch.equal(levels(auto, one, 9), sigmatic.schedulers.sigmas(schedule, 9, **known))


def test_the_levels_follow_the_size_of_the_latent(auto, model):
    one, said = model("Flux", "flux1-dev.safetensors"), []
    wide = levels(auto, one, 20, (1, 16, 96, 168), said)
    assert torch.equal(wide, sigmatic.recipes.sigmas("flux_dev", 20, width=1344, height=768)) and not said
    blind = levels(auto, one, 20, None, said)
    assert torch.equal(blind, sigmatic.recipes.sigmas("flux_dev", 20)) and len(said) == 1 and "size" in said[0]


def test_a_shift_that_was_set_wins_and_is_said(auto, model):
    said = []
    set_to_6 = levels(auto, model("FluxSchnell", shift=6.0), 4, said=said)
    torch.testing.assert_close(set_to_6[:-1], torch.tensor([6 * t / (1 + 5 * t) for t in (1, 0.75, 0.5, 0.25)]),
                               rtol=1e-2, atol=0)  # fmt: skip
    (line,) = said
    assert "shift of 6" in line and "is used" in line


def test_few_steps_of_a_base_model_get_the_sampler_for_few_steps(auto, model):
    one = model("QwenImage", "qwen_image.safetensors")
    ms, found = one.get_model_object("model_sampling"), auto.match(one)
    few, many, part = (auto.sampler(found, ms, *run)[0] for run in ((8,), (20,), (8, False)))
    assert (few, many, part) == ("arc", "euler", "euler")
    assert auto.sampler(found, ms, 15)[0] == "euler", "where nothing says that another is better"
    turbo = auto.match(model("ZImage", "z_image_turbo.safetensors"))
    assert auto.sampler(turbo, ms, 4)[0] == turbo.recipe.sampler, "a distilled model's is always the publisher's"


def test_files_are_read_along_the_wire_of_the_model(pack):
    upstream = pack.part("host.identity").upstream
    prompt = {
        "1": {"inputs": {"unet_name": "qwen_image.safetensors"}},
        "2": {"inputs": {"clip_name": "qwen_2.5_vl_7b.safetensors"}},
        "3": {"inputs": {"model": ["1", 0], "lora_name": "a.safetensors", "strength_model": 1.0}},
        "4": {"inputs": {"model": ["3", 0], "lora_name": "off.safetensors", "strength_model": 0}},
        "5": {"inputs": {"model": ["4", 0], "lora_1": {"on": False, "lora": "unused.safetensors"}, "clip": ["2", 0]}},
        "6": {"inputs": {"clip": ["2", 0], "text": "a cat.safetensors"}},
        "7": {"inputs": {"model": ["5", 0], "positive": ["6", 0], "sampler_name": "sig_auto"}},
        "8": {"inputs": {"model": ["8", 0]}},
    }
    assert set(upstream(prompt, "7")) == {"qwen_image.safetensors", "a.safetensors"}
    assert not list(upstream(prompt, "8")) and not list(upstream(prompt, "there is none"))


def test_the_lora_of_the_running_prompt_is_read(pack, auto, model, monkeypatch):
    prompt = {
        "1": {"inputs": {"lora_name": "Qwen-Image-Lightning-4steps-V1.0.safetensors", "strength_model": 1.0}},
        "2": {"inputs": {"model": ["1", 0]}},
    }
    server = importlib.import_module("server").PromptServer.instance
    queue = SimpleNamespace(currently_running={0: (0, "here", prompt, {}, [])})
    monkeypatch.setattr(server, "prompt_queue", queue, raising=False)
    utils = importlib.import_module("comfy_execution.utils")
    one = model("QwenImage", "qwen_image.safetensors")
    assert auto.match(one).recipe.name == "qwen_image"
    monkeypatch.setattr(utils, "running", utils.ExecutionContext("here", "2"))
    assert auto.match(one).recipe.name == "qwen_image_lightning_4"
    monkeypatch.setattr(utils, "running", utils.ExecutionContext("elsewhere", "2"))
    assert auto.match(one).recipe.name == "qwen_image"


def test_the_schedule_finds_the_model_that_it_is_asked_for(auto, model):
    """As the host asks: with the model_sampling alone, from somewhere that has the model and the latent."""
    one = model("Flux", "flux1-dev.safetensors")

    def common_ksampler(model, latent):
        return calculate(model.get_model_object("model_sampling"))

    def calculate(ms):
        return auto.schedule_auto(ms, 20)

    latent = {"samples": torch.zeros(1, 16, 64, 64)}
    assert torch.equal(common_ksampler(one, latent), sigmatic.recipes.sigmas("flux_dev", 20, width=512, height=512))
    other = calculate(model("Flux").get_model_object("model_sampling"))
    assert torch.equal(other, levels(auto, model(), 20)), "nobody here has that model: what is safe for its kind"


def test_a_run_by_sig_auto_is_the_run_by_the_recipes_names(pack, model, caplog):
    one = model("FluxSchnell", kind="flow")
    with caplog.at_level(logging.INFO, "sigmatic"):
        by_recipe = pack.line(model=one, sampler="sig_auto", schedule="sig_auto", steps=4)
    levels = pack.run("SigmaticSigmas", text="1, 0.75, 0.5, 0.25, 0") if "SigmaticSigmas" in pack.nodes else None
    assert levels is None or levels.tolist() == [1, 0.75, 0.5, 0.25, 0]
    by_name = pack.line(kind="flow", sampler="sig_euler", schedule="sig_linear", steps=4)
    torch.testing.assert_close(by_recipe, by_name, rtol=1e-3, atol=1e-3)


def test_peoples_own_recipes_are_read_from_the_user_folder(auto, model, tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("SIGMATIC_TEST_USER", str(tmp_path))
    folder = tmp_path / "sigmatic" / "recipes"
    folder.mkdir(parents=True)
    (folder / "flux_schnell.json").write_text('{"base": "flux_dev", "models": ["FluxSchnell"], "files": null}')
    (folder / "broken.json").write_text("{")
    assert auto.match(model("FluxSchnell")).recipe.schedule == "token_shift"
    (line,) = caplog.messages
    assert "broken.json" in line
    auto.match(model("FluxSchnell"))
    assert len(caplog.messages) == 1, "it is said once"


def recipe_node(pack, model, **given):
    """The outputs of Sigmatic Recipe."""
    return pack.nodes["SigmaticRecipe"].execute(model, **given).args


def test_the_recipe_node_gives_the_recipe_and_says_by_what(pack, model):
    latent = {"samples": torch.zeros(1, 16, 96, 168)}
    out, _, sigmas, steps, cfg, text = recipe_node(
        pack, model("QwenImage", "qwen_image.safetensors"), latent_image=latent
    )
    assert torch.equal(sigmas, sigmatic.recipes.sigmas("qwen_image", 50, width=1344, height=768))
    assert (steps, cfg) == (50, 4.0) and out is not None
    assert "Qwen-Image" in text and "qwen_image.safetensors" in text and "Sources" in text


def test_a_recipe_by_name_rides_on_the_model(pack, auto, model):
    one = model("Unheard", "of.safetensors")
    out, _, sigmas, steps, *_ = recipe_node(pack, one, recipe="Qwen-Image Lightning 4")
    assert steps == 4 and torch.equal(sigmas, sigmatic.recipes.sigmas("qwen_image_lightning_4", 4))
    assert auto.match(out).recipe.name == "qwen_image_lightning_4" and auto.match(one).recipe is None
    again = recipe_node(pack, out)
    assert torch.equal(again[2], sigmas), "auto goes by the one that is on the model"
    changed = recipe_node(pack, out, recipe="Flux.1 schnell")[0]
    assert auto.match(changed).recipe.name == "flux_schnell", "the last one counts"


def test_a_recipe_of_another_kind_or_of_no_name_is_refused(pack, model):
    with pytest.raises(ValueError, match=r"recipe is 'SDXL.*', which is for eps, v and edm models"):
        recipe_node(pack, model("Flux"), recipe=sigmatic.recipes.get("sdxl").title)
    with pytest.raises(ValueError, match=r"recipe is .Qwen., which is not there"):
        recipe_node(pack, model("Flux"), recipe="Qwen")


def test_guidance_that_falls_comes_out_as_its_first(pack, model):
    *_, cfg, text = recipe_node(pack, model("Ideogram4", "ideogram4.safetensors"))
    assert cfg == 7.0 and "ideogram" in text.lower()


@pytest.mark.parametrize(
    ("recipe", "steps", "cfg", "words"),
    [
        ("z_image_turbo", 30, 1.0, ["take 8 steps"]),
        ("z_image_turbo", 8, 5.0, ["set cfg to 1"]),
        ("sdxl_turbo", 20, 7.0, ["take 1 to 4 steps", "set cfg to 1"]),
        ("flux_dev", 4, 1.0, []),
        ("sdxl", 4, 7.0, ["choose sig_auto, or take"]),
        ("sdxl", 4, 1.0, []),  # a LoRA that makes it fast, and is not known
    ],
)
def test_a_distilled_model_off_its_recipe_is_said(recognised, recipe, steps, cfg, words):
    said = recognised.leaves(sigmatic.recipes.get(recipe), steps, True, cfg)
    assert [line.startswith(word) for line, word in zip(said, words, strict=True)] == [True] * len(words)


def test_a_run_by_the_recipe_is_silent(recognised):
    for recipe in map(sigmatic.recipes.get, sigmatic.recipes.names()):
        cfg = 7.0 if isinstance(recipe.cfg, str) else recipe.cfg
        assert recognised.leaves(recipe, recipe.steps, True, cfg) == [], recipe.name


def test_the_plan_of_a_distilled_model_off_its_steps_says_so(pack, model):
    facts = pack.part("dropdowns.plan").ModelFacts.of(model("ZImage", "z_image_turbo.safetensors"))
    node = pack.nodes["SigmaticKSampler"]
    many, right = (
        node.plan(facts, sampler="sig_auto", schedule="sig_auto", steps=n, denoise=1.0).warnings for n in (30, 8)
    )
    assert [line.startswith("take 8 steps") for line in many] == [True] and right == ()
