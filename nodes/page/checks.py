"""Checks of what the page says about nodes: every value as the host would check it, errors in words."""

import inspect
from typing import Any

from ...core.spec import Param
from ..inputs import widgets

LETTERS = 2000
"""A widget's text (a curve, say) may have so many letters."""
ECHO = 60
"""Most characters of a wrong value that an error repeats."""
_KINDS = {"INT": "int", "FLOAT": "float", "BOOLEAN": "bool", "COMBO": "choice", "STRING": "text"}


def short(text: str, most: int = ECHO) -> str:
    """`text`, cut where it is too long."""
    return text if len(text) <= most else text[: most - 3] + "..."


def fields(given: Any, place: str, *known: str) -> dict[str, Any]:
    """`given`, which must be an object with some of the `known` fields; TypeError naming what is not."""
    if not isinstance(given, dict):
        raise TypeError(f"{place}: give an object with {', '.join(known)}.")
    unknown = given.keys() - set(known)
    if unknown:
        raise TypeError(f"{place}: {short(min(unknown))} is not known: give {', '.join(known)}.")
    return given


def values(node: Any, given: Any, place: str) -> dict[str, Any]:
    """The node's widgets with the given values, checked as the host checks them, and its defaults for the others."""
    if not isinstance(given, dict):
        raise TypeError(f"{place}: give an object, a value for each widget.")
    taken = {}
    for widget in node.define_schema().inputs:
        if widget.io_type in _KINDS:
            taken[widget.id] = _value(widget, given[widget.id]) if widget.id in given else widget.as_dict()["default"]
    unknown = given.keys() - taken.keys()
    if unknown:
        raise ValueError(f"{place}: {node.__name__} has no widget {short(repr(min(unknown)))}.")
    looks_at = inspect.signature(node.validate_inputs).parameters if "validate_inputs" in vars(node) else ()
    verdict = not looks_at or node.validate_inputs(**{name: taken[name] for name in looks_at if name in taken})
    if verdict is not True:
        raise ValueError(str(verdict))
    return taken


def _value(widget: Any, value: Any) -> Any:
    about = widget.as_dict()
    if widget.io_type == "COMBO":
        value = value if isinstance(value, str) else repr(value)
        widgets.require_names(**{widget.id: (short(value), about["options"])})
        return value
    if widget.io_type == "STRING":
        if not isinstance(value, str) or len(value) > LETTERS:
            raise ValueError(f"{widget.id} is {short(repr(value))}: give text, up to {LETTERS} letters of it.")
        return value
    kind = _KINDS[widget.io_type]
    return Param(widget.id, about["default"], kind=kind, min=about.get("min"), max=about.get("max")).check(value)
