"""Widgets that several nodes share, worded the same everywhere, and the check of names chosen in them."""

import difflib
from collections.abc import Sequence
from functools import partial

from ...core.noise import kinds
from ...schedulers import DENOISE_RULES
from ..host.api import NameInput, advanced, io, number

SAMPLER, SCHEDULE = "sig_dpmpp_2m_sde", "sig_karras"
LAST_STEP = 10000
NOISE_KINDS = list(kinds.KINDS)
NOISES = ["default", *NOISE_KINDS, "comfy"]
DEFAULT_RHO = 7.0  # left there, each schedule keeps its default: karras 7, polyexponential 1


def choice(name: str, names: Sequence[str], preferred: str, tooltip: str) -> io.Combo.Input:
    """A dropdown; its default is `preferred`, or the first option where that is missing."""
    default = preferred if preferred in names else names[0]
    return NameInput(name, options=names, default=default, tooltip=tooltip)


def problem(widget: str, value: str | None, names: Sequence[str]) -> str | None:
    """What is wrong with a chosen name, None if nothing is (or it is not known yet: None)."""
    if value is None or value in names:
        return None
    near = difflib.get_close_matches(str(value), names, n=3, cutoff=0.6)
    hint = f"did you mean {', '.join(near)}?" if near else f"choose one of {', '.join(names)}."
    return f"{widget} is {value!r}, which is not there: {hint}"


def require_names(**chosen: tuple[str, Sequence[str]]) -> None:
    """ValueError unless every widget's value (widget=(value, names)) is one of its names."""
    for widget, (value, names) in chosen.items():
        wrong = problem(widget, str(value) if value is None else value, names)
        if wrong:
            raise ValueError(wrong)


# Widgets by name: every call makes a new one, for one node.

eta = partial(
    number, "eta", 1.0, 0.0, 100.0, 0.01,
    "How much fresh noise every step puts back (eta). 1 is the sampler's standard amount, 0 none at all: the "
    "result is then that of the plain ODE sampler. Samplers without such noise pay no attention to it.",
)  # fmt: skip
s_noise = partial(
    number, "s_noise", 1.0, 0.0, 100.0, 0.01,
    "Strength of that fresh noise (s_noise). 1 is exact; a little less gives smoother pictures, a little more "
    "gives more detail and in the end grain. Samplers without such noise pay no attention to it.",
)  # fmt: skip
rho = partial(
    number, "rho", DEFAULT_RHO, 0.1, 100.0, 0.1,
    "How strongly the steps crowd towards low noise (Karras et al.'s rho), for Sigmatic's schedules that have "
    "it. Left at 7, each uses its own value: sig_karras 7, sig_polyexponential 1. ComfyUI's own schedules "
    "cannot be told: choose sig_karras instead of karras.",
)  # fmt: skip
denoise = partial(
    number, "denoise", 1.0, 0.0, 1.0, 0.01,
    "How much of the latent is redone (denoise). 1 starts from pure noise; 0.4 keeps the picture and changes its "
    "details: the last `steps` steps of a schedule of steps / denoise.",
)  # fmt: skip
steps = partial(
    io.Int.Input, "steps", default=20, min=1, max=LAST_STEP,
    tooltip="Number of steps from noise to picture. More is slower.",
)  # fmt: skip
noise = partial(
    io.Combo.Input, "noise", options=NOISES, default=NOISES[0],
    tooltip="The kind of the fresh noise. default: what the sampler is made for. gaussian: new in every step. "
    "brownian: one path, so more steps refine the same picture. pink, pyramid: larger shapes; blue, violet: finer "
    "grain. window, loop: long videos. a1111: that of A1111 and Forge, also at the start; a1111_ensd: with their delta "
    "31337. comfy: ComfyUI's own, to match old pictures.",
)  # fmt: skip
points = partial(
    io.String.Input, "points", default="", optional=True,
    tooltip="The amounts of noise of sig_drawn, as percent:sigma with lines between: 0:14.6, 60:1, 100:0.03; or "
    "sigmas alone, evenly placed. Choose points above the plot to draw them. Other schedules pay no attention to it.",
)  # fmt: skip
more = partial(
    io.String.Input, "more", default="", optional=True,
    tooltip="Other options of samplers and schedules: name = value; name = value. Their names are in the help of "
    "each sampler. A number may be a curve: s_churn = 0:20, 50:0.",
)  # fmt: skip


seed = partial(
    io.Int.Input, "seed", default=0, min=0, max=0xFFFFFFFFFFFFFFFF, control_after_generate=True,
    tooltip="Number that the noise is made from. Same seed, same picture.",
)  # fmt: skip


