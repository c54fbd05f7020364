"""The sidebar answers people: by model and purpose, in their language, with small plots and the sources folded away."""

import contextlib
import json
from pathlib import Path

WORDS = Path(__file__).resolve().parents[2] / "web" / "words"
NAMES = "() => [...document.querySelectorAll('.sigmatic-browser li b')].map((one) => one.textContent)"


def _found(page, panel, query):
    panel.get_by_role("searchbox").fill(query)
    return page.js(NAMES)


def test_a_model_or_a_purpose_is_a_query(page, panel):
    every = len(_found(page, panel, ""))
    for query, best, not_there in (
        ("flux", "sig_auto", "sig_rk4"), ("turbo", "sig_lcm", "sig_lms"), ("few steps", "sig_uni_pc", "sig_ddpm_large"),
        ("calm", "sig_euler", "sig_euler_ancestral"), ("video", "sig_uni_pc_bh2", "sig_rk4"),
        ("Wan 2.1", "sig_uni_pc_bh2", "sig_heun"),
    ):  # fmt: skip
        found = _found(page, panel, query)
        assert best in found and not_there not in found and len(found) < every, query
    panel.get_by_role("searchbox").fill("")
    panel.locator(".chips button").get_by_text("sharp").click()
    assert "sig_dpmpp_2m_sde" in page.js(NAMES) and "sig_lms" not in page.js(NAMES)
    assert panel.locator(".chips [aria-pressed=true]").inner_text() == "sharp"
    panel.locator(".chips button").get_by_text("sharp").click()
    assert len(page.js(NAMES)) == every


def test_cards_have_small_plots_drawn_when_they_are_seen(page, panel):
    _found(page, panel, "")
    page.until("() => document.querySelector('.sigmatic-browser .sketch')?.childElementCount > 1")
    drawn = """() => [...document.querySelectorAll('.sigmatic-browser .sketch')]
        .filter((one) => one.childElementCount).length"""
    assert 0 < page.js(drawn) < panel.locator(".sketch").count(), "those out of sight wait"
    panel.locator("li").last.scroll_into_view_if_needed()
    page.until("() => [...document.querySelectorAll('.sigmatic-browser .sketch')].at(-1).childElementCount > 1")
    noisy = "() => document.querySelectorAll('.sigmatic-browser .sketch rect').length"
    _found(page, panel, "sig_euler_ancestral")
    page.until(f"() => ({noisy})() > 5")
    source = panel.locator("li details").first
    assert source.get_attribute("open") is None
    source.locator("summary").click()
    assert source.get_attribute("open") is not None


@contextlib.contextmanager
def _spoken(page, panel, tag):
    """While the page speaks another language: the words of ours in it."""
    words = json.loads((WORDS / f"{tag}.json").read_text(encoding="utf-8"))
    page.checkpoint()
    page.js("(tag) => app.extensionManager.setting.set('Comfy.Locale', tag)", tag)
    try:
        panel.get_by_label(words["Samplers or schedules"]).wait_for()
        yield words
    finally:
        page.js("(tag) => app.extensionManager.setting.set('Comfy.Locale', tag)", "en")
        panel.get_by_label("Samplers or schedules").wait_for()


def test_people_search_in_their_language(page, panel):
    with _spoken(page, panel, "fr") as words:
        found = _found(page, panel, words["few steps, fast, quick"].split(",")[0])
        assert "sig_uni_pc" in found and "sig_ddpm_large" not in found
        assert set(found) >= {"sig_uni_pc_bh2", "sig_lcm"}


def test_cards_are_in_the_language_of_the_page(page, panel):
    with _spoken(page, panel, "ru") as words:
        panel.get_by_role("searchbox").fill("sig_dpmpp_2m")
        card = panel.locator("li").first.inner_text()
        summary = "The all-round ODE sampler: one evaluation a step, second order, good from 10 to 30 steps."
        assert words[summary] in card and summary not in card


def test_shorter_lists_are_offered_once(page, panel):
    line = panel.locator(".hint")
    assert "Leave out families" in line.inner_text()
    line.get_by_label("Do not show this again").click()
    assert line.count() == 0
    toggle = "() => app.extensionManager.sidebarTab.toggleSidebarTab('sigmatic-browser')"
    page.js(toggle), page.js(toggle)
    panel.get_by_role("searchbox").wait_for()
    assert line.count() == 0
    page.js("() => localStorage.removeItem('sigmatic.families.offered')")
