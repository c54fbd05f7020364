"""One HTML page of a sweep: works without a network, and holds no more than it can show."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from .plan import Plan
from .store import RESULT, Store

TEMPLATE = Path(__file__).with_name("report.html")
ROWS_AT_MOST = 8000
"""Rows of the table: at some 400 bytes each, well below 5 MB. The best stay."""
PICTURES_AT_MOST = 1000
NO_OPTIONS = {"id", "best", "runs", "sampler", "schedule", "space", "batch", "cfg", "prompt", *dict(RESULT)}
"""What of a row is no option of its sampler or schedule."""
OVER = "seed"
"""What is averaged over: rows that differ in it alone are one."""


def write(plan: Plan, results: Store) -> str:
    """Write report.html into the sweep's folder; a line that says where it is."""
    rows = results.table().to_pylist()
    names = [name for name in _names(plan, rows) if any(row.get(name) is not None for row in rows)]
    groups = averaged(rows, [name for name in names if name != OVER])
    front = pareto(groups)
    for i in front:
        groups[i]["best"] = True
    order = sorted(range(len(groups)), key=lambda i: (not groups[i].get("best", False), _rank(groups[i])))
    shown = [groups[i] for i in order[:ROWS_AT_MOST]]
    pictures = [path.stem for path in sorted(results.pictures.glob("*.png"))]
    data = {
        "names": [name for name in names if name != OVER],
        "rows": shown,
        "left_out": len(groups) - len(shown),
        "presets": {row["id"]: preset(row) for row in shown if row.get("best")},
        "pictures": _sheet(rows, set(pictures), names),
        "cells": len(rows),
        "source": str(plan.source.get("model") or ", ".join(plan.source["servers"])),
        "versions": sorted({f"sigmatic {row['sigmatic']}, torch {row['torch']}" for row in rows}),
    }
    text = json.dumps(data, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    page = TEMPLATE.read_text(encoding="utf-8").replace("/*DATA*/null", text)
    target = results.folder / "report.html"
    results.put(target, page.replace("<!--TITLE-->", html.escape(f"Sweep: {data['source']}")).encode())
    return str(target)


def averaged(rows: Iterable[dict[str, Any]], names: Sequence[str]) -> list[dict[str, Any]]:
    """Rows with the same values of `names` as one: the geometric mean of errors, the mean of the rest."""
    groups: dict[tuple, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(tuple(row.get(name) for name in names), []).append(row)
    return [
        {
            "id": i,
            **{name: value for name, value in zip(names, values, strict=True) if value is not None},
            "runs": len(group),
            "evaluations": _mean(group, "evaluations"),
            "error": _geometric(group, "error"),
            "distance": _mean(group, "distance"),
            "seconds": _mean(group, "seconds"),
        }
        for i, (values, group) in enumerate(groups.items())
    ]


def pareto(rows: Sequence[dict[str, Any]]) -> list[int]:
    """The places of the rows that no other beats: none has as few evaluations and a smaller error."""
    known = [i for i, row in enumerate(rows) if row["error"] is not None and row["evaluations"]]
    front, best = [], math.inf
    for i in sorted(known, key=lambda i: (rows[i]["evaluations"], rows[i]["error"])):
        if rows[i]["error"] < best:
            front.append(i)
            best = rows[i]["error"]
    return front


def preset(row: dict[str, Any]) -> str:
    """A row as a line of Sigmatic Compare: sig_sampler / sig_schedule / name=value; name=value."""
    options = [
        f"{name.rpartition('.')[2]}={f'{value:g}' if isinstance(value, float) else value}"
        for name, value in row.items()
        if name not in NO_OPTIONS
    ]
    parts = (*(f"sig_{row[name]}" for name in ("sampler", "schedule") if name in row), "; ".join(options))
    return " / ".join(filter(None, parts))


def _names(plan: Plan, rows: list[dict[str, Any]]) -> list[str]:
    """The columns of values: in the plan's order, then whatever else a cell has."""
    fixed = {name for name, _ in RESULT}
    there = dict.fromkeys(name for row in rows[:1] for name in row if name not in fixed)
    return [*[name for name in plan.names if name in there], *[name for name in there if name not in plan.names]]


def _sheet(rows: Iterable[dict[str, Any]], there: set[str], names: Sequence[str]) -> list[dict[str, str]]:
    """The pictures with what they are of, in the order of their values."""
    mine = [row for row in rows if row["key"] in there]
    mine.sort(key=lambda row: [(row.get(name) is not None, str(type(row.get(name))), row.get(name)) for name in names])
    several = [name for name in names if len({row.get(name) for row in mine}) > 1]
    return [
        {"key": row["key"], "label": ", ".join(f"{n} {row[n]}" for n in several if row.get(n) is not None)}
        for row in mine[:PICTURES_AT_MOST]
    ]


def _rank(row: dict[str, Any]) -> tuple[bool, float]:
    return row["error"] is None, row["error"] or 0.0


def _mean(rows: Iterable[dict[str, Any]], name: str) -> float | None:
    values = [row[name] for row in rows if row[name] is not None and math.isfinite(row[name])]
    return float(f"{fmean(values):.6g}") if values else None


def _geometric(rows: Iterable[dict[str, Any]], name: str) -> float | None:
    values = [row[name] for row in rows if row[name] is not None]
    if not values or not all(math.isfinite(value) for value in values):
        return None
    return float(f"{math.exp(fmean(math.log(max(value, 1e-300)) for value in values)):.6g}")
