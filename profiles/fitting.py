"""The fit of a profile: a fine run, a few numbers for all counts of steps at once, then levels of the shortest runs.

Levels fitted by themselves gain most where steps are few and say little of other counts; three numbers of arc's
schedule, fitted at 6 and 10 steps together, carry from 4 to 20.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .. import samplers, schedulers
from ..core.schedule.clocks import from_log_rho, log_rho_ends
from ..core.space import level
from . import search
from .profile import LIMITS, MANY, SAMPLER, Profile, by_numbers

BUDGET = 400
EXACT = 40  # steps of the run that stands for the exact one: right to some 1e-5
TOGETHER = (6, 10)  # steps: what the numbers are fitted at
SINGLE = (4, 5, 6, 8)  # steps with levels of their own
SHORT = 8  # steps: with so many at most the last one may be integrated
STARTS = ({}, {"p": 2.0, "data_std": 2.3, "power": 1.7})  # arc as it comes, and nearly wide_arc
LEAST = EXACT + 2 * TOGETHER[0] + sum(TOGETHER)
PICTURES = 4
_MOVE, _LONGEST = 0.06, 0.7  # of a number's logarithm: to see its effect; in one step of the search
_POINTS = 1 << 16  # coordinates of a picture that are looked at
_NARROWEST = 0.02  # in log(sigma / alpha)
_STILL = {"last": "denoised"}


def fit(
    model: Callable[..., Any],
    x: Tensor,
    *,
    space: str = "ve",
    sigma_min: float | None = None,
    sigma_max: float | None = None,
    budget: int = BUDGET,
    extra_args: dict[str, Any] | None = None,
    keep: Callable[[Profile], None] = lambda profile: None,
) -> Profile:
    """The profile of a model, by at most `budget` evaluations of it on x.

    model(x, sigma, **extra_args) -> denoised, as everywhere. x: unit normals (B, ...), 4 items or more. sigma_min,
    sigma_max: the range that the model knows (without them Stable Diffusion's on VE, that of shift 1 on flow). keep is
    called with every profile on the way that is worth having, so that a fit that is broken off has not been for
    nothing. Raises ValueError or TypeError before the first evaluation.
    """
    span = schedulers.span(space=space, sigma_min=sigma_min, sigma_max=sigma_max)
    _check(x, budget)
    made = Profile(space, span.sigma_min, span.sigma_max)
    return _Fit(model, x, made, budget, extra_args or {}, keep).whole()


def _check(x: Any, budget: Any) -> None:
    if not isinstance(x, Tensor) or not x.is_floating_point() or x.ndim < 2:
        raise TypeError("x: give a floating tensor of unit normals, (B, ...).")
    if len(x) < PICTURES:
        raise ValueError(f"x has {len(x)} items: give {PICTURES} or more, half of them judge the other half.")
    spread = float(x.float().std())
    if not 0.5 < spread < 2:
        raise ValueError(
            f"x: give unit normals, not noise at a level; theirs is a deviation of 1, this is {spread:.3g}."
        )
    number = getattr(budget, "__index__", None)
    if number is None or isinstance(budget, bool) or number() < LEAST:
        raise ValueError(
            f"budget is {budget!r}: give a whole number of model evaluations from {LEAST}; {BUDGET} is usual."
        )


class _Fit:
    """The runs of one fit, and what they led to."""

    def __init__(self, model, x: Tensor, profile: Profile, budget: int, extra_args: dict[str, Any], keep) -> None:
        self.model, self.x, self.profile, self.budget = model, x, profile, budget
        self.extra_args, self.keep, self.spent = extra_args, keep, 0
        self.stride = max(1, math.ceil(x[0].numel() / _POINTS))
        self.span = profile.span
        self.high, self.low = log_rho_ends(self.span)

    def run(self, sigmas: Tensor, **options: Any) -> Tensor:
        """Where arc ends over sigmas: (B, coordinates), float32."""
        self.spent += len(sigmas) - 1
        start = self.x * float(sigmas[0])
        out = samplers.sample(
            SAMPLER,
            self.model,
            start,
            sigmas,
            space=self.span.space,
            extra_args=self.extra_args,
            disable=True,
            **options,
        )
        return out.flatten(1)[:, :: self.stride].float().cpu()

    def off(self, sigmas: Tensor, steps: int) -> Tensor:
        """How far from the exact end."""
        return self.run(sigmas, **self.profile.params(steps)) - self.goal

    def affordable(self, cost: int) -> bool:
        """Whether so many evaluations are left."""
        return self.spent + cost <= self.budget

    def whole(self) -> Profile:
        """All of the fit."""
        self.goal = self.run(self._fine(), corrector="on", **_STILL)
        self._choose_last()
        together = self._together()
        self._late()
        self._keep()
        for steps in SINGLE:
            if self.affordable(steps * (steps + 1)):
                self._single(steps, together)
        self._keep()
        return self.profile

    def _keep(self, **changes: Any) -> None:
        self.profile = replace(self.profile, **changes, evaluations=self.spent)
        self.keep(self.profile)

    def _fine(self) -> Tensor:
        """Many levels, even in atan(rho^(1/2)): what a model says changes far above and below its data, too."""
        ends = (level(sigma, self.span.space).rho for sigma in (self.span.sigma_max, self.span.sigma_min))
        first, last = (math.atan(math.sqrt(rho)) for rho in ends)
        rho = np.tan(np.linspace(first, last, EXACT)) ** 2
        sigmas = rho / (1 + rho) if self.span.space == "flow" else rho
        sigmas[0], sigmas[-1] = self.span.sigma_max, self.span.sigma_min
        return torch.tensor([*sigmas, 0.0], dtype=torch.float32)

    def _choose_last(self) -> None:
        """Whether short runs integrate the last step, and the errors of arc as it comes.

        With more than SHORT steps x = D: where a model knows nothing below sigma_min, integrating leaves a floor.
        """
        steps, usual = TOGETHER[0], {}
        sigmas = by_numbers(steps, self.span, 1.0, 1.0, 1.0)
        integrated, plain = (
            search.Item(np.zeros(0), [self.run(sigmas, last=last) - self.goal]) for last in ("integrate", "denoised")
        )
        gains = search.better(integrated, plain, search.scales_of(plain))
        usual[steps] = float((integrated if gains else plain).norms()[0].median())
        self._keep(integrates=SHORT if gains else 0, usual=usual)

    def _at(self, numbers: np.ndarray) -> search.Item:
        """What these logarithms of the numbers lead to."""
        return search.Item(numbers, self._by_numbers(numbers))

    def _by_numbers(self, numbers: np.ndarray) -> search.Residuals:
        chosen = dict(zip(LIMITS, np.exp(numbers).tolist(), strict=True))
        return [self.off(by_numbers(steps, self.span, **chosen), steps) for steps in TOGETHER]

    def _together(self) -> search.Item:
        """The numbers, for all counts at once, in the profile."""
        price = sum(TOGETHER)
        starts = []
        for given in STARTS:
            if self.affordable(price):
                starts.append(self._at(np.log([given.get(name, 1.0) for name in LIMITS])))
        best = starts[0]
        for other in starts[1:]:
            if search.better(other, best, search.scales_of(starts[0])):
                best = other
        low, high = (np.log([limits[k] for limits in LIMITS.values()]) for k in (0, 1))

        def limited(at: np.ndarray, step: np.ndarray) -> np.ndarray:
            share = min(1.0, _LONGEST / max(1e-12, float(np.abs(step).max())))
            return np.clip(at + share * step, low, high) - at

        best = search.improve(
            self._by_numbers, best, np.full(len(LIMITS), _MOVE), limited, rounds=2,
            affordable=lambda runs: self.affordable(runs * price),
        )  # fmt: skip
        errors = {steps: float(norm.median()) for steps, norm in zip(TOGETHER, best.norms(), strict=True)}
        self._keep(**dict(zip(LIMITS, np.exp(best.at).tolist(), strict=True)), error=errors)
        return best

    def _late(self) -> None:
        """Whether the numbers hold for many steps, too; else arc's usual ones do there."""
        if not self.affordable(2 * MANY):
            return
        fitted, usual = (
            search.Item(np.zeros(0), [self.off(replace(self.profile, late=late).sigmas(MANY), MANY)])
            for late in (1.0, 0.0)
        )
        kept = search.better(fitted, usual, search.scales_of(usual))
        best = fitted if kept else usual
        tables = {"usual": (self.profile.usual, usual), "error": (self.profile.error, best)}
        errors = {name: {**known, MANY: float(item.norms()[0].median())} for name, (known, item) in tables.items()}
        self._keep(late=float(kept), **errors)

    def _single(self, steps: int, together: search.Item) -> None:
        """Levels for so many steps alone, where they are better than those by numbers."""
        begun = self.profile.sigmas(steps)
        places = np.array([-level(float(sigma), self.span.space).lam for sigma in begun[1:-1]])

        def run(places: np.ndarray) -> search.Residuals:
            return [self.off(self._levels(places), steps)]

        def limited(at: np.ndarray, step: np.ndarray) -> np.ndarray:
            gaps, losses = -np.diff(np.append(self.high, at)), np.diff(np.append(0.0, step))
            allowed = np.where(losses > 0, np.clip(gaps - _NARROWEST, 0.0, 0.5 * gaps), 0.5 * np.maximum(gaps, 0.2))
            ahead = at + step * float(np.min(allowed / np.maximum(np.abs(losses), 1e-12), initial=1.0))
            return np.maximum(ahead, self.low + _NARROWEST * np.arange(len(at))[::-1]) - at

        known = together.residuals[TOGETHER.index(steps)] if steps in TOGETHER else self.off(begun, steps)
        gaps = -np.diff(np.concatenate([[self.high], places, [min(self.low, places[-1]) - 0.5]]))
        first = search.Item(places, [known])
        best = search.improve(
            run, first, 0.06 * np.minimum(gaps[:-1], gaps[1:]), limited, rounds=2,
            affordable=lambda runs: self.affordable(runs * steps),
        )  # fmt: skip
        errors = {**self.profile.error, steps: float(best.norms()[0].median())}
        levels = self.profile.levels
        if best is not first:
            levels = {**levels, steps: tuple(self._levels(best.at).tolist())}
        self._keep(levels=levels, error=errors)

    def _levels(self, places: np.ndarray) -> Tensor:
        """The schedule with these levels in between."""
        return torch.tensor([*from_log_rho(np.append(self.high, places), self.span), 0.0], dtype=torch.float32)
