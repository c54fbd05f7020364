"""Nodes with names of samplers and schedules in their widgets: the host keeps their results by the names alone."""

from typing import Any

from ..host.api import io
from ..inputs import options
from ..running.profile_files import all_kept
from .lookup import FITTED, entry, preset_names


def presets_in(*texts: Any) -> str:
    """What the presets whose names are in these texts stand for, and profiles; the same for the same settings."""
    written = [text for text in texts if isinstance(text, str)]
    any_profile = any(FITTED in text for text in written)
    kept = [profile for name, profile in all_kept().items() if any_profile or name in written]
    presets = [(name, schedule) for schedule in (False, True) for name in preset_names(schedule)]
    by_name = [(name, entry(name, schedule)) for name, schedule in presets if any(name in text for text in written)]
    return repr([*by_name, *kept])


class ByName(io.ComfyNode):
    """The base of such nodes: one is run again when a preset or profile that it names was overwritten."""

    @classmethod
    def fingerprint_inputs(cls, **widgets: Any) -> str:
        """Changes with the presets and profiles in the widgets."""
        return presets_in(*widgets.values())


class RunByName(ByName):
    """The base of those that run a sampler and a schedule, with `widgets.run_options` among their inputs."""

    @classmethod
    def validate_inputs(cls, eta_curve=None, s_noise_curve=None) -> bool | str:
        """Refuse texts that are no curve before anything is queued."""
        return options.problems(eta_curve=eta_curve, s_noise_curve=s_noise_curve) or True
