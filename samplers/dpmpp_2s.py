"""DPM-Solver++(2S) and its noisy kin: one look ahead to the middle of the step, in log-SNR."""

from ..core import policy
from ..core.exponential import Policy, ode, stage, staged, weighted
from ..core.spec import ETA, LAW, S_NOISE, Param, sampler
from ..core.table import Stage, Step, first_order

PAPER = "Lu et al. 2022, arXiv:2211.01095, Algorithm 1"
R = Param("r", 0.5, above=0.0, max=1.0, help="Where in the step the look ahead lies, as a fraction of it.")


def _two_stage(step: Step, r: float, law: Policy) -> tuple[Stage, ...]:
    """Look ahead to r, then the whole step with (1 - 1/(2r)) D + 1/(2r) D_r."""

    def rows(levels, law):
        ahead = stage(levels, 1, [0], law)
        A = law(levels[0], levels[2]) * levels[2].sigma / levels[0].sigma
        base = levels[2].alpha - A * levels[0].alpha
        w = (base / (2 * r), base * (1 - 1 / (2 * r)))
        return ahead, weighted(levels, 2, A, w, law, land=True)

    return staged(step, [r], rows, law)


@sampler("DPM++ 2S", family="one-step", order=2, evals_per_step=2, clock="lam", reference=PAPER)
def dpmpp_2s(step: Step) -> tuple[Stage, ...]:
    """Looks ahead to the middle of the step in log-SNR: sturdy with strong guidance. Two evaluations a step.

    x' = (sigma'/sigma) x + alpha'(1 - e^{-h}) D(lam + h/2).
    """
    return _two_stage(step, 0.5, ode)


@sampler(
    "DPM++ 2S ancestral",
    family="ancestral",
    order=2,
    evals_per_step=2,
    clock="lam",
    params=(ETA, S_NOISE, LAW),
    reference=PAPER + "; ancestral: k-diffusion",
)
def dpmpp_2s_ancestral(step: Step, *, eta: float, law: str) -> tuple[Stage, ...]:
    """DPM++ 2S that goes too far down and comes back up with fresh noise: crisp and lively. eta 0 is DPM++ 2S."""
    d = policy.LAWS[law](step.a, step.b, eta)
    if d == 1.0:
        return dpmpp_2s(step)
    down = step.overshoot(d)
    if down.sigma == 0 or step.a.alpha == 0:
        return first_order(step, d)
    return step.renoise(dpmpp_2s(step._replace(b=down)), d)


@sampler(
    "DPM++ SDE",
    family="sde",
    order=2,
    evals_per_step=2,
    clock="lam",
    noise="brownian",
    params=(ETA, S_NOISE, R),
    reference=PAPER + "; SDE: k-diffusion's sample_dpmpp_sde (Crowson)",
)
def dpmpp_sde(step: Step, *, eta: float, r: float) -> tuple[Stage, ...]:
    """DPM++ 2S with noise at both looks, of one path: rich detail in few steps, twice the cost. eta 0 is DPM++ 2S.

    Noise by k-diffusion's ancestral rule; the second look sees the first one's noise again, faded.
    """
    return _two_stage(step, r, lambda a, b: policy.ancestral(a, b, eta))


@sampler(
    "SEEDS 2",
    family="sde",
    order=2,
    evals_per_step=2,
    clock="lam",
    params=(ETA, S_NOISE, R),
    reference="Gonzalez et al. 2023, arXiv:2305.14267, Algorithm 2",
)
def seeds_2(step: Step, *, eta: float, r: float) -> tuple[Stage, ...]:
    """Exponential two-stage SDE solver: DPM++ SDE with the diffusion's own law of noise (equal at eta 0 and 1)."""
    return _two_stage(step, r, lambda a, b: policy.sde(a, b, eta))
