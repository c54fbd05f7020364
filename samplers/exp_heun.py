"""Exponential Heun: D linear in lam through both ends of the step, without and with noise."""

from ..core.exponential import ode
from ..core.spec import ETA, S_NOISE, sampler
from ..core.table import Stage, Step
from .res import ETD, sde, two


@sampler("Exponential Heun", family="one-step", order=2, evals_per_step=2, clock="lam", reference=ETD)
def exp_heun_2_x0(step: Step) -> tuple[Stage, ...]:
    """Heun in log-SNR with the picture for its slope: steps along both ends. Two evaluations a step."""
    return two(step, ode, 1.0)


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
    return two(step, sde(eta), 1.0)
