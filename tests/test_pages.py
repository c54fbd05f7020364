"""Help pages and translations are up to date, whole and not broken."""

import importlib.util
import json
import re
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location("sigmatic_pages", Path(__file__).parents[1] / "tools" / "pages.py")
pages = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(pages)
AS_IT_IS = re.compile(r"[a-zA-Z0-9]*_[a-zA-Z0-9_]+|\d*[.:]\d+|ComfyUI|SD3|Flux|Wan(?!ts)|Karras")
NAMES = re.compile(r"\{.*?\}|[{}]")


@pytest.fixture(scope="module")
def made():
    """Everything that the generator makes."""
    return pages.files()


@pytest.fixture(scope="module")
def wanted():
    """Every English text: of nodes, of settings and of the page."""
    return [*pages.texts(pages.english()), *pages.spoken()]


def test_nothing_is_stale(made):
    stale = [
        str(path.relative_to(pages.ROOT))
        for path, text in made.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    assert not stale, f"run: python tools/pages.py ({', '.join(stale)})"
    there = {*pages.DOCS.glob("*.md"), *pages.LOCALES.glob("*/*.json"), *pages.WORDS.glob("*.json")}
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
    assert not missing, f"tools/phrases/{language}.json lacks {json.dumps(missing, indent=1)}"
    english, own = (json.loads((pages.LOCALES / tag / "nodeDefs.json").read_text("utf-8")) for tag in ("en", language))
    assert list(pages.texts(own)) == [phrases[text] for text in pages.texts(english)]
    page = json.loads((pages.WORDS / f"{language}.json").read_text("utf-8"))
    assert page == {text: phrases[text] for text in pages.spoken()}
    assert not set(phrases) - set(wanted), "phrases that nothing says any more"


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
        assert "<" not in translated
        assert sorted(NAMES.findall(text)) == sorted(NAMES.findall(translated)), (text, translated)
    assert not any("{" in text for text in pages.texts(pages.english())), "ComfyUI would fill it in"


def test_what_the_page_says_is_found():
    """The sentences of the plot, of the panels and of the server that answers them; nothing is said around them."""
    spoken = pages.spoken()
    assert {path.name for path in spoken.values()} >= {
        "bar.js",
        "browser.js",
        "curve_editor.js",
        "words.js",
        "answer.py",
    }
    assert {"{n} steps", "Axis of the plot", "{name} pays no attention to {what}."} <= set(spoken)
    shown = re.compile(r"""(?:aria-label"|placeholder|title|tooltip|content|message): ["`]|toast\("\w+", ["`]""")
    for path in (pages.ROOT / "web" / "js").rglob("*.js"):
        text = path.read_text(encoding="utf-8")
        loose = [line for line in text.splitlines() if shown.search(line) and path.name != "settings.js"]
        assert not [line for line in loose if 'title: "Sigmatic"' not in line], path.name


def test_settings_are_found():
    assert {"Sigmatic.Plot.Show", "Sigmatic.Dropdowns.Hidden", "Sigmatic.Defaults.eta"} <= set(pages.settings())
