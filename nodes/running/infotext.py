"""A run in the form that A1111's web UI writes into its pictures, which savers and picture sites read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ... import __version__, samplers
from ...core.files import bare_name
from ..host import identity, latents, prompt
from .record import Record

SAMPLERS = {
    "euler_ancestral": "Euler a", "dpm_2": "DPM2", "dpm_2_ancestral": "DPM2 a", "dpmpp_2s_ancestral": "DPM++ 2S a",
    "dpm_fast": "DPM fast", "dpm_adaptive": "DPM adaptive", "uni_pc": "UniPC", "uni_pc_bh2": "UniPC", "lms": "LMS",
    "ddim": "DDIM", "lcm": "LCM", "heun": "Heun",
}  # fmt: skip
"""The web UI's names where they are others than our titles."""
SCHEDULES = {
    "karras": "Karras", "exponential": "Exponential", "polyexponential": "Polyexponential", "beta": "Beta",
    "sgm_uniform": "SGM Uniform", "kl_optimal": "KL Optimal", "ays": "Align Your Steps", "simple": "Simple",
    "normal": "Normal", "ddim_uniform": "DDIM",
}  # fmt: skip
OPTIONS = {"eta": "Eta", "s_churn": "Sigma churn", "s_noise": "Sigma noise"}


def of_run(
    hidden: Any, model: Any, latent: Mapping[str, Any], sampler: str, schedule: str, log: Record, **values: Any
) -> str:
    """The infotext of a run by a node that is running, which goes into the pictures' PNG info, too.

    `hidden`: the node's hidden inputs, PNG info among them. `values`: cfg, seed, denoise. Prompts are those that are
    written in the nodes behind positive and negative.
    """
    here = prompt.running()
    both = [prompt.written(here.prompt, here.node, wire) if here else "" for wire in ("positive", "negative")]
    size = identity.pixels(model, tuple(next(iter(latents.parts(latent["samples"]))).shape))
    files = [bare_name(file) for file in identity.files(model, "model")]
    text = infotext(
        sampler, schedule.removeprefix("sig_"), log.options, (both[0], both[1]), steps=len(log.sigmas) - 1,
        size=(size["width"], size["height"]) if size else None, model=files[0].rsplit(".", 1)[0] if files else None,
        **values,
    )  # fmt: skip
    info = getattr(hidden, "extra_pnginfo", None)
    if isinstance(info, dict):  # prompts of scripts have none
        info["parameters"] = text
    return text


def infotext(
    sampler: str, schedule: str, options: Mapping[str, Any], prompts: tuple[str, str] = ("", ""), **run: Any
) -> str:
    """The lines: prompt, negative prompt, settings.

    `sampler`, `schedule`: our bare names, or whatever is in the lists; `options`: of the sampler; `run`: steps, cfg,
    seed, size (width, height), model (a file's name), denoise; what is None is left out.
    """
    ours = sampler in samplers.names()
    label = SAMPLERS.get(sampler) or (samplers.get(sampler).title if ours else sampler)
    size = run.get("size")
    usual = samplers.get(sampler).defaults if ours else {}
    values = {
        "Steps": run.get("steps"),
        "Sampler": label,
        "Schedule type": SCHEDULES.get(schedule, schedule),
        "CFG scale": run.get("cfg"),
        "Seed": run.get("seed"),
        "Size": size and f"{size[0]}x{size[1]}",
        "Model": run.get("model"),
        "Denoising strength": None if run.get("denoise") == 1 else run.get("denoise"),
        **{name: options[key] for key, name in OPTIONS.items() if key in options and options[key] != usual.get(key)},
        "Version": f"Sigmatic {__version__}",
    }
    settings = ", ".join(f"{name}: {_quoted(value)}" for name, value in values.items() if value is not None)
    positive, negative = prompts
    lines = [positive, negative and f"Negative prompt: {negative}", settings]
    return "\n".join(line for line in lines if line)


def _quoted(value: Any) -> str:
    """As the web UI reads it back: texts with commas, colons or new lines in quotes."""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return json.dumps(text, ensure_ascii=False) if set(text) & set(',:\n"') else text
