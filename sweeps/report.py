"""One HTML page of a sweep, beside its results."""

from __future__ import annotations

from ..grid import report
from .plan import Plan
from .store import Store


def write(plan: Plan, results: Store) -> str:
    """Write report.html into the sweep's folder; a line that says where it is."""
    pictures = [path.stem for path in results.pictures.glob("*.png")]
    source = str(plan.source.get("model") or ", ".join(plan.source["servers"]))
    target = results.folder / "report.html"
    results.put(target, report.page(results.table().to_pylist(), plan.names, pictures, source).encode())
    return str(target)
