"""What a node will do, told from its widgets before anything runs: JSON in, JSON out, for the plots in the page.

The numbers are those of the run itself: of the same `plan`. Nothing is kept, no file is read but recipes and profiles,
and every answer takes a few milliseconds: what would take longer is refused in words.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from ... import samplers, schedulers
from ...core.catalog import as_dict
from ...core.space import level
from ..dropdowns import lookup, start_here
from ..dropdowns.lookup import PREFIX
from ..dropdowns.plan import Message, ModelFacts, Plan, Sampler, say
from ..host import facts
from ..running import each_call
from ..running.host_functions import offered
from ..running.recognised import Match, described
from . import assumed, checks, planned, purposes

BODY = 1 << 14
"""A request may have so many bytes."""
AUTO = {
    "name": lookup.AUTO, "title": "Auto", "params": [], "reference": "docs/recipes.md",
    "summary": say("What the recipe of the model at hand says: the right choice where you have no other in mind.")[0],
}  # fmt: skip
FITTED = {
    **AUTO, "name": lookup.FITTED, "title": "Fitted", "reference": "docs/fit.md",
    "summary": say("The profile of the model, which Sigmatic Fit Schedule measures; sig_auto where there is none.")[0],
}  # fmt: skip
BY_MODEL = {lookup.AUTO: AUTO, lookup.FITTED: FITTED}
UNKNOWN_SIZE = (1, 1, 1, 128, 128)
"""Of a latent of 1024 x 1024: where nothing on the wires says another."""
ROWS = 100
"""Most steps for which the table is made: a row costs about 0.15 ms."""
_LENGTH = 400  # of an error


def answer(body: bytes) -> tuple[int, dict[str, Any]]:
    """(HTTP status, JSON) for the body of a request: 200, or 400 and 422 with an error in words. Never raises."""
    try:
        return 200, describe(_parsed(body))
    except (ValueError, TypeError) as error:
        return 400, {"error": checks.short(str(error), _LENGTH)}
    except Exception as error:  # noqa: BLE001 - schedules of other packs may raise anything
        return 422, {"error": checks.short(f"this cannot be drawn. {type(error).__name__}: {error}", _LENGTH)}


def describe(request: Any) -> dict[str, Any]:
    """The levels of a run, and for each step its evaluations and noise.

    `request`: a node (`planned.FIELDS`); beside, the node that makes the sigmas of a Sampler, or the Sampler that runs
    sigmas; settings, a list of the values of Sigmatic Settings on the way to it; model (`assumed.read`). What is for
    people comes as `say` makes it. TypeError or ValueError naming what is off.
    """
    request = checks.fields(request, "the request", *planned.FIELDS, "beside", "settings", "model", "size")
    seen = request.get("model", {})
    kind, match = assumed.read(seen), assumed.match(seen)
    model = _with_settings(_model(kind, match, seen, request.get("size")), request.get("settings", []))
    planner = planned.Planner(model)
    about = {name: request[name] for name in planned.FIELDS if name in request}
    plan = planner.run(about, request.get("beside"))
    model = plan.model or planner.model
    sampler = None
    if plan.sampler and len(plan.sigmas) > 1:
        sampler = plan.sampler.resolved(model, len(plan.sigmas) - 1, True)
    ms, steps = model.sampling, _steps(plan, sampler, model)
    warned = [*plan.warnings, *steps["warnings"]]
    lines = None if plan.lines is None else _lines(plan.lines, ms)
    sigmas = plan.sigmas if plan.levels else plan.lines[0].sigmas if plan.lines else Tensor()
    return {
        **_levels(sigmas, ms),
        "range": [_rounded(float(end)) for end in (ms.sigma_min, ms.sigma_max)],
        "switch": plan.switch,
        "names": {"sampler": _name(plan, sampler), "schedule": plan.schedule},
        "assumes": [*_once(plan.assumes), *_by_recipe(plan, model), assumed.in_words(kind, match)],
        **{key: steps.get(key) for key in ("evaluations", "noise", "eta", "s_noise", "detail", "cfg")},
        "notes": _once([*plan.notes, *steps["notes"], *map(say, warned)]),
        "warnings": list(dict.fromkeys(warned)),
        "recipe": described(plan.model.recipe) if plan.model else None,
        "lines": lines,
    }


def catalogue() -> dict[str, Any]:
    """Every sampler and schedule as declared, by the names they have in dropdowns; those to begin with come first."""

    def listed(registry: Any, bare: Sequence[str], schedule: bool) -> list[dict[str, Any]]:
        entries = {PREFIX + name: {**as_dict(registry.get(name)), "name": PREFIX + name} for name in bare}
        names = start_here.ordered([*lookup.by_model(schedule), *entries], schedule)
        first = start_here.FIRST[schedule]
        return [
            {**(entries.get(name) or BY_MODEL[name]), **_about(name, schedule), "start": name in first}
            for name in names
        ]

    return {"samplers": listed(samplers, offered(), False), "schedules": listed(schedulers, schedulers.names(), True)}


def _about(name: str, schedule: bool) -> dict[str, Any]:
    bare = name.removeprefix(PREFIX)
    return {**purposes.of(bare, schedule), "sketch": purposes.sketch(bare, schedule)}


def plots() -> dict[str, Any]:
    """What the page has to know for plots: the nodes that declare one, those that decide how a model is sampled."""
    return {
        "nodes": {name: node.plot._asdict() for name, node in planned.NODES.items()},
        "deciding": assumed.deciding(),
    }


def _model(kind: assumed.Kind, match: Match | None, seen: Any, size: Any) -> ModelFacts:
    """The model that is assumed."""
    files = assumed.files(seen)
    bare = assumed.model_sampling(*assumed.read({"files": files})) if match else None
    shape = assumed.size(size) or UNKNOWN_SIZE
    known = {"most": planned.LEVELS, "shape": shape, "match": match, "bare": bare, "files": files}
    return ModelFacts(assumed.model_sampling(*kind), **known)


def _name(plan: Plan, resolved: Sampler | None) -> str:
    """What is run, by name; what sig_auto stands for in brackets."""
    name = plan.sampler.name if plan.sampler else ""
    ours = resolved.ours if resolved and name == lookup.AUTO else None
    return f"{name} ({ours.name})" if ours else name


def _by_recipe(plan: Plan, model: ModelFacts) -> list[Message]:
    """What is taken for granted where sig_auto is chosen."""
    if lookup.AUTO not in (plan.schedule, plan.sampler.name if plan.sampler else ""):
        return []
    recipe = model.recipe.recipe
    if recipe is None:
        return [say("sig_auto knows the model when it runs; this is what it does for one without a recipe.")]
    blind = plan.schedule == lookup.AUTO and recipe.depends_on and model.shape == UNKNOWN_SIZE
    return [say("The picture is taken for 1024 x 1024.")] if blind else []


def _steps(plan: Plan, sampler: Sampler | None, model: ModelFacts) -> dict[str, Any]:
    """What the sampler does in each step: evaluations, noise, eta, s_noise (where it has them); notes, warnings."""
    none: dict[str, Any] = {"notes": [], "warnings": []}
    if sampler is None:
        return none
    chosen = sampler.on(model)
    if chosen is None:
        unknown = say("{name} is not Sigmatic's: only its levels of noise are known.", name=sampler.name)
        return {**none, "notes": [unknown]}
    sigmas = facts.at_most_one(plan.sigmas, model.sampling).tolist()
    steps: dict[str, Any] = {"warnings": chosen.warnings}
    for key in {"eta", "s_noise"} & chosen.params.keys():
        steps[key] = [_at(chosen.params[key], sigma) for sigma in sigmas[:-1]]
    if (len(sigmas) - 1) * (1 + chosen.params.get("restarts", 0)) > ROWS:
        return {**steps, "notes": [say("What each step does is drawn for up to {rows} steps.", rows=ROWS)]}
    table, given = chosen.table(sigmas), each_call.calls(chosen.options, model.sampling)
    steps |= _calls(chosen.options, [given(sigma) for sigma in sigmas[:-1]], plan.cfg)
    if table is None:
        return {**steps, "notes": [say("{name} finds its own steps.", name=sampler.name)]}
    alone = sum(call.alone for call in map(given, table.called_at))
    spared = say("The negative prompt is not asked in {n} of {all} evaluations.", n=alone, all=table.evaluations)
    return {**steps, "notes": [spared] if alone else [], **_by_step(table, sigmas)}


def _calls(options: Mapping[str, Any], calls: Sequence[each_call.Call], cfg: Sequence[float]) -> dict[str, list]:
    """Detail and the scale of guidance in each step, where something is set; None for a scale that is not known."""
    known = cfg[0] if len(cfg) == 1 else None
    out = {"detail": [_rounded(1 - call.factor) for call in calls]} if options.get("detail") else {}
    if options.get("cfg"):
        out["cfg"] = [known if call.cfg is None else _rounded(call.cfg) for call in calls]
    return out


def _lines(runs: Sequence[Plan], ms: Any) -> list[dict[str, Any]]:
    """A comparison's runs, each schedule once with all samplers that run it."""
    by_levels: dict[tuple, dict[str, Any]] = {}
    for plan in runs:
        line = {"schedule": plan.schedule, "samplers": [], **_levels(plan.sigmas, ms)}
        by_levels.setdefault(tuple(plan.sigmas.tolist()), line)["samplers"].append(plan.sampler and plan.sampler.name)
    return list(by_levels.values())


