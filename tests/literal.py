"""A table run as it is written, with no fusing, no reuse and no care for memory: what `core.loop` must come out at."""

import torch

from sigmatic.core.table import Draw


def run(table, model, x, noise, registers=()):
    """(x at the end, all registers F as the run leaves them, newest first).

    x_k = A x_i + sum_j w_j F_j + sum_m B_m xi_m; then D = model(x_k, sigma_k), and F = p x_k + q D is kept. Registers
    are counted from the newest back; where the table has the unconditional prediction U, u x_k + U lies behind each F.
    `model` returns (D, U, learned fraction), `noise(Draw)` unit normals; `registers` are a state's, which keeps F
    without its factor p (or q where p is 0).
    """
    kept = [(past.p or past.q) * register for past, register in zip(table.past, registers, strict=True)]
    for row in table.rows:
        start, xi, older, frac = x, [], len(kept), None
        for stage in row.stages:
            for here, there in row.segments()[len(xi) : len(stage.B)]:
                stream = "jump" if row.jump else "churn" if there > here else "step"
                xi.append(noise(Draw(here, there, row.visit, stream)))
            strength = 1.0 if frac is None else torch.exp(frac * stage.spread / 2)
            x = stage.A * start
            x = x + sum(w * register for w, register in zip(stage.w, kept, strict=False))
            x = x + sum(b * strength * normals for b, normals in zip(stage.B, xi, strict=False))
            if stage.q:
                denoised, uncond, frac = model(x, torch.full((len(x),), stage.sigma, dtype=x.dtype))
                kept[:0] = [stage.p * x + stage.q * denoised, *([stage.u * x + uncond] if table.uncond else [])]
        if not row.leaves:
            del kept[: len(kept) - older]
    return x, kept
