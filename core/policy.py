"""Noise policies: one number d in [0, 1] per step.

The deterministic part of a step solves down to the ratio rho_down = d rho'; fresh noise of standard deviation
sigma' sqrt(1 - d^2) fills the rest, so the marginal is right for every d. d = 1 is the ODE, d = 0 forgets all noise.
"""

from __future__ import annotations

import math

from .space import Level

LAM_START = -10.0
"""Noise starts here (rho = 2.2e4). In policies and in the Brownian clock lam never goes lower: at flow's sigma = 1 the
bare limit is d = 0, which would throw the seed's image away for any eta > 0."""
LAM_END = 22.0
"""Where the clock of noise ends (rho = 2.8e-10, beyond any step)."""


def gap(a: Level, b: Level) -> float:
    """The step in lam from `a` to `b` as noise sees it, >= 0 for a step down in noise."""
    return max(b.lam, LAM_START) - max(a.lam, LAM_START)


def ancestral(a: Level, b: Level, eta: float) -> float:
    """k-diffusion's ancestral rule, d^2 = 1 - eta^2 (1 - e^{-2h}); eta = 1 is the DDPM posterior (DDIM, 2010.02502)."""
    return _clamp(math.sqrt(max(0.0, 1.0 + eta * eta * math.expm1(-2.0 * gap(a, b)))))


def sde(a: Level, b: Level, eta: float) -> float:
    """The diffusion SDE with eta times its standard noise, d = e^{-eta h} (DPM-Solver++, 2211.01095)."""
    return _clamp(math.exp(-eta * gap(a, b)))


def sa(a: Level, b: Level, tau: float) -> float:
    """SA-Solver's rule, d = e^{-tau^2 h}: the diffusion SDE with eta = tau^2 (2309.05019)."""
    return sde(a, b, tau * tau)


def flow(a: Level, b: Level, eta: float) -> float:
    """ComfyUI's rule for flow models: sigma_down = sigma' (1 + eta (sigma'/sigma - 1)), for its old pictures."""
    down = max(0.0, b.sigma * (1.0 + eta * (b.sigma / a.sigma - 1.0)))
    alpha = 1.0 - down if b.alpha < 1.0 else 1.0
    return _clamp(down / alpha / b.rho) if alpha > 0 and b.sigma > 0 else 1.0


LAWS = {"ancestral": ancestral, "sde": sde, "flow": flow}
"""The laws of noise that ancestral samplers offer, by the names of their parameter."""


def deviation(b: Level, d: float) -> float:
    """The standard deviation of the noise that a step to `b` adds: sigma' sqrt(1 - d^2)."""
    return b.sigma * math.sqrt((1.0 - d) * (1.0 + d))


def _clamp(d: float) -> float:
    return min(1.0, max(0.0, d))
