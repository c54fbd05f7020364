"""The samplers: one method or one tight family a file, found by looking; and the calls that run them."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import torch
from torch import Tensor
from tqdm.auto import tqdm

from ..core import loop, memory, space as spaces
from ..core.curve import along
from ..core.loop import Output
from ..core.noise import kinds as noises
from ..core.noise.keys import check_seed
from ..core.spec import SAMPLERS, SamplerSpec
from ..core.table import Kept, Table
from ..core.tabulate import tabulate
from ._adaptive import run as run_adaptive
from ._comfy import comfy

for _module in pkgutil.iter_modules(__path__):
    if not _module.name.startswith("_"):
        import_module(f".{_module.name}", __name__)

__all__ = ["Output", "State", "get", "names", "sample", "sample_with_state", "table"]


@dataclass(frozen=True)
class State:
    """What a run leaves behind for its continuation: where it stopped and the registers of a multistep method.

    `took`: of an adaptive run, its evaluations, accepted and rejected tries, and whether its cap ended the control.
    """

    sampler: str
    space: str
    sigma: float
    shape: tuple[int, ...]
    kept: tuple[Kept, ...]
    registers: tuple[Tensor, ...]
    took: Mapping[str, int] | None = None

    def to(self, *place: Any) -> State:
        """The same state on another device or, given one, in another dtype."""
        return replace(self, registers=tuple(register.to(*place) for register in self.registers))


def names() -> tuple[str, ...]:
    """The names of all samplers."""
    return SAMPLERS.names()


def get(name: str) -> SamplerSpec:
    """The declaration of sampler `name`; ValueError with the nearest names if there is none."""
    return SAMPLERS.get(name)


def table(name: str, sigmas: Sequence[float] | Tensor, *, space: str = "ve", **params: Any) -> Table:
    """The coefficients of a whole run of sampler `name` over `sigmas` (n+1,), known before any model call.

    Raises ValueError for an unknown sampler or parameter, and for sigmas that no run can follow.
    """
    return _table(get(name), _values(sigmas), space, params, ())


def sample(
    name: str, model: Callable[..., Tensor], x: Tensor, sigmas: Sequence[float] | Tensor, **options: Any
) -> Tensor:
    """Denoise x along sigmas with sampler `name`; return a tensor like x.

    model(x, sigma, **extra_args) -> denoised (the clean image), sigma of shape (B,). x (B, ...) holds noise at
    sigmas[0]; sigmas (n+1,) go down (or, for ODE samplers, up). All options are those of `sample_with_state`.
    """
    return sample_with_state(name, model, x, sigmas, **options)[0]


def sample_with_state(
    name: str,
    model: Callable[..., Tensor],
    x: Tensor,
    sigmas: Sequence[float] | Tensor,
    *,
    space: str = "ve",
    seed: int = 0,
    batch_index: Sequence[int] | None = None,
    noise: str | Callable[[float, float], Tensor] | None = None,
    state: State | None = None,
    extra_args: dict[str, Any] | None = None,
    callback: Callable[[dict[str, Any]], Any] | None = None,
    disable: bool | None = None,
    **params: Any,
) -> tuple[Tensor, State]:
    """As `sample`, and also return the state from which a second run goes on as if there had been one.

    space: "ve" or "flow". seed: of the noise in the steps. batch_index: the place of each item in its batch (0, 1, ..).
    noise: None (the sampler's own), a kind by name (`noise.KINDS`), "comfy" (ComfyUI's own), or f(sigma, sigma_next)
    -> unit normals like x, called once for every disjoint stretch. state: from the run before. callback: gets
    k-diffusion's dict (x, i, sigma, sigma_hat, denoised) once a step. disable: hides the progress bar. params: the
    sampler's own (`get(name).params`); a float may be a function of sigma, such as `core.curve.Curve`.
    Raises ValueError or TypeError before the first model call.
    """
    spec = get(name)
    _check_x(x)
    if not isinstance(sigmas, Tensor):
        sigmas = torch.tensor(_values(sigmas), dtype=spaces.working_dtype(x), device="cpu")
    values = _values(sigmas)
    kept, registers = _resume(state, spec, space, values, x)
    if spec.adaptive:
        source = _noise(spec.noise if noise is None else noise, x, seed, batch_index, space, spec, values)
        out, took = run_adaptive(
            spec, model, x, sigmas, spec.resolve(params), space=spaces.check(space), noise=source,
            extra_args=extra_args or {}, callback=callback,
        )  # fmt: skip
        return out, State(name, space, values[-1], tuple(x.shape), (), (), took)
    run = _table(spec, values, space, params, kept)
    source = _noise(spec.noise if noise is None else noise, x, seed, batch_index, space, spec, values)
    if not run.rows:
        return x, State(name, space, values[-1], tuple(x.shape), kept, registers)

    def progress(steps: Iterable) -> Iterable:
        return steps if disable is True else tqdm(steps, disable=disable)

    out, left = loop.run(
        run,
        model,
        x,
        sigmas,
        noise=source,
        extra_args=extra_args,
        callback=callback,
        registers=registers,
        progress=progress,
    )
    return out, State(name, space, values[-1], tuple(x.shape), run.kept, tuple(left))


def _table(spec: SamplerSpec, sigmas: tuple[float, ...], space: str, params: dict[str, Any], past: tuple[Kept, ...]):
    spaces.check(space)
    given = along(spec.params, spec.resolve(params), sigmas)
    return tabulate(spec.name, sigmas, space, tuple(given.items()), past)


def _values(sigmas: Sequence[float] | Tensor) -> tuple[float, ...]:
    shape = getattr(sigmas, "shape", None)
    if shape is not None and len(shape) != 1:
        raise ValueError(f"sigmas has shape {tuple(shape)}: give a one-dimensional list of noise levels.")
    try:
        return tuple(sigmas.tolist()) if isinstance(sigmas, Tensor) else tuple(float(sigma) for sigma in sigmas)
    except (TypeError, ValueError):
        raise TypeError(f"sigmas is {sigmas!r}: give a list of noise levels, as a schedule makes them.") from None


def _check_x(x: Tensor) -> None:
    if not isinstance(x, Tensor) or not x.is_floating_point():
        raise TypeError(f"x is {getattr(x, 'dtype', type(x).__name__)}: give a floating-point tensor (B, ...).")
    if x.ndim < 2 or x.numel() == 0:
        raise ValueError(f"x has shape {tuple(x.shape)}: give (B, ...), two dimensions or more, one item or more.")


def _noise(noise: Any, x: Tensor, seed: int, batch_index: Any, space: str, spec: SamplerSpec, sigmas: Sequence[float]):
    if noise == "comfy":
        noise = comfy(spec.name, x, check_seed(seed), sigmas)
    if isinstance(noise, noises.Source) and noise.shape != x.shape:
        raise ValueError(f"noise is for an x of shape {tuple(noise.shape)}, and x has {tuple(x.shape)}: make it for x.")
    if callable(noise):
        return _drawing(noise, x)
    if not isinstance(noise, str) or noise not in noises.KINDS:
        kinds = ", ".join(noises.KINDS)
        raise ValueError(f"noise is {noise!r}: give one of {kinds}, comfy, or a function (sigma, sigma_next).")
    return noises.KINDS[noise](x, seed, batch_index, space=space).draw


def _drawing(noise: Any, x: Tensor) -> loop.Noise:
    """A noise function as the loop calls it: what it returns is like x, in the run's dtype."""
    state, shape, device = spaces.working_dtype(x), x.shape, x.device

    def like_x(found: Any) -> Tensor:
        if isinstance(found, Tensor) and found.dtype is state and found.shape == shape and found.device == device:
            return found
        return loop.broadcast_like("noise", found, x).to(device, state)

    if isinstance(noise, noises.Source):
        return lambda draw: like_x(noise.draw(draw))
    return lambda draw: like_x(noise(draw.sigma, draw.sigma_next))


def _resume(state: State | None, spec: SamplerSpec, space: str, sigmas: tuple[float, ...], x: Tensor):
    if state is None:
        return (), ()
    if not isinstance(state, State):
        raise TypeError(f"state is {type(state).__name__}: give the State that sample_with_state returned beside x.")
    for what, had, want in (
        ("sampler", state.sampler, spec.name),
        ("space", state.space, space),
        ("shape", state.shape, tuple(x.shape)),
        ("sigma", state.sigma, sigmas[0] if sigmas else None),
    ):
        if had != want:
            raise ValueError(f"state is of another run: its {what} is {had}, this run's is {want}. Leave state out.")
    here = state.to(x.device, spaces.working_dtype(x))
    kept, short = memory.resumed(spec, here.kept, sigmas, space)
    return kept, here.registers[short:]
