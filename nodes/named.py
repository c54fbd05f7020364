"""Nodes with names of samplers and schedules in their widgets: the host keeps their results by the names alone."""

from typing import Any

from .compat import io
from .install import entry, preset_names


def presets_in(*texts: Any) -> str:
    """What the presets whose names are in these texts stand for; the same for the same settings."""
    kinds = (False, True)
    found = [(name, entry(name, kind)) for kind in kinds for name in preset_names(kind)
             if any(isinstance(text, str) and name in text for text in texts)]  # fmt: skip
    return repr(found)


class ByName(io.ComfyNode):
    """The base of such nodes: one is run again when a preset that it names was overwritten."""

    @classmethod
    def fingerprint_inputs(cls, **widgets: Any) -> str:
        """Changes with the presets in the widgets."""
        return presets_in(*widgets.values())
