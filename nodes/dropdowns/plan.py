"""What a node will do, known before it does it: every node with a run or a schedule has a `plan(model, **widgets)`.

It is pure: it looks at its arguments and the lists of names, says nothing and keeps nothing. The node's execute and the
page's plot both call it, so a plot cannot differ from the run.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

from torch import Tensor

from ... import samplers
from ..host import facts
from ..inputs.widgets import DEFAULT_RHO, SAMPLER, SCHEDULE
from ..running import auto, fitted, recognised, run, settings_on_model
from ..running.host_functions import Configured
from ..running.record import Record
from ..running.step_noise import DEFAULT_NOISE
from . import lookup

Message = tuple[str, dict[str, Any]]
"""What `say` makes."""


def say(text: str, **values: Any) -> Message:
    """A sentence with {names} in it and what they stand for; the page says it in its language (web/words)."""
    return text, values


class Plot(NamedTuple):
    """That the page plots a node; declared in the node's class as `plot`.

    makes: which half of a custom run comes out of the node, "SIGMAS" or "SAMPLER", so that it is drawn with the other
    half; "MODEL": settings on it, which are drawn at a usual run; "": the node is a run by itself. follows: its inputs
    of sigmas. idle: widgets that change nothing in the plot. kept: what of its `ui` output the page keeps with the
    node, for `plan` to get as `kept`. recipe: the page shows the recipe that the model has, and offers to use it.
    """

    makes: str = ""
    follows: tuple[str, ...] = ()
    idle: tuple[str, ...] = ()
    kept: str = ""
    recipe: bool = False


@dataclass(frozen=True)
class ModelFacts:
    """What a plan looks at in a MODEL: the host's model_sampling, the Sigmatic Settings on it.

    model: the MODEL itself; None where the page only assumes one, so that nothing can be tried out on it. shape: of the
    latent that is to be run, where that is known. bare: the sampling without what nodes have set, where the model does
    not say. match: the recipe that was chosen for it, if one was. most: so many
    levels are made for one run, before denoise cuts them; None for any number. wire: the input it comes in by, where
    the node has several. cfg: of the run, where that is known. files: of a model that the page assumes, their names.
    """

    sampling: Any
    settings: Mapping[str, Any] = field(default_factory=dict)
    model: Any = None
    most: int | None = None
    shape: Sequence[int] | None = None
    match: recognised.Match | None = None
    wire: str = ""
    bare: Any = None
    cfg: float | None = None
    files: Sequence[str] = ()

    @classmethod
    def of(cls, model: Any, latent: Mapping[str, Any] | None = None, wire: str = "") -> "ModelFacts":
        """Of a MODEL, and the LATENT that it is to run. ValueError where it does not say what kind of model it is."""
        shape = getattr((latent or {}).get("samples"), "shape", None)  # what is wrong with a latent, its run says
        return cls(facts.model_sampling(model), settings_on_model.of_model(model), model, shape=shape, wire=wire)

    @cached_property
    def recipe(self) -> recognised.Match:
        """What sig_auto goes by: `match`, where a recipe was chosen, else what the model is recognised as."""
        unknown = recognised.Match(None, "the model is not known yet")
        return self.match or (unknown if self.model is None else recognised.match(self.model, self.wire))

    def most_cfg(self, cfg: float) -> float:
        """The largest scale of guidance of a run whose node says `cfg`."""
        over_run = self.settings.get("cfg")
        return over_run.most(cfg) if over_run else cfg

    def with_settings(self, given: Mapping[str, Any]) -> "ModelFacts":
        """The same with Sigmatic Settings put on it."""
        settings, sampling = settings_on_model.put(given, self.settings, self.sampling)
        return replace(self, settings=settings, sampling=sampling)

    def profile(self, steps: int | None = None) -> fitted.Meant:
        """What sig_fitted goes by in a run of so many steps."""
        known = {"cfg": self.cfg, "steps": steps, "files": self.files}
        return fitted.meant(self.model, self.sampling, self.settings, **known)

    def with_recipe(self) -> Any:
        """The MODEL with its recipe on it: of two in one run, each goes by its own."""
        if self.recipe.recipe is None:
            return self.model
        chosen = {**self.settings, recognised.RECIPE: self.recipe.recipe.name}
        return settings_on_model.apply(self.model, chosen, self.sampling)

    def afford(self, steps: int, denoise: float) -> None:
        """ValueError where a run of so many steps takes more levels than are made."""
        if self.most is not None and steps > self.most * denoise > 0:
            raise ValueError(f"steps is {steps} at denoise {denoise:g}: up to {self.most} x denoise steps are drawn.")


@dataclass(frozen=True)
class Sampler:
    """A sampler by name with the options and the kind of noise that widgets give it; `ours` is None for another's."""

    name: str
    ours: lookup.Entry | None
    options: Mapping[str, Any]
    noise: str = DEFAULT_NOISE

    def build(self, batch_index: Sequence[int] | None = None, log: Record | None = None) -> Any:
        """The SAMPLER. batch_index: the pictures' places in a larger batch; log: filled in by the run."""
        known = (dict(self.options), self.noise, batch_index, log)
        if self.name == lookup.AUTO and self.ours is None:
            return lookup.auto_sampler(*known)
        return lookup.our_sampler(self.ours, *known) if self.ours else lookup.sampler_by_name(self.name, *known)

    def on(self, model: ModelFacts) -> Configured | None:
        """The sampler with all its options on a model; None for one of somebody else's."""
        if self.ours is None:
            return None
        return lookup.our_choice(self.ours, self.options, self.noise).on(model.sampling, model.settings)

    def resolved(self, model: ModelFacts, steps: int, whole: bool) -> "Sampler":
        """What sig_auto stands for in a run of so many steps on a model; any other as it is."""
        if self.name != lookup.AUTO or self.ours is not None:
            return self
        name, settings, _ = auto.sampler(model.recipe, model.sampling, steps, whole)
        return replace(self, ours=lookup.Entry(name, settings))

    def with_profile(self, model: ModelFacts, levels: Tensor) -> "Sampler":
        """For a run over the levels of a profile: sig_auto as the sampler that it is for, and the last step by it.

        As it is where the levels are only a part of the profile's, and with a last step that somebody has chosen.
        """
        profile = model.profile().kept
        params = fitted.last_step(profile, levels) if profile else {}
        if params and self.name == lookup.AUTO:
            return replace(self, ours=lookup.Entry(auto.FITTED, params))
        known = samplers.get(self.ours.name).defaults if self.ours else {}
        chosen = {**(self.ours.preset if self.ours else {}), **model.settings, **self.options}
        free = {key: value for key, value in params.items() if key in known and key not in chosen}
        return replace(self, options={**self.options, **free}) if free else self

    def ignores(self, *widgets: str) -> tuple[Message, ...]:
        """A note of those of the node's widgets that this sampler does not have."""
        idle = [name for name in widgets if self.ours and name not in samplers.get(self.ours.name).defaults]
        return (say("{name} pays no attention to {what}.", name=self.name, what=", ".join(idle)),) if idle else ()


