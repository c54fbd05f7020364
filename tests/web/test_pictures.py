"""Pictures of the page in its dark and its light theme; with SIGMATIC_PICTURES=1 they go into the project."""

import io
import os
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
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


def _keep(page, tmp_path, name, clip):
    """Take a picture; it must show something, and in the project it stands under `name`."""
    picture = Image.open(io.BytesIO(page.tab.screenshot(clip=clip))).convert("RGB")
    assert len(picture.getcolors(1 << 24)) > 60, "nothing is drawn"
    target = ROOT / name if os.environ.get("SIGMATIC_PICTURES") else tmp_path / Path(name).name
    picture.quantize(256).save(target, optimize=True)
    return picture


def _box(page, *nodes, room=14):
    boxes = [page.tab.locator(f"[data-node-id='{node}']").bounding_box() for node in nodes]
    left, top = min(b["x"] for b in boxes) - room, min(b["y"] for b in boxes) - room
    right, bottom = (max(b[k] + b[s] for b in boxes) + room for k, s in (("x", "width"), ("y", "height")))
    return {"x": left, "y": top, "width": right - left, "height": bottom - top}


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_plots(page, themed, tmp_path, theme):
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
    picture = _keep(page, tmp_path, f"docs/plot-{theme}.png", _box(page, base, other, third))
    brightness = sum(picture.resize((1, 1)).getpixel((0, 0))) / 3
    assert (brightness > 128) == (theme == "light")
    if theme == "dark":
        _keep(page, tmp_path, "web/docs/plot.png", _box(page, base, room=2))


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_panels(page, themed, tmp_path, theme):
    themed(theme)
    toggle = "() => app.extensionManager.sidebarTab.toggleSidebarTab('sigmatic-browser')"
    page.js(toggle)
    page.tab.locator(".sigmatic-browser").wait_for()
    node = page.add("SigmaticSampler", at=(560, 150), eta_curve="0:1, 40:0.9, 70:0.3, 100:0.1")
    page.drawn(node)
    page.js(
        "(id) => { __node(id).properties.sigmatic_plot = { curve: 'eta_curve' }; __node(id).onConfigure?.({}); }", node
    )
    page.tab.locator(".sigmatic-plot .knob").first.wait_for()
    page.tab.wait_for_timeout(300)
    box = _box(page, node)
    clip = {"x": 0, "y": 40, "width": box["x"] + box["width"], "height": 700}
    _keep(page, tmp_path, f"docs/panels-{theme}.png", clip)
    page.js(toggle)
