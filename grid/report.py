"""The page of a grid's results: works without a network, and holds no more than it can show."""

from __future__ import annotations

import binascii
import hashlib
import html
import json
import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from statistics import fmean
from typing import Any

TEMPLATE = Path(__file__).with_name("report.html")
MADE = ("key", "evaluations", "error", "distance", "digest", "seconds", "where", "sigmatic", "torch")
"""What a row has beside the values of its run."""
ROWS_AT_MOST = 8000
"""Rows of the table: at some 400 bytes each, well below 5 MB. The best stay."""
PICTURES_AT_MOST = 1000
NO_OPTIONS = {"id", "best", "runs", "sampler", "schedule", "space", "batch", "cfg", "denoise", "prompt", *MADE}
"""What of a row is no option of its sampler or schedule."""
OVER = "seed"
"""What is averaged over: rows that differ in it alone are one."""
PREFIX = "sig_"


def page(
    rows: list[dict[str, Any]], order: Sequence[str], pictures: Iterable[str], source: str, prefix: str = PREFIX
) -> str:
    """The HTML. rows: values and what is `MADE` of each run, `order`: names of values that come first.

    pictures: keys of the rows that have pictures/<key>.png beside the page. prefix: before samplers and schedules, for
    them to be ComfyUI's names.
    """
    names = [name for name in _names(order, rows) if any(row.get(name) is not None for row in rows)]
    groups = averaged(rows, [name for name in names if name != OVER])
    front = pareto(groups)
    for i in front:
        groups[i]["best"] = True
    ranked = sorted(range(len(groups)), key=lambda i: (not groups[i].get("best", False), _rank(groups[i])))
    shown = [groups[i] for i in ranked[:ROWS_AT_MOST]]
    data = {
        "names": [name for name in names if name != OVER],
        "rows": shown,
        "left_out": len(groups) - len(shown),
        "presets": {row["id"]: preset(row, prefix) for row in shown if row.get("best")},
        "pictures": _sheet(rows, set(pictures), names),
        "cells": len(rows),
        "source": source,
        "versions": sorted({f"sigmatic {row['sigmatic']}, torch {row['torch']}" for row in rows}),
    }
    text = json.dumps(data, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    made = TEMPLATE.read_text(encoding="utf-8").replace("/*DATA*/null", text)
    return made.replace("<!--TITLE-->", html.escape(f"Sweep: {source}"))


@lru_cache(maxsize=1)
def policy() -> str:
    """The Content-Security-Policy of the page: its own script alone, known by its hash, and the pictures beside it."""
    script = TEMPLATE.read_text(encoding="utf-8").rpartition("<script>")[2].partition("</script>")[0]
    digest = binascii.b2a_base64(hashlib.sha256(script.encode()).digest(), newline=False).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )


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


def preset(row: dict[str, Any], prefix: str = PREFIX) -> str:
    """A row as a line of Sigmatic Compare: sampler / schedule / name=value; name=value."""
    options = [
        f"{name.rpartition('.')[2]}={f'{value:g}' if isinstance(value, float) else value}"
        for name, value in row.items()
        if name not in NO_OPTIONS
    ]
    parts = (*(f"{prefix}{row[name]}" for name in ("sampler", "schedule") if name in row), "; ".join(options))
    return " / ".join(filter(None, parts))


def _names(order: Sequence[str], rows: list[dict[str, Any]]) -> list[str]:
    """The columns of values: in the order that is given, then whatever else a row has."""
    there = dict.fromkeys(name for row in rows for name in row if name not in MADE)
    return [*[name for name in order if name in there], *[name for name in there if name not in order]]


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
