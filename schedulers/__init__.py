"""The noise schedules, one a file, found by looking; files that begin with _ hold the calls. Core and these only."""

import pkgutil
from importlib import import_module

from ..core.spec import SCHEDULES, ScheduleSpec
from ._denoise import total_steps
from ._params import DENOISE_RULES, MOST_STEPS, PARAMS
from ._range import span
from ._sigmas import sigmas

for _module in pkgutil.iter_modules(__path__):
    if not _module.name.startswith("_"):
        import_module(f".{_module.name}", __name__)

__all__ = ["DENOISE_RULES", "MOST_STEPS", "PARAMS", "get", "names", "sigmas", "span", "total_steps"]


def names() -> tuple[str, ...]:
    """The names of all schedules."""
    return SCHEDULES.names()


def get(name: str) -> ScheduleSpec:
    """The declaration of schedule `name`; ValueError with the nearest names if there is none."""
    return SCHEDULES.get(name)
