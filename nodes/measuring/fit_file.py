"""Fitted schedules kept in the host's user directory, so that one model is measured once."""

import hashlib
import json
import logging
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...core import files
from ...core.tabulate import check_sigmas
from ..host.user_files import folder

_KEPT = 16  # fits of the same settings, for different models and prompts
_POINTS = 256
_DAMAGED = (ValueError, KeyError, TypeError)
_log = logging.getLogger("sigmatic")


def fingerprint(x0: Tensor) -> list[float]:
    """A few hundred numbers of what a model makes in a short run: another model, LoRA or prompt makes others."""
    flat = x0.detach().float().cpu().flatten()
    return flat[:: max(1, len(flat) // _POINTS)][:_POINTS].tolist()


def find(settings: dict[str, Any], probe: list[float]) -> dict[str, Any] | None:
    """The fit kept for these settings and the model with this fingerprint, None if there is none."""
    return next((entry for entry in _read(settings) if _same(entry["probe"], probe)), None)


def keep(settings: dict[str, Any], probe: list[float], fit: dict[str, Any]) -> None:
    """Keep `fit` (JSON values) for these settings and this model; a disk that refuses is only logged."""
    file = _file(settings)
    others = [entry for entry in _read(settings) if not _same(entry["probe"], probe)]
    entries = [*others, {**fit, "probe": probe}][-_KEPT:]
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        files.write(file, json.dumps({"settings": settings, "fits": entries}))
    except OSError as error:
        _log.warning("Sigmatic: the fitted schedule is not kept for next time: %s", error)


def _file(settings: dict[str, Any]) -> Path:
    key = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:20]
    return folder() / "fits" / f"{key}.json"


def _read(settings: dict[str, Any]) -> list[dict[str, Any]]:
    """The fits kept for these settings, without those that are damaged; none if there is no file, or nothing in it."""
    file = _file(settings)
    try:
        entries = list(json.loads(file.read_text(encoding="utf-8"))["fits"])
    except FileNotFoundError:
        return []
    except (OSError, *_DAMAGED) as error:
        _log.warning("Sigmatic: %s is damaged and left out: %s", file, error)
        return []
    fits = []
    for entry in entries:
        try:
            fits.append(_whole(entry, settings["steps"]))
        except _DAMAGED as error:
            _log.warning("Sigmatic: a fit in %s is damaged and left out: %r", file, error)
    return fits


def _whole(entry: dict[str, Any], steps: int) -> dict[str, Any]:
    """The entry with all that a fit of so many steps has; KeyError, TypeError or ValueError if it is none."""
    sigmas = list(check_sigmas(entry["sigmas"], "ve"))
    if len(sigmas) != steps + 1:
        raise ValueError(f"{len(sigmas)} levels, not {steps + 1}")
    return {
        "sigmas": sigmas,
        "start": str(entry["start"]),
        "evaluations": int(entry["evaluations"]),
        **{name: float(entry[name]) for name in ("error", "start_error")},
        "probe": [float(value) for value in entry["probe"]],
    }


def _same(one: list[float], other: list[float]) -> bool:
    if len(one) != len(other):
        return False
    a, b = torch.tensor(one), torch.tensor(other)
    return bool((a - b).square().mean().sqrt() <= 0.02 * b.std())  # other devices and precisions: a few thousandths
