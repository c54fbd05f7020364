"""The schedules of a comparison, laid over each other, as the page draws them."""

from typing import Any

from torch import Tensor

from ..compare import SigmaticCompare
from ..dropdowns.lookup import sampler_entry
from ..measuring import entries
from . import checks, sources

ROWS = 128
"""Most steps over all lines: finding how many a line may take asks for tables of that length."""
_GIVEN = 8  # a step is so much cheaper where their number is given: no table is asked for


def lines(model: Any, given: Any) -> tuple[list[dict[str, Any]], list[checks.Message]]:
    """What is drawn: a schedule with the samplers that run it; and in words what is not. ValueError for what is wrong.

    Samplers of the host's own are left out where their steps are not given: they would have to be tried out.
    """
    values = checks.values(SigmaticCompare, given, "values")
    listed = [entry.on(model.ms) for entry in entries.read(values["entries"])]
    left, found, unknown, over = ROWS, {}, [], 0
    for entry in listed:
        known = entry.steps or sampler_entry(entry.sampler)
        cost = entry.steps // _GIVEN if entry.steps else values["evaluations"]
        if not known:
            unknown.append(entry.sampler)
        elif cost > left:
            over += 1
        else:
            left -= cost
            sigmas = _levels(entry, model, values)
            line = found.setdefault(tuple(sigmas.tolist()), {"schedule": entry.schedule, "samplers": []})
            line["samplers"].append(entry.sampler)
    notes = []
    if unknown:
        names = ", ".join(dict.fromkeys(unknown))
        notes.append(checks.say("Their steps are known only in the run: {names}.", names=names))
    if over:
        notes.append(checks.say("Left out of the plot: {count} more.", count=over))
    return [{"sigmas": list(sigmas), **line} for sigmas, line in found.items()], notes


def _levels(entry: entries.Line, model: Any, values: dict[str, Any]) -> Tensor:
    denoise = values["denoise"]
    sources.affordable(entry.steps or values["evaluations"], denoise)
    return entries.within_budget(entry, model, values["evaluations"], denoise)[0]
