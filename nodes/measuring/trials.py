"""The runs of a comparison: every line from the same noise, counted and timed; what is finished is kept for a while."""

import logging
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import latent_preview
from torch import Tensor

from ..dropdowns import lookup
from ..dropdowns.by_name import presets_in
from ..dropdowns.plan import Plan
from ..running import run
from ..running.record import Record
from . import entries
from .sheet import Cell, table

_log = logging.getLogger("sigmatic")


class Kept:
    """The finished lines of a comparison: one that was stopped, or got a line more, then runs only what is missing.

    They are good for the very same `things` (model, latent, conditioning, numbers), and dropped when one of those is
    gone: the host keeps what goes into a node for as long as the node may be run again.
    """

    def __init__(self, *things: Any) -> None:
        self.cells: dict[tuple, Cell] = {}
        self.parts = [self._hold(part) for part in _parts(things)]

    def _hold(self, part: Any) -> Any:
        try:
            return weakref.ref(part, lambda _: self.cells.clear())
        except TypeError:  # numbers, text and the like
            return part

    def same(self, other: "Kept") -> bool:
        """Whether `other`, which is of now, would have the same results."""
        return len(self.parts) == len(other.parts) and all(map(_same, self.parts, other.parts))


def _parts(value: Any) -> Iterator[Any]:
    """What is in lists and dictionaries, however deep: the host often makes those themselves anew."""
    if isinstance(value, (dict, list, tuple)):
        yield type(value), len(value)
        for inner in value.items() if isinstance(value, dict) else value:
            yield from _parts(inner)
    else:
        yield value


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, weakref.ref) and isinstance(other, weakref.ref):
        return one() is other()
    return type(one) is type(other) and one == other


_kept = Kept()


class Meter:
    """A sampler function that counts its model calls, and is timed from the first: loading the model is not its."""

    def __init__(self, function: Any) -> None:
        self.function = function
        self.evaluations, self.began = 0, 0.0

    def __call__(self, model: Any, *args: Any, **options: Any) -> Tensor:
        """The run."""
        return self.function(_Counted(model, self), *args, **options)


class _Counted:
    """The model, with every call counted by the meter."""

    def __init__(self, model: Any, meter: Meter) -> None:
        self._model, self._meter = model, meter

    def __call__(self, *args: Any, **options: Any) -> Any:
        self._meter.began = self._meter.began or time.perf_counter()
        self._meter.evaluations += 1
        return self._model(*args, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)


class Bar:
    """The bar and the previews of several runs together, `total` steps."""

    def __init__(self, model: Any, total: int) -> None:
        self.total, self.passed = max(1, total), 0
        self._show = latent_preview.prepare_callback(model, self.total)

    @contextmanager
    def steps(self, count: int) -> Iterator[Callable[..., None]]:
        """The callback of the next run, which has `count` steps of the bar.

        Adaptive samplers count steps of their own, which end where the part ends.
        """
        first, last = self.passed, self.passed + count - 1
        yield lambda step, x0, x, _: self._show(min(first + step, last, self.total - 1), x0, x, self.total)
        self.passed += count


def compare(
    model: Any, latent: dict, listed: Sequence[entries.Line], plans: Sequence[Plan], **settings: Any
) -> list[Cell]:
    """Run the plan of every line; `settings`: seed, cfg, positive, negative. Whatever stops it, finished lines stay."""
    runs = list(zip(listed, plans, strict=True))
    keys = [known_by(line, plan) for line, plan in runs]
    cells = _cells_of(Kept(model, latent, settings), keys)
    missing = {key: planned for key, planned in zip(keys, runs, strict=True) if key not in cells}
    if cells:
        _log.info("Sigmatic Compare: %d of %d entries are there from before.", len(cells), len(runs))
    total = sum(len(plan.sigmas) - 1 for _, plan in missing.values())
    bar = Bar(model, total)
    try:
        for key, (line, plan) in missing.items():
            try:
                with bar.steps(len(plan.sigmas) - 1) as callback:
                    cells[key] = measured(model, latent, plan, {**settings, "callback": callback})
            except (TypeError, ValueError) as error:  # of an option that a sampler of somebody else's refuses, say
                raise (line.error(error) if line.sampler_options else error) from error
    except BaseException:
        ended = [(line, cells[key]) for key, (line, _) in zip(keys, runs, strict=True) if key in cells]
        _log.warning(
            "Sigmatic Compare stopped after %d of %d entries; they are kept: the same again goes on from there.\n%s",
            len(ended), len(runs), table([e for e, _ in ended], [c for _, c in ended], len(ended) - 1),
        )  # fmt: skip
        raise
    return [cells[key] for key in keys]


def _cells_of(wanted: Kept, keys: Sequence[tuple]) -> dict[tuple, Cell]:
    """Where the cells of a comparison are kept, with those that are there from before; all others are dropped."""
    global _kept
    if _kept.same(wanted):
        wanted.cells = {key: _kept.cells[key] for key in keys if key in _kept.cells}
    _kept.cells.clear()
    _kept = wanted
    return wanted.cells


def known_by(line: entries.Line, plan: Plan) -> tuple:
    """What a run differs by from others of the same model, latent and settings: text, and numbers."""
    options = plan.sampler and plan.sampler.options
    return line.text, presets_in(line.sampler), str(options), *plan.sigmas.tolist()


def measured(model: Any, latent: dict, plan: Plan, settings: dict) -> Cell:
    """The run of a plan, counted and timed; `settings` as of `compare`, and the callback."""
    sigmas, sampler = plan.sigmas, plan.sampler and plan.sampler.build(latent.get("batch_index"), Record(tries=True))
    meter = Meter(getattr(sampler, "sampler_function", None))
    if meter.function:
        sampler = lookup.with_function(sampler, meter, {})
    began = time.perf_counter()
    out = run.sample(model, latent, sampler, sigmas, add_noise=True, **settings)["samples"].cpu()
    seconds = time.perf_counter() - (meter.began or began)
    return Cell(out, len(sigmas) - 1, meter.evaluations or len(sigmas) - 1, seconds)
