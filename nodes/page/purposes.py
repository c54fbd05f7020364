"""What people look for in the browser: for which models a sampler or schedule is, and to what end; a small sketch."""

import functools
import math
import re
from collections.abc import Sequence
from typing import Any

from ... import recipes, samplers, schedulers
from ..dropdowns import lookup

KINDS: dict[str, str] = {
    "flux": r"\bflux",
    "sdxl": r"\bsdxl",
    "sd": r"stable diffusion [12]|^sd turbo|sd 1\.5",
    "video": r"video|\bwan\b|\bltx|mochi|cosmos",
    "turbo": r"turbo|lightning|\blcm\b|\btcd\b|dmd|hyper|distilled|schnell|causvid|lightx2v|\bfast\b|\brcm\b|causal",
    "anime": r"anima\b|neta|newbie|illustrious|pony|noobai",
}
"""Kinds of models by the titles of their recipes."""
ENDS: dict[str, tuple[str, str]] = {
    "few steps": (
        "arc arc_sde dpmpp_2m uni_pc uni_pc_bh2 res_2m deis ipndm ipndm_v gradient_estimation dpm_fast sa_solver "
        "er_sde dpmpp_2m_cfg_pp lcm tcd",
        "beta arc wide_arc kl_optimal ays ays_sdxl ays_svd gits lcm rcm sd_turbo timesteps",
    ),
    "sharp": (
        "dpmpp_2m_sde dpmpp_2m dpmpp_sde dpmpp_2s_ancestral dpmpp_2m_cfg_pp euler_cfg_pp er_sde euler_ancestral",
        "karras exponential",
    ),
    "calm": (
        "euler ddim heun deis res_2m uni_pc_bh2 ipndm dpmpp_3m_sde dpmpp_2s",
        "beta simple normal cosine bong_tangent sgm_uniform",
    ),
    "lively": (
        "euler_ancestral dpmpp_2s_ancestral res_2m_ancestral euler_ancestral_cfg_pp dpm_2_ancestral ddpm",
        "karras normal",
    ),
    "exact": (
        "rk4 dormand_prince res_4s dpm_adaptive rk_adaptive res_3s dpmpp_3m_exact ipndm_v_exact",
        "karras logsnr_uniform",
    ),
    "anime": ("euler_ancestral dpmpp_2m", "karras normal sgm_uniform"),
}  # fmt: skip
"""What it is to be good for: samplers, schedules. By declarations and docs/choosing.md; anime by models' cards."""
STEPS = 12


@functools.cache
def of(name: str, schedule: bool) -> dict[str, list[str]]:
    """{"recipes": titles of the models whose recipe has it, "purposes": keys of KINDS and ENDS} of a bare name.

    sig_auto (its own bare name is "auto") is for every model.
    """
    auto = lookup.PREFIX + name == lookup.AUTO
    known = map(recipes.get, recipes.names())
    titles = [one.title for one in known if auto or name == (one.schedule if schedule else one.sampler)]
    of_models = [kind for kind, words in KINDS.items() if any(re.search(words, title.lower()) for title in titles)]
    to_ends = [end for end, names in ENDS.items() if name in names[schedule].split()]
    if not (auto or schedule) and samplers.get(name).models == "distilled":
        of_models.append("turbo")
    return {"recipes": titles, "purposes": list(dict.fromkeys([*of_models, *to_ends]))}


@functools.cache
def sketch(name: str, schedule: bool) -> dict[str, Any] | None:
    """A small picture in numbers from 0 to 1: levels (n + 1); of samplers noise and evaluations of each step, too.

    None where a sampler finds its own steps, and for what turns out on the model: sig_auto, sig_fitted.
    """
    if lookup.PREFIX + name in lookup.by_model(schedule):
        return None
    if schedule:
        space = schedulers.get(name).spaces[0]
        return {"levels": _heights(schedulers.sigmas(name, STEPS, space=space).tolist(), space)}
    if samplers.get(name).adaptive:
        return None
    sigmas = schedulers.sigmas("karras", STEPS).tolist()
    table = samplers.table(name, sigmas)
    noise, evaluations = [0.0] * STEPS, [0] * STEPS
    for row, fresh in zip(table.rows, table.noise, strict=True):
        noise[row.step] = round(min(1.0, fresh / row.sigma), 3)
        evaluations[row.step] += sum(stage.q != 0 for stage in row.stages)
    return {"levels": _heights(sigmas, "ve"), "noise": noise, "evaluations": evaluations}


def _heights(sigmas: Sequence[float], space: str) -> list[float]:
    """Levels between the highest and none: log sigma, on flow models sigma."""
    if space == "flow":
        return [round(sigma / sigmas[0], 3) for sigma in sigmas]
    low = math.log(min(sigma for sigma in sigmas if sigma > 0)) - 0.5
    span = math.log(sigmas[0]) - low
    return [round((math.log(sigma) - low) / span, 3) if sigma > 0 else 0.0 for sigma in sigmas]
