"""Declarations: what a sampler or a schedule is called, what it may be asked for, and who wrote it down first."""

from __future__ import annotations

import difflib
import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from .param import Param

ETA = Param("eta", 1.0, min=0.0, max=100.0, help="Noise added back at each step. 0: none, the ODE sampler.")
S_NOISE = Param("s_noise", 1.0, min=0.0, max=100.0, help="Strength of the added noise. 1 is exact; less is smoother.")
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
CENTRAL = frozenset(param.name for param in (*CHURN, *RESTART))
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

    def takes(self, name: str) -> bool:
        """Whether it has a parameter of that name."""
        return any(param.name == name for param in self.params)

    def resolve(self, given: dict[str, Any]) -> dict[str, Any]:
        """Check `given` against the declaration and fill in the defaults; raise ValueError naming the parameter."""
        known = {param.name: param for param in self.params}
        for name in given:
            if name not in known:
                takes = ", ".join(known) or "no parameters"
                raise ValueError(f"{self.name} has no parameter {name!r}: it takes {takes}.")
        return {name: param.check(given[name]) if name in given else param.default for name, param in known.items()}


@dataclass(frozen=True)
class SamplerSpec(Spec):
    """A sampler: its builder turns one step into stages.

    `order` is the order of convergence of its ODE, `evals_per_step` the model evaluations of an ordinary step,
    `history` the number of earlier predictions it uses, `clock` the variable of its exact part: "sigma"
    or "lam", `noise` the kind of noise it asks for by itself: "gaussian" or "brownian". `uncond`, `learned`: it needs
    the model's unconditional prediction, or its variance, too. `models`: "any", or "distilled" if only those are met
    with it; `most_cfg`: the guidance scale above which it burns, None if that is the model's affair alone. `adaptive`:
    it chooses its own steps, and has no table.
    `marginal` False: its noise is not what the level asks for, by design; `table_tolerance`: by how much its
    coefficients miss, where old pictures need it. `group_size`: its steps go in groups of so many, each beginning
    without memory. `closing`: the last so many steps before 0 are made another way, so a run cannot be split there.
    `integrates_to_zero`: it makes the step to 0 itself.
    """

    family: str = ""
    order: int = 1
    evals_per_step: int = 1
    stochastic: bool = False
    history: int = 0
    clock: str = "sigma"
    noise: str = "gaussian"
    uncond: bool = False
    learned: bool = False
    models: str = "any"
    most_cfg: float | None = None
    adaptive: bool = False
    marginal: bool = True
    table_tolerance: float = 0.0
    group_size: int = 0
    closing: int = 0
    integrates_to_zero: bool = False
    alias_of: str | None = None

    @property
    def ode(self) -> dict[str, Any] | None:
        """What it must be told to add no noise, so that it solves the ODE; None where it adds noise in any case."""
        off = {name: 0.0 for name in ("eta", "tau") if self.takes(name)}
        kinds = {p.name: "ode" for p in self.params if "ode" in p.choices}
        return off | kinds if off or kinds or not self.stochastic else None

    def resolve(self, given: dict[str, Any]) -> dict[str, Any]:
        """As of every declaration; a float may also be a function of sigma, whose values are checked with the table."""
        curves = {name: value for name, value in given.items() if callable(value)}
        if curves:
            floats = {param.name for param in self.params if param.kind == "float" and not param.steady}
            curves = {name: value for name, value in curves.items() if name in floats}
        plain = super().resolve({name: value for name, value in given.items() if name not in curves})
        return {**plain, **curves}


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
        near = difflib.get_close_matches(str(name), self._specs, n=3, cutoff=0.4)
        hint = f"did you mean {', '.join(near)}?" if near else f"there are {', '.join(self.names())}."
        raise ValueError(f"unknown {self.noun} {name!r}: {hint}")


SAMPLERS: Registry[SamplerSpec] = Registry("sampler")
SCHEDULES: Registry[ScheduleSpec] = Registry("schedule")


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
        fields.setdefault("stochastic", S_NOISE in params and CHURN[0] not in params)
        fields.setdefault("noise", "brownian" if name.endswith("_sde") else "gaussian")
        plain = fields.get("history", 0) == 0 and not fields.get("adaptive") and fields.get("models") != "distilled"
        strength = () if S_NOISE in params else (S_NOISE,)
        own = (*params, *strength, *RESTART) if plain else params
        SAMPLERS.add(SamplerSpec(name, title, own, _summary(build), reference, build, **fields))
        return build

    return declare


def alias(name: str, of: str, title: str, summary: str, reference: str, **fixed: Any) -> None:
    """Declare `name` as the sampler `of` with some parameters fixed: the same table under a second name."""
    base = SAMPLERS.get(of)
    params = tuple(p for p in base.params if p.name not in fixed)

    def build(step: Any, **given: Any) -> Any:
        return base.build(step, **fixed, **given)

    own = {"name": name, "title": title, "params": params, "summary": summary, "reference": reference}
    SAMPLERS.add(replace(base, **own, build=build, alias_of=of))


def schedule(title: str, *, params: tuple[Param, ...] = (), reference: str = "", **fields: Any):
    """Declare the decorated function as the schedule of its own name.

    It is called as `build(steps, span, **params)` (`span`: `core.space.Span`) and returns `steps` descending sigmas
    (a float64 array); the closing 0 is added for it.
    """

    def declare(build: Callable[..., Any]) -> Callable[..., Any]:
        SCHEDULES.add(ScheduleSpec(build.__name__, title, params, _summary(build), reference, build, **fields))
        return build

    return declare
