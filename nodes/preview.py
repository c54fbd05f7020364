"""What a node will do, told from its widgets before anything runs: JSON in, JSON out, for the plots in the page.

The numbers are those of the run itself: the same functions make the levels and the table. Nothing is kept, no file is
read, and every answer takes a few milliseconds: what would take longer is refused in words.
"""

import json
import math
from collections.abc import Sequence
from typing import Any

from .. import samplers, schedulers
from ..core.space import level
from ..demo.listing import as_dict
from . import asked, assumed, host, options, run, settings, sources, widgets
from .adapter import Choice, offered
from .custom import SigmaticSampler
from .install import PREFIX, entry, own_sampler
from .ksampler import SigmaticKSampler
from .settings import SigmaticSettings

BODY = 1 << 14
"""Longest request, in bytes."""
ROWS = 100
"""Most steps for which the table is made: a row costs about 0.15 ms."""
NODES = ("SigmaticKSampler", "SigmaticSampler", "SigmaticSettings", *sources.NODES)
_LENGTH = 400  # of an error


def answer(body: bytes) -> tuple[int, dict[str, Any]]:
    """(HTTP status, JSON) for the body of a request: 200, or 400 and 422 with an error in words. Never raises."""
    try:
        return 200, describe(_parsed(body))
    except (ValueError, TypeError) as error:
        return 400, {"error": asked.short(str(error), _LENGTH)}
    except Exception as error:  # noqa: BLE001 - schedules of other packs may raise anything
        return 422, {"error": asked.short(f"this cannot be drawn. {type(error).__name__}: {error}", _LENGTH)}


