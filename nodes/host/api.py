"""What differs between versions of ComfyUI's node interface, in one place (0.3.64 to current)."""

from dataclasses import fields
from typing import Any

from comfy_api.latest import ComfyExtension, io

__all__ = ["CATEGORY", "ComfyExtension", "NameInput", "advanced", "io", "number", "schema"]

CATEGORY = "model/sampling/sigmatic"


class _ComboOrList(str):
    """The type of a dropdown: also equal to a list of names, which older nodes have as the type of an output."""

    __slots__ = ("type",)
    __hash__ = str.__hash__

    def __ne__(self, other: object) -> bool:
        return not isinstance(other, list) and self.type != other


class NameInput(io.Combo.Input):
    """A dropdown that takes links from outputs whose type is a list of names; 0.3.64 lets those only to its own."""

    def get_io_type(self) -> str:
        """The host's type of it."""
        kind = _ComboOrList(super().get_io_type())
        kind.type = super().get_io_type()
        return kind


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
