"""The guard between every builder and the loop: no row leans on its memory beyond reason.

A multistep row extrapolates through predictions made at earlier levels, its nodes. Its weights grow like the step
divided by the gaps between them, and what they multiply does not shrink alike: predictions are rounded, and where noise
was put in between two of them they differ by the square root of the gap. So nodes that lie too close together for the
step are left out, and a step too short to matter leaves none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise, zip_longest

from .space import Level, level
from .spec import SamplerSpec
from .spread import widening
from .table import Kept, Row, Stage, Step, first_order

GAP, NOISY_GAP = 0.5, 0.6
"""The least gap between two nodes, in steps; the second where noise was put in between them. Nodes that lie closer are
left out. On the digit network, which they were not chosen on, multistep samplers of the ODE end on uneven schedules at
0.8 (VE) and 0.4 (flow) of the error without."""
EVEN = 0.8
"""A gap is even with the one after it, or with the step, from this share of it on; then all is left as it is."""
WIDEST = 1.05
"""The most that a step on uneven levels may widen data of one Gaussian because of its memory (`spread.widening`). With
it such data keep their spread within a fifth wherever Euler keeps it within a tenth, on all schedules. Where it changes
a run on networks, which it was not chosen on, errors of the ODE are 0.71 to 0.94 of those without, network by network
(866 runs on six of them, 59 worse by a twentieth or more), with noise 0.94 to 0.99 (772 on four, 55)."""
SHARE = 1e-3
"""How finely the share of a row that stays within that is found."""
NOTHING = GAP / 10
"""A step shorter than this, beside the next one, is not worth a memory at all: another pack's repeated level, say."""
HEAVIEST = 50.0
"""The most that the weights of the predictions in a row may add up to, by size: networks compute in half precision, and
what they round is enlarged by as much. Even levels ask for 15 at most."""


def guarded(spec: SamplerSpec, step: Step, build: Callable[[Step], Row]) -> tuple[Row, int]:
    """The row that `build` makes of the step with as much memory as it may lean on; how many registers that are.

    The oldest are left out first; where the row leans too far on its own predictions, it is one of first order.
    """
    many = usable(spec, step)
    row = build(step._replace(kept=step.kept[:many]))
    if not 0 < step.b.sigma < step.a.sigma:
        return row, many
    while heaviest(row, step.kept, spec.uncond) > HEAVIEST:
        if many == 0:
            return row._replace(stages=_first_order(step, row.stages[-1])), 0
        many -= 1
        row = build(step._replace(kept=step.kept[:many]))
    return _narrowed(spec, step, row, many, build), many


def _narrowed(spec: SamplerSpec, step: Step, row: Row, many: int, build: Callable[[Step], Row]) -> Row:
    """`row`, made with `many` registers, or as much of it as does not widen data: the rest is made with fewer.

    A share and no choice between the two, so that a level a little higher or lower makes a run a little different.
    """
    if step.a.alpha == 0 or _apart(spec, step, EVEN, EVEN, in_turn=True) >= many:
        return row
    if widening(row, step.kept, step.space, spec.uncond) <= WIDEST:
        return row
    fewer = build(step._replace(kept=step.kept[: many - 1]))
    if len(fewer.stages) != len(row.stages):  # SA-Solver PECE: a correction asks again, and calls stay as they are
        return row
    fewer = _narrowed(spec, step, fewer, many - 1, build)
    low, high = 0.0, 1.0
    while high - low > SHARE:
        share = (low + high) / 2
        wide = widening(_mixed(fewer, row, share), step.kept, step.space, spec.uncond) > WIDEST
        low, high = (low, share) if wide else (share, high)
    return _mixed(fewer, row, low)


def _mixed(one: Row, other: Row, share: float) -> Row:
    """(1 - share) one + share other: rows of one step with the same noise."""
    pairs = zip(one.stages, other.stages, strict=True)
    return one._replace(stages=tuple(_mixed_stage(*pair, share) for pair in pairs))


def _mixed_stage(one: Stage, other: Stage, share: float) -> Stage:
    w = (x + share * (y - x) for x, y in zip_longest(one.w, other.w, fillvalue=0.0))
    return one._replace(A=one.A + share * (other.A - one.A), w=tuple(w))


def usable(spec: SamplerSpec, step: Step) -> int:
    """How many of the registers `step.kept`, newest first, lie far enough apart for the step."""
    return _apart(spec, step, GAP, NOISY_GAP)


