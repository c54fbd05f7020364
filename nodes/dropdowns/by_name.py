"""Nodes with names of samplers and schedules in their widgets: the host keeps their results by the names alone."""

from typing import Any

from ..host.api import io
from .lookup import entry, preset_names


def presets_in(*texts: Any) -> str:
    """What the presets whose names are in these texts stand for; the same for the same settings."""
    written = [text for text in texts if isinstance(text, str)]
    presets = [(name, schedule) for schedule in (False, True) for name in preset_names(schedule)]
    return repr([(name, entry(name, schedule)) for name, schedule in presets if any(name in text for text in written)])


class ByName(io.ComfyNode):
    """The base of such nodes: one is run again when a preset that it names was overwritten."""

    @classmethod
    def fingerprint_inputs(cls, **widgets: Any) -> str:
        """Changes with the presets in the widgets."""
        return presets_in(*widgets.values())
