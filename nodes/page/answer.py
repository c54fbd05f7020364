"""What a node will do, told from its widgets before anything runs: JSON in, JSON out, for the plots in the page.

The numbers are those of the run itself: the same functions make the levels and the table. Nothing is kept, no file is
read, and every answer takes a few milliseconds: what would take longer is refused in words.
"""

import json
import math
from collections.abc import Sequence
from typing import Any

from ... import samplers, schedulers
from ...core.catalog import as_dict
from ...core.space import level
from ..dropdowns import lookup
from ..dropdowns.lookup import PREFIX, entry, sampler_entry, schedule_entry
from ..host import facts, warnings
from ..inputs import options, widgets
from ..ksampler import SigmaticKSampler
from ..running import mismatch, run, settings_on_model
from ..running.host_functions import Choice, offered
from ..sampler import SigmaticSampler
from ..settings import SigmaticSettings
from ..unsample import SigmaticUnsample, rising
from . import assumed, checks, overlaid, sources

BODY = 1 << 14
"""Longest request, in bytes."""
ROWS = 100
"""Most steps for which the table is made: a row costs about 0.15 ms."""
NODES = (
    "SigmaticKSampler", "SigmaticSampler", "SigmaticSettings", "SigmaticUnsample", "SigmaticCompare", *sources.NODES,
)  # fmt: skip
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

    `request`: node (a class name) with its values, output and inputs (`sources.Source`); beside, the same for the
    node that makes the sigmas of a Sampler, or for the Sampler that runs sigmas; settings, a list of the values of
    Sigmatic Settings on the way to it; model (`assumed.read`). What is for people comes as `asked.say` makes it.
    TypeError or ValueError naming what is off.
    """
    words = ("node", "values", "output", "inputs", "beside", "settings", "model")
    request = checks.fields(request, "the request", *words)
    kind = assumed.read(request.get("model", {}))
    with warnings.collected() as heard:
        model = _with_settings(assumed.Model(assumed.model_sampling(*kind)), request.get("settings", []))
        run_ = _Run(model, request)
        told = run_.told()
    ms = run_.model.ms
    return {
        **_levels(run_.sigmas, ms),
        "range": [_rounded(float(end)) for end in (ms.sigma_min, ms.sigma_max)],
        "names": run_.names,
        "assumes": [*_once(run_.assumes), assumed.in_words(*kind)],
        **{key: told.get(key) for key in ("evaluations", "noise", "eta", "s_noise")},
        "notes": _once([*told["notes"], *map(checks.say, heard)]),
        "lines": run_.lines and [{**line, **_levels(line["sigmas"], ms)} for line in run_.lines],
    }


def catalogue() -> dict[str, Any]:
    """Every sampler and schedule as declared, by the names they have in dropdowns."""

    def listed(registry: Any, names: Sequence[str]) -> list[dict[str, Any]]:
        return [{**as_dict(registry.get(bare)), "name": PREFIX + bare} for bare in names]

    return {"samplers": listed(samplers, offered()), "schedules": listed(schedulers, schedulers.names())}


class _Run:
    """Levels and sampler of the run that a request is about."""

    def __init__(self, model: Any, request: dict[str, Any]) -> None:
        name, beside = request.get("node"), request.get("beside")
        if not isinstance(name, str) or name not in NODES:
            raise ValueError(f"node is {checks.short(repr(name))}: give one of {', '.join(NODES)}.")
        self.model, self.schedule = model, ""
        self.assumes: list[checks.Message] = []
        self.notes: list[checks.Message] = []
        self.lines: list[dict[str, Any]] | None = None
        self.sampler: dict[str, Any] | None = None
        self.custom = name not in ("SigmaticKSampler", "SigmaticSettings")
        about = {key: request[key] for key in ("node", "values", "output", "inputs") if key in request}
        if name in sources.NODES:
            self.sigmas = self._source(about)
            if beside is not None:
                beside = checks.fields(beside, "beside", "node", "values")
                self.sampler = checks.values(SigmaticSampler, beside.get("values", {}), "beside")
        elif name == "SigmaticSampler":
            self.sampler = checks.values(SigmaticSampler, request.get("values", {}), "values")
            if beside is None:
                self.assumes.append(
                    checks.say("The schedule is taken for {name} with 20 steps.", name=widgets.SCHEDULE)
                )
            self.sigmas = self._source(beside or {"node": "SigmaticSchedule"})
        elif name == "SigmaticUnsample":
            self._uphill(request.get("values", {}))
        elif name == "SigmaticCompare":
            self.lines, self.notes = overlaid.lines(model, request.get("values", {}))
            self.sigmas = self.lines[0]["sigmas"] if self.lines else []
        else:
            self._of_ksampler(name, request.get("values", {}))

    def _of_ksampler(self, name: str, given: Any) -> None:
        if name == "SigmaticSettings":
            self.model, given = _with_settings(self.model, [given]), {}
            names = {"sampler": widgets.SAMPLER, "schedule": widgets.SCHEDULE}
            self.assumes.append(checks.say("They are shown at {sampler} on {schedule} with 20 steps.", **names))
        values = checks.values(SigmaticKSampler, given, "values")
        sources.affordable(values["steps"], values["denoise"])
        ms, names = self.model.ms, (values["schedule"], values["sampler"])
        sigmas = run.tail(
            values["steps"], values["denoise"], lambda total: lookup.levels_by_name(ms, *names, total, values["rho"])
        )
        part = (values["start_at_step"], values["end_at_step"], values["return_with_leftover_noise"])
        self.sigmas = facts.at_most_one(run.part(sigmas, *part), ms).tolist()
        self.sampler, self.schedule = values, values["schedule"]
        own = schedule_entry(self.schedule)
        warnings.warn(mismatch.of_schedule(schedulers.get(own.name), ms) if own else [])

    def _uphill(self, given: Any) -> None:
        values = checks.values(SigmaticUnsample, given, "values")
        sources.affordable(values["steps"], 1.0)
        self.sampler, self.schedule = values, values["schedule"]
        self.sigmas = rising(self.model.ms, values["sampler"], self.schedule, values["steps"]).tolist()

    def _source(self, about: Any) -> list[float]:
        source = sources.Source(self.model)
        sigmas = source.sigmas(about)
        self.assumes += source.assumed
        if about["node"] == "SigmaticSchedule":
            self.schedule = about.get("values", {}).get("schedule", widgets.SCHEDULE)
        return sigmas.tolist()

    @property
    def names(self) -> dict[str, str]:
        """Sampler and schedule, "" where there is none or it has no name."""
        return {"sampler": self.sampler["sampler"] if self.sampler else "", "schedule": self.schedule}

    def told(self) -> dict[str, Any]:
        """What the sampler does in each step: evaluations, noise, eta, s_noise (where it has them), notes in words."""
        if self.sampler is None or len(self.sigmas) < 2:
            return {"notes": self.notes}
        name = self.sampler["sampler"]
        own = entry(name) if self.custom else sampler_entry(name)
        if own is None:
            return {"notes": [checks.say("{name} is not Sigmatic's: only its levels of noise are known.", name=name)]}
        return self._told(name, own)

    def _told(self, name: str, own: Any) -> dict[str, Any]:
        spec, steps, ms = samplers.get(own.name), len(self.sigmas) - 1, self.model.ms
        choice = Choice(spec, _fixed(spec, self.sampler or {}), own.preset)
        chosen = choice.on(ms, settings_on_model.of_model(self.model))
        params = chosen.params
        idle = [key for key in ("eta", "s_noise") if key in (self.sampler or {}) and key not in params]
        deaf = checks.say("{name} pays no attention to {what}.", name=name, what=", ".join(idle))
        told: dict[str, Any] = {"notes": [deaf] if idle else []}
        for key in {"eta", "s_noise"} & params.keys():
            told[key] = [_at(params[key], sigma) for sigma in self.sigmas[:-1]]
        if steps * (1 + params.get("restarts", 0)) > ROWS:
            told["notes"].append(checks.say("What each step does is drawn for up to {rows} steps.", rows=ROWS))
            return told
        if spec.adaptive:
            told["notes"].append(checks.say("{name} finds its own steps.", name=name))
            return told
        return {**told, **_by_step(chosen.table(self.sigmas), self.sigmas)}


def _levels(sigmas: Sequence[float], ms: Any) -> dict[str, list]:
    space = facts.space(ms)
    return {
        "sigmas": [_rounded(sigma) for sigma in sigmas],
        "log_snr": [_rounded(2 * level(sigma, space).lam) for sigma in sigmas],
    }


def _once(messages: Sequence[checks.Message]) -> list[checks.Message]:
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


def _fixed(spec: Any, values: dict[str, Any]) -> dict[str, Any]:
    """The sampler's parameters that the widgets set."""
    texts = {key: values.get(key, "") for key in ("eta_curve", "s_noise_curve")}
    said = options.from_widgets(values.get("eta", 1.0), values.get("s_noise", 1.0), **texts) | options.more(
        values.get("more")
    )
    return spec.take(said, others=True)


def _with_settings(model: Any, given: Any) -> Any:
    if not isinstance(given, list) or len(given) > 4:
        raise TypeError("settings: give a list of up to 4 objects.")
    for values in given:
        model = SigmaticSettings.execute(model, **checks.values(SigmaticSettings, values, "settings")).args[0]
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
