"""sig_fitted: the levels of the profile that rides on a MODEL, or that is kept for it, and the last step by it."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor

from ...core.files import bare_name
from ...profiles.profile import FEWEST, MOST
from ..host import facts
from ..host.fingerprint import fingerprint
from . import profile_files, settings_on_model
from .profile_files import Kept

NAME = "fitted"
_ENDS = (
    0.01  # how far, as a part of it, an end of the model's range may be from where it was when the profile was fitted
)
_SAME = 1e-5


class Meant(NamedTuple):
    """The profile to go by, None where there is none that can be used; why not, or what to know about it, in words."""

    kept: Kept | None
    words: str = ""


def meant(
    model: Any,
    ms: Any,
    settings: Mapping[str, Any],
    *,
    cfg: float | None = None,
    steps: int | None = None,
    files: Sequence[str] = (),
) -> Meant:
    """The profile for a run: that on the MODEL, by its `settings`; else the newest that is kept for it.

    cfg: the guidance, None where it is not known. model: None where the page only assumes one, by its files' names.
    """
    carried = settings.get(settings_on_model.PROFILE)
    kept = carried if isinstance(carried, Kept) else _of_files(files, cfg) if model is None else _kept_for(model, cfg)
    if kept is None:
        return Meant(None, _missing(model, cfg))
    profile = kept.profile
    if profile.space != facts.space(ms):
        return Meant(None, f"the profile {kept.name} is for models of another kind")
    ends = (profile.sigma_min, float(ms.sigma_min)), (profile.sigma_max, float(ms.sigma_max))
    if any(abs(fitted - here) > _ENDS * here for fitted, here in ends):
        here = " to ".join(f"{end:.4g}" for _, end in ends)
        return Meant(None, f"the profile {kept.name} was fitted on another range of noise than {here}: fit it anew")
    if steps is not None and not FEWEST <= steps <= MOST:
        return Meant(None, f"a profile is for {FEWEST} to {MOST} steps, and this run has {steps}")
    other = not _at(kept, cfg)
    return Meant(kept, f"the profile {kept.name} was fitted at cfg {kept.cfg:g}, and cfg is {cfg:g}." if other else "")


def notes(profile: Meant) -> list[str]:
    """What is to be said of it in a run."""
    if profile.kept is None:
        return [f"sig_fitted is sig_auto here: {profile.words}."]
    return [profile.words] if profile.words else []


def last_step(kept: Kept, sigmas: Tensor) -> dict[str, Any]:
    """The sampler's options for a run over these sigmas, if they are those of the profile, from the top to 0."""
    steps = len(sigmas) - 1
    if not FEWEST <= steps <= MOST:
        return {}
    levels = kept.profile.sigmas(steps)
    same = np.allclose(levels.numpy(), sigmas.detach().float().cpu().numpy(), rtol=_SAME, atol=1e-7)
    return kept.profile.params(steps) if same else {}


def of_run(model: Any, sigmas: Tensor, settings: Mapping[str, Any]) -> dict[str, Any]:
    """As `last_step`, for what a sampler function is handed; nothing where the levels are no profile's."""
    carried = settings.get(settings_on_model.PROFILE)
    candidates = [carried] if isinstance(carried, Kept) else profile_files.all_kept().values()
    if not any(last_step(kept, sigmas) for kept in candidates):  # before the model is looked at
        return {}
    cfg = getattr(getattr(model, "inner_model", None), "cfg", None)
    kept = meant(model, facts.model_sampling(model), settings, cfg=cfg if isinstance(cfg, (int, float)) else None).kept
    return last_step(kept, sigmas) if kept else {}


def last(chosen: str, free: bool, masked: bool, model: Any, sigmas: Tensor, settings: Mapping[str, Any]) -> str:
    """How a run makes its step to 0: as `chosen`, or where that is no wish (`free`), as the levels' profile has it."""
    if masked:
        return "denoised"  # outside of the mask the picture is the latent's own, bit for bit
    return of_run(model, sigmas, settings).get("last", chosen) if free else chosen


def _kept_for(model: Any, cfg: float | None) -> Kept | None:
    return profile_files.of_model(fingerprint(model, cfg)) if profile_files.all_kept() else None


def _of_files(files: Sequence[str], cfg: float | None) -> Kept | None:
    """The newest profile of a model that was made of files with these names."""
    names = {bare_name(file) for file in files}
    of_files = (kept for kept in profile_files.all_kept().values() if set(map(bare_name, kept.files)) == names)
    fitting = [kept for kept in of_files if names and _at(kept, cfg)]
    return fitting[-1] if fitting else None


def _at(kept: Kept, cfg: float | None) -> bool:
    """Whether a profile is for this guidance; what is not known on either side is no difference."""
    return cfg is None or kept.cfg is None or abs(kept.cfg - cfg) <= 1e-4 * max(1.0, cfg)


def _missing(model: Any, cfg: float | None) -> str:
    """Why there is none, and whether there is one for other guidance."""
    other = None if model is None or cfg is None else _kept_for(model, None)
    if other is None:
        return "no profile is kept for this model: Sigmatic Fit Schedule makes one"
    return f"the profile {other.name} of this model is for cfg {other.cfg or 0:g}, and cfg is {cfg:g}"
