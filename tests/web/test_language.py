"""Plot and panels speak the language that the page is set to, at once and after a reload."""

import json
from pathlib import Path

import pytest

WORDS = Path(__file__).resolve().parents[2] / "web" / "words"
LOCALE = "(tag) => app.extensionManager.setting.set('Comfy.Locale', tag)"


@pytest.fixture
def speak(page):
    """speak(tag): change the page's language as its settings do; English again afterwards."""

    def change(tag):
        page.checkpoint()  # the page loads its workflow anew, as it knows it
        page.js(LOCALE, tag)

    yield change
    change("en")
    page.until("async () => (await import('/extensions/ComfyUI-Sigmatic/js/say.js')).say('text') === 'text'")


def _phrases(tag):
    return json.loads((WORDS / f"{tag}.json").read_text(encoding="utf-8"))


def test_a_change_of_language_is_heard(page, speak):
    node = page.add("SigmaticSampler", sampler="sig_heun", eta_curve="0:1")
    page.drawn(node, "20 steps, 39 model evaluations")
    page.js(
        "(id) => { __node(id).properties.sigmatic_plot = { curve: 'eta_curve' }; __node(id).onConfigure?.({}); }", node
    )
    page.until("(id) => __plot(id).querySelector('.curve button')?.textContent === 'clear'", node)
    for tag in ("ru", "zh"):
        words = _phrases(tag)
        speak(tag)
        page.drawn(node, words["{n} steps"].replace("{n}", "20"))
        page.drawn(node, words["The model is taken for a Stable Diffusion 1, 2 or XL model."])
        page.until(
            "([id, said]) => __plot(id).querySelector('.bar button').ariaLabel === said",
            [node, words["Copy the plot as a picture"]],
        )
        page.until(
            "([id, said]) => __plot(id).querySelector('.curve button')?.textContent === said", [node, words["clear"]]
        )
        assert page.js("(id) => __plot(id).ariaLabel", node) == words["Plot of the run"]
        assert words["| evaluation"] in page.js("(id) => __plot(id).querySelector('.legend').textContent", node)
    speak("en")
    page.drawn(node, "20 steps, 39 model evaluations")


def test_the_language_is_known_from_the_start(page):
    """Set before the page is loaded; panels too, and a variant of a language is that language."""
    words = _phrases("zh")
    page.settings({"Comfy.Locale": "zh-TW"})
    try:
        page.load()
        page.js("() => app.extensionManager.sidebarTab.toggleSidebarTab('sigmatic-browser')")
        panel = page.tab.locator(".sigmatic-browser")
        panel.get_by_label(words["Samplers or schedules"]).wait_for()
        assert words["{n} evaluations a step"].replace("{n}", "2") in panel.inner_text()
        assert words["any model"] in panel.inner_text()
    finally:
        page.settings({"Comfy.Locale": "en"})
        page.load()


def test_an_open_panel_hears_it_too(page, speak):
    page.js("() => app.extensionManager.sidebarTab.toggleSidebarTab('sigmatic-browser')")
    panel = page.tab.locator(".sigmatic-browser")
    panel.get_by_label("Samplers or schedules").wait_for()
    speak("ru")
    panel.get_by_label(_phrases("ru")["Samplers or schedules"]).wait_for()
    page.js("() => app.extensionManager.sidebarTab.toggleSidebarTab('sigmatic-browser')")


def test_an_unknown_language_is_english(page, speak):
    node = page.add("SigmaticKSampler")
    page.drawn(node, "20 steps")
    speak("ru")
    page.drawn(node, "шагов: 20")
    speak("tr")
    page.drawn(node, "20 steps")
