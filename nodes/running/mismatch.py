"""What does not go together: a sampler and the model, guidance or schedule that it was given.

Every warning begins with a way out: the page shows about 60 letters of it without scrolling.
"""

from collections.abc import Sequence
from typing import Any

from ...core.spread import overshoot
from ...core.table import Table
from ...recipes import Recipe
from ..host import facts
from . import recognised, settings_on_model

_LATE = 0.1
_EQUAL = 1e-4  # of a shift that is worked out of float32 levels
_MOST_STEPS = 100  # with more, no sampler overshoots by itself
_WIDE = 1.5
"""A result so many times as wide as it should be is seen: burnt contrast."""
_OTHERS = {
    "ve": "choose the schedule sig_karras or sig_beta: this one is for flow models (Flux, SD3, Wan), and on others "
    "most of its steps fall on heavy noise.",
    "flow": "choose the schedule sig_simple or sig_beta: this one is not for flow models such as this, most of its "
    "steps fall where little is left to do.",
}
"""What is wrong with a schedule of the other space, by the model's."""


def notes(
    spec: Any, table: Table | None, sigmas: Sequence[float], model: Any, extra_args: dict[str, Any], tries: bool = False
) -> list[str]:
    """Warnings about a run that is about to start, each with an alternative; none for most runs.

    tries: the run is one of several that are compared; it may well leave the recipe of its model.
    """
    guider, ms = getattr(model, "inner_model", None), facts.model_sampling(model)
    scales = [getattr(guider, name, None) for name in ("cfg", "cfg1", "cfg2")]  # DualCFGGuider has two
    cfg = max((scale for scale in scales if isinstance(scale, (int, float))), default=0.0)
    over_run = settings_on_model.of_model(model, extra_args).get("cfg")
    cfg = over_run.most(cfg) if over_run else cfg
    of_table = [note for note in (_between(spec, table, sigmas, extra_args), _overshoots(spec, table)) if note]
    recipe = None if tries else recognised.match(model).recipe
    return [*of_table, *of_run(spec, sigmas, ms, cfg), *of_recipe(recipe, spec.name, sigmas, ms, cfg)]


def of_run(spec: Any, sigmas: Sequence[float], ms: Any, cfg: float) -> list[str]:
    """The warnings that can be known before the run; spec: of a sampler of ours, None for another's."""
    every = [_above(sigmas, ms), _crowded(sigmas, ms), _twice(sigmas, ms), _guidance(spec, cfg), _direction(sigmas, ms)]
    return [note for note in every if note]


def of_recipe(recipe: Recipe | None, sampler: str, sigmas: Sequence[float], ms: Any, cfg: float) -> list[str]:
    """Warnings where a run leaves the recipe of its model, as of `recognised.leaves`."""
    if recipe is None:
        return []
    return recognised.leaves(recipe, len(sigmas) - 1, recognised.is_whole(sigmas, ms), cfg, sampler)


def refuse(ms: Any, sigmas: Sequence[float]) -> None:
    """ValueError for a model without levels of noise, and for sigmas that turn: as those who have made them know it."""
    facts.require_range(ms)
    turns = [i for i in range(1, len(sigmas) - 1) if (sigmas[i] - sigmas[i - 1]) * (sigmas[i + 1] - sigmas[i]) < 0]
    if turns:
        raise ValueError(
            f"sigmas: they turn at step {turns[0]}, sigma {sigmas[turns[0]]:g}. Cut them there with Sigmatic Split "
            "Sigmas, and run the parts one after the other, each with noise of its own."
        )


def of_schedule(spec: Any, ms: Any) -> list[str]:
    """Warnings about a schedule of ours on a model, by its declaration."""
    space = facts.space(ms)
    return [] if space in spec.spaces else [_OTHERS[space]]


def _between(spec: Any, table: Table | None, sigmas: Sequence[float], extra_args: dict[str, Any]) -> str | None:
    windows = (extra_args.get("model_options") or {}).get("context_handler")
    if windows is None or (table is not None and not table.between):
        return None
    return (
        f"choose sig_dpmpp_2m, sig_dpmpp_2m_sde or sig_euler: sig_{spec.name} asks the model between the schedule's "
        "levels, which context windows cannot follow."
    )


def _above(sigmas: Sequence[float], ms: Any) -> str | None:
    highest = float(ms.sigma_max)
    if not len(sigmas) or max(sigmas) <= 1.02 * highest:
        return None
    return (
        f"make the sigmas with Sigmatic Schedule, which follows the model: they start at {max(sigmas):g}, above the "
        f"highest that this model knows ({highest:g})."
    )


def _crowded(sigmas: Sequence[float], ms: Any) -> str | None:
    """A schedule that is known by its levels only: the host's, say, on a flow model."""
    steps = len(sigmas) - 1
    late = sum(sigma < _LATE for sigma in sigmas[:-1])
    if facts.space(ms) != "flow" or steps < 8 or sigmas[0] < 0.9 or sigmas[-1] > 0 or late < steps / 2:
        return None
    return _OTHERS["flow"]


def _overshoots(spec: Any, table: Table | None) -> str | None:
    """Some samplers need steps that are short enough: DPM2 and Heun more than 3, UniPC more than the longest few."""
    times = overshoot(table) if table is not None and len(table.rows) <= _MOST_STEPS else 1.0
    if times <= _WIDE:
        return None
    return (
        f"take more steps, another schedule or sig_euler: in steps as long as these sig_{spec.name} overshoots, the "
        f"picture's contrast may be {times:.2g} times what it should be."
    )


def _direction(sigmas: Sequence[float], ms: Any) -> str | None:
    if len(sigmas) < 2 or facts.space(ms) != "flow" or sigmas[-1] < 1:
        return None
    return (
        "end at sigma 0.999 or lower (Sigmatic Unsample does): the run ends at 1 on a flow model, where ComfyUI "
        "divides by 1 - sigma = 0."
    )


def _twice(sigmas: Sequence[float], ms: Any) -> str | None:
    """Levels that are even steps of time shifted by the model's shift, and then by the same once more."""
    steps = len(sigmas) - 1
    if steps < 4 or facts.space(ms) != "flow" or sigmas[-1] > 0:
        return None
    shift, inner = facts.shift(ms), [(1 - i / steps, sigma) for i, sigma in enumerate(sigmas) if 0 < sigma < 0.999]
    if len(inner) < 3 or abs(shift - 1) < 0.01:
        return None
    if any(abs(sigma * (1 - t) / (t * (1 - sigma)) / shift**2 - 1) > _EQUAL for t, sigma in inner):
        return None
    return (
        f"take one of the two shifts out: these sigmas are shifted by {shift:.4g} twice, by the model's shift and once "
        "more by what made them, and most of the steps fall on heavy noise."
    )


def _guidance(spec: Any, cfg: float) -> str | None:
    if spec is None or spec.most_cfg is None or cfg <= spec.most_cfg:
        return None
    if spec.models == "distilled":
        return (
            f"lower cfg to 1 to 2, or choose sig_dpmpp_2m_sde: cfg is {cfg:g} and sig_{spec.name} is for distilled "
            "models, which take no more."
        )
    return f"lower cfg to 1 to 2: cfg is {cfg:g} and sig_{spec.name} counts it differently, more burns the picture."
