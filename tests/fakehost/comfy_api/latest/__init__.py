"""Node classes, as strict as the oldest host that is supported: words it does not know are a TypeError."""

from dataclasses import dataclass, field
from types import SimpleNamespace


class ComfyExtension:
    """What an extension derives from."""


class ComfyNode:
    """What a node derives from."""

    hidden = None


class NodeOutput:
    """What a node returns."""

    def __init__(self, *args, ui=None):
        self.args, self.ui = args, ui


@dataclass
class Schema:
    """What a node is."""

    node_id: str
    display_name: str = ""
    category: str = ""
    description: str = ""
    inputs: list = field(default_factory=list)
    outputs: list = field(default_factory=list)
    is_output_node: bool = False
    hidden: list = field(default_factory=list)


@dataclass
class Output:
    """An output."""

    display_name: str
    tooltip: str


def _type(name, *words):
    class Input:
        """An input of the type `name`, which knows `words`."""

        io_type = name

        def __init__(self, id, **given):
            unknown = set(given) - {"display_name", "tooltip", "optional", *words}
            if unknown:
                raise TypeError(f"{name}: unexpected {unknown}")
            self.id, self.given, self.extra_dict = id, given, {}

        def as_dict(self):
            """What the page is told."""
            return {**self.given, **self.extra_dict}

    return SimpleNamespace(Input=Input, Output=type("Output", (Output,), {"io_type": name}))


TYPES = ("Model", "Conditioning", "Latent", "Image", "Sampler", "Sigmas", "Noise", "Vae")
_NUMBER = ("default", "min", "max", "step")
io = SimpleNamespace(
    ComfyNode=ComfyNode,
    NodeOutput=NodeOutput,
    Schema=Schema,
    Hidden=SimpleNamespace(extra_pnginfo="EXTRA_PNGINFO"),
    Int=_type("INT", *_NUMBER, "control_after_generate"),
    Float=_type("FLOAT", *_NUMBER, "round", "optional"),
    Boolean=_type("BOOLEAN", "default", "optional"),
    String=_type("STRING", "default", "multiline", "optional"),
    Combo=_type("COMBO", "default", "options", "optional"),
    **{name: _type(name.upper(), "optional") for name in TYPES},
)
