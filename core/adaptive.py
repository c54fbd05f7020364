"""The step-size controller: samplers that choose their own steps, by the error of a pair of solutions.

A try is a row with two landings, of a lower and a higher order; what they differ by, in units of the tolerance, is the
error. PID control of k-diffusion (Crowson; after Soederlind 2003). It waits for the device once a try, as it must.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from . import policy
from .loop import Noise, combine
from .plan import planned
from .space import Level, at_rho, level
from .spec import S_NOISE, Param
from .table import Draw, Row, Stage, Step, Table, first_order
from .verify import check

FIRST_LAM = -6.0  # on flow from sigma = 1, where lam is infinite, one Euler step leads here (sigma = .9975)
TINY = 1e-9  # in lam: as good as there


def control(p: float, i: float) -> tuple[Param, ...]:
    """The parameters of an adaptive sampler, with its own powers of the newest and of the last error."""
    return (
        Param("eta", 0.0, min=0.0, max=100.0, help="Noise put back at each step. 0: none, an ODE sampler."),
        S_NOISE,
        Param("rtol", 0.05, min=0.0, max=1.0, help="Error allowed in a step, relative to the picture's own size."),
        Param("atol", 0.0078, above=0.0, max=1.0, help="Error allowed in any case; pictures reach from -1 to 1."),
        Param("h_init", 0.05, above=0.0, max=10.0, help="The first step that is tried, in log-SNR."),
        Param("pcoeff", p, min=0.0, max=2.0, help="How much a change of the error counts for the next step."),
        Param("icoeff", i, min=0.0, max=2.0, help="How much the error itself counts."),
        Param("dcoeff", 0.0, min=0.0, max=2.0, help="How much a bend of the error counts."),
        Param("accept_safety", 0.81, above=0.0, max=1.0, help="A step is taken if the next may be this much of it."),
        Param("max_evaluations", 200, "int", min=10, max=10_000, help="Model calls at most; then one step to the end."),
    )


@dataclass
class Controller:
    """Proposes the next step h in lam from the errors of the last three tries; an error of 1 is the tolerance.

    With e = 1/error of this try, the last accepted and the one before it, k the order:
           f = e_0^((p + i + d)/k) e_1^(-(p + 2 d)/k) e_2^(d/k),      h <- h (1 + atan(f - 1)),
    a PID controller (Soederlind 2003, Digital filters in adaptive time-stepping, doi:10.1145/641876.641877) with the
    smooth limiter of Soederlind and Wang 2006 (Adaptive time-stepping and computational stability,
    J. Comput. Appl. Math. 185, 225), kappa = 1: near f = 1 it changes nothing, and h grows 2.6 times at most.
    """

    h: float
    order: float
    p: float = 0.0
    i: float = 1.0
    d: float = 0.0
    safety: float = 0.81
    inverses: list[float] = field(default_factory=list)

    def accepts(self, error: float) -> bool:
        """Whether the try was good enough; sets h for the next one."""
        inverse = 1.0 / (min(error, 1e30) + 1e-8)
        newest, older, oldest = (inverse, *(self.inverses or [inverse, inverse]))
        powers = (self.p + self.i + self.d, -(self.p + 2 * self.d), self.d)
        factor = math.prod(e ** (k / self.order) for e, k in zip((newest, older, oldest), powers, strict=True))
        factor = 1.0 + math.atan(factor - 1.0)
        accepted = factor >= self.safety
        self.inverses = [newest, older] if accepted else [older, oldest]
        self.h *= factor
        return accepted


@dataclass
class Report:
    """What a run took: model evaluations, tries accepted and rejected, and whether the cap ended the control."""

    evaluations: int = 0
    accepted: int = 0
    rejected: int = 0
    capped: bool = False


@dataclass
class Run:
    """One adaptive run. `pair(step)` gives a try's stages: two landings last, of the lower order and of the higher one.

    `rtol`, `atol`: the tolerance for every number, relative and absolute; the worst item of the batch counts. `most`:
    the cap on evaluations, of which a try takes up to `cost`; where it is reached, one Euler step goes to the end.
    `tell` is called once an accepted step with k-diffusion's dict and the report so far.
    """

    pair: Callable[[Step], tuple[Stage, ...]]
    controller: Controller
    model: Callable[..., Any]
    noise: Noise
    space: str
    rtol: float
    atol: float
    eta: float
    s_noise: float
    most: int
    cost: int
    tell: Callable[[dict[str, Any]], Any]
    report: Report = field(default_factory=Report)
    _known: Tensor | None = None  # the prediction for where we are, if it has been made already

    @torch.no_grad()
    def __call__(self, x: Tensor, sigmas: Sequence[float]) -> Tensor:
        """Go from sigmas[0] to the last one along steps of our own; x (B, ...)."""
        here, goal = level(sigmas[0], self.space), level(sigmas[-1], self.space)
        last = level([sigma for sigma in sigmas if sigma > 0][-1], self.space)
        if here.alpha == 0 and last.alpha > 0:
            start = at_rho(math.exp(-min(FIRST_LAM, last.lam - 1.0)), self.space)
            x, here, self._known = self._plain(x, here, start), start, None
        if last.alpha == 0 and here.alpha > 0:  # of one step from sigma = 1 to 0 nothing is left to control
            last = at_rho(math.exp(-min(FIRST_LAM, here.lam - 1.0)), self.space)
        way = 1 if last.lam >= here.lam else -1
        before = x
        while way * (last.lam - here.lam) > TINY:
            b = self._next(here, last, way)
            if self.most - self.report.evaluations < self.cost + 2:
                self.report.capped, x, here = True, self._plain(x, here, last), last
                self._known = None
                break
            low, high, ending, error = self._try(x, before, Step(here, b, (), self.space))
            if not self.controller.accepts(error):
                self.report.rejected += 1
                continue
            self.report.accepted += 1
            self.tell({"x": x, "sigma": here.sigma, "denoised": self._known, "error": error, **vars(self.report)})
            before, x, here, self._known = low, high, b, ending
        return x if goal == here else self._plain(x, here, goal)

    def _next(self, here: Level, last: Level, way: int) -> Level:
        lam = here.lam + way * self.controller.h
        return last if way * (last.lam - lam) < TINY else at_rho(math.exp(-lam), self.space)

    def _plain(self, x: Tensor, a: Level, b: Level) -> Tensor:
        """One Euler step; to sigma = 0 it is the prediction."""
        return self._walk(x, Row(a.sigma, b.sigma, first_order(Step(a, b, (), self.space))))[0][-1].clone()

    def _try(self, x: Tensor, before: Tensor, step: Step) -> tuple[Tensor, Tensor, Tensor | None, float]:
        """Both solutions, the prediction for the end if the pair makes one, and the error in units of the tolerance."""
        d = policy.ancestral(step.a, step.b, self.eta)
        if d == 0:  # all noise would be new: a step that forgets x is no step
            return x, x, None, 8.0
        inner = step._replace(b=step.overshoot(d)) if d < 1 else step
        (low, high), ending = self._walk(x, Row(inner.a.sigma, inner.b.sigma, self.pair(inner)))
        scale = torch.maximum(low.abs(), before.abs()).mul_(self.rtol).clamp_(min=self.atol)
        error = ((low - high) / scale).flatten(1).pow(2).mean(1).max().sqrt().item()
        if not math.isfinite(error):
            raise ArithmeticError(f"adaptive step from sigma {step.a.sigma:g}: the model's prediction is not finite.")
        if d == 1:
            return low, high, ending, error
        noise = self.noise(Draw(step.a.sigma, step.b.sigma)) * (self.s_noise * policy.deviation(step.b, d))
        return low, high * (step.b.alpha / inner.b.alpha) + noise, None, error

    def _walk(self, x: Tensor, row: Row) -> tuple[list[Tensor], Tensor | None]:
        """The landings of `row` from x, and its last prediction if that is of its end."""
        table = Table((row,), self.space)
        check(table)
        slots, landings, made = [x], [], 0.0
        for total in planned(table)[0].sums:
            current = x if total.unchanged else combine(total, slots, [])
            if not total.evaluate:
                landings.append(current)
                continue
            if len(slots) > 1:
                slots.append(self._predict(current, total.sigma))
            else:
                self._known = self._predict(current, total.sigma) if self._known is None else self._known
                slots.append(self._known)
            made = total.sigma
        return landings, slots[-1] if made == row.sigma_next else None

    def _predict(self, x: Tensor, sigma: float) -> Tensor:
        self.report.evaluations += 1
        return self.model(x, x.new_full((x.shape[0],), sigma))
