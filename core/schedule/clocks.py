"""The variables that schedules are even in: what they are at the ends of a model's range, and the way back to sigma."""

from __future__ import annotations

import math

import numpy as np

from ..space import Span, level


def to_zero(start: float, steps: int, lowest: float) -> np.ndarray:
    """Even places from `start`, the step to 0 as long as the others; stretched where that ends below `lowest`."""
    return np.linspace(start, max(lowest, start / steps), steps)


def stretched(places: np.ndarray, lowest: float) -> np.ndarray:
    """Falling places as they are, or moved evenly away from the first where the last is below `lowest`."""
    first, last = places[0], places[-1]
    return places if last >= lowest else first - (first - places) * ((first - lowest) / (first - last))


def share_ends(span: Span) -> tuple[float, float]:
    """sigma_max and sigma_min as shares of noise, sigma / (alpha + sigma): on flow models sigma itself."""
    if span.space == "flow":
        return span.sigma_max, span.sigma_min
    return span.sigma_max / (1 + span.sigma_max), span.sigma_min / (1 + span.sigma_min)


def from_shares(shares: np.ndarray, span: Span) -> np.ndarray:
    """The sigmas of falling shares of noise, the first of them sigma_max itself."""
    sigmas = np.clip(shares if span.space == "flow" else shares / (1 - shares), span.sigma_min, span.sigma_max)
    sigmas[0] = span.sigma_max
    return sigmas


def table_ends(span: Span) -> tuple[float, float]:
    """The places of sigma_max and sigma_min in the model's own table; ValueError beyond it."""
    table, slack = span.table, 1e-6
    if span.sigma_max > table[-1] * (1 + slack) or span.sigma_min < table[0] * (1 - slack):
        raise ValueError(
            f"sigma_min {span.sigma_min:g} and sigma_max {span.sigma_max:g} reach beyond the model's own "
            f"{table[0]:g} to {table[-1]:g}: stay inside, or take a schedule without a table, such as karras."
        )
    return span.index(span.sigma_max), span.index(span.sigma_min)


def shifted(steps: int, span: Span, shift: float, end: float = 0.0, last: float = 0.0) -> np.ndarray:
    """A flow model's even time t, shifted: the shares of noise s t / (1 + (s - 1) t) from sigma_max's on, s = `shift`.

    The step below the last level goes to t = `end` and is as long as the others; or, with `last` above 0, the last
    level is at t = `last`. (Either is ignored where it is no t below sigma_max's.)
    """
    top, bottom = (share / (shift + (1 - shift) * share) for share in share_ends(span))
    if not 0 < last < top:
        end = end if end < top else 0.0
        last = end + (top - end) / steps
    t = np.linspace(top, max(last, bottom), steps)
    return shift * t / (1 + (shift - 1) * t)


def log_rho_ends(span: Span) -> tuple[float, float]:
    """log(sigma / alpha) at sigma_max and sigma_min, minus half the log-SNR.

    It has no bound at flow's sigma = 1: there the first value is that of the model's last level below 1 (or of
    1 - sigma_min, if that is higher). `from_log_rho` puts the first level back to sigma_max.
    """
    top = span.sigma_max
    if span.space == "flow":
        below = span.table[span.table < 1 - 1e-6]  # some shifts leave 0.9999999 for 1
        last = float(below[-1]) if len(below) else 0.0
        top = min(top, max(last, 1 - span.sigma_min, (top + span.sigma_min) / 2))
    return -level(top, span.space).lam, -level(span.sigma_min, span.space).lam


def from_log_rho(log_rho: np.ndarray, span: Span) -> np.ndarray:
    """The sigmas of falling places in log(sigma / alpha), the first of them sigma_max itself."""
    with np.errstate(over="ignore"):
        sigmas = 1 / (1 + np.exp(-log_rho)) if span.space == "flow" else np.exp(log_rho)
    sigmas = np.clip(sigmas, span.sigma_min, span.sigma_max)
    sigmas[0] = span.sigma_max
    return sigmas


def angles(span: Span, scale: float) -> tuple[float, float]:
    """theta = atan2(sigma, alpha scale) at sigma_max and sigma_min; pi/2 at flow's sigma = 1."""
    ends = (level(sigma, span.space) for sigma in (span.sigma_max, span.sigma_min))
    top, bottom = (math.atan2(at.sigma, at.alpha * scale) for at in ends)
    return top, bottom


def from_angles(theta: np.ndarray, span: Span, scale: float) -> np.ndarray:
    """The sigmas of falling angles, the first of them sigma_max itself."""
    noise, image = scale * np.sin(theta), np.cos(theta)
    sigmas = noise / (image + noise) if span.space == "flow" else noise / image
    sigmas = np.clip(sigmas, span.sigma_min, span.sigma_max)
    sigmas[0] = span.sigma_max
    return sigmas


def interpolated(published: np.ndarray, steps: int, span: Span) -> np.ndarray:
    """Published levels (VE, falling) for any number of steps: log-linear in between, stretched to the model's range.

    The last of them is where the publishers' run ends; here it is the place of the closing 0.
    """
    logs = np.log(published)
    places = np.interp(np.linspace(0, 1, steps + 1)[:-1], np.linspace(0, 1, len(logs)), logs)
    top, bottom = log_rho_ends(span)
    scale = (top - bottom) / (logs[0] - logs[-1])
    return from_log_rho(bottom + (places - logs[-1]) * scale, span)
