"""Recipes: every file is right, people's own win, what is wrong is named, and the levels are those of the list."""

import json
import math

import pytest
import torch
from recipe_oracles import ORACLES

import sigmatic
from sigmatic.recipes import library

NAMES = sigmatic.recipes.names()
PLAIN = {
    "title": "Mine", "models": ["SDXL"], "space": "flow", "prediction": "flow", "schedule": "flow_shift",
    "sampler": "euler", "steps": 4, "cfg": 1.0, "sources": ["me"], "date": "2026-11-26",
}  # fmt: skip


def shifted(shift, steps):
    """Even levels of flow, shifted."""
    even = [1 - i / steps for i in range(steps)]
    return [shift * t / (1 + (shift - 1) * t) for t in even]


def omnigen2(steps, tokens=64 * 64 * 4):
    """VectorSpaceLab/OmniGen2, FlowMatchEulerDiscreteScheduler: its time runs upwards."""
    m = math.sqrt(tokens) / 40
    return [1 - t / (m - m * t + t) for t in (i / steps for i in range(steps))]


SIMPLE = {  # ComfyUI's templates run them on simple, with this shift
    "ace_step": 5, "anima": 3, "boogu": 3.16, "boogu_turbo": 3.16, "hunyuan_video15_sr": 2, "mage_flow": 6,
    "mage_flow_turbo": 6,
    "minimax_h3_turbo": 12, "neta_lumina": 4, "newbie": 6, "pixeldit": 4, "seedvr2": 1, "wan21_lightx2v": 5,
    "wan_animate2": 5, "wan_animate2_distilled": 5, "wan_causal_forcing": 5, "wan_dancer": 5,
}  # fmt: skip
DISTILLED = [1.0, 0.99375, 0.9875, 0.98125, 0.975, 0.909375, 0.725, 0.421875]  # LTX-2
SD = sigmatic.schedulers.span().table
LISTS = {
    **{name: shifted(shift, sigmatic.recipes.get(name).steps) for name, shift in SIMPLE.items()},
    "ltx2_distilled": DISTILLED,
    "ltx2_second_stage": [0.909375, 0.725, 0.421875],
    "ltxv_distilled": [1.0, 0.9937, 0.9875, 0.9812, 0.975, 0.9094, 0.725],
    "flux2_turbo": [1, 0.6509, 0.4374, 0.2932, 0.1893, 0.1108, 0.0495, 0.00031],
    **{name: [1, 15 / 16, 5 / 6, 5 / 8] for name in ("wan22_lightning", "wan22_lightning_i2v")},
    "wan21_causvid": [t / 1000 for t in (999, 934, 862, 756, 603, 410, 250, 140, 74)],
    "wan21_causvid_1_3b": [1.0, 0.75, 0.5, 0.25],
    "wan_rcm": [math.sin(a) / (math.sin(a) + math.cos(a)) for a in (math.atan(80), 1.5, 1.4, 1.0)],
    "sdxl_dmd2": [SD[t] for t in (999, 749, 499, 249)],
    **{name: [SD[t] for t in (999, 899, 799, 699)] for name in ("sd_turbo", "sdxl_turbo")},
    "omnigen2": omnigen2(50),
}
"""The levels that the recipe's source lists, or its formula, without the closing 0."""


@pytest.mark.parametrize("name", sorted(LISTS))
def test_levels_are_those_of_the_source(name):
    ours = sigmatic.recipes.sigmas(name, len(LISTS[name])).double()
    torch.testing.assert_close(ours, torch.tensor([*LISTS[name], 0.0], dtype=torch.float64), rtol=1e-6, atol=1e-7)


UNCHECKED = {"chroma_radiance", "kandinsky5_distilled", "lens", "lens_turbo", "stable_audio3_distilled"}
"""Their schedule is another recipe's (or another's numbers): a schedule's own tests cover it."""


