"""Pages made from the declarations are up to date."""

from pathlib import Path

import pytest

import sigmatic
from sigmatic.demo import listing, recipes

DOCS = Path(__file__).resolve().parents[1] / "docs"


@pytest.mark.parametrize("noun", ["samplers", "schedules"])
def test_the_page_is_up_to_date(noun):
    registry = sigmatic.samplers if noun == "samplers" else sigmatic.schedulers
    page = listing.page([registry.get(name) for name in registry.names()])
    written = (DOCS / f"{noun}.md").read_text(encoding="utf-8")
    assert written == page + "\n", f"run: python -m sigmatic {noun} --markdown > docs/{noun}.md"
    assert all(f"| `{name}` |" in written for name in registry.names())


def test_the_page_of_recipes_is_up_to_date():
    written = (DOCS / "recipes.md").read_text(encoding="utf-8")
    page = recipes.page(list(sigmatic.recipes.load().values()))
    assert written == page + "\n", "run: python -m sigmatic recipes --markdown > docs/recipes.md"
    assert all(f"| `{name}` |" in written for name in sigmatic.recipes.names())
