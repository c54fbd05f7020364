"""One parameter of a sampler or schedule, and the check of what is given for it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Param:
    """One parameter of a sampler or schedule: name, default, kind and the values it allows.

    `kind` is "float", "int", "bool", "choice" or "text"; `min` and `max` are inclusive; `above` is an exclusive lower
    bound. `steady`: one number for a whole run, no function of sigma.
    """

    name: str
    default: Any
    kind: str = "float"
    min: float | None = None
    max: float | None = None
    above: float | None = None
    choices: tuple[str, ...] = ()
    help: str = ""
    steady: bool = False

    def __post_init__(self) -> None:
        self.check(self.default)

    @property
    def allowed(self) -> str:
        """The allowed values in words."""
        if self.kind == "choice":
            return "one of " + ", ".join(self.choices)
        if self.kind in ("bool", "text"):
            return "True or False" if self.kind == "bool" else "text of up to 30000 letters"
        noun = "a whole number" if self.kind == "int" else "a number"
        low = (
            f"above {self.above:g}" if self.above is not None else f"from {self.min:g}" if self.min is not None else ""
        )
        high = f"to {self.max:g}" if self.max is not None else "up" if low else ""
        return " ".join(part for part in (noun, low, high) if part)

    def check(self, value: Any) -> Any:
        """Return `value` in the parameter's own type; raise ValueError saying what was got and what is allowed."""
        if self.kind == "choice":
            ok = value in self.choices
        elif self.kind == "text":
            ok = isinstance(value, str) and len(value) <= 30_000
        elif self.kind == "bool":
            ok = isinstance(value, bool)
        else:
            value, ok = self._number(value)
        if not ok:
            raise ValueError(f"{self.name} is {value!r}: give {self.allowed}.")
        return value

    def _number(self, value: Any) -> tuple[Any, bool]:
        if isinstance(value, (bool, str)):
            return value, False
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            return value, False
        if number == math.inf and self.default == math.inf:
            return number, True
        if not math.isfinite(number) or (self.kind == "int" and number != int(number)):
            return value, False
        above = self.above is None or number > self.above
        inside = (self.min is None or number >= self.min) and (self.max is None or number <= self.max)
        return (int(number) if self.kind == "int" else number), above and inside
