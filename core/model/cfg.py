"""Classifier-free guidance and three published ways to do it better, as functions of two predictions of the image.

`cond` and `uncond` (B, ...) are the clean images predicted with the prompt and without, w the scale. Plain guidance is
uncond + w (cond - uncond) (Ho and Salimans 2022, arXiv:2207.12598, eq. 6). Where both are equal, or w is 1, every way
gives `cond` up to rounding. Sums and norms go over all numbers of an item, so a picture is the same in every batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from ..space import check, column

PHI = 0.7
"""The share of the rescaled result in `rescaled` (Lin et al. 2024, section 3.4)."""
THRESHOLD, MOMENTUM, PARALLEL = 15.0, -0.5, 0.0
"""r, beta and eta of APG for SDXL (Sadat et al. 2024, appendix)."""
THRESHOLD_NUMBERS = 4 * 128 * 128
"""Of the latents that r is for; a norm grows as the root of how many numbers there are."""
ZERO_INIT = 0.04
"""The share of the steps in which CFG-Zero* has the velocity 0 (Fan et al. 2025, section 3.2)."""


def plain(cond: Tensor, uncond: Tensor, scale: float) -> Tensor:
    """uncond + scale (cond - uncond)."""
    return uncond + (cond - uncond) * scale


def rescaled(
    cond: Tensor, uncond: Tensor, scale: float, *, x: Tensor, sigma: Tensor, space: str = "ve", phi: float = PHI
) -> Tensor:
    """Plain guidance with the spread that the prediction with the prompt has: less burnt colour and contrast.

    Lin et al. 2024, arXiv:2305.08891, eq. 14-16: v' = phi v (std v_cond / std v) + (1 - phi) v, of the velocity v that
    the model was trained on: on "ve" that of x brought to unit size, on "flow" n - x0. x (B, ...), sigma (B,): what
    the model was given. ValueError for phi outside of 0 to 1.
    """
    if not 0 <= phi <= 1:
        raise ValueError(f"phi is {phi}: give a number from 0 (plain guidance) to 1.")
    guided = plain(cond, uncond, scale)
    level = column(sigma.to(x), x)
    mean = x if check(space) == "flow" else x / (level * level + 1)  # v is (mean - x0) times a number
    wide, narrow = _spread(mean - guided), _spread(mean - cond)
    factor = phi * narrow / wide.clamp(min=torch.finfo(wide.dtype).tiny) + (1 - phi)
    return mean - factor * (mean - guided)


class Projected:
    """Adaptive projected guidance (Sadat et al. 2024, arXiv:2410.02416, Algorithm 1); made anew for every run.

    D = cond + (w - 1) G: the guidance cond - uncond, with `momentum` times the one before added, made no longer than
    `threshold`, and its part along cond taken times `parallel`. Of one run, since it remembers. threshold: of latents
    of THRESHOLD_NUMBERS numbers, for others as the root of how many they have; infinite: none. ValueError for one that
    is not above 0.
    """

    def __init__(self, threshold: float = THRESHOLD, momentum: float = MOMENTUM, parallel: float = PARALLEL) -> None:
        if not threshold > 0:
            raise ValueError(f"threshold is {threshold}: give a number above 0; infinity is none.")
        self.threshold, self.momentum, self.parallel = threshold, momentum, parallel
        self._before: Tensor | None = None

    def __call__(self, cond: Tensor, uncond: Tensor, scale: float) -> Tensor:
        """The guided prediction of the next call."""
        pull = cond - uncond
        if self._before is not None and self._before.shape == pull.shape:
            pull = pull + self.momentum * self._before
        self._before = pull
        longest = self.threshold * math.sqrt(pull[0].numel() / THRESHOLD_NUMBERS)
        pull = pull * (longest / _norm(pull)).clamp(max=1.0).nan_to_num(1.0)
        along = cond * (_dot(pull, cond) / _dot(cond, cond).clamp(min=torch.finfo(pull.dtype).tiny))
        return cond + (scale - 1) * (pull - along + self.parallel * along)


def zero_star(cond: Tensor, uncond: Tensor, scale: float, *, x: Tensor) -> Tensor:
    """CFG-Zero* (Fan et al. 2025, arXiv:2503.18886, eq. 13 and Algorithm 1): the negative's velocity fitted first.

    v = (1 - w) s v_uncond + w v_cond, s = <v_cond, v_uncond> / |v_uncond|^2, v = (x - x0) / sigma. x (B, ...): what the
    model was given. The start without a velocity is not in here.
    """
    along, away = x - uncond, x - cond
    fitted = _dot(away, along) / (_dot(along, along) + 1e-8)
    return x - ((1 - scale) * fitted * along + scale * away)


WAYS = ("plain", "rescale", "apg", "cfg_zero", "cfg_zero_init")
"""Names of ways of guidance, with the numbers of their papers."""


def of(way: str, space: str = "ve") -> Callable[[Tensor, Tensor, float, Tensor, Tensor], Tensor]:
    """One of WAYS for one run: f(cond, uncond, scale, x, sigma) -> guided image, all as above.

    cfg_zero and cfg_zero_init are the same here: that the second makes no calls at the start, ZERO_INIT of the time of
    a flow model, is up to who calls. ValueError for a way that is not there.
    """
    if way not in WAYS:
        raise ValueError(f"guidance is {way!r}: give one of {', '.join(WAYS)}.")
    check(space)
    if way == "rescale":
        return lambda cond, uncond, scale, x, sigma: rescaled(cond, uncond, scale, x=x, sigma=sigma, space=space)
    if way == "apg":
        projected = Projected()
        return lambda cond, uncond, scale, x, sigma: projected(cond, uncond, scale)
    if way == "plain":
        return lambda cond, uncond, scale, x, sigma: plain(cond, uncond, scale)
    return lambda cond, uncond, scale, x, sigma: zero_star(cond, uncond, scale, x=x)


def _over(tensor: Tensor) -> list[int]:
    return list(range(1, tensor.ndim))


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum(dim=_over(a), keepdim=True)


def _norm(tensor: Tensor) -> Tensor:
    return _dot(tensor, tensor).sqrt()


def _spread(tensor: Tensor) -> Tensor:
    return torch.std(tensor, dim=_over(tensor), keepdim=True)
