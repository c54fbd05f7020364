"""RES: refined exponential solvers, multistep and single-step, in log-SNR; and their SDE forms."""

import numpy as np

from ..core import policy
from ..core.exponential import Policy, interpolated, multistep, ode, rate, stage, staged, weighted
from ..core.spec import CLOCK, ETA, S_NOISE, alias, sampler
from ..core.table import Stage, Step
from ..core.weights import weights

RES = "Zhang et al. 2023 (RES), arXiv:2308.02157"
ETD = "Hochbruck and Ostermann 2005, doi:10.1137/040611434"
NOISY = {"family": "sde", "clock": "lam", "params": (ETA, S_NOISE)}


def sde(eta: float) -> Policy:
    return lambda a, b: policy.sde(a, b, eta)


def two(step: Step, law: Policy, c: float = 0.5) -> tuple[Stage, ...]:
    """D linear through the start and the fraction `c` of the step in lam, for the whole step."""

    def rows(levels, law):
        return stage(levels, 1, [0], law), stage(levels, 2, [0, 1], law, land=True)

    return staged(step, [c], rows, law)


def _three(step: Step, law: Policy) -> tuple[Stage, ...]:
    """Hochbruck and Ostermann's (5.8) with c = (1/2, 1), gamma = 4: third order."""

    def rows(levels, law):
        slope2, slope3 = _slope(levels, 1, law), _slope(levels, 2, law)
        ahead = stage(levels, 1, [0], law)
        A, (whole,) = interpolated(levels[0], levels[2], levels[:1], law(levels[0], levels[2]))
        a32 = 4 * slope2 * levels[2].alpha / levels[1].alpha + slope3 / 0.5
        second = weighted(levels, 2, A, (a32, whole - a32), law)
        b2, b3 = slope3 * 4 / 3, slope3 / 3
        return ahead, second, weighted(levels, 3, A, (b3, b2, whole - b2 - b3), law, land=True)

    return staged(step, [0.5, 1.0], rows, law)


def _slope(levels, k, law) -> float:
    """alpha h phi_2: the weight of what D changes by, were it linear, in a step from the start to levels[k]."""
    a, b = levels[0], levels[k]
    h, fade = b.lam - a.lam, rate(a, b, law(a, b))
    (w,) = weights([0.0], a.lam, b.lam, lambda t: fade * np.exp(fade * (t - b.lam)) * (t - a.lam) / h)
    return b.alpha * w


@sampler("RES 2M", family="multistep", order=2, history=1, clock="lam", params=(CLOCK,), reference=RES)
def res_2m(step: Step) -> tuple[Stage, ...]:
    """As DPM++ 2M with the exact weight of its memory: a little calmer at few steps. One evaluation a step."""
    return multistep(step, 1.0, 2)


@sampler("RES 2M SDE", order=2, history=1, reference=RES, **NOISY)
def res_2m_sde(step: Step, *, eta: float) -> tuple[Stage, ...]:
    """RES 2M with noise in every step. eta 0 is RES 2M."""
    return multistep(step, policy.sde(step.a, step.b, eta), 2)


@sampler("RES 3M", family="multistep", order=3, history=2, clock="lam", params=(CLOCK,), reference=RES)
def res_3m(step: Step) -> tuple[Stage, ...]:
    """RES with two memories, third order (but for its Euler start)."""
    return multistep(step, 1.0, 3)


@sampler("RES 3M SDE", order=3, history=2, reference=RES, **NOISY)
def res_3m_sde(step: Step, *, eta: float) -> tuple[Stage, ...]:
    """RES 3M with noise in every step. eta 0 is RES 3M."""
    return multistep(step, policy.sde(step.a, step.b, eta), 3)


@sampler("RES 2S", family="one-step", order=2, evals_per_step=2, clock="lam", reference=ETD)
def res_2s(step: Step) -> tuple[Stage, ...]:
    """Exponential midpoint rule: sturdy at strong guidance. Two evaluations a step."""
    return two(step, ode)


@sampler("RES 2S SDE", order=2, evals_per_step=2, reference=ETD, **NOISY)
def res_2s_sde(step: Step, *, eta: float) -> tuple[Stage, ...]:
    """RES 2S with one path of noise through both looks. eta 0 is RES 2S."""
    return two(step, sde(eta))


@sampler("RES 3S", family="one-step", order=3, evals_per_step=3, clock="lam", reference=ETD + ", eq. 5.8")
def res_3s(step: Step) -> tuple[Stage, ...]:
    """Exponential Runge-Kutta of third order. Three evaluations a step: for many steps and exact pictures."""
    return _three(step, ode)


@sampler("RES 3S SDE", order=3, evals_per_step=3, reference=ETD + ", eq. 5.8", **NOISY)
def res_3s_sde(step: Step, *, eta: float) -> tuple[Stage, ...]:
    """RES 3S with one path of noise through all looks. eta 0 is RES 3S."""
    return _three(step, sde(eta))


alias(
    "dpmpp_3m_exact",
    "res_3m",
    "DPM++ 3M exact",
    "DPM++ 3M with the full weight of its last term: third order, for 30 steps and more.",
    "Lu et al. 2022, arXiv:2211.01095, with the weight 2 phi_3 of the second divided difference",
)
