"""Parameters written as text, for places that have one field for all of them."""

from __future__ import annotations

from typing import Any

from .spec import Spec

_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def parse(text: str, spec: Spec) -> dict[str, Any]:
    """The parameters in `text`, "alpha=0.5, beta=0.7", checked against the declaration `spec`.

    ValueError naming what is no name=value, is given twice, is no parameter of it, or has a value that is not allowed.
    """
    found: dict[str, Any] = {}
    known = {param.name: param for param in spec.params}
    for item in text.replace(";", ",").replace("\n", ",").split(","):
        if not item.strip():
            continue
        name, equals, value = (part.strip() for part in item.partition("="))
        if not equals or not value:
            raise ValueError(f"{item.strip()!r} is no name=value: {_example(spec)}.")
        if name not in known:
            raise ValueError(f"{spec.name} has no parameter {name!r}: {_example(spec)}.")
        if name in found:
            raise ValueError(f"{name} is given twice.")
        found[name] = known[name].check(_value(value, known[name].kind))
    return found


def _value(text: str, kind: str) -> Any:
    """`text` in the parameter's kind; as it is where it is none, for the parameter's own check to refuse."""
    if kind == "choice":
        return text
    if kind == "bool":
        return _WORDS.get(text.lower(), text)
    try:
        return float(text)
    except ValueError:
        return text


def _example(spec: Spec) -> str:
    if not spec.params:
        return f"{spec.name} takes none, leave the field empty"
    return "it takes " + ", ".join(f"{param.name}={param.default}" for param in spec.params)
