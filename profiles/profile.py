"""A profile: a few numbers of arc's schedule, levels of their own for a few counts of steps, and how to run on them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .. import samplers, schedulers
from ..core import files
from ..core.space import Span, check, level
from ..schedulers.arc import usual_p

VERSION = 1
FEWEST, MOST = 4, 50
SAMPLER = "arc"
LARGEST = 1 << 16  # bytes of a file
FEW, MANY = 10, 15  # steps: up to the one the numbers are as fitted, from the other on `late` of the way
_USUAL = {param.name: float(param.default) for param in schedulers.get("arc").params}
LIMITS = {"p": (0.2, 5.0), "data_std": (0.05, 20.0), "power": (0.2, 4.0)}
"""How many times the schedule's usual number each may be."""


@dataclass(frozen=True)
class Profile:
    """What was fitted to one model, for every number of steps from FEWEST to MOST.

    space, sigma_min, sigma_max: the model's range. p, data_std, power: how many times the usual number of the schedule
    arc (`LIMITS`). late: which share of that, in logarithms, holds from MANY steps up. integrates: the most steps with
    which the last one is integrated; with more it is x = D. levels: {steps: sigmas} that were fitted by themselves.
    error, usual: {steps: the error of the fit, and of arc as it comes}, RMSE, on the noise it was fitted with.
    evaluations: of the model, that the fit took. ValueError for values that no run could follow.
    """

    space: str = "ve"
    sigma_min: float = 0.03
    sigma_max: float = 14.6
    p: float = 1.0
    data_std: float = 1.0
    power: float = 1.0
    late: float = 1.0
    integrates: int = 0
    levels: Mapping[int, tuple[float, ...]] = field(default_factory=dict)
    error: Mapping[int, float] = field(default_factory=dict)
    usual: Mapping[int, float] = field(default_factory=dict)
    evaluations: int = 0

    def __post_init__(self) -> None:
        check(self.space)
        schedulers.span(space=self.space, sigma_min=self.sigma_min, sigma_max=self.sigma_max)
        for name, (low, high) in LIMITS.items():
            _in_range(name, getattr(self, name), low, high)
        _in_range("late", self.late, 0.0, 1.0)
        _in_range("integrates", self.integrates, 0, MOST)
        for steps, sigmas in self.levels.items():
            _check_levels(sigmas, check_steps(steps), self)

    @property
    def sampler(self) -> str:
        """The sampler that it is for."""
        return SAMPLER

    @property
    def span(self) -> Span:
        """The model's range, as schedules take it."""
        return schedulers.span(space=self.space, sigma_min=self.sigma_min, sigma_max=self.sigma_max)

    def sigmas(self, steps: int) -> Tensor:
        """The levels for so many steps: float32 (steps + 1,), from sigma_max down, ending in 0.

        ValueError unless steps is a whole number from 4 to 50.
        """
        count = check_steps(steps)
        if count in self.levels:
            return torch.tensor(self.levels[count], dtype=torch.float32)
        share = float(np.interp(count, [FEW, MANY], [1.0, self.late]))
        numbers = {name: getattr(self, name) ** share for name in LIMITS}
        return by_numbers(count, self.span, **numbers)

    def params(self, steps: int) -> dict[str, Any]:
        """The sampler's options for so many steps."""
        return {"last": "integrate" if check_steps(steps) <= self.integrates else "denoised"}

    def run(self, model: Callable[..., Any], x: Tensor, steps: int, **options: Any) -> Tensor:
        """Denoise x (B, ...), noise at `sigmas(steps)[0]`, in so many steps; options as of `samplers.sample`.

        Options of the sampler itself win over those of the profile. ValueError for a space that it was not fitted in.
        """
        if options.setdefault("space", self.space) != self.space:
            raise ValueError(f"space is {options['space']!r}: this profile was fitted in {self.space!r}.")
        return samplers.sample(SAMPLER, model, x, self.sigmas(steps), **{**self.params(steps), **options})

    def save(self, path: str | Path) -> None:
        """Write it as JSON, whole or not at all; folders are made. OSError where the disk refuses."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, self.as_text())

    @property
    def ratios(self) -> dict[int, float]:
        """{steps: the error of the fit over that of arc as it comes}, where both were measured."""
        measured = (steps for steps in sorted(self.error) if self.usual.get(steps, 0.0) > 0)
        return {steps: self.error[steps] / self.usual[steps] for steps in measured}

    def as_text(self) -> str:
        """The JSON that `read` reads."""
        return json.dumps({"version": VERSION, "sampler": SAMPLER, **asdict(self)}, indent=1)


def by_numbers(steps: int, span: Span, p: float, data_std: float, power: float) -> Tensor:
    """The schedule arc with these multiples of its usual numbers."""
    scale, bend = data_std * _USUAL["data_std"], power * _USUAL["power"]
    lowest = math.atan((level(span.sigma_min, span.space).rho / scale) ** bend) / (math.pi / 2)
    return schedulers.sigmas(
        "arc", steps, space=span.space, sigma_min=span.sigma_min, sigma_max=span.sigma_max, data_std=scale, power=bend,
        p=min(10.0, p * usual_p(steps, lowest)),
    )  # fmt: skip


def load(path: str | Path) -> Profile:
    """The profile in a file. OSError if it cannot be read, ValueError saying what is wrong in it."""
    path = Path(path)
    if path.stat().st_size > LARGEST:
        raise ValueError(f"{path}: no profile: larger than {LARGEST} bytes.")
    try:
        return read(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: no profile: {error}") from None


def read(text: str) -> Profile:
    """The profile that `Profile.as_text` wrote; ValueError saying what is wrong."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"no JSON: {error}.") from None
    if not isinstance(data, dict) or data.pop("version", None) != VERSION or data.pop("sampler", None) != SAMPLER:
        raise ValueError(f"give an object with version {VERSION} and sampler {SAMPLER!r}.")
    fields = {name: kind for name, kind in Profile.__annotations__.items() if name in data}
    if unknown := set(data) - set(fields):
        raise ValueError(f"{sorted(unknown)[0]!r} is no field of a profile: there are {', '.join(_FIELDS)}.")
    if missing := [name for name in _FIELDS if name not in data]:
        raise ValueError(f"{missing[0]!r} is missing.")
    try:
        made = {name: _READ.get(name, float)(value) for name, value in data.items()}
    except (TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"a value of the wrong kind: {error}.") from None
    return Profile(**made)


