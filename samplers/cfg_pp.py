"""CFG++: guidance steers the picture only; the noise is the unconditional prediction's. Needs a negative."""

from ..core import policy
from ..core.exponential import interpolated
from ..core.space import Level
from ..core.spec import ETA, GAMMA, S_NOISE, sampler
from ..core.table import Stage, Step, evaluate, first_order
from .res_ancestral import solved_from

PAPER = "Chung et al. 2024 (CFG++), arXiv:2406.08070"
GUIDED = {"family": "cfg++", "uncond": True, "most_cfg": 3.0, "reference": PAPER}


def _guided(step: Step, d: float = 1.0) -> tuple[Stage, Stage]:
    """To d rho' and back up with noise: x' = alpha' D + d sigma'/sigma (x - alpha U) + B xi."""
    here, landing = first_order(step, d)
    return here, landing._replace(w=(step.b.alpha, -landing.A * step.a.alpha))


@sampler("Euler CFG++", order=1, **GUIDED)
def euler_cfg_pp(step: Step) -> tuple[Stage, ...]:
    """Euler that keeps the noise of the unconditional prediction: vivid, not burnt. For a guidance scale of 1 to 2.

    x' = alpha' D + (sigma'/sigma)(x - alpha U); on VE and on flow. Without guidance it is Euler.
    """
    return _guided(step)


@sampler("Euler ancestral CFG++", order=1, params=(ETA, S_NOISE), **GUIDED)
def euler_ancestral_cfg_pp(step: Step, *, eta: float) -> tuple[Stage, ...]:
    """Euler CFG++ with fresh noise in every step. For a guidance scale of 1 to 2. eta 0 is Euler CFG++."""
    return _guided(step, policy.ancestral(step.a, step.b, eta))


@sampler("DPM++ 2M CFG++", order=2, history=1, clock="lam", **{**GUIDED, "reference": PAPER + "; as in ComfyUI"})
def dpmpp_2m_cfg_pp(step: Step) -> tuple[Stage, ...]:
    """DPM++ 2M on Euler CFG++: sharper at few steps. For a guidance scale of 1 to 2.

    The memory's part is alpha'(1 - e^{-h}) (D - U_1)/(2r), against the older unconditional prediction.
    """
    here, landing = _guided(step)
    if not step.past:
        return here, landing
    memory = first_order(step)[1].w[0] * step.h / (2 * (step.a.lam - step.past[0].lam))
    image, noise = landing.w
    return here, landing._replace(w=(image + memory, noise, 0.0, -memory))


@sampler(
    "Gradient estimation CFG++", order=1, history=1, params=(GAMMA,),
    **{**GUIDED, "reference": f"{PAPER}; Permenter and Yuan 2023, arXiv:2306.04848; as in ComfyUI"},
)  # fmt: skip
def gradient_estimation_cfg_pp(step: Step, *, gamma: float) -> tuple[Stage, ...]:
    """Euler CFG++ that overdraws the unconditional slope: for 5 to 8 steps. For a guidance scale of 1 to 2.

    (gamma - 1)(sigma' - sigma)(d - d_1) is added, with d = (x - U)/sigma. The second register is U - x = -sigma d.
    """
    a, b = step.a, step.b
    fade = b.sigma / a.sigma
    far = (gamma - 1) * (b.sigma - a.sigma) if step.past and step.kept[0].u else 0.0
    older = (0.0, far / step.past[0].sigma) if far else ()
    here = evaluate(a)._replace(u=-1.0)
    return here, Stage(b.sigma, fade * (1 - a.alpha), (b.alpha, -fade * a.alpha - far / a.sigma, *older))


@sampler("RES 2M CFG++", order=2, history=1, clock="lam", **{**GUIDED, "reference": PAPER + "; as in ComfyUI"})
def res_2m_cfg_pp(step: Step) -> tuple[Stage, ...]:
    """RES 2M led by the unconditional prediction and pushed by the guidance. For a guidance scale of 1 to 2.

    From the second step on x is moved by alpha (D - U) and then makes RES 2M's step with U; the first is Euler CFG++.
    """
    return _pushed(step, step.b, step.past[0]) if step.past else _guided(step)


@sampler("RES 2M ancestral CFG++", order=2, history=1, clock="lam", params=(ETA, S_NOISE), **GUIDED)
def res_2m_ancestral_cfg_pp(step: Step, *, eta: float) -> tuple[Stage, ...]:
    """RES 2M CFG++ with fresh noise in every step. For a guidance scale of 1 to 2. eta 0 is RES 2M CFG++."""
    d = policy.ancestral(step.a, step.b, eta)
    down = step.overshoot(d)
    if not step.past or down.sigma == 0 or step.a.alpha == 0:
        return _guided(step, d)
    return step.renoise(_pushed(step, down, solved_from(step, eta)), d)


def _pushed(step: Step, to: Level, old: Level) -> tuple[Stage, ...]:
    """x moved by alpha (D - U), then RES 2M's step to `to` with U, the memory counted as at `old`."""
    A, (new, memory) = interpolated(step.a, to, [step.a, old], 1.0)
    push = A * step.a.alpha
    return evaluate(step.a), Stage(to.sigma, A, (push, new - push, 0.0, memory))


@sampler("DPM++ 2S ancestral CFG++", order=2, evals_per_step=2, clock="lam", params=(ETA, S_NOISE), **GUIDED)
def dpmpp_2s_ancestral_cfg_pp(step: Step, *, eta: float) -> tuple[Stage, ...]:
    """DPM++ 2S ancestral with CFG++ guidance in both looks. For a guidance scale of 1 to 2. Two evaluations a step.

    Both looks start from x + alpha (D - U) of the step's start. (ComfyUI's takes U of the second look instead, which
    leaves a bias that no number of steps removes.)
    """
    d = policy.ancestral(step.a, step.b, eta)
    down = step.overshoot(d)
    if down.sigma == 0 or step.a.alpha == 0:
        return _guided(step, d)
    inner = step._replace(b=down)
    middle = inner.at(0.5)
    push = step.a.alpha * middle.sigma / step.a.sigma
    ahead = evaluate(middle, middle.sigma / step.a.sigma, (middle.alpha, -push))
    A = down.sigma / step.a.sigma
    base = down.alpha - A * step.a.alpha
    landing = Stage(down.sigma, A, (base, 0.0, A * step.a.alpha, -A * step.a.alpha))
    stages = (evaluate(step.a), ahead, landing)
    return stages if d == 1.0 else step.renoise(stages, d)
