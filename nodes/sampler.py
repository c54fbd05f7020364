"""Sigmatic Sampler: a sampler with its parameters, for custom sampling (-> SAMPLER)."""

from .dropdowns import lookup, start_here
from .dropdowns.by_name import ByName
from .dropdowns.plan import ModelFacts, Plan, Plot, Sampler
from .host.api import CATEGORY, advanced, io, schema
from .inputs import options, widgets


class SigmaticSampler(ByName):
    """A sampler with its parameters, for SamplerCustom and everything else that takes a SAMPLER."""

    plot = Plot("SAMPLER", idle=("noise",))

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Lists our samplers only: the host has nodes for its own."""
        return schema(
            node_id="SigmaticSampler",
            display_name="Sigmatic Sampler",
            category=CATEGORY,
            description="A Sigmatic sampler with its parameters, for SamplerCustom and SamplerCustomAdvanced.",
            search_aliases=["sampler select", "eta"],
            inputs=[
                widgets.choice(
                    "sampler",
                    _names(),
                    widgets.SAMPLER,
                    "The method that steps from noise to picture. sig_auto: what the model's recipe wants.",
                ),
                widgets.eta(),
                widgets.s_noise(),
                widgets.noise(),
                advanced(widgets.curve_text("eta")),
                advanced(widgets.curve_text("s_noise")),
                advanced(widgets.more()),
            ],
            outputs=[io.Sampler.Output(display_name="sampler", tooltip="For the sampler input of SamplerCustom.")],
        )

    @classmethod
    def validate_inputs(cls, sampler=None) -> bool | str:
        """Refuse an unknown name before anything is queued."""
        return widgets.problem("sampler", sampler, _names()) or True

    @classmethod
    def plan(
        cls, model: ModelFacts | None, sampler=widgets.SAMPLER, eta=1.0, s_noise=1.0, noise="default", eta_curve="",
        s_noise_curve="", more="",
    ) -> Plan:  # fmt: skip
        """The sampler with its options; whoever runs it has the levels."""
        widgets.require_names(sampler=(sampler, _names()), noise=(noise, widgets.NOISES))
        given = options.from_widgets(eta, s_noise, eta_curve=eta_curve, s_noise_curve=s_noise_curve)
        ours = None if sampler == lookup.AUTO else lookup.chosen(sampler)
        chosen = Sampler(sampler, ours, given | options.more(more), noise)
        return Plan(sampler=chosen, notes=chosen.ignores("eta", "s_noise"))

    @classmethod
    def execute(cls, **chosen) -> io.NodeOutput:
        """The planned sampler as a KSAMPLER of the host."""
        return io.NodeOutput(cls.plan(None, **chosen).sampler.build())


def _names() -> list[str]:
    return start_here.ordered([lookup.AUTO, *lookup.sampler_names()])