def _apart(spec: SamplerSpec, step: Step, gap: float, noisy_gap: float, in_turn: bool = False) -> int:
    """How many of the registers, newest first, lie at least `gap` steps apart, `noisy_gap` where noise came between.

    in_turn: the first gap in steps, each one behind it in the gap before.
    """
    if spec.group_size:  # its steps are parts of one, at places that it expects
        return len(step.kept)
    many, last, unit = 0, step.a, (step.a, step.b)
    for kept in step.kept:
        node = level(kept.sigma, step.space)
        if node != last:  # two predictions at one level are one node
            least = noisy_gap if kept.noisy else gap
            if not _length(spec, node, last, kept.noisy) >= least * _length(spec, *unit, kept.noisy):
                break
            unit = (node, last) if in_turn else unit
        many, last = many + 1, node
    return many


def weights_of_steps(spec: SamplerSpec, levels: Sequence[Level]) -> list[float]:
    """How long each step between `levels` is beside the next one: its prediction is remembered from GAP up.

    Below NOTHING the step is made without memory, and the next one goes on as if there had been none. The step to 0
    always counts, and the one before it, unless it is nothing beside the one before that.
    """
    lengths = [_length(spec, a, b) for a, b in pairwise(levels)]
    ratios = []
    for i, length in enumerate(lengths):
        before = lengths[i - 1] if i and math.isfinite(lengths[i - 1]) else 0.0
        after = next((after for after in lengths[i + 1 :] if after > 0), 0.0)
        last = levels[i + 1].sigma == 0 or (levels[-1].sigma == 0 and not after and length > NOTHING * before)
        alone = math.inf if length > 0 else 0.0  # nothing to measure it by
        ratios.append(math.inf if last else length / (after or before) if after or before else alone)
    return ratios


def least_weight(spec: SamplerSpec) -> float:
    """The weight of a step (`weights_of_steps`) from which its prediction is remembered."""
    return NOTHING if spec.group_size else GAP


def parted(kept: Sequence[Kept]) -> tuple[Kept, ...]:
    """`kept` after a step that left no register: the step before it cannot be corrected any more."""
    return tuple(register._replace(used=None) if i == 0 else register for i, register in enumerate(kept))


def resumed(spec: SamplerSpec, kept: Sequence[Kept], sigmas: Sequence[float], space: str) -> tuple[Kept, ...]:
    """The registers of the run before that a run over `sigmas` may look back on: not the newest if its step was short.

    Whether that step was long enough is only known now.
    """
    if not kept or len(sigmas) < 2:
        return tuple(kept)
    newest = sum(register.sigma == kept[0].sigma for register in kept)
    before = [register.sigma for register in kept[newest : newest + 1]]
    ends = [level(sigma, space) for sigma in (*before, kept[0].sigma, *sigmas[:2])]
    if not NOTHING <= weights_of_steps(spec, ends)[len(before)] < least_weight(spec) or kept[0].used is None:
        return tuple(kept)
    return parted(kept[newest:])


def _length(spec: SamplerSpec, a: Level, b: Level, noisy: bool = False) -> float:
    """How far it is from a to b in the sampler's clock, or that of noise; 0 to sigma 0 and to an end it does not have.

    The step to 0 is x = D, or the matter of the sampler that integrates it.
    """
    if b.sigma == 0:
        return 0.0
    if spec.clock == "sigma" and not noisy:
        return abs(b.sigma - a.sigma)
    return abs(b.lam - a.lam) if b.alpha > 0 else 0.0


def heaviest(row: Row, kept: Sequence[Kept], uncond: bool) -> float:
    """The largest sum of the weights of predictions in a stage of `row`, by size: |w_j q_j| over all registers."""
    parts = [part for register in kept for part in ([register.q, 1.0] if uncond else [register.q])]
    most = 0.0
    for stage in row.stages:
        most = max(most, math.fsum(abs(w * q) for w, q in zip(stage.w, parts, strict=False)))
        if stage.q:
            parts[:0] = [stage.q, 1.0] if uncond else [stage.q]
    return most


def _first_order(step: Step, landing: Stage) -> tuple[Stage, ...]:
    """The step of first order that brings as much noise as `landing` did."""
    noise = math.hypot(*landing.B) / step.b.sigma if step.b.sigma else 0.0
    return first_order(step, math.sqrt(max(0.0, 1.0 - noise * noise)))
