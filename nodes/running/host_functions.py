"""Our samplers and schedules in the shape ComfyUI calls: k-diffusion functions and scheduler handlers."""

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from torch import Tensor

from ... import samplers, schedulers
from ...core.curve import scaled
from ...core.spec import SamplerSpec
from ...core.table import Table
from ..host import caches, facts, latents, warnings
from ..host.uncond import with_uncond
from ..host.watched_model import Sentinel
from ..inputs import options
from . import each_call, fitted, foreign_noise, mismatch, settings_on_model, streams
from .record import Record
from .step_noise import DEFAULT_NOISE, step_noise

RUN = ("noise", "between", "batch_index", *each_call.OPTIONS, *streams.OPTIONS)
"""Options of a run, not of its sampler."""
_WITHOUT_NEGATIVE = (
    "let the negative prompt hold for the whole run, or choose the sampler without _cfg_pp: where this run had none, "
    "sig_{name} made plain steps."
)
_CHOICE = "__sigmatic_choice__"
_KEYWORD = inspect.Parameter.KEYWORD_ONLY


@functools.lru_cache(maxsize=1)
def offered() -> tuple[str, ...]:
    """The samplers that a host's models can be run with: all but those that want a variance from the model."""
    return tuple(name for name in samplers.names() if not samplers.get(name).learned)


class Configured(NamedTuple):
    """A sampler with all its options on a model.

    `options` are as people gave them; `params` are its parameters of those, with curves over the model's sigmas and
    s_noise in the model's own scale of noise.
    """

    spec: SamplerSpec
    options: dict[str, Any]
    params: dict[str, Any]
    space: str
    warnings: tuple[str, ...] = ()

    def table(
        self,
        sigmas: Sequence[float] | Tensor,
        state: samplers.State | None = None,
        parts: Sequence[samplers.Stream] = (),
    ) -> Table | None:
        """The table of a run over `sigmas`, which may go on from `state`; None for adaptive samplers, without one.

        parts: the streams of a latent with several.
        """
        if self.spec.adaptive:
            return None
        return samplers.table(self.spec.name, sigmas, space=self.space, state=state, streams=parts, **self.params)


class Choice(NamedTuple):
    """What one of our sampler functions stands for: a sampler, the options fixed when it was made, and its preset's."""

    spec: SamplerSpec
    fixed: dict[str, Any]
    preset: dict[str, Any]

    @classmethod
    def of(cls, name: str, preset: dict[str, Any] | None = None, **fixed: Any) -> "Choice":
        """The choice of our sampler `name`. `fixed` are parameters of the sampler, and of the run.

        Of the run: noise (a kind), batch_index (which images of a larger batch these are). ValueError for one that is
        not allowed.
        """
        spec = samplers.get(name)
        params = spec.take({key: value for key, value in fixed.items() if key not in RUN})
        of_run = {key: fixed[key] for key in RUN if fixed.get(key) is not None}
        return cls(spec, {**params, **of_run}, preset or {})

    def on(self, ms: Any, settings: Mapping[str, Any], call: dict[str, Any] | None = None) -> Configured:
        """The sampler on a model. An option is taken from the last that has it: preset, Sigmatic Settings, fixed, call.

        ValueError for a parameter of the call that the sampler does not have or allow.
        """
        given = {**self.preset, **settings}
        notes: list[str] = []
        accepted = options.accepted_by(self.spec, given, "Sigmatic Settings", notes.append)
        fixed = {name: value for name, value in self.fixed.items() if name not in RUN}
        params = {**self.spec.defaults, **accepted, **fixed, **self.spec.take(call or {})}
        given |= self.fixed
        run = {name: given[name] for name in RUN if name in given}
        over_sigma = options.over_sigma(params, ms, None if self.spec.adaptive else run.get("between"))
        if "s_noise" in params:
            over_sigma["s_noise"] = scaled(over_sigma["s_noise"], facts.noise_scale(ms))
        return Configured(self.spec, {**params, **run}, over_sigma, facts.space(ms), tuple(notes))


def host_sampler(
    name: str, *, preset: dict[str, Any] | None = None, log: Record | None = None, **fixed: Any
) -> Callable[..., Tensor]:
    """Our sampler `name` as the function that the host's KSAMPLER calls: `function_of` a `Choice`."""
    return function_of(Choice.of(name, preset, **fixed), log)


