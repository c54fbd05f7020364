"""What sig_auto does for the models of ComfyUI's own templates agrees with them, or the recipe says what they take.

template_rows.json: [template, model's file, LoRAs, steps, cfg, sampler] of comfyui-workflow-templates 0.11.44, every
KSampler once. Many of its LoRAs are behind a switch, so a row may be of the model with them or without.
"""

import json
import re
from pathlib import Path

import pytest

from sigmatic import recipes

ROWS = json.loads((Path(__file__).parent / "template_rows.json").read_text("utf-8"))
CLASSES = {"sd_xl_base_1.0.safetensors": "SDXL", "sd3.5_large_fp8_scaled.safetensors": "SD3"}
"""What the host knows these by; their names alone say nothing."""
NO_RECIPE = {  # no settings of the publisher's are known for them
    "triposplat_fp16.safetensors", "minimax_music3_dit_fp16.safetensors", "chrono_edit_14B_fp16.safetensors",
    "pid_flux1_1024_to_4096_4step_bf16.safetensors", "void_pass1.safetensors",
}  # fmt: skip


def candidates(model, loras):
    """The recipes of the model with its LoRAs and without."""
    kind = CLASSES.get(model)
    both = (recipes.recognise([model, *loras], kind), recipes.recognise([model], kind))
    return [recipe for recipe in both if recipe is not None]


def unexplained(recipe, steps, cfg, sampler):
    """What the template does otherwise than the recipe, and neither its note nor its sources say of the templates."""
    text = " ".join(part for part in (recipe.note, *recipe.sources) if part and "template" in part)
    low, high = recipe.steps_range or (recipe.steps, recipe.steps)
    if not low <= steps <= high and not within(steps, re.findall(r"([\d.]+)(?: (to|or) ([\d.]+))? steps", text)):
        yield f"steps {steps}"
    other = isinstance(recipe.cfg, float) and recipe.cfg != cfg
    if other and not within(cfg, re.findall(r"cfg ([\d.]*\d)(?: \(\w+\))?(?: (to|or) ([\d.]*\d))?", text)):
        yield f"cfg {cfg}"
    ours = {"res_multistep": "res_2m"}.get(sampler, sampler.removesuffix("_gpu"))
    if ours != recipe.sampler and ours not in text:
        yield f"sampler {sampler}"


def within(value, ranges):
    """Whether one of the ranges (low, "to" or "or", high) has the value."""
    for low, to, high in ranges:
        ends = float(low), float(high or low)
        if value in ends or (to == "to" and ends[0] <= value <= ends[1]):
            return True
    return False


@pytest.mark.parametrize(("template", "model", "loras", "steps", "cfg", "sampler"), ROWS, ids=lambda v: str(v)[:40])
def test_a_template_is_the_recipe_or_the_recipe_says_how_it_differs(template, model, loras, steps, cfg, sampler):
    there = candidates(model, loras)
    assert bool(there) != (model in NO_RECIPE)
    left = {recipe.name: list(unexplained(recipe, steps, cfg, sampler)) for recipe in there}
    assert not left or [] in left.values(), f"{template}: {left}"