@dataclass(frozen=True)
class Plan:
    """What a node will do.

    levels: the levels of noise that are run; of a node that makes sigmas, those of each of its outputs of them. sampler
    and schedule: a `Sampler` and a name; None and "" where there is none, or it has no name. lines: the plans of a
    comparison. model: the `ModelFacts` of the MODEL that comes out. switch: the step from which a second model runs;
    None where there is none. cfg: the scale of guidance of each model, where the node finds it. warnings: said by
    whoever runs the plan. notes: for the plot only. assumes: what is taken for granted.
    """

    levels: tuple[Tensor, ...] = ()
    sampler: Any = None
    schedule: str = ""
    lines: "tuple[Plan, ...] | None" = None
    model: Any = None
    switch: int | None = None
    cfg: tuple[float, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[Message, ...] = ()
    assumes: tuple[Message, ...] = ()

    @property
    def sigmas(self) -> Tensor:
        """The levels of the run, or of the first output."""
        return self.levels[0]

    @property
    def bare(self) -> str:
        """The name of the sampler that runs, without sig_ where it is ours."""
        return self.sampler.ours.name if self.sampler.ours else self.sampler.name

    def record(self, seed: int, latent: dict[str, Any], add_noise: bool) -> Record:
        """The record of the run on a LATENT, with the plan's warnings shown, and what the run before left there."""
        log = Record(seed=seed, options=dict(self.sampler.options), sigmas=tuple(self.sigmas.tolist()), keeps=True)
        log.warn(list(self.warnings))
        log.resume_from(latent, add_noise)
        return log


def levels_by_model(model: ModelFacts, schedule: str, steps: int, warn: Callable[[str], Any]) -> Tensor:
    """The levels of so many steps that the recipe of a model wants, or, of sig_fitted, those of its profile."""
    profile = model.profile(steps) if schedule == lookup.FITTED else None
    for note in fitted.notes(profile) if profile and model.model is not None else ():
        warn(note)
    if profile and profile.kept:
        return profile.kept.profile.sigmas(steps)
    return auto.levels(model.recipe, model.model, model.sampling, steps, model.shape, bare=model.bare, warn=warn)


def of_profile(model: ModelFacts, schedule: str, steps: int) -> tuple[Message, ...]:
    """What a plot takes for granted where sig_fitted is chosen; nothing of a MODEL that is there."""
    if schedule != lookup.FITTED or model.model is not None:
        return ()
    kept = model.profile(steps).kept
    if kept:
        return (say("Levels of the profile {name}.", name=str(kept)),)
    return (say("sig_fitted knows the model when it runs; this is what it does for one without a profile."),)


def by_name(
    model: ModelFacts,
    sampler: Sampler,
    schedule: str,
    steps: int,
    denoise: float = 1.0,
    rho: float = DEFAULT_RHO,
    more: Mapping[str, Any] | None = None,
) -> Plan:
    """A run by names, as the host's KSampler does it. `more` are parameters of a schedule of ours."""
    warned: list[str] = []
    known = {"rho": rho, "more": more, "warn": warned.append}
    model.afford(steps, denoise)

    def levels_of(total: int) -> Tensor:
        if schedule in lookup.by_model(True):
            return levels_by_model(model, schedule, total, warned.append)
        return lookup.levels_by_name(model.sampling, schedule, sampler.name, total, **known)

    levels = run.tail(steps, denoise, levels_of)
    sampler = sampler.resolved(model, steps, denoise == 1)
    if schedule == lookup.FITTED:
        sampler = sampler.with_profile(model, levels)
    return Plan((levels,), sampler, schedule, warnings=tuple(warned), assumes=of_profile(model, schedule, steps))


def usual(model: ModelFacts) -> Plan:
    """A run as a new Sigmatic KSampler does it, in place of one that is not known."""
    return by_name(model, Sampler(SAMPLER, lookup.sampler_entry(SAMPLER), {}), SCHEDULE, 20)