AUTO = "auto"


def profile(names: Sequence[str]) -> io.Combo.Input:
    """Which profile is to ride on the MODEL."""
    return io.Combo.Input(
        "profile",
        options=[AUTO, *names],
        default=AUTO,
        optional=True,  # prompts from before it was there stay good
        tooltip="The profile that sig_fitted goes by on this model; Sigmatic Fit Schedule makes them. auto: the one "
        "that is kept for the model and its cfg.",
    )


def cfg(tooltip: str, default: float = 8.0) -> io.Float.Input:
    """The scale of guidance."""
    return number("cfg", default, 0.0, 100.0, 0.1, tooltip)


def run_links(model: str, positive: str, negative: str, latent_image: str) -> list:
    """What a node that runs a model is wired to, each with its tooltip."""
    return [
        io.Model.Input("model", tooltip=model),
        io.Conditioning.Input("positive", tooltip=positive),
        io.Conditioning.Input("negative", tooltip=negative),
        io.Latent.Input("latent_image", tooltip=latent_image),
    ]


def curve_text(name: str) -> io.String.Input:
    """Text for a curve over the run in place of the number `name`."""
    return io.String.Input(
        f"{name}_curve", default="", optional=True,  # prompts from before it was there stay good
        tooltip=f"{name} over the run, as percent:value with straight lines between: 0:1, 50:0.5, 100:0. It wins over "
        f"the number {name}. Nothing: the number.",
    )  # fmt: skip


def run_options() -> list:
    """All that a node which runs a sampler and a schedule by name has beside them, in this order."""
    curves = [advanced(curve_text(name)) for name in ("eta", "s_noise")]
    return [denoise(), eta(), s_noise(), rho(), noise(), *part_of_a_run(), *curves]


def run_outputs() -> list:
    """What such a node hands on."""
    return [
        io.Latent.Output(display_name="latent", tooltip="The latent without its noise."),
        io.String.Output(display_name="summary", tooltip="What was done, in words: for nodes that save text."),
        io.Latent.Output(
            display_name="denoised", tooltip="The picture as the model saw it last: a look at a run that stops early."
        ),
        io.String.Output(
            display_name="infotext",
            tooltip="The run as A1111's web UI writes it: for picture savers and Civitai. It is in ComfyUI's own PNG "
            "info, too.",
        ),
    ]


def schedule_options() -> list:
    """Where a schedule begins and ends, and `more`: folded away, and optional, since older prompts lack them."""
    shown = [
        io.Combo.Input(
            "denoise_rule", options=list(DENOISE_RULES), default=DENOISE_RULES[0], optional=True,
            tooltip="What denoise means. steps: the last part of a longer schedule, as ComfyUI does it. sigma: all "
            "steps below denoise times the model's highest noise, the same start for every schedule.",
        ),
        number(
            "sigma_max", 0.0, 0.0, 1e6, 0.01, "The noise at the start (sigma_max). 0: the model's own.", optional=True
        ),
        number(
            "sigma_min", 0.0, 0.0, 1e6, 0.001, "The lowest noise before the end (sigma_min). 0: the model's own.",
            optional=True,
        ),
        number(
            "first_sigma", 0.0, 0.0, 1e6, 0.01,
            "Put in the place of the first level only; the others stay where they are. 0: off.", optional=True,
        ),
        io.Boolean.Input(
            "terminal", default=True, optional=True,
            tooltip="On: the last step removes all noise. Off: it stops before that step, with noise left for "
            "another sampler to go on from.",
        ),
    ]  # fmt: skip
    return [advanced(widget) for widget in (*shown, more())]


def part_of_a_run() -> list:
    """For runs that are split over several nodes."""
    return [
        advanced(io.Int.Input(
            "start_at_step", default=0, min=0, max=LAST_STEP,
            tooltip="Steps before this one are left out: they have been done by a KSampler before.",
        )),
        advanced(io.Int.Input(
            "end_at_step", default=LAST_STEP, min=0, max=LAST_STEP,
            tooltip="Stop before this step; another KSampler can go on from here.",
        )),
        advanced(io.Boolean.Input(
            "add_noise", default=True,
            tooltip="Off: the latent has the noise already, from a KSampler that returned leftover noise.",
        )),
        advanced(io.Boolean.Input(
            "return_with_leftover_noise", default=False,
            tooltip="When stopping early: on hands the noise that is left to the next KSampler, off removes "
            "it in the last step.",
        )),
    ]  # fmt: skip
