"""One level of noise in other words: sigma, percent, timestep, log-SNR."""

from __future__ import annotations

import math

import numpy as np

from ..space import Span, at_rho, level

UNITS = ("sigma", "percent", "timestep", "log-SNR")


def convert(value: float, unit: str, model: Span) -> dict[str, float]:
    """One level in all UNITS, given in one of them; ValueError for a value that this model has no level for.

    percent: how much of the model's own time lies behind, 0 (its noisiest level) to 1 (sigma 0), as ComfyUI counts.
    timestep: the place in the model's table, counted from 0; on flow models 1000 sigma. log-SNR: log(alpha^2/sigma^2).
    """
    sigma = to_sigma(value, unit, model)
    return {
        "sigma": sigma,
        "percent": _percent(sigma, model),
        "timestep": 1000 * sigma if model.space == "flow" else _place(sigma, model),
        "log-SNR": 2 * level(sigma, model.space).lam,
    }


def to_sigma(value: float, unit: str, model: Span) -> float:
    """The sigma of a level given in one of the UNITS; ValueError for a value that this model has no level for."""
    if unit not in UNITS:
        raise ValueError(f"unit is {unit!r}: give one of {', '.join(UNITS)}.")
    flow = model.space == "flow"
    highest = {
        "sigma": 1.0 if flow else math.inf,
        "percent": 1.0,
        "timestep": 1000.0 if flow else len(model.table) - 1.0,
        "log-SNR": math.inf,
    }[unit]
    lowest = -math.inf if unit == "log-SNR" else 0.0
    if not lowest <= value <= highest or (unit == "sigma" and math.isinf(value)):
        raise ValueError(f"{unit} is {value:g}: this model has levels from {lowest:g} to {highest:g}.")
    if unit == "sigma":
        return float(value)
    if unit == "log-SNR":
        return _of_log_snr(value, model)
    if unit == "timestep":
        return value / 1000 if flow else float(model.sigma(value))
    return _of_percent(value, model)


def _of_log_snr(value: float, model: Span) -> float:
    rho = math.exp(min(-value / 2, 700.0))
    if model.space == "flow" and rho > 1e16:
        return 1.0
    if rho > 1e16:
        raise ValueError(f"log-SNR is {value:g}: that much noise is nothing but noise; this model has no such level.")
    return at_rho(rho, model.space).sigma


def _of_percent(percent: float, model: Span) -> float:
    if percent == 1:
        return 0.0
    if model.space == "flow":
        whole = len(model.table)
        return float(np.interp((1 - percent) * whole, np.arange(whole + 1), np.append(0.0, model.table)))
    return float(model.sigma((1 - percent) * (len(model.table) - 1)))


def _percent(sigma: float, model: Span) -> float:
    if sigma == 0:
        return 1.0
    if model.space == "flow":
        whole = len(model.table)
        return 1 - float(np.interp(sigma, np.append(0.0, model.table), np.arange(whole + 1))) / whole
    return 1 - _place(sigma, model) / (len(model.table) - 1)


def _place(sigma: float, model: Span) -> float:
    return model.index(sigma) if sigma > 0 else 0.0
