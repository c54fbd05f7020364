"""DDPM with the variances of the original papers that are larger than the posterior's."""

import math

from ..core import policy
from ..core.spec import S_NOISE, sampler
from ..core.table import Stage, Step, first_order

DDPM = {"family": "ancestral", "order": 1, "params": (S_NOISE,), "checked": "image"}


def _beta(step: Step) -> float:
    """The standard deviation of the noise with DDPM's variance beta, at the scale of the step's end."""
    a, b = step.a, step.b
    fresh = (a.rho - b.rho) * (a.rho + b.rho) / (1 + a.rho**2) if a.alpha > 0 else 1.0
    return b.alpha * math.sqrt((1 + b.rho**2) * fresh)


def _step(step: Step) -> tuple[tuple[Stage, Stage], float]:
    """The step with the posterior's mean and variance (fixed small), and log(beta / beta-tilde)."""
    here, landing = first_order(step, policy.ancestral(step.a, step.b, 1.0))
    noisy = landing.B[0] > 0  # not before noise starts
    return (here, landing), 2 * math.log(_beta(step) / landing.B[0]) if noisy else 0.0


@sampler("DDPM large", reference="Ho et al. 2020, arXiv:2006.11239, section 3.2, sigma_t^2 = beta_t", **DDPM)
def ddpm_large(step: Step) -> tuple[Stage, ...]:
    """DDPM with its larger variance: for networks trained on it, with hundreds of steps. Too much noise at few.

    Mean of the posterior, variance beta = 1 - (1 + rho'^2)/(1 + rho^2) in place of beta-tilde ("fixed large").
    """
    (here, landing), spread = _step(step)
    return here, landing._replace(B=(landing.B[0] * math.exp(spread / 2),))


@sampler("DDPM learned", reference="Nichol and Dhariwal 2021, arXiv:2102.09672, eq. 15", learned=True, **DDPM)
def ddpm_learned(step: Step) -> tuple[Stage, ...]:
    """DDPM with the variance that the model asks for: for networks that predict it (their Output.log_var_frac).

    Variance exp(v log beta + (1 - v) log beta-tilde), v from 0 to 1 for every number of the latent.
    """
    (here, landing), spread = _step(step)
    return here, landing._replace(spread=spread)
