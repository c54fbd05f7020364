"""Our samplers and schedules in the shape ComfyUI calls: k-diffusion functions and scheduler handlers."""

import inspect
import logging
from collections.abc import Callable, Sequence
from typing import Any

import comfy.k_diffusion.sampling as K
from torch import Tensor

from .. import samplers, schedulers
from ..core import noise
from ..samplers._comfy import has_tree
from . import host
from .guided import with_uncond

OWN_NOISE = "default"
_log = logging.getLogger("sigmatic")
_KEYWORD = inspect.Parameter.KEYWORD_ONLY


def offered() -> list[str]:
    """The samplers that a host's models can be run with: all but those that want a variance from the model."""
    return [name for name in samplers.names() if not samplers.get(name).learned]


def takes(spec: Any, **offered: Any) -> dict[str, Any]:
    """Those of the offered parameters that the sampler or schedule has."""
    known = {param.name for param in spec.params}
    return {name: value for name, value in offered.items() if name in known}


def host_sampler(
    name: str, *, kind: str = OWN_NOISE, batch_index: Sequence[int] | None = None, **fixed: Any
) -> Callable[..., Tensor]:
    """Our sampler `name` as the function that the host's KSAMPLER calls.

    Space and noise scale come from the model, the seed from extra_args. `fixed` are parameters of the sampler, `kind`
    is that of its noise, `batch_index` says which images of a larger batch these are. Called with eta=, s_noise=,
    noise_sampler= as well.
    """
    spec = samplers.get(name)

    def sample(model, x, sigmas, extra_args=None, callback=None, disable=None, *, noise_sampler=None, **given):
        ms = host.model_sampling(model)
        params = spec.resolve({**fixed, **given})
        if "s_noise" in params:
            params["s_noise"] = params["s_noise"] * host.noise_scale(ms)
        sigmas = host.at_most_one(sigmas, ms)
        if not host.starts_from_noise(ms):
            _refuse_noise(name, sigmas, params)
        extra_args = extra_args or {}
        if spec.uncond:
            model, extra_args = with_uncond(name, model, extra_args)
        seed = int(extra_args.get("seed") or 0)
        source = noise_sampler and _of_tensors(noise_sampler, sigmas)
        if source is None and params.get("s_noise", 0.0) and len(sigmas) > 1:
            source = step_noise(kind, spec, x, sigmas, seed)
        return samplers.sample(
            name,
            _interruptible(model),
            x,
            sigmas,
            space=host.space(ms),
            seed=seed,
            batch_index=batch_index,
            noise=source,
            extra_args=extra_args,
            callback=callback,
            disable=disable,
            **params,
        )

    return _described(sample, spec)


def host_schedule(name: str) -> Callable[[Any, int], Tensor]:
    """Our schedule `name` as a handler for SCHEDULER_HANDLERS (use_ms=True): (model_sampling, steps) -> sigmas."""

    def handler(model_sampling: Any, steps: int) -> Tensor:
        return model_levels(model_sampling, name, steps)

    handler.__name__ = name
    handler.__doc__ = schedulers.get(name).summary
    return handler


def model_levels(model_sampling: Any, name: str, steps: int, **params: Any) -> Tensor:
    """Our schedule `name` over the range of a model: float32 on the CPU, steps + 1 values, the last is 0."""
    return schedulers.sigmas(name, steps, **host.levels(model_sampling), **params)


def step_noise(kind: str, spec: Any, x: Tensor, sigmas: Tensor, seed: int) -> Any:
    """What `samplers.sample` takes as noise for the widget's `kind`."""
    if kind == OWN_NOISE:
        return None
    if kind == "comfy":
        tree, plain = K.BrownianTreeNoiseSampler, K.default_noise_sampler
        if not has_tree(spec.name):
            return _of_tensors(plain(x, seed=seed), sigmas)
        return _of_tensors(tree(x, sigmas[sigmas > 0].min(), sigmas.max(), seed=seed, cpu=True), sigmas)
    return fitting(kind, x)


def fitting(kind: str, x: Tensor) -> str:
    """`kind`, or "brownian" with one line in the log where it needs a height and width that x does not have."""
    try:
        noise.KINDS[kind](x[:1], 0)
    except ValueError as error:
        _log.warning("Sigmatic: white noise instead of %s. %s", kind, error)
        return "brownian"
    return kind


def _of_tensors(noise_sampler: Callable[[Tensor, Tensor], Tensor], like: Tensor) -> Callable[[float, float], Tensor]:
    """A noise sampler of the host or of another pack, which expects its sigmas as tensors, called with floats."""
    return lambda sigma, sigma_next: noise_sampler(like.new_tensor(sigma), like.new_tensor(sigma_next))


def _interruptible(model: Callable[..., Any]) -> Callable[..., Any]:
    """The model, with Cancel looked at before every evaluation and not only once a step."""

    def evaluate(x: Tensor, sigma: Tensor, **extra_args: Any) -> Any:
        host.check_interrupt()
        return model(x, sigma, **extra_args)

    return evaluate


def _noise(name: str, sigmas: Tensor, params: dict[str, Any]) -> tuple[float, ...]:
    return samplers.table(name, sigmas, space="flow", **params).noise


def _refuse_noise(name: str, sigmas: Tensor, params: dict[str, Any]) -> None:
    """ValueError if this run would add noise: for models whose path has none (image to image)."""
    adaptive = samplers.get(name).adaptive
    noisy = params["eta"] > 0 if adaptive else len(sigmas) > 1 and any(_noise(name, sigmas, params))
    if noisy:
        raise ValueError(
            f"sampler {name}: this model goes from image to image and has no noise on its way, but the sampler adds "
            "noise at every step. Set eta to 0, or choose a sampler without noise (sig_euler, sig_heun, ...)."
        )


def _described(function: Callable[..., Tensor], spec: Any) -> Callable[..., Tensor]:
    """Give the function the sampler's name, help and true signature: hosts and other packs inspect them."""
    own = inspect.signature(function).parameters
    edge = [p for p in own.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    params = [inspect.Parameter(p.name, _KEYWORD, default=p.default) for p in spec.params if p.name not in own]
    function.__signature__ = inspect.Signature(edge + params)
    function.__name__, function.__doc__ = f"sample_sig_{spec.name}", spec.summary
    return function