def _numbers(table: dict[str, Any]) -> dict[int, float]:
    return {int(steps): float(value) for steps, value in table.items()}


_FIELDS = tuple(Profile.__annotations__)
_READ: dict[str, Callable[[Any], Any]] = {
    "space": str, "integrates": int, "evaluations": int, "error": _numbers, "usual": _numbers,
    "levels": lambda table: {int(steps): tuple(map(float, sigmas)) for steps, sigmas in table.items()},
}  # fmt: skip


def check_steps(steps: Any) -> int:
    """`steps`; ValueError unless it is a whole number from FEWEST to MOST."""
    number = getattr(steps, "__index__", None)
    if number is None or isinstance(steps, bool) or not FEWEST <= number() <= MOST:
        raise ValueError(f"steps is {steps!r}: a profile is for whole numbers of steps from {FEWEST} to {MOST}.")
    return number()


def _in_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} is {value!r}: give a number from {low:g} to {high:g}.")


def _check_levels(sigmas: tuple[float, ...], steps: int, profile: Profile) -> None:
    """ValueError unless they fall from sigma_max to 0 and stay in the model's range, but for float32's rounding."""
    values = np.asarray(sigmas)
    low, high = profile.sigma_min * (1 - 1e-6), profile.sigma_max * (1 + 1e-6)
    fine = values.shape == (steps + 1,) and np.isfinite(values).all() and values[-1] == 0
    if not (fine and (np.diff(values) < 0).all() and values[0] <= high and values[-2] >= low):
        raise ValueError(
            f"levels of {steps} steps: give {steps + 1} falling numbers from sigma_max to sigma_min and 0."
        )
