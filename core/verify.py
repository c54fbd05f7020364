"""The check of a table before its run: a sampler whose coefficients are wrong never gets to make a picture."""

from __future__ import annotations

import math

from .space import Level, level
from .table import Kept, Stage, Table


def check(table: Table, tolerance: float = 1e-6, marginal: bool = True) -> None:
    """Push (alpha, sigma) through every row: the image must arrive with weight alpha', the noise with spread sigma'.

    Raises ArithmeticError naming the row: a sampler whose coefficients are wrong never gets to make a picture. Without
    `marginal` only the image is checked.
    """
    # What each register holds, newest first: of x0, and of the noises: the one there was and those of this row.
    registers = [_content(kept, level(kept.sigma, table.space)) for kept in table.past]
    for i, row in enumerate(table.rows):
        here, earlier = level(row.sigma, table.space), len(registers)
        where = f"step {i} ({row.sigma:g} to {row.sigma_next:g})"
        for stage in row.stages:
            goal = level(stage.sigma, table.space)
            image, noises = _arriving(here, stage, registers)
            spread = math.hypot(*noises)
            fits = not marginal or abs(spread - goal.sigma) <= tolerance * max(1.0, goal.sigma)
            if not (fits and abs(image - goal.alpha) <= tolerance):  # NaN fits nothing
                raise ArithmeticError(
                    f"{where}: a stage at {stage.sigma:g} arrives with image {image:.9g} "
                    f"(must be {goal.alpha:.9g}) and noise {spread:.9g} (must be {goal.sigma:.9g})"
                )
            if stage.q:
                made = stage.p * goal.alpha + stage.q, tuple(stage.p * noise for noise in noises)
                second = stage.u * goal.alpha + 1.0, tuple(stage.u * noise for noise in noises)
                registers[:0] = [made] + [second] * table.uncond
        new = len(registers) - earlier
        if not row.leaves:
            del registers[:new]
            new = 0
        registers[:new] = [(data, (math.copysign(math.hypot(*held), sum(held)),)) for data, held in registers[:new]]
        del registers[table.history * table.width :]


def _arriving(here: Level, stage: Stage, registers: list[tuple[float, tuple[float, ...]]]) -> tuple[float, list[float]]:
    """Of x0 and of the noises, how much is in A x + sum_j w_j F_j + sum_m B_m xi_m."""
    used = list(zip(stage.w, registers, strict=False))
    noises = [stage.A * here.sigma, *stage.B]
    for weight, (_, held) in used:
        noises += [0.0] * (len(held) - len(noises))
        noises[: len(held)] = [noise + weight * part for noise, part in zip(noises, held, strict=False)]
    return stage.A * here.alpha + sum(weight * held[0] for weight, held in used), noises


def _content(register: Kept, at: Level) -> tuple[float, tuple[float, ...]]:
    return register.p * at.alpha + register.q, (register.p * at.sigma,)
