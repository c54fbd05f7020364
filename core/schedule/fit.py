"""A schedule fitted to a model: the levels for which a solver of few steps ends nearest to where a fine run ends.

The end of a run is a smooth function of the levels in between, so the fit is nonlinear least squares: runs with one
level moved give the derivative of every coordinate of the result, Gauss-Newton (damped as Levenberg and Marquardt do)
the next levels. (Dynamic programming, as of GITS and OSS, prices each step by itself; the memory of a multistep method
makes it depend on the steps before.) A level counts by log(sigma / alpha). Nothing here knows what a run is: the caller
makes them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..space import Span, level
from .clocks import from_log_rho, log_rho_ends

Trial = Callable[[Tensor], Tensor]
STARTS = (
    "karras", "arc", "wide_arc", "exponential", "beta57", "ays", "ays_sdxl", "flow_shift", "cosine", "normal", "simple",
)  # fmt: skip
"""Schedules worth beginning at, the likeliest first."""
_ENOUGH = 5  # starts: fewer bring less than the round of the search that they leave room for
_NARROWEST = 0.02  # two levels never come nearer than this in log(sigma / alpha)


@dataclass(frozen=True)
class Fitted:
    """What a fit found: the levels, its median error over the items, that of the best start, evaluations spent."""

    sigmas: tuple[float, ...]
    error: float
    start: str
    start_error: float
    evaluations: int


def fit(
    trial: Trial,
    target: Tensor,
    starts: dict[str, Sequence[float]],
    span: Span,
    *,
    budget: int,
    price: Callable[[Tensor], int] = lambda sigmas: len(sigmas) - 1,
    report: Callable[[int], None] = lambda spent: None,
) -> Fitted:
    """The levels, like those of `starts` in number, with which `trial` comes nearest to `target`.

    trial(sigmas) -> x0 (B, ...): a run over sigmas (n+1,), float32, that begins at sigma_max and ends in 0, always from
    the same noise. target (B, ...): where an exact run from that noise ends. starts: schedules by name, the likeliest
    first; the search begins at the best of them, then from the next, as long as the budget lasts. budget: how many
    model evaluations may be spent, where `price(sigmas)` is what a run costs. At least the starts are run, but the last
    of more than five are left out where they would take the place of the search. report(spent) is called after every
    run. The (geometric) mean error is never above that of the best start run, on these items. Raises ValueError if
    starts is empty or its schedules differ in length.
    """
    lengths = {len(sigmas) for sigmas in starts.values()}
    if len(lengths) != 1:
        raise ValueError(f"starts: give one schedule or more, all of the same number of steps, got lengths {lengths}.")
    search = _Search(trial, target, span, budget, price, report)
    tried = []
    for name, sigmas in starts.items():
        places = np.array([-level(float(sigma), span.space).lam for sigma in sigmas[1:-1]])
        if len(tried) >= _ENOUGH and search.has_just_one_round(places):
            break
        residual = search.run(places)
        tried.append((_cost(residual), name, places, residual))
    tried.sort(key=lambda entry: entry[0])
    _, name, places, residual = tried[0]
    before = float(_norms(residual).median())
    for _, _, begin, off in tried if len(places) else ():
        at, left = search.improve(begin, off)
        if _cost(left) < _cost(residual):
            places, residual = at, left
    after = float(_norms(residual).median())
    return Fitted(tuple(search.sigmas(places).tolist()), after, name, before, search.spent)


def _norms(residual: Tensor) -> Tensor:
    return residual.square().sum(1).sqrt()


class _Search:
    """The runs of one fit, and where they led."""

    def __init__(self, trial: Trial, target: Tensor, span: Span, budget: int, price, report) -> None:
        self.trial, self.span, self.budget, self.price, self.report = trial, span, budget, price, report
        self.target = target.flatten(1).double().cpu()
        self.spent = 0
        self.high, self.low = log_rho_ends(span)

    def sigmas(self, places: np.ndarray) -> Tensor:
        """The schedule with these levels in between."""
        levels = from_log_rho(np.append(self.high, places), self.span)
        return torch.tensor([*levels, 0.0], dtype=torch.float32)

    def run(self, places: np.ndarray) -> Tensor:
        """(B, coordinates): how far off a run over these levels ends, per coordinate root-mean-square."""
        sigmas = self.sigmas(places)
        off = self.trial(sigmas).flatten(1).double().cpu() - self.target
        self.spent += self.price(sigmas)
        self.report(self.spent)
        return off / math.sqrt(off.shape[1])

    def affordable(self, places: np.ndarray, runs: int = 1) -> bool:
        """Whether the budget allows that many more runs."""
        return self.spent + runs * self.price(self.sigmas(places)) <= self.budget

    def has_just_one_round(self, places: np.ndarray) -> bool:
        """Whether the budget is enough for a round of the search, but would not be after another run."""
        return self.affordable(places, len(places) + 1) and not self.affordable(places, len(places) + 2)

    def improve(self, places: np.ndarray, residual: Tensor) -> tuple[np.ndarray, Tensor]:
        """Gauss-Newton rounds until the budget is spent or a round brings less than a hundredth."""
        scale = 0.5 * float(_norms(residual).median()) + 1e-12
        damping, limit = 0.03, 0.5
        while self.affordable(places, len(places) + 1):
            slopes = self._slopes(places, residual)
            before = _cost(residual, scale)
            gained = False
            for _ in range(6):
                if not self.affordable(places):
                    break
                step = self._limited(places, _solve(slopes, residual, scale, damping), limit)
                ahead = self.run(places + step)
                if _cost(ahead, scale) < _cost(residual, scale):
                    # Broyden's update: what the step has shown about the derivative along it, for free.
                    missed = ahead - residual - torch.einsum("k,kbc->bc", torch.from_numpy(step), slopes)
                    slopes += torch.einsum("k,bc->kbc", torch.from_numpy(step / (step @ step)), missed)
                    places, residual, gained = places + step, ahead, True
                    damping, limit = damping / 3, min(0.8, 2 * limit)
                else:
                    damping, limit = damping * 3, limit * 0.4
            if not gained or _cost(residual, scale) > before - 0.01:
                break
            scale = 0.5 * float(_norms(residual).median()) + 1e-12
            damping, limit = min(max(damping, 1e-3), 1.0), max(limit, 0.1)
        return places, residual

    def _slopes(self, places: np.ndarray, residual: Tensor) -> Tensor:
        """(levels, B, coordinates): the derivative of the residual by each level, from runs with that level moved."""
        rows = []
        gaps = -np.diff(np.concatenate([[self.high], places, [min(self.low, places[-1]) - 0.5]]))
        for k in range(len(places)):
            move = 0.06 * min(gaps[k], gaps[k + 1])
            moved = places.copy()
            moved[k] += move
            rows.append((self.run(moved) - residual) / move)
        return torch.stack(rows)

    def _limited(self, places: np.ndarray, step: np.ndarray, limit: float) -> np.ndarray:
        """`step`, shortened so that no gap changes by more than the share `limit`; none leaves the range."""
        gaps = -np.diff(np.append(self.high, places))
        losses = np.diff(np.append(0.0, step))
        allowed = np.where(losses > 0, np.clip(gaps - _NARROWEST, 0.0, limit * gaps), limit * np.maximum(gaps, 0.2))
        share = float(np.min(allowed / np.maximum(np.abs(losses), 1e-12), initial=1.0))
        ahead = places + share * step
        return np.maximum(ahead, self.low + _NARROWEST * np.arange(len(places))[::-1]) - places


def _cost(residual: Tensor, scale: float = 1e-12) -> float:
    """The mean of the items' log error, flat below `scale`: an item that is lost to another picture counts no more."""
    return float((residual.square().sum(1) + scale**2).log().mean()) / 2


def _solve(slopes: Tensor, residual: Tensor, scale: float, damping: float) -> np.ndarray:
    """The damped Gauss-Newton step of `_cost`, every item weighed by one over its squared error."""
    weights = (residual.square().sum(1) + scale**2).reciprocal()
    flat = (slopes * weights.sqrt()[:, None]).flatten(1)
    matrix = (flat @ flat.T).numpy()
    right = (flat @ (residual * weights.sqrt()[:, None]).flatten()).numpy()
    diagonal = np.diag(matrix) + 1e-3 * np.trace(matrix) / len(matrix) + 1e-30
    return -np.linalg.solve(matrix + damping * np.diag(diagonal), right)
