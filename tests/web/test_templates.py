"""The example workflows as ComfyUI's browser of templates shows them: by names, with their pictures; a click opens one.

Front ends translate the titles of their own templates alone: those of packs are the names of their files.
"""

from web.test_examples import FLOWS


def test_templates_have_names_pictures_and_open(page):
    page.js("() => app.extensionManager.command.execute('Comfy.BrowseTemplates')")
    page.tab.get_by_text("ComfyUI-Sigmatic").first.click()
    dialog = page.tab.get_by_role("dialog").last
    card = dialog.get_by_text("01 Quickstart", exact=True).first
    card.wait_for()
    pictures = "() => [...document.querySelectorAll('[role=dialog] img')].filter((one) => one.naturalWidth === 512)"
    page.until(f"() => ({pictures})().length > 1")
    shown = dialog.inner_text().splitlines()
    assert next(name for name in shown if name in {path.stem for path in FLOWS}) == "01 Quickstart"
    assert not [text for text in shown if "_" in text]
    dialog.locator("img").first.click()
    page.until("() => app.graph._nodes.some((node) => node.type === 'SigmaticKSampler')")


def test_names_of_templates_can_be_read_and_sort_the_quickstart_first():
    assert FLOWS[0].stem == "01 Quickstart"
    assert not [path for path in FLOWS if "_" in path.stem or path.stem != path.stem.strip()]
    assert all(path.with_suffix(".jpg").exists() for path in FLOWS)
