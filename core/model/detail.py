"""More or less detail: the model is given less noise than there is, the sampler goes on with its own.

What is left of the noise is drawn as fine structure. Lying Sigma Sampler (dishonesty_factor -amount) and Detail Daemon
(detail_amount 10 times it) hand on sigma (1 - amount) alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from torch import Tensor

from ..curve import Value
from ..space import check

MOST = 0.5
"""Of an amount, either way: beyond, the picture is noise, or nothing."""


def factor(amount: float, sigma: float, sigma_max: float = math.inf) -> float:
    """What sigma is multiplied with for the model: 1 - amount, but nothing gets noisier than `sigma_max`."""
    given = 1.0 - amount
    return max(1.0, min(given, sigma_max / sigma)) if given > 1 and sigma > 0 else given


def detailed(
    model: Callable[..., Any], amount: Value, *, space: str = "ve", sigma_max: float | None = None
) -> Callable[..., Any]:
    """`model`, a denoiser of `space`, with more detail (amount above 0) or less (below).

    amount: -MOST to MOST, or a function of sigma to such numbers (`core.curve.Curve`), for which the device is waited
    for at every call. sigma_max: the noisiest level that the model knows; None: 1 on flow, any on VE. ValueError for an
    amount that is out of range.
    """
    top = sigma_max if sigma_max is not None else 1.0 if check(space) == "flow" else math.inf
    if not callable(amount):
        _check(amount)

    def given(x: Tensor, sigma: Tensor, **extra_args: Any) -> Any:
        level = float(sigma.max()) if callable(amount) or amount < 0 else 0.0
        value = _check(amount(level)) if callable(amount) else amount
        return model(x, sigma * factor(value, level, top) if value else sigma, **extra_args)

    return given


def _check(amount: float) -> float:
    if not abs(amount) <= MOST:
        raise ValueError(f"detail is {amount}: give a number from -{MOST} to {MOST}; 0.02 to 0.1 is usual.")
    return amount
