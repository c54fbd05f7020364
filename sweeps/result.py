"""What a worker makes of a cell, and how it says that it can do no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from .plan import Value


class Lost(RuntimeError):
    """The worker can do no more: its server is gone, or does not answer."""


@dataclass(frozen=True)
class Result:
    """Of one cell. `error`: RMSE to the exact answer, None with noise; `distance`: of the features, see `measure`."""

    evaluations: int
    error: float | None
    distance: float | None
    digest: str
    seconds: float
    picture: bytes | None = None

    def row(self) -> dict[str, Any]:
        """Its columns."""
        return {name: value for name, value in asdict(self).items() if name != "picture"}


class Runner(Protocol):
    """What a worker does with a cell."""

    def run(self, values: Mapping[str, Value]) -> Result:
        """ValueError, TypeError or RuntimeError where the cell cannot be run, Lost where the worker cannot go on."""
        ...
