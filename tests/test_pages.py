"""Help pages and translations are up to date, whole and not broken."""

import importlib.util
import json
import re
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location("sigmatic_pages", Path(__file__).with_name("pages.py"))
pages = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(pages)
AS_IT_IS = re.compile(r"[a-zA-Z0-9]*_[a-zA-Z0-9_]+|\d*[.:]\d+|ComfyUI|SD3|Flux|Wan|Karras")


@pytest.fixture(scope="module")
def made():
    """Everything that the generator makes."""
    return pages.files()


@pytest.fixture(scope="module")
def wanted():
    """Every English text."""
    return list(pages.texts(pages.english()))


def test_nothing_is_stale(made):
    stale = [
        str(path.relative_to(pages.ROOT))
        for path, text in made.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    assert not stale, f"run: python tests/pages.py ({', '.join(stale)})"
    there = {*pages.DOCS.glob("*.md"), *pages.LOCALES.glob("*/*.json")}
    assert there == set(made), "left over from a node that is no more"


def test_every_node_says_what_it_is_for(made):
    for path, text in made.items():
        if path.suffix == ".md":
            said = text.split(pages.MARK)[0].strip().splitlines()
            assert said[0].startswith("# Sigmatic "), path.name
            assert len(" ".join(said[1:])) > 30, f"{path.name}: write above the mark what the node is for"
            for picture in re.findall(r"!\[.+?\]\((.+?)\)", text):
                assert (path.parent / picture).exists(), picture


@pytest.mark.parametrize("language", pages.LANGUAGES)
def test_every_text_is_there_in_every_language(language, wanted):
    phrases = pages.phrases(language)
    missing = [text for text in wanted if not phrases.get(text, "").strip()]
    assert not missing, f"tests/phrases/{language}.json lacks {json.dumps(missing, indent=1)}"
    english, own = (json.loads((pages.LOCALES / tag / "nodeDefs.json").read_text("utf-8")) for tag in ("en", language))
    assert list(pages.texts(own)) == [phrases[text] for text in pages.texts(english)]


@pytest.mark.parametrize("language", pages.LANGUAGES)
def test_translations_are_translations(language, wanted):
    """Sentences are in the language, and keep names, numbers and terms as they are."""
    phrases = pages.phrases(language)
    for text in wanted:
        translated = phrases[text]
        if len(text.split()) > 4:
            assert translated != text
            assert sorted(AS_IT_IS.findall(text)) == sorted(AS_IT_IS.findall(translated)), (text, translated)
            if language in ("ja", "ko", "ru", "zh"):
                assert any(character > "\u0300" for character in translated), translated
        assert "<" not in translated and "{" not in translated


def test_settings_are_found():
    assert {"Sigmatic.Plot.Show", "Sigmatic.Dropdowns.Hidden", "Sigmatic.Defaults.eta"} <= set(pages.settings())