def _levels(levels: Tensor, ms: Any) -> dict[str, list]:
    space, sigmas = facts.space(ms), facts.at_most_one(levels, ms).tolist()
    return {
        "sigmas": [_rounded(sigma) for sigma in sigmas],
        "log_snr": [_rounded(2 * level(sigma, space).lam) for sigma in sigmas],
    }


def _once(messages: Sequence[Message]) -> list[Message]:
    return [message for i, message in enumerate(messages) if message not in messages[:i]]


def _at(value: Any, sigma: float) -> float | None:
    """A parameter's value at `sigma`, whether it changes over the run or not."""
    number: Any = value(sigma) if callable(value) else value
    return _rounded(number)


def _by_step(table: Any, sigmas: Sequence[float]) -> dict[str, list]:
    """Evaluations and noise of each step. What a restart does again counts at the steps that it does again."""
    steps, rising = len(sigmas) - 1, sigmas[-1] > sigmas[0]
    place = {sigma: i for i, sigma in reversed([*enumerate(sigmas[:-1])])}
    evaluations, noise = [0] * steps, [0.0] * steps
    for row, fresh in zip(table.rows, table.noise, strict=True):
        jump = row.sigma_next > row.sigma and not rising
        i = place.get(row.sigma_next if jump else row.sigma, steps - 1)
        evaluations[i] += sum(stage.q != 0 for stage in row.stages)
        noise[i] = math.hypot(noise[i], fresh)
    return {"evaluations": evaluations, "noise": [_rounded(value) for value in noise]}


def _with_settings(model: ModelFacts, given: Any) -> ModelFacts:
    if not isinstance(given, list) or len(given) > 4:
        raise TypeError("settings: give a list of up to 4 objects.")
    for values in given:
        node = planned.making("MODEL")[0]
        model = planned.Planner(model).plan({"node": node, "values": values}, [node]).model or model
    return model


def _parsed(body: bytes) -> Any:
    if len(body) > BODY:
        raise ValueError(f"the request has {len(body)} bytes: up to {BODY} are read.")
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("the request is not JSON.") from None


def _rounded(value: float) -> float | None:
    """`value` with the digits that a float32 has; None for infinity, which JSON does not know."""
    return float(f"{value:.7g}") if math.isfinite(value) else None
