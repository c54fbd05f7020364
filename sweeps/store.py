"""Results on disk: Parquet in parts, each written whole or not at all; pictures beside them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as dataset
import pyarrow.parquet as parquet
import torch
from filelock import FileLock, Timeout

from .. import __version__
from ..grid.report import MADE
from .cells import Work
from .plan import Cell

INTEGERS = {"steps", "seed", "batch"}
_KINDS = {"evaluations": pa.int64(), "error": pa.float64(), "distance": pa.float64(), "seconds": pa.float64()}
RESULT = [(name, _KINDS.get(name, pa.string())) for name in MADE]
CONTENT = ("key", "evaluations", "error", "distance", "digest")
"""The columns that are the same whoever runs a cell, and when; with the values' own."""


class Store:
    """The folder of one sweep. One process writes at a time: `with store:` holds it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.rows_folder, self.pictures = folder, folder / "rows", folder / "pictures"
        self._lock = FileLock(folder / "sweep.lock")
        self._waiting: list[dict[str, Any]] = []

    def __enter__(self) -> Store:
        self.rows_folder.mkdir(parents=True, exist_ok=True)
        self.pictures.mkdir(exist_ok=True)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise ValueError(f"[out] dir: another sweep writes to {self.folder}. Wait, or take another.") from None
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def done(self) -> set[str]:
        """The keys of all cells that have a row."""
        return set(self.table(["key"]).column("key").to_pylist()) if self._parts() else set()

    def table(self, columns: list[str] | None = None) -> pa.Table:
        """All rows; columns that a part does not have (an axis that came later) are empty in its rows."""
        parts = self._parts()
        if not parts:
            raise ValueError(f"{self.folder}: no results in it yet.")
        schema = pa.unify_schemas([parquet.read_schema(part) for part in parts], promote_options="permissive")
        return dataset.dataset([str(part) for part in parts], schema=schema).to_table(columns=columns)

    def add(self, cell: Cell, result: dict[str, Any], where: str, picture: bytes | None = None) -> None:
        """A row for the next part. Its picture is on disk before it."""
        if picture is not None:
            self.put(self.pictures / f"{cell.key}.png", picture)
        versions = {"sigmatic": __version__, "torch": torch.__version__}
        self._waiting.append({**cell.values, **result, "key": cell.key, "where": where, **versions})

    def flush(self) -> None:
        """Write what waits as one part. OSError, with nothing half written, where the disk refuses."""
        if not self._waiting:
            return
        sink = pa.BufferOutputStream()
        parquet.write_table(pa.Table.from_pylist(self._waiting, schema=_schema(self._waiting)), sink)
        self.put(self.rows_folder / f"part-{time.time_ns():020d}.parquet", sink.getvalue())
        self._waiting = []

    def _parts(self) -> list[Path]:
        return sorted(self.rows_folder.glob("part-*.parquet"))

    def put(self, path: Path, data: Any) -> None:
        """Write a file whole, or leave what was there; OSError where the disk refuses."""
        beside = self.folder / "writing.tmp"
        try:
            with open(beside, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, path)
        except OSError as error:
            raise OSError(f"{path} cannot be written: {error}. What is there is whole: start again.") from None


def _schema(rows: Iterable[dict[str, Any]]) -> pa.Schema:
    """The values' columns by their kind: words, switches, whole numbers where they always are, numbers."""
    kinds: dict[str, pa.DataType] = {}
    fixed = dict(RESULT)
    for row in rows:
        for name, value in row.items():
            if name not in fixed and value is not None:
                kinds[name] = _kind(name, value)
    return pa.schema([*kinds.items(), *RESULT])


def _kind(name: str, value: Any) -> pa.DataType:
    if isinstance(value, str):
        return pa.string()
    if isinstance(value, bool):
        return pa.bool_()
    return pa.int64() if name in INTEGERS else pa.float64()


def content(table: pa.Table) -> list[dict[str, Any]]:
    """The rows in the order of their keys, without what differs from run to run: who ran it, and how long it took."""
    left = [name for name in table.column_names if name not in dict(RESULT) or name in CONTENT]
    return sorted(table.select(sorted(left)).to_pylist(), key=lambda row: row["key"])


def missing(work: Work, done: set[str]) -> list[Cell]:
    """The cells that have no row yet, in the plan's order."""
    return [cell for cell in work.cells if cell.key not in done]
