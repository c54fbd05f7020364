"""Lists of sigmas as they are passed around: cut, joined, bent, written down.

A list is any sequence of floats, rising or falling, as `tabulate.check_sigmas` allows; what comes back is a tuple.
Levels that an operation has nothing to do with keep every digit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..space import LARGEST
from ..tabulate import check_sigmas

Sigmas = tuple[float, ...]
NEAR = 1e-5  # of a level: as good as there; one reckoned from a percent or a log-SNR is a little off
RISING_START = 1e-4  # what stands for 0 at the start of a rising list, as in ComfyUI's FlipSigmas


def part(sigmas: Sequence[float], first: int, last: int) -> Sigmas:
    """The levels of steps `first` up to `last` (the step after the final one): sigmas[first : last + 1]."""
    values = _checked(sigmas)
    end = min(last, len(values) - 1)
    if not 0 <= first < end:
        raise ValueError(
            f"start is {first} and end is {last}: give 0 <= start < end; the list has {len(values) - 1} steps."
        )
    return values[first : end + 1]


def split(sigmas: Sequence[float], step: int) -> tuple[Sigmas, Sigmas]:
    """The list up to the level before step `step`, and from that level on; the level is in both."""
    values = _checked(sigmas)
    if not 0 <= step < len(values):
        raise ValueError(f"step is {step}: give 0 to {len(values) - 1}, as the list has {len(values) - 1} steps.")
    return values[: step + 1], values[step:]


def split_at(sigmas: Sequence[float], sigma: float, exact: bool = False) -> tuple[Sigmas, Sigmas]:
    """The two parts on both sides of `sigma`: split at the first level that it reaches, or (`exact`) at sigma itself.

    `exact` puts sigma into the list where it is not there, which makes one step more in all.
    """
    values = _checked(sigmas)
    falling = values[-1] <= values[0]
    sigma = next((value for value in values if math.isclose(value, sigma, rel_tol=NEAR)), sigma)
    if not min(values) <= sigma <= max(values):
        raise ValueError(f"sigma is {sigma:g}: the list goes from {values[0]:g} to {values[-1]:g}.")
    step = next(i for i, value in enumerate(values) if (value <= sigma if falling else value >= sigma))
    if exact and values[step] != sigma:
        return (*values[:step], sigma), (sigma, *values[step:])
    return split(values, step)


def join(first: Sequence[float], second: Sequence[float]) -> Sigmas:
    """`first` and then `second`; a level that both have where they meet is kept once, a closing 0 of the first not."""
    one, two = _checked(first), _checked(second)
    if len(one) > 1 and one[-1] == 0 and two[0] > 0:
        one = one[:-1]
    both_have_it = math.isclose(one[len(one) - 1], two[0], rel_tol=1e-6)
    return _checked((*one[: len(one) - both_have_it], *two))


def reverse(sigmas: Sequence[float]) -> Sigmas:
    """Backwards, for runs from picture to noise; a 0 that comes to stand first becomes 1e-4, others are left out."""
    values = _checked(sigmas)[::-1]
    while values[:2] == (0.0, 0.0):
        values = values[1:]
    return (min(RISING_START, values[1] / 2), *values[1:]) if values[0] == 0 and len(values) > 1 else values


def scale(sigmas: Sequence[float], factor: float, first: int = 0, last: int | None = None) -> Sigmas:
    """The levels `first` to `last` (counted from 0; all without `last`) times `factor`; ValueError if order is lost."""
    values = _checked(sigmas)
    if not (math.isfinite(factor) and factor > 0):
        raise ValueError(f"factor is {factor:g}: give a number above 0.")
    end = len(values) - 1 if last is None else last
    return _checked(tuple(value * factor if first <= i <= end else value for i, value in enumerate(values)))


def blend(first: Sequence[float], second: Sequence[float], share: float) -> Sigmas:
    """(1 - share) of the first and share of the second, level by level, the second in as many steps as the first.

    ValueError if only one of them ends in 0, or if the blended levels go both up and down.
    """
    one = _checked(first)
    if not 0 <= share <= 1:
        raise ValueError(f"share is {share:g}: give 0 (all of the first list) to 1 (all of the second).")
    two = resample(second, len(one) - 1)
    if (one[-1] == 0) != (two[-1] == 0):
        raise ValueError("blend: one list ends in 0 and the other does not: set the last level of one of them first.")
    return _checked(tuple(a if a == b else (1 - share) * a + share * b for a, b in zip(one, two, strict=True)))


def resample(sigmas: Sequence[float], steps: int) -> Sigmas:
    """The same course in `steps` steps: log-linear between its levels, with the same ends (and a closing 0 kept)."""
    values = _checked(sigmas)
    if steps < 1:
        raise ValueError(f"steps is {steps}: give a whole number from 1 up.")
    if steps == len(values) - 1:
        return values
    closing = (0.0,) if values[-1] == 0 else ()
    levels = values[: len(values) - len(closing)]
    if not levels:
        raise ValueError("sigmas: there is nothing but 0 in the list.")
    places = np.linspace(0, len(levels) - 1, steps + 1 - len(closing))
    logs = np.interp(places, np.arange(len(levels)), np.log(levels))
    out = np.clip(np.exp(logs), min(levels), max(levels)).tolist()
    out[0] = levels[0]
    if len(out) > 1:
        out[-1] = levels[-1]
    return (*out, *closing)


def set_first(sigmas: Sequence[float], sigma: float) -> Sigmas:
    """The list with another first level; ValueError if it would turn back."""
    return _checked((float(sigma), *_checked(sigmas)[1:]))


def set_last(sigmas: Sequence[float], sigma: float) -> Sigmas:
    """The list with another last level; ValueError if it would turn back."""
    return _checked((*_checked(sigmas)[:-1], float(sigma)))


def parse(text: str) -> Sigmas:
    """The levels in `text`: numbers with commas, semicolons or white space between them, maybe in one pair of brackets.

    ValueError naming the item that is no number, or what `tabulate.check_sigmas` says of the list.
    """
    bare = text.strip()
    if bare[:1] + bare[-1:] in ("[]", "()"):
        bare = bare[1:-1]
    items = bare.replace(",", " ").replace(";", " ").split()
    values = []
    for i, item in enumerate(items):
        try:
            if "_" in item:  # Python would take 1_0 for 10
                raise ValueError
            values.append(float(item))
        except ValueError:
            raise ValueError(f"item {i + 1} is {item!r}: write numbers, such as 14.6, 7.3, 2, 0.5, 0.") from None
    return _checked(values)


def write(sigmas: Sequence[float]) -> str:
    """The list as text, with as few digits as give the same float32 back."""
    return ", ".join(np.format_float_positional(np.float32(sigma), trim="-") for sigma in sigmas)


def _checked(sigmas: Sequence[float]) -> Sigmas:
    values = check_sigmas(sigmas, "ve")  # which of the two spaces it is for is not known here
    if max(values) > LARGEST:
        raise ValueError(f"sigmas: {max(values):g} is too much: give levels up to {LARGEST:g}.")
    return values
