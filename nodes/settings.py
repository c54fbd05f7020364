"""Sigmatic Settings: options that ride on the MODEL to every sig_ name after it."""

from typing import Any

from ..core import catalog
from .dropdowns.by_name import ByName
from .dropdowns.plan import ModelFacts, Plan, Plot
from .host.api import CATEGORY, advanced, io, number, schema
from .inputs import guided, options, widgets
from .running import profile_files, settings_on_model


def _or_leave(name: str, high: float, step: float, tooltip: str) -> Any:
    return number(name, -1.0, -1.0, high, step, tooltip + " -1: as it was.")


def _over_the_run() -> list:
    """Detail and guidance; optional, since prompts from before lack them."""
    return [
        io.String.Input("detail", default="", optional=True,
            tooltip="More detail, 0.02 to 0.1, or less, below 0: the model is given less noise than there is. A "
            "number, or a curve percent:amount, such as 20:0, 50:0.1, 80:0. Nothing: as it was. 0: none."),
        io.String.Input("cfg_curve", default="", optional=True,
            tooltip="cfg over the run in place of the node's own: percent:scale, such as 0:8, 100:3. Or a range such "
            "as 20-80: outside of it cfg is 1 and the negative prompt is not asked, which saves time. Nothing: as it "
            "was."),
        io.Combo.Input("guidance", options=list(guided.WAYS), default=guided.LEFT, optional=True,
            tooltip="How cfg is done. rescale, apg: less burnt at high cfg. cfg_zero: for flow models; cfg_zero_init: "
            "also no step in the first 4 percent. plain: the usual way. default: as it was."),
        io.Combo.Input("thresholding", options=list(guided.RANGES), default=guided.LEFT, optional=True,
            tooltip="For models of pixels at high cfg: keeps predictions within the values that pictures have. "
            "dynamic: as Imagen does, static: cut off. none: as they come. Models of latents are left alone. "
            "default: as it was."),
    ]  # fmt: skip


def _of_sound() -> list:
    """Noise of the sound, where it is in one latent with the picture; optional, as above."""
    return [
        number("eta_audio", -1.0, -1.0, 100.0, 0.01,
            "How much fresh noise every step puts back into the sound of models that make picture and sound together "
            "(LTX-2, MiniMax H3; ComfyUI from 0.33 on). 0, none, is usual: noise in the steps is heard. -1: as it was, "
            "which is 0 in the beginning.", optional=True),
        number("s_noise_audio", -1.0, -1.0, 100.0, 0.01,
            "Strength of the fresh noise in the sound. -1: as it was, in the beginning that of the picture.",
            optional=True),
    ]  # fmt: skip


def _set(**numbers: float) -> dict[str, Any]:
    """Those that are set. ValueError naming one that is neither -1 nor a number from 0 up."""
    given = {name: value for name, value in numbers.items() if value != -1}
    for name, value in given.items():
        if not value >= 0:
            raise ValueError(f"{name} is {value}: give a number from 0 up, or -1 to leave it as it was.")
    return given


class SigmaticSettings(ByName):
    """Puts options for every sig_ sampler and schedule on a MODEL."""

    plot = Plot("MODEL", idle=("noise", "batch_index"))

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Every widget has a value that says nothing."""
        return schema(
            node_id="SigmaticSettings",
            display_name="Sigmatic Settings",
            category=CATEGORY,
            description="Settings for every sig_ sampler and schedule that is used with this model, in any node that "
            "takes a sampler by name: KSampler, detailers, upscalers. Of two Settings in a row the later one wins, "
            "setting by setting. Put it after ModelSamplingSD3 and the like.",
            search_aliases=["eta", "s_noise", "sampler options", "karras rho"],
            inputs=[
                io.Model.Input("model", tooltip="The model to put the settings on."),
                _or_leave("eta", 100.0, 0.01, "How much fresh noise every step puts back. 0: none."),
                _or_leave("s_noise", 100.0, 0.01, "Strength of that fresh noise."),
                _or_leave("s_churn", 1000.0, 0.1, "Noise put in before the steps, for samplers that have it."),
                _or_leave("rho", 100.0, 0.1, "How strongly the steps crowd towards low noise; above 0."),
                widgets.noise(),
                advanced(widgets.curve_text("eta")),
                advanced(widgets.curve_text("s_noise")),
                advanced(number("start_percent", 0.0, 0.0, 100.0, 1.0,
                    "No noise (eta, s_churn) before this part of the run.")),
                advanced(number("end_percent", 100.0, 0.0, 100.0, 1.0,
                    "No noise (eta, s_churn) after this part of the run.")),
                advanced(widgets.more()),
                advanced(io.Int.Input("batch_index", default=-1, min=-1, max=2**31,
                    tooltip="Place of the first picture in its batch, so that a picture done again by itself gets the "
                    "same noise in its steps. -1: as it was.")),
                advanced(widgets.profile(profile_files.names())),
                *map(advanced, (*_over_the_run(), *_of_sound())),
            ],
            outputs=[io.Model.Output(display_name="model", tooltip="The model with the settings on it.")],
        )  # fmt: skip

    @classmethod
    def validate_inputs(
        cls, eta_curve=None, s_noise_curve=None, more=None, profile=None, detail=None, cfg_curve=None
    ) -> bool | str:
        """Refuse texts that say nothing, and a profile that is gone, before anything is queued."""
        try:
            guided.options(detail, cfg_curve)
        except ValueError as error:
            return str(error)
        gone = widgets.problem("profile", profile, [widgets.AUTO, *profile_files.names()])
        return gone or options.problems(eta_curve=eta_curve, s_noise_curve=s_noise_curve, more=more) or True

    @classmethod
    def plan(  # noqa: PLR0913 - one argument a widget
        cls, model: ModelFacts, eta=-1.0, s_noise=-1.0, s_churn=-1.0, rho=-1.0, noise="default", eta_curve="",
        s_noise_curve="", start_percent=0.0, end_percent=100.0, more="", batch_index=-1, profile=widgets.AUTO,
        detail="", cfg_curve="", guidance=guided.LEFT, thresholding=guided.LEFT, eta_audio=-1.0,
        s_noise_audio=-1.0,
    ) -> Plan:  # fmt: skip
        """The model with the options that the widgets give."""
        widgets.require_names(noise=(noise, widgets.NOISES))
        given = (
            catalog.take(_set(eta=eta, s_noise=s_noise, s_churn=s_churn, rho=rho))
            | options.curves(eta_curve=eta_curve, s_noise_curve=s_noise_curve)
            | options.more(more)
        )
        given |= guided.options(detail, cfg_curve, guidance, thresholding)
        given |= _set(eta_audio=eta_audio, s_noise_audio=s_noise_audio)
        if noise != widgets.NOISES[0]:
            given["noise"] = noise
        if (start_percent, end_percent) != (0.0, 100.0):
            if not start_percent < end_percent:
                raise ValueError(f"start_percent is {start_percent:g}: give less than end_percent ({end_percent:g}).")
            given["between"] = (start_percent, end_percent)
        if batch_index >= 0:
            given["batch_index"] = batch_index
        given |= profile_files.riding(profile)
        return Plan(model=model.with_settings(given))

    @classmethod
    def execute(cls, model, **chosen) -> io.NodeOutput:
        """A clone of the MODEL with the planned options on it."""
        settings = cls.plan(ModelFacts.of(model), **chosen).model
        return io.NodeOutput(settings_on_model.apply(model, settings.settings, settings.sampling))
