"""One run over two models: which steps are whose, and the second going on from the very latent of the first."""

from collections.abc import Sequence
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple

import comfy.samplers
import latent_preview
from torch import Tensor

from ... import recipes
from ...recipes import Experts, Recipe
from ..host import facts, identity
from . import recognised, run
from .record import Record

ROUNDING = 1e-6  # levels are float32: one that is the boundary is the first model's, as the publishers have it


class Leg(NamedTuple):
    """What one of the models does."""

    model: Any
    cfg: float
    sigmas: Tensor


def switch_at(sigmas: Sequence[float], boundary: float) -> int:
    """The first of the steps that is the second model's: it starts below the boundary. len(sigmas) - 1: none is."""
    return sum(sigma >= boundary - ROUNDING for sigma in sigmas[:-1])


def require_pair(first: Any, second: Any) -> None:
    """ValueError unless the two MODELs can share a run."""
    spaces = [facts.space(facts.model_sampling(model)) for model in (first, second)]
    formats = [type(getattr(facts.network(model), "latent_format", None)).__name__ for model in (first, second)]
    if spaces[0] != spaces[1] or formats[0] != formats[1]:
        kinds = [f"{space}, {form}" for space, form in zip(spaces, formats, strict=True)]
        raise ValueError(
            f"model_low is of another kind ({kinds[1]}) than model ({kinds[0]}): take the two that belong together."
        )


def misplaced(first: Any, second: Any, experts: Experts) -> list[str]:
    """Warnings of files that are for the other model by their names; ValueError if the models are swapped."""
    high = _files_for(experts.low, experts.high, identity.files(first, "model"))
    low = _files_for(experts.high, experts.low, identity.files(second, "model_low"))
    if high and low:
        raise ValueError(
            f"model and model_low are the wrong way round: {high[0]} is for low noise and {low[0]} for high noise. "
            "Swap them."
        )
    return [f"take another file for model: {name} is for low noise." for name in high] + [
        f"take another file for model_low: {name} is for high noise." for name in low
    ]


def _files_for(theirs: str, its: str, files: Sequence[str]) -> list[str]:
    return [Path(f).name for f in files if recipes.matched(theirs, f) >= 0 > recipes.matched(its, f)]


def guidance(first: Recipe | None, second: Recipe | None) -> tuple[float | None, float | None]:
    """The cfg that each of the two wants by its recipe: what a LoRA of one has changed counts for that one alone."""
    experts = second.experts if second else None
    low = experts.cfg if experts else recognised.first_cfg(second) if second else None
    return recognised.first_cfg(first) if first else None, low


class _Relay:
    """Hands the latent of one leg to the next as it is, where the host would bring it back out of the model's scale.

    The legs' own latent and noise stay those of the whole run: masks are filled with them.
    """

    def __init__(self) -> None:
        self._x: Tensor | None = None

    def leg(self, sampler: Any) -> Any:
        """The SAMPLER for one leg."""
        function = sampler.sampler_function

        @wraps(function)
        def sample(model, x, sigmas, *args, **options):
            self._x = function(model, x if self._x is None else self._x.to(x), sigmas, *args, **options)
            return self._x

        return comfy.samplers.KSAMPLER(sample, sampler.extra_options, dict(sampler.inpaint_options))


def sample(
    legs: Sequence[Leg], latent: dict[str, Any], sampler: Any, log: Record, look: dict[str, Any], **settings: Any
) -> dict[str, Any]:
    """Run the legs one by one with a planned `Sampler` of dropdowns.plan; `log` and `look` are filled in for the whole.

    settings: of `run.sample`. ValueError for a sampler of another pack that cannot be split.
    """
    relay, steps, done = _Relay(), sum(len(leg.sigmas) - 1 for leg in legs), 0
    show = latent_preview.prepare_callback(legs[0].model, steps, look)
    whole, record, out = log.sigmas, log, latent
    for leg in legs:
        if done:
            record = Record(keeps=True, seed=log.seed, options=log.options, resume=record.left)
        built = sampler.build(latent.get("batch_index"), record)
        if not hasattr(built, "sampler_function"):
            raise ValueError(f"sampler is {sampler.name}, which cannot change models: choose a sig_ one.")

        def report(i, denoised, x, _, done=done):
            return show(done + i, denoised, x, steps)

        out = run.sample(leg.model, latent, relay.leg(built), leg.sigmas, cfg=leg.cfg, callback=report, **settings)
        done += len(leg.sigmas) - 1
        if record is not log:
            log.evaluations += record.evaluations
            log.notes += [note for note in record.notes if note not in log.notes]
    log.sigmas, log.left = whole, record.left
    return log.attach_rest(out)
