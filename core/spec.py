"""Declarations: what a sampler or a schedule is called, what it may be asked for, and who wrote it down first."""

from __future__ import annotations

import difflib
import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from .param import Param, take

ETA = Param("eta", 1.0, min=0.0, max=100.0, help="Noise added back at each step. 0: none, the ODE sampler.")
S_NOISE = Param("s_noise", 1.0, min=0.0, max=100.0, help="Strength of the added noise. 1 is exact; less is smoother.")
GAMMA = Param("gamma", 2.0, min=0.0, max=10.0, help="How far the newest slope is overdrawn; 1 is Euler.")
CHURN = (
    Param("s_churn", 0.0, min=0.0, help="Noise added before steps, shared out over the run. 0: none; 10 to 80: much."),
    Param("s_tmin", 0.0, min=0.0, help="Churn only from this sigma up."),
    Param("s_tmax", math.inf, min=0.0, help="Churn only up to this sigma."),
    S_NOISE,
)
"""Karras et al. 2022, arXiv:2206.00364, Algorithm 2: for one-step samplers of the ODE."""
RESTART = (
    Param("restarts", 0, "int", min=0, max=100, help="How often the stretch below is run again from fresh noise."),
    Param("restart_min", 0.1, min=0.0, steady=True, help="The sigma from which a restart jumps up."),
    Param("restart_max", 2.0, above=0.0, steady=True, help="The sigma to which it jumps; flow models: below 1, 0.5."),
)
"""Xu et al. 2023, arXiv:2306.14878: every sampler without memory has it."""
LAW = Param(
    "law", "ancestral", "choice", choices=("ancestral", "sde", "flow"),
    help="How eta is read: k-diffusion's rule, the diffusion SDE's, or ComfyUI's on flow (old pictures).")  # fmt: skip
CLOCK = Param(
    "clock", "log_sigma", "choice", choices=("log_sigma", "log_snr"),
    help="In what steps are measured on flow models; log_snr, as in the papers, has no memory of sigma 1.")  # fmt: skip
"""On VE both are one. On flow the ODE, dx/dsigma = (x - D)/sigma, is that of VE: samplers of the ODE may step as there,
in -log sigma, which has no end at sigma = 1, as log-SNR has. Over 80 runs on flow models (digits, a public ViT with and
without guidance, mixtures; shifts 1 to 8; 6 to 20 steps) the error is 1.10 times the least of seven clocks in the mean
and 2.1 times at most for DPM++ 2M, with log-SNR 1.19 and 3.1; RES 2M 1.11 and 2.2 against 1.24 and 3.9; DEIS 1.08 and
1.3 against 1.10 and 2.4; UniPC 1.25 and 2.8 against 1.31 and 6.9."""
CENTRAL = frozenset(param.name for param in (*CHURN, *RESTART, CLOCK))
"""Parameters that `core.tabulate` applies to whatever a sampler's builder returns."""


