"""Our samplers and schedules in the shape ComfyUI calls: k-diffusion functions and scheduler handlers."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import comfy.k_diffusion.sampling as K
from torch import Tensor

from ... import samplers, schedulers
from ...core.curve import scaled
from ...core.noise import kinds
from ...samplers._comfy import has_tree
from ..host import facts, latents, warnings
from ..host.uncond import with_uncond
from ..host.watched_model import Sentinel
from ..inputs import options
from . import mismatch, settings_on_model
from .record import Record

DEFAULT_NOISE = "default"
RUN = ("noise", "between", "batch_index")  # options of a run, not of its sampler
_CHOICE = "__sigmatic_choice__"
_KEYWORD = inspect.Parameter.KEYWORD_ONLY


def offered() -> list[str]:
    """The samplers that a host's models can be run with: all but those that want a variance from the model."""
    return [name for name in samplers.names() if not samplers.get(name).learned]


def takes(spec: Any, **offered: Any) -> dict[str, Any]:
    """Those of the offered parameters that the sampler or schedule has."""
    known = {param.name for param in spec.params}
    return {name: value for name, value in offered.items() if name in known}


class Choice(NamedTuple):
    """What a sampler function of ours stands for: a sampler, what is fixed, and what a preset and the widgets said."""

    spec: Any
    fixed: dict[str, Any]
    preset: dict[str, Any]

    def told(self, wishes: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        """All options of a run. The last of these to speak wins: preset, Sigmatic Settings (wishes), widgets, call."""
        wishes = {**self.preset, **wishes}
        own = self.spec.resolve(
            {**options.accepted_by(self.spec, wishes, "Sigmatic Settings"), **self._params, **given}
        )
        return {**own, **{name: wishes[name] for name in RUN if name in wishes}, **self._run}

    @property
    def _params(self) -> dict[str, Any]:
        return {name: value for name, value in self.fixed.items() if name not in RUN}

    @property
    def _run(self) -> dict[str, Any]:
        return {name: value for name, value in self.fixed.items() if name in RUN and value is not None}

    def params(self, told: dict[str, Any], ms: Any) -> dict[str, Any]:
        """The sampler's parameters on a model: curves over its sigmas, its own scale of noise."""
        own = {name: value for name, value in told.items() if name not in RUN}
        params = options.over_sigma(own, ms, None if self.spec.adaptive else told.get("between"))
        if "s_noise" in params:
            params["s_noise"] = scaled(params["s_noise"], facts.noise_scale(ms))
        return params


def host_sampler(
    name: str, *, preset: dict[str, Any] | None = None, log: Record | None = None, **fixed: Any
) -> Callable[..., Tensor]:
    """Our sampler `name` as the function that the host's KSAMPLER calls.

    Space and noise scale come from the model, the seed from extra_args. `fixed` are parameters of the sampler, and of
    the run: noise (a kind), batch_index (which images of a larger batch these are). What is not said is taken from
    Sigmatic Settings on the model, then from the `preset`. `log` is filled in. Called with eta=, s_noise=,
    noise_sampler= as well.
    """
    spec = samplers.get(name)
    choice = Choice(spec, fixed, preset or {})

    def sample(model, x, sigmas, extra_args=None, callback=None, disable=None, *, noise_sampler=None, **given):
        latents.require_content("the latent", x)
        ms, extra_args = facts.model_sampling(model), extra_args or {}
        sigmas, space = facts.at_most_one(sigmas, ms), facts.space(ms)
        wishes = settings_on_model.of_model(model, extra_args)
        told = choice.told(wishes, given)
        params = choice.params(told, ms)
        if extra_args.get("denoise_mask") is not None and "last" in params:
            params["last"] = "denoised"  # outside of the mask the picture is the latent's own, bit for bit
        seed = int(extra_args.get("seed") or 0)
        record = log or Record()
        record.begin(seed, told, sigmas)
        table = table_of(spec, record.sigmas, space, params)
        if not facts.starts_from_noise(ms):
            _refuse_noise(name, table, params)
        record.warn(
            [*settings_on_model.lost(wishes, ms), *mismatch.notes(spec, table, record.sigmas, model, extra_args)]
        )
        source = noise_sampler and _of_tensors(noise_sampler, sigmas)
        if source is None and params.get("s_noise", 0.0) and len(sigmas) > 1:
            source = step_noise(told.get("noise", DEFAULT_NOISE), spec, x, sigmas, seed)
        x, state = record.start(name, space, x)
        asked, extra_args = with_uncond(name, model, extra_args) if spec.uncond else (model, extra_args)
        watched = Sentinel(asked, name, record.sigmas, x.device.type == "cpu")
        run = {"space": space, "seed": seed, "noise": source, "state": state, "extra_args": extra_args}
        run |= {"batch_index": _places(told.get("batch_index"), len(x)), "callback": callback, "disable": disable}
        out, left = samplers.sample_with_state(name, watched, x, sigmas, **run, **params)
        out = watched.finish(out) if watched.evaluations else out
        record.end(name, space, out, left, watched.evaluations)
        return out

    setattr(sample, _CHOICE, choice)
    return _described(sample, spec)


def choice_of(function: Any) -> Choice | None:
    """What is behind a sampler function, None if it is not ours."""
    found = getattr(function, _CHOICE, None)
    return found if isinstance(found, Choice) else None


def table_of(spec: Any, sigmas: Sequence[float], space: str, params: dict[str, Any]) -> Any:
    """The run's table; None for adaptive samplers, which have none before they run."""
    try:
        return samplers.table(spec.name, sigmas, space=space, **params)
    except TypeError:
        return None


def _places(batch_index: Any, count: int) -> Sequence[int] | None:
    """The places of the images: as listed, or counted from the first one's."""
    return range(batch_index, batch_index + count) if isinstance(batch_index, int) else batch_index


def host_schedule(name: str, preset: dict[str, Any] | None = None) -> Callable[[Any, int], Tensor]:
    """Our schedule `name` as a handler for SCHEDULER_HANDLERS (use_ms=True): (model_sampling, steps) -> sigmas."""
    spec = schedulers.get(name)

    def handler(model_sampling: Any, steps: int) -> Tensor:
        warnings.warn(mismatch.of_schedule(spec, model_sampling))
        return model_levels(model_sampling, name, steps, preset)

    handler.__name__ = name
    handler.__doc__ = spec.summary
    return handler


def model_levels(
    model_sampling: Any, name: str, steps: int, preset: dict[str, Any] | None = None, **fixed: Any
) -> Tensor:
    """Our schedule `name` over the range of a model: float32 on the CPU, steps + 1 values, the last is 0.

    `fixed` are all other keywords of `schedulers.sigmas`; sigma_min and sigma_max of theirs go before the model's. A
    parameter that it does not say is taken from Sigmatic Settings on the model, then from the `preset`.
    """
    wishes = {**(preset or {}), **settings_on_model.of_schedule(model_sampling)}
    params = {**options.accepted_by(schedulers.get(name), wishes, "Sigmatic Settings"), **fixed}
    return schedulers.sigmas(name, steps, **{**facts.levels(model_sampling), **params})


def step_noise(kind: str, spec: Any, x: Tensor, sigmas: Tensor, seed: int) -> Any:
    """What `samplers.sample` takes as noise for the widget's `kind`."""
    if kind == DEFAULT_NOISE:
        return None
    if kind == "comfy":
        tree, plain = K.BrownianTreeNoiseSampler, K.default_noise_sampler
        if not has_tree(spec.name):
            return _of_tensors(plain(x, seed=seed), sigmas)
        return _of_tensors(tree(x, sigmas[sigmas > 0].min(), sigmas.max(), seed=seed, cpu=True), sigmas)
    return noise_kind_for(kind, x)


def noise_kind_for(kind: str, x: Tensor) -> str:
    """`kind`, or "brownian" with a warning where it needs a height and width that x does not have."""
    try:
        kinds.KINDS[kind](x[:1], 0)
    except ValueError as error:
        warnings.warn([f"white noise instead of {kind}. {error}"])
        return "brownian"
    return kind


def _of_tensors(noise_sampler: Callable[[Tensor, Tensor], Tensor], like: Tensor) -> Callable[[float, float], Tensor]:
    """A noise sampler of the host or of another pack, which expects its sigmas as tensors, called with floats."""
    return lambda sigma, sigma_next: noise_sampler(like.new_tensor(sigma), like.new_tensor(sigma_next))


def _refuse_noise(name: str, table: Any, params: dict[str, Any]) -> None:
    """ValueError if this run would add noise: for models whose path has none (image to image)."""
    if any(table.noise) if table is not None else params["eta"] > 0:
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
