"""What differs between versions of ComfyUI's node interface, in one place (0.3.64 to current)."""

from dataclasses import fields
from typing import Any

from comfy_api.latest import ComfyExtension, io

__all__ = ["CATEGORY", "ComfyExtension", "advanced", "io", "number", "schema"]

CATEGORY = "model/sampling/sigmatic"


def schema(**described: Any) -> io.Schema:
    """An io.Schema from those of the given fields that this host knows (search_aliases, say, is newer than 0.3.64)."""
    known = {field.name for field in fields(io.Schema)}
    return io.Schema(**{name: value for name, value in described.items() if name in known})


def advanced(widget: Any) -> Any:
    """Mark `widget` to be folded away by hosts that fold; older ones show it (their constructors refuse the word)."""
    extra = getattr(widget, "extra_dict", None)
    if extra is None:
        widget.advanced = True
    else:
        extra["advanced"] = True
    return widget


def number(name: str, default: float, low: float, high: float, step: float, tooltip: str, **more: Any) -> Any:
    """A FLOAT widget that keeps every digit typed into it (without round=False the page rounds to `step`)."""
    return io.Float.Input(name, default=default, min=low, max=high, step=step, round=False, tooltip=tooltip, **more)