def test_every_recipe_has_its_levels_checked():
    assert {*ORACLES, *LISTS, *UNCHECKED} == set(NAMES)
    assert not (set(ORACLES) & UNCHECKED or set(LISTS) & set(ORACLES))


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_runs_as_it_stands(name):
    recipe = sigmatic.recipes.get(name)
    assert library.check(library.OURS / f"{name}.json") == [] and sigmatic.recipes.get(recipe.title) is recipe
    sigmas = sigmatic.recipes.sigmas(name, recipe.steps)
    assert sigmas.dtype == torch.float32 and sigmas.shape == (recipe.steps + 1,) and sigmas[-1] == 0
    assert (sigmas.diff() < 0).all() and torch.isfinite(sigmas).all()
    table = sigmatic.samplers.table(recipe.sampler, sigmas, space=recipe.space, **recipe.settings)
    assert table.evaluations >= recipe.steps


@pytest.mark.parametrize("name", [n for n in NAMES if sigmatic.recipes.get(n).tokens])
def test_what_depends_on_the_size_depends_on_it(name):
    recipe = sigmatic.recipes.get(name)
    small, large = (sigmatic.recipes.sigmas(name, recipe.steps, width=w, height=w) for w in (512, 1024))
    assert (large >= small).all() and not torch.equal(small, large), "larger pictures want more noise"
    if "frames" in recipe.depends_on:
        long = sigmatic.recipes.sigmas(name, recipe.steps, width=512, height=512, frames=97)
        assert (long[1:-2] > small[1:-2]).all()


@pytest.mark.parametrize("name", [n for n in NAMES if sigmatic.recipes.get(n).experts])
def test_experts_change_within_the_run(name):
    recipe = sigmatic.recipes.get(name)
    sigmas = sigmatic.recipes.sigmas(name, recipe.steps)
    assert 0 < int((sigmas[:-1] >= recipe.experts.boundary).sum()) < recipe.steps
    assert recipe.experts.high != recipe.experts.low


def test_the_boundary_of_wans_experts():
    boundaries = {name: sigmatic.recipes.get(name).experts.boundary for name in ("wan22_t2v", "wan22_i2v")}
    assert boundaries == {"wan22_t2v": 0.875, "wan22_i2v": 0.9}


def test_a_published_list_is_resampled_with_a_warning():
    with pytest.warns(UserWarning, match="published for 8 steps; those for 8 are resampled to 5"):
        five = sigmatic.recipes.sigmas("ltx2_distilled", 5)
    assert five.shape == (6,) and five[0] == 1 and (five.diff() < 0).all() and five[-1] == 0


def written(folder, name, **fields):
    (folder / f"{name}.json").write_text(json.dumps(fields), encoding="utf-8")


def test_peoples_own_recipes_are_added_and_win(tmp_path):
    written(tmp_path, "mine", **PLAIN)
    written(tmp_path, "flux_dev", base="flux_dev_2", steps=9)
    written(tmp_path, "flux_dev_2", **{**PLAIN, "title": "Other"})
    written(tmp_path, "turbo", base="sdxl", title="Built on ours", steps=6, steps_range=None)
    found = sigmatic.recipes.load([tmp_path])
    assert set(found) == {*NAMES, "mine", "flux_dev_2", "turbo"}
    assert found["flux_dev"].steps == 9 and found["flux_dev"].title == "Other"
    assert found["turbo"].sampler == found["sdxl"].sampler and found["turbo"].steps_range is None
    assert len(sigmatic.recipes.sigmas("mine", 3, folders=[tmp_path])) == 4
    assert sigmatic.recipes.get("flux_dev").steps != 9, "without the folder it is ours"