@dataclass(frozen=True)
class Spec:
    """What samplers and schedules have in common: a name, parameters, a summary and a source."""

    name: str
    title: str
    params: tuple[Param, ...]
    summary: str
    reference: str
    build: Callable[..., Any]

    @property
    def defaults(self) -> dict[str, Any]:
        """Every parameter's default, by name."""
        return {param.name: param.default for param in self.params}

    def take(
        self,
        given: Mapping[str, Any],
        *,
        text: bool = False,
        others: bool = False,
        warn: Callable[[str], Any] | None = None,
    ) -> dict[str, Any]:
        """What `given` holds for this declaration, checked, without the defaults: see `core.param.take`."""
        return take(self.params, given, self.name, text=text, others=others, warn=warn)

    def resolve(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """All parameters: what is `given`, checked, and the defaults of the others. ValueError as of `take`."""
        return self.defaults | self.take(given)


@dataclass(frozen=True)
class SamplerSpec(Spec):
    """A sampler: its builder turns one step into stages.

    `order`: the order of convergence of its ODE. `evals_per_step`: model evaluations of an ordinary step. `ode`: the
    parameters that make it its ODE, without noise: {} if it never adds any, None if it cannot do without.
    `history`: how many earlier predictions it uses. `group_size`: its steps go in groups of so many, each of which
    begins without memory. `clock`: the variable of its exact part, "sigma" or "lam". `noise`: the kind that it is made
    for, "gaussian" or "brownian". `integrates_to_zero`: it makes the step to 0 itself.
    `uncond`, `learned`: it needs the model's unconditional prediction, or its variance, too. `models`: "any", or
    "distilled" if it is for those only; `most_cfg`: the guidance scale above which it burns, None if that is the
    model's affair alone. `adaptive`: it chooses its own steps, and has no table. `checked`: what must be right in every
    row of its table: "all", "image" where by design the noise is not what the level asks for, "none" where published
    constants do not add up.
    """

    family: str = ""
    order: int = 1
    evals_per_step: int = 1
    ode: Mapping[str, Any] | None = None
    history: int = 0
    group_size: int = 0
    clock: str = "sigma"
    noise: str = "gaussian"
    integrates_to_zero: bool = False
    uncond: bool = False
    learned: bool = False
    models: str = "any"
    most_cfg: float | None = None
    adaptive: bool = False
    checked: str = "all"
    alias_of: str | None = None

    def steps_as(self, space: str, params: Mapping[str, Any]) -> str:
        """The space as in which its steps over levels of `space` are made: see `CLOCK`."""
        return "ve" if params.get("clock", self.defaults.get("clock")) == "log_sigma" else space

    @property
    def stochastic(self) -> bool:
        """Whether it adds noise by itself, without churn or restarts."""
        return self.ode != {}


@dataclass(frozen=True)
class ScheduleSpec(Spec):
    """A noise schedule: its builder turns a step count and the model's range into levels of noise.

    `spaces`: those that it suits. In the other, most of its steps fall where there is little to do.
    """

    spaces: tuple[str, ...] = ("ve", "flow")


AnySpec = TypeVar("AnySpec", bound=Spec)


class Registry(Generic[AnySpec]):
    """The declared samplers (or schedules) by name, in alphabetical order."""

    def __init__(self, noun: str) -> None:
        self.noun = noun
        self._specs: dict[str, AnySpec] = {}

    def add(self, spec: AnySpec) -> None:
        """Register `spec`; a name taken already, or a builder whose arguments are not the params, is an error."""
        if spec.name in self._specs:
            raise ValueError(f"two {self.noun}s are called {spec.name!r}")
        arguments = list(inspect.signature(spec.build).parameters.values())
        named = [a.name for a in arguments if a.kind is a.KEYWORD_ONLY]
        wanted = [param.name for param in spec.params if param.name not in CENTRAL]
        if named != wanted and not any(a.kind is a.VAR_KEYWORD for a in arguments):
            raise ValueError(f"{self.noun} {spec.name!r}: its builder takes {named}, declared are {wanted}")
        self._specs[spec.name] = spec

    def names(self) -> tuple[str, ...]:
        """All names, sorted."""
        return tuple(sorted(self._specs))

    def get(self, name: str) -> AnySpec:
        """The declaration of `name`; ValueError with the nearest names if there is none."""
        if name in self._specs:
            return self._specs[name]
        near = difflib.get_close_matches(str(name), self._specs, n=3, cutoff=0.6)
        hint = f"did you mean {', '.join(near)}?" if near else f"there are {', '.join(self.names())}."
        raise ValueError(f"unknown {self.noun} {name!r}: {hint}")


SAMPLERS: Registry[SamplerSpec] = Registry("sampler")
SCHEDULES: Registry[ScheduleSpec] = Registry("schedule")


def _steady(params: tuple[Param, ...]) -> tuple[Param, ...]:
    """The parameters without curves, for what has no steps of the caller's to follow."""
    return tuple(replace(param, steady=True) for param in params)


def _summary(build: Callable[..., Any]) -> str:
    return (inspect.getdoc(build) or "").split("\n\n")[0].replace("\n", " ")


def sampler(title: str, *, params: tuple[Param, ...] = (), reference: str = "", **fields: Any):
    """Declare the decorated function as the sampler of its own name.

    It is called as `build(step, **params)` for one step (`core.table.Step`) and returns the step's stages. Parameters
    in CENTRAL are declared, but applied for it; RESTART is declared for it, too, where it has no memory. The first
    paragraph of its docstring is the summary people read.
    """

    def declare(build: Callable[..., Any]) -> Callable[..., Any]:
        name = build.__name__
        quiet = S_NOISE not in params or CHURN[0] in params
        fields.setdefault("ode", {} if quiet else {"eta": 0.0} if "eta" in {p.name for p in params} else None)
        fields.setdefault("noise", "brownian" if name.endswith("_sde") else "gaussian")
        plain = fields.get("history", 0) == 0 and not fields.get("adaptive") and fields.get("models") != "distilled"
        strength = () if S_NOISE in params else (S_NOISE,)
        declared = (*params, *strength, *RESTART) if plain else params
        declared = _steady(declared) if fields.get("adaptive") else declared
        SAMPLERS.add(SamplerSpec(name, title, declared, _summary(build), reference, build, **fields))
        return build

    return declare


def alias(name: str, of: str, title: str, summary: str, reference: str, **fixed: Any) -> None:
    """Declare `name` as the sampler `of` with some parameters fixed: the same table under a second name."""
    base = SAMPLERS.get(of)
    params = tuple(p for p in base.params if p.name not in fixed)

    def build(step: Any, **given: Any) -> Any:
        return base.build(step, **fixed, **given)

    still = None if base.ode is None or any(fixed.get(k, v) != v for k, v in base.ode.items()) else base.ode
    still = still and {key: value for key, value in still.items() if key not in fixed}
    changed = {"name": name, "title": title, "params": params, "summary": summary, "reference": reference, "ode": still}
    SAMPLERS.add(replace(base, **changed, build=build, alias_of=of))


def schedule(title: str, *, params: tuple[Param, ...] = (), reference: str = "", **fields: Any):
    """Declare the decorated function as the schedule of its own name.

    It is called as `build(steps, span, **params)` (`span`: `core.space.Span`) and returns `steps` descending sigmas
    (a float64 array); the closing 0 is added for it.
    """

    def declare(build: Callable[..., Any]) -> Callable[..., Any]:
        summary = _summary(build)
        SCHEDULES.add(ScheduleSpec(build.__name__, title, _steady(params), summary, reference, build, **fields))
        return build

    return declare
