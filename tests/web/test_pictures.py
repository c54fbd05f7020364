"""Pictures of the page in its dark and its light theme, and of every node; with SIGMATIC_PICTURES=1 they go into the
project, with the texts that they show. Else these are compared: no picture in the project is stale.
"""

import io
from pathlib import Path

import pytest
from PIL import Image

TEXTS = """(places) => {
    // what can be read in some elements, in order: letters, values of lists and fields
    const out = [];
    const walk = (node) => {
        if (node.nodeType === Node.TEXT_NODE) out.push(node.textContent.trim());
        if (node.nodeType !== Node.ELEMENT_NODE || !node.checkVisibility()) return;
        if (node.tagName === 'SELECT') return out.push(node.selectedOptions[0]?.textContent.trim());
        if (['INPUT', 'TEXTAREA'].includes(node.tagName)) out.push(node.value || node.placeholder);
        for (const child of node.childNodes) walk(child);
    };
    for (const place of places) for (const element of document.querySelectorAll(place)) walk(element);
    return out.filter(Boolean);
}"""
CARDS = 5
"""So many cards of the sidebar are in its picture."""
PAGE = ("1.58.1", "vue")
pytestmark = pytest.mark.parametrize("opened", [PAGE], indirect=True, ids="-".join)


@pytest.fixture
def themed(page):
    """themed(name): change the page's colours; dark again afterwards."""

    def change(name):
        page.js("(name) => app.extensionManager.setting.set('Comfy.ColorPalette', name)", name)
        page.tab.wait_for_timeout(400)

    page.js("() => app.extensionManager.setting.set('Comfy.Minimap.Visible', false)")
    yield change
    change("dark")


@pytest.fixture
def keep(page, doc_pictures, tmp_path):
    """keep(name, clip, texts): take a picture; it must show something, and in the project it stands under `name`."""

    def take(name, clip, texts):
        picture = Image.open(io.BytesIO(page.tab.screenshot(clip=clip))).convert("RGB")
        assert len(picture.getcolors(1 << 24)) > 60, "nothing is drawn"
        doc_pictures.keep(name, texts, lambda path: picture.quantize(256).save(path, optimize=True), tmp_path)
        return picture

    return take


def _texts(page, *nodes):
    return page.js(TEXTS, [f"[data-node-id='{node}']" for node in nodes])


def _box(page, *nodes, room=14):
    boxes = [page.tab.locator(f"[data-node-id='{node}']").bounding_box() for node in nodes]
    left, top = min(b["x"] for b in boxes) - room, min(b["y"] for b in boxes) - room
    right, bottom = (max(b[k] + b[s] for b in boxes) + room for k, s in (("x", "width"), ("y", "height")))
    return {"x": left, "y": top, "width": right - left, "height": bottom - top}


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_plots(page, themed, keep, theme):
    themed(theme)
    base = page.add("SigmaticKSampler", at=(100, 140))
    page.drawn(base)
    other = page.add(
        "SigmaticKSampler", at=(470, 140), sampler="sig_euler_ancestral", rho=4.0, eta_curve="0:1, 50:1, 80:0"
    )
    page.js(
        """([id, other]) => { __node(id).properties.sigmatic_plot = { axis: 'log', other };
            __node(id).onConfigure?.({}); }""",
        [other, base],
    )
    third = page.add("SigmaticKSampler", at=(840, 140), sampler="sig_seeds_3", schedule="sig_linear", steps=9)
    page.js(
        '(id) => { __node(id).properties.sigmatic_plot = { axis: \'snr\', model: \'{"kind":"flow","shift":3}\' }; }',
        third,
    )
    page.set(third, "eta", 0.8)
    page.drawn(other, "Compared with")
    page.drawn(third, "flow model with shift 3")
    page.tab.wait_for_timeout(300)
    picture = keep(f"docs/plot-{theme}.png", _box(page, base, other, third), _texts(page, base, other, third))
    brightness = sum(picture.resize((1, 1)).getpixel((0, 0))) / 3
    assert (brightness > 128) == (theme == "light")
    if theme == "dark":
        keep("web/docs/plot.png", _box(page, base, room=2), _texts(page, base))


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_panels(page, panel, themed, keep, theme):
    themed(theme)
    node = page.add("SigmaticSampler", at=(560, 150), eta_curve="0:1, 40:0.9, 70:0.3, 100:0.1")
    page.drawn(node)
    page.js(
        "(id) => { __node(id).properties.sigmatic_plot = { curve: 'eta_curve' }; __node(id).onConfigure?.({}); }", node
    )
    page.tab.locator(".sigmatic-plot .knob").first.wait_for()
    page.tab.wait_for_timeout(300)
    box = _box(page, node)
    clip = {"x": 0, "y": 40, "width": box["x"] + box["width"], "height": 700}
    head = [f".sigmatic-browser > {part}" for part in (".row", "input", ".chips", ".count")]
    cards = [f".sigmatic-browser li:nth-child({k + 1})" for k in range(CARDS)]
    keep(f"docs/panels-{theme}.png", clip, page.js(TEXTS, [*head, *cards]) + _texts(page, node))


KINDS = sorted(path.stem for path in (Path(__file__).parents[2] / "web" / "docs").glob("Sigmatic*.md"))
SET = {"SigmaticSampler": {"sampler": "sig_dpmpp_2m_sde"}, "SigmaticExpertsKSampler": {"sampler": "sig_dpmpp_2m_sde"}}
"""What a node's picture has at something else than it begins with."""


@pytest.mark.parametrize("kind", KINDS)
def test_nodes(page, keep, kind):
    """Every node as it comes out of the menu."""
    node = page.add(kind, at=(200, 120), **SET.get(kind, {}))
    page.tab.locator(f"[data-node-id='{node}']").wait_for()
    if page.js("(id) => Boolean(__plot(id))", node):
        page.until("(id) => __plot(id).querySelector('svg').getAttribute('aria-label')", node)
    page.tab.wait_for_timeout(300)
    keep(f"docs/nodes/{kind}.png", _box(page, node), _texts(page, node))