def function_of(choice: Choice, log: Record | None = None) -> Callable[..., Tensor]:
    """A choice as the function that the host's KSAMPLER calls.

    Space and noise scale come from the model, the seed from extra_args. What is not fixed is taken from Sigmatic
    Settings on the model, then from the preset. `log` is filled in. It may be called with eta=, s_noise=,
    noise_sampler= as well.
    """
    spec, name = choice.spec, choice.spec.name

    def sample(model, x, sigmas, extra_args=None, callback=None, disable=None, *, noise_sampler=None, **given):
        latents.require_content("the latent", x)
        ms, extra_args = facts.model_sampling(model), extra_args or {}
        sigmas = facts.at_most_one(sigmas, ms)
        mismatch.refuse(ms, sigmas.tolist())
        settings = settings_on_model.of_model(model, extra_args)
        chosen = choice.on(ms, settings, given)
        if "last" in chosen.params:
            masked = extra_args.get("denoise_mask") is not None
            free = "last" not in {**choice.preset, **settings, **choice.fixed, **given} and not (log and log.tries)
            chosen.params["last"] = fitted.last(chosen.params["last"], free, masked, model, sigmas, settings)
        record = log or Record()
        record.begin(int(extra_args.get("seed") or 0), chosen.options, sigmas)
        x, state = record.start(name, chosen.space, x, model, extra_args)
        seed = record.seed
        parts = streams.of_run(spec, chosen.options, ms, model, x)
        table = chosen.table(sigmas, state, parts)
        if not facts.starts_from_noise(ms):
            _refuse_noise(name, table, chosen.params)
        unsuitable = mismatch.notes(spec, table, record.sigmas, model, extra_args, record.tries)
        unheard = streams.notes(spec, chosen.options, table, x)
        record.warn([*chosen.warnings, *settings_on_model.missing(settings, ms), *unsuitable, *unheard])
        source = noise_sampler and foreign_noise.as_host_calls(noise_sampler, spec.name, table, sigmas)
        if source is None and chosen.params.get("s_noise", 0.0) and len(sigmas) > 1:
            source, parts = step_noise(chosen.options.get("noise", DEFAULT_NOISE), spec, x, sigmas, seed, parts)
        plain = (model, extra_args, lambda: False)
        denoiser, extra_args, lacked = with_uncond(name, model, extra_args) if spec.uncond else plain
        denoiser, extra_args = each_call.around(model, denoiser, extra_args, chosen.options, table)
        record.warn(each_call.notes(denoiser))
        computed = caches.around(denoiser, extra_args, chosen.space, table)
        watched = Sentinel(computed, name, record.sigmas, x.device.type == "cpu")
        run = {"space": chosen.space, "seed": seed, "noise": source, "state": state, "extra_args": extra_args}
        run |= {"streams": parts}
        picture = parts[0].size if parts else None
        places = record.places(chosen.options.get("batch_index"), model, picture) if spec.stochastic else None
        watching = record.watching(callback) if spec.adaptive else callback
        run |= {"batch_index": places, "callback": watching, "disable": disable}
        run |= {"table": table} if table is not None else chosen.params
        out, left = samplers.sample_with_state(name, watched, x, sigmas, **run)
        out = watched.finish(out) if watched.evaluations else out
        record.warn([_WITHOUT_NEGATIVE.format(name=name)] if lacked() else [])
        record.spared, still = each_call.spared(denoiser)
        return record.end(out, left, watched.evaluations - still, model, extra_args.get("denoise_mask"))

    setattr(sample, _CHOICE, choice)
    return _described(sample, spec)


def recorded(function: Callable[..., Tensor], name: str, log: Record) -> Callable[..., Tensor]:
    """A sampler function of the host or of another pack, whose runs in parts keep what is outside of a mask."""

    def sample(model, x, sigmas, *given, extra_args=None, **more):
        ms, extra_args = facts.model_sampling(model), extra_args or {}
        log.begin(int(extra_args.get("seed") or 0), log.options, sigmas)
        x, _ = log.start(name, facts.space(ms), x, model, extra_args)
        out = function(model, x, sigmas, *given, extra_args=extra_args, **more)
        state = samplers.State(name, facts.space(ms), log.sigmas[-1], tuple(x.shape))
        return log.end(out, state, 0, model, extra_args.get("denoise_mask"))

    return functools.wraps(function)(sample)


def choice_of(function: Any) -> Choice | None:
    """What is behind a sampler function, None if it is not ours."""
    choice = getattr(function, _CHOICE, None)
    return choice if isinstance(choice, Choice) else None


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
    model_sampling: Any,
    name: str,
    steps: int,
    preset: dict[str, Any] | None = None,
    *,
    warn: Callable[[str], Any] = lambda note: warnings.warn([note]),
    **fixed: Any,
) -> Tensor:
    """Our schedule `name` over the range of a model: float32 on the CPU, steps + 1 values, the last is 0.

    `fixed` are all other keywords of `schedulers.sigmas`; its sigma_min and sigma_max go before the model's. A
    parameter that is not fixed is taken from Sigmatic Settings on the model, then from the `preset`; `warn` gets what
    is wrong with one of those.
    """
    given = {**(preset or {}), **settings_on_model.of_schedule(model_sampling)}
    params = {**options.accepted_by(schedulers.get(name), given, "Sigmatic Settings", warn), **fixed}
    return schedulers.sigmas(name, steps, **{**facts.levels(model_sampling), **params})


def _refuse_noise(name: str, table: Any, params: dict[str, Any]) -> None:
    """ValueError if this run would add noise: for models whose path has none (image to image)."""
    if any(table.noise) if table is not None else params["eta"] > 0:
        raise ValueError(
            f"sampler {name}: this model goes from image to image and has no noise on its way, but the sampler adds "
            "noise at every step. Set eta to 0, or choose a sampler without noise (sig_euler, sig_heun, ...)."
        )


def _described(function: Callable[..., Tensor], spec: Any) -> Callable[..., Tensor]:
    """Give the function the sampler's name, help and true signature: hosts and other packs inspect them."""
    edge = inspect.signature(function).parameters.values()
    edge = [p for p in edge if p.kind is not inspect.Parameter.VAR_KEYWORD]
    params = [inspect.Parameter(name, _KEYWORD, default=default) for name, default in spec.defaults.items()]
    function.__signature__ = inspect.Signature(edge + params)
    function.__name__, function.__doc__ = f"sample_sig_{spec.name}", spec.summary
    return function
