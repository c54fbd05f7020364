"""One parameter of a sampler or schedule; what may be given for it, as values and as text; and `take`, the way in."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from .curve import Percents, parse

LETTERS = 30_000
"""The longest text that a parameter takes."""
WORDS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
"""What people write for True and False."""


@dataclass(frozen=True)
class Param:
    """One parameter of a sampler or schedule: name, default, kind and the values it allows.

    `kind` is "float", "int", "bool", "choice" or "text"; `min` and `max` are inclusive; `above` is an exclusive lower
    bound. A default of None stands for "not given", and None is then allowed. `steady`: one number for a whole run, no
    curve. ValueError if the default is not allowed.
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
            return "True or False" if self.kind == "bool" else f"text of up to {LETTERS} letters"
        noun = "a whole number" if self.kind == "int" else "a number"
        low = (
            f"above {self.above:g}" if self.above is not None else f"from {self.min:g}" if self.min is not None else ""
        )
        high = f"to {self.max:.7g}" if self.max is not None else "up" if low else ""
        return " ".join(part for part in (noun, low, high) if part)

    def check(self, value: Any) -> Any:
        """Return a plain `value` in the parameter's own type; ValueError saying what was got and what is allowed.

        Numbers of numpy and torch are fine where they hold one element.
        """
        if value is None and self.default is None:
            return None
        plain = _plain(value)
        if self.kind in ("choice", "text"):
            ok = isinstance(plain, str) and (plain in self.choices if self.kind == "choice" else len(plain) <= LETTERS)
        elif self.kind == "bool":
            ok = isinstance(plain, bool)
        else:
            plain, ok = self._number(plain)
        if not ok:
            raise ValueError(f"{self.name} is {shown(plain)}: give {self.allowed}.")
        return plain

    def take(self, value: Any) -> Any:
        """As `check`; a float that is not steady may also be a curve: `Percents`, or any function of sigma.

        All points of `Percents` are checked here; what another function returns is checked when it is read, while the
        table is built.
        """
        if not callable(value):
            return self.check(value)
        points = value.points if isinstance(value, Percents) else ()
        if self.kind != "float" or self.steady:
            if points:
                raise ValueError(f"{self.name} cannot change over the run: give {self.allowed}.")
            return self.check(value)  # which no function passes
        for place, number in points:
            try:
                self.check(number)
            except ValueError:
                raise ValueError(f"{self.name} is {number:g} at {place:g} percent: give {self.allowed}.") from None
        return value

    def read(self, text: str) -> Any:
        """What `text` stands for here: a number ("3"), a curve over the run ("0:1, 50:0"), "true" or "off", a word.

        Text that is nothing of the kind comes back as it is, for `take` to refuse. ValueError for a broken curve.
        """
        bare = text.strip()
        if self.kind in ("choice", "text"):
            return text if self.kind == "text" else bare
        if self.kind == "bool":
            return WORDS.get(bare.lower(), text)
        if ":" in bare:
            try:
                return parse(bare)
            except ValueError as error:
                raise ValueError(f"{self.name}: {error}") from None
        for number in (int, float) if self.kind == "int" else (float,):
            with suppress(ValueError):
                return number(bare)
        return text

    def _number(self, value: Any) -> tuple[Any, bool]:
        """(the number in the parameter's type, True), or (value, False) where it is none that is allowed."""
        if isinstance(value, (bool, str, bytes)):
            return value, False
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError, RuntimeError):  # the last of a tensor with several elements
            return value, False
        if number == math.inf and self.default == math.inf:
            return number, True
        if not math.isfinite(number) or (self.kind == "int" and number != int(number)):
            return value, False
        above = self.above is None or number > self.above
        inside = (self.min is None or number >= self.min) and (self.max is None or number <= self.max)
        return (int(number) if self.kind == "int" else number), above and inside


def take(
    params: Sequence[Param],
    given: Mapping[str, Any],
    owner: str,
    *,
    text: bool = False,
    others: bool = False,
    warn: Callable[[str], Any] | None = None,
) -> dict[str, Any]:
    """What `given` holds for `params`, each value as `Param.take` returns it, in the order of `params`.

    owner: whose they are, for errors. text: strings are what people write, see `Param.read`. others: `given` may hold
    names of others' parameters, which are left out. warn: gets a sentence for every value that is not allowed, which is
    left out. Without the last two, ValueError naming the parameter, what was got and what is allowed.
    """
    known = {param.name: param for param in params}
    unknown = [name for name in given if name not in known]
    if unknown and not others:
        takes = ", ".join(known) or "no parameters"
        raise ValueError(f"{owner} has no parameter {str(unknown[0])[:40]!r}: it takes {takes}.")
    out = {}
    for name, param in known.items():
        if name not in given:
            continue
        value = given[name]
        try:
            out[name] = param.take(param.read(value) if text and isinstance(value, str) else value)
        except ValueError as error:
            if warn is None:
                raise
            warn(str(error))
    return out


def shown(value: Any) -> str:
    """`value` as an error repeats it: on one line, and cut where it is long."""
    try:
        text = " ".join(repr(value).split())
    except ValueError:  # Python writes out no whole number of more than 4300 digits
        text = "a number of thousands of digits"
    return text if len(text) <= 80 else text[:77] + "..."


def _plain(value: Any) -> Any:
    """The one element of a numpy or torch number as Python's own; anything else as it is."""
    try:
        return value.item() if hasattr(value, "item") else value
    except (TypeError, ValueError, RuntimeError):  # it has several elements, or none
        return value