BROKEN = {
    "no JSON": ("{", "is no JSON"),
    "a list": ("[]", "is no JSON object"),
    "a field that is not there": ({**PLAIN, "step": 3}, "step: there is no such field"),
    "a field missing": ({k: v for k, v in PLAIN.items() if k != "cfg"}, "cfg: is missing"),
    "no such sampler": ({**PLAIN, "sampler": "eulr"}, "sampler: unknown sampler 'eulr': did you mean euler"),
    "no such parameter": ({**PLAIN, "params": {"rho": 3}}, "params: flow_shift has no parameter 'rho'"),
    "steps out of range": ({**PLAIN, "steps_range": [5, 9]}, "steps: 4 is not in steps_range"),
    "rising levels": ({**PLAIN, "schedule": None, "levels": [0.5, 1]}, "levels: is .*: give numbers above 0 that fall"),
    "two schedules": ({**PLAIN, "levels": [1, 0.5]}, "schedule: give either"),
    "size without a rule": ({**PLAIN, "tokens": {"pixels": 16}}, "tokens: the schedule flow_shift does not know them"),
    "a rule without size": ({**PLAIN, "schedule": "flux2"}, "tokens: the schedule flux2 needs them"),
    "no base": ({"base": "nothing"}, "base: there is no recipe 'nothing'"),
    "a circle": ({"base": "mine"}, "base: is a circle"),
    "half an expert": ({**PLAIN, "experts": {"boundary": 0.9}}, "experts: has boundary: give boundary, cfg, high, low"),
    "a boundary for nobody": ({**PLAIN, "cfg": "0:7, 50"}, "cfg: "),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_recipe_is_named_and_left_out(case, tmp_path):
    content, message = BROKEN[case]
    path = tmp_path / "mine.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    written(tmp_path, "right", **{**PLAIN, "title": "Right"})
    with pytest.warns(UserWarning, match=f"recipes left out: .*mine.json: {message}"):
        assert set(sigmatic.recipes.load([tmp_path])) == {*NAMES, "right"}
    assert library.check(path) and all(str(path) in problem for problem in library.check(path))


def test_an_unknown_recipe_gets_the_nearest_names():
    with pytest.raises(ValueError, match=r"did you mean .*qwen_image_lightning_4"):
        sigmatic.recipes.get("qwen lightning 4")
    with pytest.raises(ValueError, match="unknown recipe"):
        sigmatic.recipes.sigmas("", 4)


@pytest.mark.parametrize("change", [{"steps": 0}, {"width": 0}, {"height": 2.5}, {"frames": True}, {"steps": "8"}])
def test_bad_numbers_are_named(change):
    (key, _), given = *change.items(), {"steps": 8, **change}
    with pytest.raises(ValueError, match=f"{key} is .*: give a whole number from 1 up"):
        sigmatic.recipes.sigmas("flux_dev", given.pop("steps"), **given)


@pytest.mark.parametrize(
    ("model", "files", "name"),
    [
        ("Flux", ["flux1-dev.safetensors"], "flux_dev"),
        ("FluxSchnell", ["unet/flux1-schnell-fp8.safetensors"], "flux_schnell"),
        ("Flux", ["flux1-krea-dev_fp8_scaled.safetensors"], "flux_krea"),
        ("QwenImage", ["qwen_image_fp8_e4m3fn.safetensors"], "qwen_image"),
        ("QwenImage", ["qwen_image.safetensors", "Qwen-Image-Lightning-4steps-V1.0.safetensors"],
         "qwen_image_lightning_4"),
        ("SDXL", ["sd_xl_base_1.0.safetensors"], "sdxl"),
        ("SDXL", ["sd_xl_base_1.0.safetensors", "sdxl_lightning_4step_lora.safetensors"], "sdxl_lightning"),
        ("SDXL", ["sd_xl_turbo_1.0_fp16.safetensors"], "sdxl_turbo"),
        ("SDXL", [], "sdxl"),
        ("ZImage", ["z_image_turbo_bf16.safetensors"], "z_image_turbo"),
        ("WAN21_T2V", ["wan2.2_t2v_high_noise_14B_fp8_scaled.safetensors"], "wan22_t2v"),
        ("LTXV", [], None),
    ],
)  # fmt: skip
def test_models_are_told_apart_by_their_files(model, files, name):
    found = sigmatic.recipes.recognise(files, model)
    assert (found and found.name) == name
