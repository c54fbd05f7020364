"""Checks of what a run is given beside its parameters: x, sigmas, noise."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor

from ..core import space as spaces
from ..core.loop import Noise, broadcast_like
from ..core.noise import kinds
from ..core.noise.joined import joined
from ..core.noise.keys import check_seed
from ..core.spec import SamplerSpec
from ..core.streams import Stream
from ..core.table import Draw, Table
from ._comfy import comfy


def levels(sigmas: Sequence[float] | Tensor) -> tuple[float, ...]:
    """`sigmas` as floats; TypeError or ValueError if they are no list of numbers."""
    shape = getattr(sigmas, "shape", None)
    if shape is not None and len(shape) != 1:
        raise ValueError(f"sigmas has shape {tuple(shape)}: give a one-dimensional list of noise levels.")
    try:
        return tuple(sigmas.tolist()) if isinstance(sigmas, Tensor) else tuple(float(sigma) for sigma in sigmas)
    except (TypeError, ValueError):
        raise TypeError(f"sigmas is {sigmas!r}: give a list of noise levels, as a schedule makes them.") from None


def check_x(x: Tensor) -> Tensor:
    """Return `x`; TypeError or ValueError unless it is a floating-point tensor (B, ...) that is not empty."""
    if not isinstance(x, Tensor) or not x.is_floating_point():
        raise TypeError(f"x is {getattr(x, 'dtype', type(x).__name__)}: give a floating-point tensor (B, ...).")
    if x.ndim < 2 or x.numel() == 0:
        raise ValueError(f"x has shape {tuple(x.shape)}: give (B, ...), two dimensions or more, one item or more.")
    return x


def noise_for(
    noise: str | Callable[..., Tensor] | None,
    spec: SamplerSpec,
    x: Tensor,
    sigmas: Sequence[float],
    *,
    seed: int,
    batch_index: Sequence[int] | None,
    space: str,
    streams: Sequence[Stream] = (),
    table: Table | None = None,
) -> Noise:
    """The noise of a run as the loop calls it, from what `sample` takes as `noise`. ValueError for what is none."""
    noise = spec.noise if noise is None else noise
    if noise == "comfy":
        return _like(x, comfy(spec.name, x, check_seed(seed), sigmas))
    if isinstance(noise, kinds.Source):
        if noise.shape != x.shape:
            shapes = tuple(noise.shape), tuple(x.shape)
            raise ValueError(f"noise is for an x of shape {shapes[0]}, and x has {shapes[1]}: make it for x.")
        return _like(x, noise.draw)
    if callable(noise):
        return _like(x, lambda draw: noise(draw.sigma, draw.sigma_next))
    if not isinstance(noise, str) or noise not in kinds.KINDS:
        names = ", ".join(kinds.KINDS)
        raise ValueError(f"noise is {noise!r}: give one of {names}, comfy, or a function (sigma, sigma_next).")
    if len(streams) > 1 and table is not None:
        return joined(x, streams, table, noise, seed, batch_index)
    return kinds.KINDS[noise](x, seed, batch_index, space=space).draw


def _like(x: Tensor, noise: Noise) -> Noise:
    """`noise` whose numbers are like x, in the run's dtype: what is no such tensor is made one, or refused."""
    state, shape, device = spaces.working_dtype(x), x.shape, x.device

    def like_x(draw: Draw) -> Tensor:
        drawn = noise(draw)
        if isinstance(drawn, Tensor) and drawn.dtype is state and drawn.shape == shape and drawn.device == device:
            return drawn
        return broadcast_like("noise", drawn, x).to(device, state)

    return like_x
