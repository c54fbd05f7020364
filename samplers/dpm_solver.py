"""DPM-Solver: single-step exponential methods on the noise prediction eps, in log-SNR."""

from ..core.exponential import eps_weights, solve
from ..core.spec import sampler
from ..core.table import Stage, Step, first_order, noise_seen

PAPER = "Lu et al. 2022, arXiv:2206.00927"
USING = ((), (0,), (0, 1), (0, 2))
"""Through which evaluations DPM-Solver 3 interpolates eps where it has made so many, the first one counted 0."""


@sampler("DPM-Solver 2", family="one-step", order=2, evals_per_step=2, clock="lam", reference=PAPER + ", Algorithm 1")
def dpm_solver_2(step: Step) -> tuple[Stage, ...]:
    """Looks ahead to the middle of the step in log-SNR and takes the noise found there. Two evaluations a step."""
    return solve(step, [0.5], [[0], [1]])


@sampler("DPM-Solver 3", family="one-step", order=3, evals_per_step=3, clock="lam", reference=PAPER + ", Algorithm 2")
def dpm_solver_3(step: Step) -> tuple[Stage, ...]:
    """Two looks ahead, at one and two thirds of the step. Three evaluations a step: for many steps."""
    return solve(step, [1 / 3, 2 / 3], USING[1:])


@sampler(
    "DPM fast",
    family="multistep",
    order=3,
    history=2,
    clock="lam",
    group_size=3,
    reference=PAPER + ", Algorithm 3 and App. D.3",
)
def dpm_fast(step: Step) -> tuple[Stage, ...]:
    """DPM-Solver 3 that looks ahead to your schedule's own levels: three steps make one of its, one evaluation each.

    Steps 1 and 2 of three are its looks ahead, with their own first and second order; what is left over at the end of a
    run is of that order. (ComfyUI's has a schedule of its own, ends in noise, and is the same on three even steps.)
    """
    a, b = step.a, step.b
    if a.alpha == 0:
        return first_order(step)
    levels = [*reversed(step.past), a]  # of the group's evaluations, the first one first
    # The method's stages all start at the group's first level, ours at the one before: what led there is taken back.
    whole = eps_weights(levels, USING[len(levels)], b)
    done = (0.0, *eps_weights(levels[:-1], USING[len(levels) - 1], a))
    fade = b.alpha / a.alpha
    return noise_seen(a), Stage(b.sigma, fade, tuple(w - fade * before for w, before in zip(whole, done, strict=True)))
