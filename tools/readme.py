"""Fills README's marks with what the code has today: `python tools/readme.py` (tools/pages.py does it, too).

counts: how many samplers, schedules, nodes and recipes there are. nodes: what each of them does. compared: the table of
docs/compared.md, without what stands in brackets.
"""

import importlib
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README, COMPARED = ROOT / "README.md", ROOT / "docs" / "compared.md"


def filled(text: str, schemas: dict) -> str:
    """README with everything between its marks made anew. `schemas`: those of the nodes, by id."""
    for mark, make in (("counts", counts), ("nodes", nodes), ("compared", lambda _: compared())):
        whole = re.compile(f"<!-- {mark} -->.*?<!-- /{mark} -->", re.S)
        if len(whole.findall(text)) != 1:
            raise ValueError(f"README.md: the mark {mark} is to be there once.")
        begin, end = f"<!-- {mark} -->", f"<!-- /{mark} -->"
        text = text.replace(whole.search(text)[0], begin + make(schemas) + end)
    return text


def counts(schemas: dict) -> str:
    """In one sentence."""
    sigmatic = importlib.import_module("sigmatic")
    numbers = (len(part.names()) for part in (sigmatic.samplers, sigmatic.schedulers))
    samplers, schedules = numbers
    return (
        f"\n{samplers} samplers, {schedules} schedules, {len(schemas)} nodes, and recipes for "
        f"{len(sigmatic.recipes.names())} models by name.\n"
    )


def nodes(schemas: dict) -> str:
    """A table, those of the demo last."""
    listed = sorted(schemas.values(), key=lambda schema: ("demo" in schema.category, schema.display_name))
    cells = [f"| {one.display_name} | {one.description.replace('|', '/')} |" for one in listed]
    return "\n".join(["", "| Node | What it does |", "|---|---|", *cells, ""])


def compared() -> str:
    """The rows that were measured."""
    rows = [line for line in COMPARED.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    return "\n".join(["", *(re.sub(r" \([^()]*\)", "", row) for row in rows), ""])


def write(schemas: dict) -> None:
    """Into README.md."""
    README.write_text(filled(README.read_text(encoding="utf-8"), schemas), encoding="utf-8")


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "tests"), str(Path(__file__).parent)]
    importlib.import_module("conftest")  # this checkout as the package `sigmatic`
    write(importlib.import_module("pages").schemas())
