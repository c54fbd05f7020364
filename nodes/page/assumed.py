"""Stand-ins for a model that the page cannot see: the host's own model_sampling objects of the usual kinds."""

from functools import lru_cache
from typing import Any

import comfy.model_sampling

from ...core.spec import Param
from . import checks

KIND = Param("model.kind", "sd", kind="choice", choices=("sd", "zsnr", "edm", "flow"))
SHIFT = Param("model.shift", 1.0, min=0.01, max=100.0)
SIGMA_MIN = Param("model.sigma_min", 0.002, min=1e-5, max=1.0)
SIGMA_MAX = Param("model.sigma_max", 120.0, min=2.0, max=1e5)
_FIELDS = {"kind": KIND, "shift": SHIFT, "sigma_min": SIGMA_MIN, "sigma_max": SIGMA_MAX}


def read(given: Any) -> tuple[str, float, float, float]:
    """(kind, shift, sigma_min, sigma_max) of a JSON object; TypeError or ValueError naming what is wrong in it."""
    if not isinstance(given, dict) or not given.keys() <= _FIELDS.keys():
        raise TypeError(f"model: give an object with {', '.join(_FIELDS)}, all of them optional.")
    kind, shift, low, high = (param.check(given.get(name, param.default)) for name, param in _FIELDS.items())
    return kind, shift, low, high


class Model:
    """As much of a MODEL as is asked by nodes that make levels of noise or settings."""

    def __init__(self, ms: Any) -> None:
        self.ms = ms
        self.model_options: dict[str, Any] = {}

    def get_model_object(self, name: str) -> Any:
        """model_sampling; KeyError for anything else."""
        return {"model_sampling": self.ms}[name]

    def clone(self) -> "Model":
        """A copy with options of its own."""
        twin = Model(self.ms)
        twin.model_options = dict(self.model_options)
        return twin

    def add_object_patch(self, name: str, patch: Any) -> None:
        """Use `patch` for model_sampling from now on."""
        self.ms = {"model_sampling": patch}[name]


@lru_cache(maxsize=8)
def model_sampling(kind: str, shift: float, sigma_min: float, sigma_max: float) -> Any:
    """The host's object: "sd" (its default table), "zsnr" (the same up to pure noise), "edm" or "flow"."""
    known = comfy.model_sampling
    if kind == "flow":
        flow = type("Assumed", (known.ModelSamplingDiscreteFlow, known.CONST), {})()
        flow.set_parameters(shift=shift)
        return flow
    if kind == "edm":
        edm = type("Assumed", (known.ModelSamplingContinuousEDM, known.EPS), {})()
        edm.set_parameters(sigma_min, sigma_max, 1.0)
        return edm
    table = type("Assumed", (known.ModelSamplingDiscrete, known.V_PREDICTION if kind == "zsnr" else known.EPS), {})
    return table(zsnr=True) if kind == "zsnr" else table()


def in_words(kind: str, shift: float, sigma_min: float, sigma_max: float) -> checks.Message:
    """What is assumed, for people."""
    return {
        "sd": checks.say("The model is taken for a Stable Diffusion 1, 2 or XL model."),
        "zsnr": checks.say("The model is taken for a v model trained up to pure noise (zero terminal SNR)."),
        "edm": checks.say(
            "The model is taken for an EDM model from sigma {low} to {high}.", low=sigma_min, high=sigma_max
        ),
        "flow": checks.say("The model is taken for a flow model with shift {shift}.", shift=shift),
    }[kind]
