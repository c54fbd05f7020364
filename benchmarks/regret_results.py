"""What regret.py has measured: kept line by line, and the ratios to the best built-in of each cell."""

from __future__ import annotations

import json
import math
import os
import statistics


class Results:
    """What is known of a group in one stage: {(configuration, evaluations): errors of the pictures}."""

    def __init__(self, group, stage: str, arguments) -> None:
        self.file = arguments.kept / f"{stage}-{group}-{arguments.seed}.jsonl"
        self.known = {}
        for line in self.file.read_text().splitlines() if self.file.exists() else ():
            row = json.loads(line)
            self.known[tuple(row["what"]), row["evaluations"]] = row["errors"]

    def in_order(self, todo) -> None:
        """Put the last results, which came as they were done, into the order in which they were wanted."""
        lines = self.file.read_text().splitlines()
        place = {(tuple(what), n): i for i, (what, n) in enumerate(todo)}
        rows = [json.loads(line) for line in lines]
        order = sorted(range(len(rows)), key=lambda i: place.get((tuple(rows[i]["what"]), rows[i]["evaluations"]), -1))
        beside = self.file.with_suffix(".tmp")
        beside.write_text("".join(lines[i] + "\n" for i in order))
        os.replace(beside, self.file)

    def add(self, what, evaluations: int, errors: list[float] | None) -> None:
        """Keep a result at once: a stopped run has lost nothing."""
        self.known[tuple(what), evaluations] = errors
        row = {"what": list(what), "evaluations": evaluations, "errors": errors and [float(f"{e:.6g}") for e in errors]}
        with self.file.open("a") as out:
            out.write(json.dumps(row) + "\n")

    def middle(self, what, evaluations: int) -> float:
        """The median error, infinite where there is none."""
        errors = self.known.get((tuple(what), evaluations))
        return statistics.median(errors) if errors else math.inf

    def best(self, evaluations: int) -> float:
        """The best built-in's error."""
        theirs = (what for what, n in self.known if what[0] == "theirs" and n == evaluations)
        return min((self.middle(what, evaluations) for what in theirs), default=math.inf)


def ratios(results: dict, what, bests: dict) -> dict:
    """Error over the best built-in's, of `bests`, in every cell {(group, evaluations): ratio} where it ran."""
    rows = {(group, n): results[group].middle(what, n) / best for (group, n), best in bests.items()}
    return {cell: ratio for cell, ratio in rows.items() if math.isfinite(ratio)}


def bests(results: dict, counts) -> dict:
    """The best built-in's error in every cell {(group, evaluations): error}."""
    return {(group, n): known.best(n) for group, known in results.items() for n in counts}


def mean(values) -> float:
    """The geometric mean; infinite of nothing."""
    values = list(values)
    return math.exp(statistics.fmean(map(math.log, values))) if values else math.inf
