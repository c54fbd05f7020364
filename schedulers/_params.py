"""What `sigmas` takes for every schedule, beside the model and the schedule's own parameters."""

from ..core.space import LARGEST, SMALLEST
from ..core.spec import Param

DENOISE_RULES = ("steps", "sigma")
MOST_STEPS = 1_000_000

STEPS = Param("steps", 20, "int", min=1, max=MOST_STEPS, help="Number of steps from noise to picture.")
SIGMA_MIN = Param("sigma_min", None, min=SMALLEST, max=LARGEST, help="The lowest but 0; else the model's own.")
SIGMA_MAX = Param("sigma_max", None, min=SMALLEST, max=LARGEST, help="The first level; else the model's own.")
DENOISE = Param("denoise", 1.0, above=0.0, max=1.0, help="The last part of the way only; 1 is all of it.")
RULE = Param(
    "denoise_rule", "steps", "choice", choices=DENOISE_RULES,
    help="steps: the last of a longer schedule, as in ComfyUI; sigma: all steps, from denoise times sigma_max down.",
)  # fmt: skip
FIRST_SIGMA = Param("first_sigma", None, above=0.0, max=LARGEST, help="Put in the place of the first level.")
TERMINAL = Param("terminal", True, "bool", help="Whether the last step removes all noise.")
PARAMS = (STEPS, SIGMA_MIN, SIGMA_MAX, DENOISE, RULE, FIRST_SIGMA, TERMINAL)