def describe(request: Any) -> dict[str, Any]:
    """The levels of a run, and for each step its evaluations and noise.

    `request`: node (a class name) with its values, output and inputs (`sources.Source`); beside, the same for the
    node that makes the sigmas of a Sampler, or for the Sampler that runs sigmas; settings, a list of the values of
    Sigmatic Settings on the way to it; model (`assumed.read`). TypeError or ValueError naming what is off.
    """
    words = ("node", "values", "output", "inputs", "beside", "settings", "model")
    request = asked.fields(request, "the request", *words)
    kind = assumed.read(request.get("model", {}))
    model = _with_settings(assumed.Model(assumed.model_sampling(*kind)), request.get("settings", []))
    run_ = _Run(model, request)
    space = host.space(run_.model.ms)
    told = run_.told()
    return {
        "sigmas": [_rounded(sigma) for sigma in run_.sigmas],
        "log_snr": [_rounded(2 * level(sigma, space).lam) for sigma in run_.sigmas],
        "range": [_rounded(float(end)) for end in (run_.model.ms.sigma_min, run_.model.ms.sigma_max)],
        "summary": _summary(run_.names, run_.sigmas, told),
        "assumes": [*dict.fromkeys(run_.assumes), f"The model is taken for {assumed.in_words(*kind)}."],
        **{key: told.get(key) for key in ("evaluations", "noise", "eta", "s_noise")},
        "notes": told["notes"],
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
            raise ValueError(f"node is {asked.short(repr(name))}: give one of {', '.join(NODES)}.")
        self.model, self.assumes = model, []
        self.sampler: dict[str, Any] | None = None
        self.custom = name not in ("SigmaticKSampler", "SigmaticSettings")
        about = {key: request[key] for key in ("node", "values", "output", "inputs") if key in request}
        if name in sources.NODES:
            self.sigmas = self._source(about)
            if beside is not None:
                beside = asked.fields(beside, "beside", "node", "values")
                self.sampler = asked.values(SigmaticSampler, beside.get("values", {}), "beside")
        elif name == "SigmaticSampler":
            self.sampler = asked.values(SigmaticSampler, request.get("values", {}), "values")
            if beside is None:
                self.assumes.append(f"The schedule is taken for {widgets.SCHEDULE} with 20 steps.")
            self.sigmas = self._source(beside or {"node": "SigmaticSchedule"})
        else:
            self._of_ksampler(name, request.get("values", {}))

    def _of_ksampler(self, name: str, given: Any) -> None:
        if name == "SigmaticSettings":
            self.model, given = _with_settings(self.model, [given]), {}
            self.assumes.append(f"They are shown at {widgets.SAMPLER} on {widgets.SCHEDULE} with 20 steps.")
        values = asked.values(SigmaticKSampler, given, "values")
        sources.affordable(values["steps"], values["denoise"])
        ms, names = self.model.ms, (values["schedule"], values["sampler"])
        sigmas = run.tail(
            values["steps"], values["denoise"], lambda total: run.levels_by_name(ms, *names, total, values["rho"])
        )
        part = (values["start_at_step"], values["end_at_step"], values["return_with_leftover_noise"])
        self.sigmas = host.at_most_one(run.part(sigmas, *part), ms).tolist()
        self.sampler, self.schedule = values, values["schedule"]

    def _source(self, about: Any) -> list[float]:
        source = sources.Source(self.model)
        sigmas = source.sigmas(about)
        self.assumes += source.assumed
        chosen = about.get("values", {}).get("schedule", widgets.SCHEDULE)
        self.schedule = chosen if about["node"] == "SigmaticSchedule" else "the sigmas"
        return sigmas.tolist()

    @property
    def names(self) -> list[str]:
        """Sampler and schedule, for people."""
        return [*([self.sampler["sampler"]] if self.sampler else []), self.schedule]

    def told(self) -> dict[str, Any]:
        """What the sampler does in each step: evaluations, noise, eta, s_noise (where it has them), notes in words."""
        if self.sampler is None or len(self.sigmas) < 2:
            return {"notes": []}
        name = self.sampler["sampler"]
        own = entry(name) if self.custom else own_sampler(name)
        if own is None:
            return {"notes": [f"{name} is not Sigmatic's: only its levels of noise are known."]}
        return self._told(name, own)

    def _told(self, name: str, own: Any) -> dict[str, Any]:
        spec, steps, ms = samplers.get(own.name), len(self.sigmas) - 1, self.model.ms
        choice = Choice(spec, _fixed(spec, self.sampler or {}), own.preset)
        params = choice.params(choice.told(settings.of_model(self.model), {}), ms)
        idle = [key for key in ("eta", "s_noise") if key not in params]
        told: dict[str, Any] = {"notes": [f"{name} pays no attention to {' and '.join(idle)}."] if idle else []}
        for key in {"eta", "s_noise"} & params.keys():
            told[key] = [_at(params[key], sigma) for sigma in self.sigmas[:-1]]
        if steps * (1 + params.get("restarts", 0)) > ROWS:
            told["notes"].append(f"What each step does is drawn for up to {ROWS} steps.")
            return told
        try:
            table = samplers.table(own.name, self.sigmas, space=host.space(ms), **params)
        except TypeError as error:  # a sampler that finds its own steps
            told["notes"].append(asked.short(str(error), _LENGTH))
            return told
        return {**told, **_by_step(table, self.sigmas)}


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
    said = options.said(values["eta"], values["s_noise"], **texts) | options.more(values.get("more"))
    return {param.name: options.checked(spec, param, said[param.name]) for param in spec.params if param.name in said}


def _with_settings(model: Any, given: Any) -> Any:
    if not isinstance(given, list) or len(given) > 4:
        raise TypeError("settings: give a list of up to 4 objects.")
    for values in given:
        model = SigmaticSettings.execute(model, **asked.values(SigmaticSettings, values, "settings")).args[0]
    return model


def _summary(names: Sequence[str], sigmas: Sequence[float], told: dict[str, Any]) -> str:
    if len(sigmas) < 2:
        return "Nothing to do: the latent is handed on as it is."
    steps, noise, evaluations = len(sigmas) - 1, told.get("noise"), told.get("evaluations")
    parts = [_count(steps, "step")]
    if evaluations:
        parts.append(_count(sum(evaluations), "model evaluation"))
    parts.append(f"sigma {sigmas[0]:.4g} to {sigmas[-1]:.4g}")
    if noise:
        noisy = sum(value > 0 for value in noise)
        parts.append(f"fresh noise in {noisy} of {_count(steps, 'step')}" if noisy else "no fresh noise")
    return f"{' on '.join(names)}: {', '.join(parts)}."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


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
