"""Exponential Heun: D linear in lam through both ends of the step, without and with noise."""

from ..core import policy
from ..core.exponential import Policy, ode, stage, staged
from ..core.spec import ETA, S_NOISE, sampler
from ..core.table import Stage, Step
from .res import ETD


def _both_ends(step: Step, law: Policy) -> tuple[Stage, ...]:
    """Look at the end after a first-order step, then the whole step with both predictions."""

    def rows(levels, law):
        return stage(levels, 1, [0], law), stage(levels, 2, [0, 1], law, land=True)

    return staged(step, [1.0], rows, law)


@sampler("Exponential Heun", family="one-step", order=2, evals_per_step=2, clock="lam", reference=ETD)
def exp_heun_2_x0(step: Step) -> tuple[Stage, ...]:
    """Heun in log-SNR with the picture for its slope: steps along both ends. Two evaluations a step."""
    return _both_ends(step, ode)


@sampler(
    "Exponential Heun SDE",
    order=2,
    evals_per_step=2,
    reference=ETD + "; noise: arXiv:2305.14267",
    family="sde",
    clock="lam",
    params=(ETA, S_NOISE),
)
def exp_heun_2_x0_sde(step: Step, *, eta: float) -> tuple[Stage, ...]:
    """Exponential Heun with one path of noise through both looks. eta 0 is Exponential Heun."""
    return _both_ends(step, lambda a, b: policy.sde(a, b, eta))
