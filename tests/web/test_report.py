"""Sigmatic Sweep in a real ComfyUI: run by the page's own button, then its report, with its pictures, over the page."""

import json

import pytest

ASKED = """() => { const frame = document.querySelector('dialog.sigmatic-report iframe');
    const inner = frame?.contentDocument;
    return !!inner?.querySelector('#body tr') && [...inner.images].length > 0; }"""


@pytest.fixture
def swept(hosts_page, conftest):
    """The page with the example workflow, before a run of a small sweep; the id of its node."""
    page = hosts_page
    graph = json.loads((conftest.ROOT / "example_workflows" / "Sweep.json").read_text(encoding="utf-8"))
    page.js("(graph) => app.loadGraphData(graph)", graph)
    page.until("() => app.graph._nodes.some((node) => node.type === 'SigmaticSweep')")
    node = page.js("() => String(app.graph._nodes.find((node) => node.type === 'SigmaticSweep').id)")
    page.set(node, "axes", "sampler = sig_euler, sig_heun\nsteps = 3, 5\nseed = 0:2\ncfg = 2")
    return page, node


def test_the_report_opens_over_the_page_with_its_pictures(swept, host):
    page, node = swept
    drawn = page.drawn(node, "8 runs of 4 settings")
    assert "sig_karras" in drawn
    page.js(
        """() => { window.__end = ''; const { api } = window.comfyAPI.api;
            for (const name of ['execution_success', 'execution_error', 'execution_interrupted'])
                api.addEventListener(name, () => { window.__end = name; }); }"""
    )
    button = page.tab.get_by_test_id("queue-button")
    inner = button.locator("button")
    (inner.first if inner.count() else button.first).click()
    page.tab.wait_for_function("() => window.__end", timeout=240_000)
    assert page.js("() => window.__end") == "execution_success", host.log[-2000:]
    page.js("(id) => __node(id).widgets.find((one) => one.name === 'report').callback()", node)
    page.until(ASKED)
    frame = page.tab.frame_locator("dialog.sigmatic-report iframe")
    page.until(
        """() => { const inner = document.querySelector('dialog.sigmatic-report iframe').contentDocument;
            inner.images[0].scrollIntoView();
            return [...inner.images].some((one) => one.complete && one.naturalWidth === 64); }"""
    )
    assert frame.locator("#body tr").count() == 4 and frame.locator("svg circle").count() == 4
    assert frame.locator("#presets").inner_text().startswith("sig_")
    assert frame.locator("#title").inner_text() == "Sweep: example"
    page.tab.keyboard.press("Escape")
    page.until("() => !document.querySelector('dialog.sigmatic-report')")
    page.set(node, "name", "never_run")
    page.js("(id) => __node(id).widgets.find((one) => one.name === 'report').callback()", node)
    page.until("() => document.body.innerText.includes('run the workflow')")
    assert not page.js("() => document.querySelector('dialog.sigmatic-report')")
    ours = [error for error in page.errors if "reading 'id'" not in error]
    assert not ours, ours


def test_every_front_end_has_the_button_and_says_that_there_is_no_report_yet(page):
    node = page.add("SigmaticSweep", at=(300, 60), size=(420, 0), name="never_run")
    page.drawn(node, "36 runs of 18 settings")
    page.js("(id) => __node(id).widgets.find((one) => one.name === 'report').callback()", node)
    page.until("() => document.body.innerText.includes('run the workflow')")
    assert "never_run" in str(page.js("() => app.graph.serialize()")), "the button is no value of the node's"
    assert not page.js("() => document.querySelector('dialog.sigmatic-report')")
