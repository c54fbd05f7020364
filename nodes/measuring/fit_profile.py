"""The fit of a profile on the host's model: one run of the host around all of it, kept on the way."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import comfy.samplers
import comfy.utils
import torch
from torch import Tensor

from ...profiles import BUDGET, LEAST, Profile, fit
from ...profiles.fitting import PICTURES
from ...profiles.profile import check_steps
from ..host import facts, identity
from ..host.fingerprint import fingerprint
from ..host.user_files import check_name
from ..running import profile_files
from ..running.profile_files import Kept
from .fit_runs import ModelRuns


def require(steps: int, latents: int, budget: int) -> None:
    """ValueError naming the widget with which no profile can be fitted."""
    check_steps(steps)
    if latents < PICTURES:
        raise ValueError(f"latents is {latents}: a profile takes {PICTURES} or more.")
    if budget < LEAST:
        raise ValueError(f"budget is {budget}: a profile takes {LEAST} or more; {BUDGET} is usual.")


def of_runs(runs: ModelRuns, budget: int, name: str, *, keep: bool, replaces: bool) -> tuple[Kept, int]:
    """(the profile of the runs' model and guidance, what it has cost now): one that is kept already, or a new one.

    name: to keep it by; "" for one made from the model's. ValueError where a profile of another model has it. A fit
    that is broken off leaves what it has come to, unless more is kept already.
    """
    mark = fingerprint(runs.model, runs.cfg)
    if name and not replaces and profile_files.all_kept().get(name, Kept(name, Profile(), mark)).model != mark:
        profile_files.require_free(name)
    before, keep_it = profile_files.of_model(mark), keep or bool(name)
    if before and before.whole and keep:
        if name not in ("", before.name):
            before = replace(before, name=name)
            profile_files.save(before, replaces=True)
        return before, 0
    check_name(name or "model")
    files = tuple(dict.fromkeys(Path(file).name for file in identity.files(runs.model)))
    title = Path(files[-1]).stem if files else next(iter(identity.classes(runs.model)), "model")
    name = name or (before.name if before else profile_files.free_name(title, runs.cfg))
    here = Kept(name, Profile(), mark, title, runs.cfg, files, whole=False)
    most = min(budget, BUDGET)
    spent_before = before.profile.evaluations if before else 0

    def store(profile: Profile) -> None:
        nonlocal here
        here = replace(here, profile=profile)
        if keep_it and profile.evaluations > spent_before:
            profile_files.save(here, replaces=True)

    profile = _fit(runs, most, store)
    here = replace(here, profile=profile, whole=True)
    if keep_it:
        profile_files.save(here, replaces=True)
    return here, profile.evaluations


def _fit(runs: ModelRuns, budget: int, store: Any) -> Profile:
    """The fit, inside of one run of the host's: it has made the model and its prompts ready by then."""
    bar, made = comfy.utils.ProgressBar(budget), []
    scale = facts.noise_scale(runs.ms)

    def sample(model, x, sigmas, extra_args=None, callback=None, disable=None):
        spent = 0

        def denoise(x: Tensor, sigma: Tensor, **given: Any) -> Tensor:
            nonlocal spent
            facts.check_interrupt()
            spent += 1
            bar.update_absolute(min(spent, budget), budget)
            return model(x * scale, sigma, **given) / scale if scale != 1 else model(x, sigma, **given)

        span = runs.span
        ends = {"space": span.space, "sigma_min": span.sigma_min, "sigma_max": span.sigma_max}
        normals = runs.noise.to(x)
        made.append(fit(denoise, normals, **ends, budget=budget, extra_args=extra_args or {}, keep=store))
        return x

    runs.run_with(comfy.samplers.KSAMPLER(sample, {}), torch.tensor([runs.span.sigma_max, 0.0]))
    bar.update_absolute(budget, budget)
    return made[0]


def in_words(kept: Kept, spent: int) -> str:
    """What the profile is, and what it brings."""
    profile = kept.profile
    ratios = [f"{ratio:.2f} with {steps} steps" for steps, ratio in profile.ratios.items()]
    gains = f" Its error over that of {profile.sampler} as it comes: {', '.join(ratios)}." if ratios else ""
    paid = f"{spent} model evaluations." if spent else "It was kept from before."
    return f"Profile {kept.name}: sig_{profile.sampler} on sig_fitted, any number of steps from 4 to 50.{gains} {paid}"
