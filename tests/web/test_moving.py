"""The moving picture of README: eta dragged on a real ComfyUI's page; the plot follows, and so do the pictures."""

import io
import os

import pytest
from PIL import Image
from servers import inhost

MOST = 2e6
"""Bytes of the moving picture."""
TITLES = ["Sigmatic Sampler", "sampler", "eta", "s_noise", "noise", "Preview Image"]
STOPS = [k / 10 for k in range(12)]
"""Values of eta on the way, from the plain ODE upwards."""
RUN = {
    "SigmaticDemoModel": {"model": "tiles"},
    "SigmaticDemoPrompt": {"digit": "potion"},
    "SigmaticDemoLatent": {"batch_size": 4},
    "SigmaticSchedule": {"schedule": "sig_karras", "steps": 14},
    "SamplerCustom": {"noise_seed": 6, "control_after_generate": "fixed", "cfg": 2.0},
    "SigmaticDemoDecode": {"zoom": 8},
}
WIRES = [
    ("SigmaticDemoModel", 0, "SigmaticSchedule", "model"), ("SigmaticDemoModel", 0, "SamplerCustom", "model"),
    ("SigmaticDemoPrompt", 0, "SamplerCustom", "positive"), ("SigmaticDemoPrompt", 0, "SamplerCustom", "negative"),
    ("SigmaticDemoLatent", 0, "SamplerCustom", "latent_image"), ("SigmaticSampler", 0, "SamplerCustom", "sampler"),
    ("SigmaticSchedule", 0, "SamplerCustom", "sigmas"), ("SamplerCustom", 0, "SigmaticDemoDecode", "samples"),
    ("SigmaticDemoDecode", 0, "PreviewImage", "images"),
]  # fmt: skip
CONNECT = """([from, slot, to, name]) => { const [a, b] = [__node(from), __node(to)];
    a.connect(slot, b, b.inputs.findIndex((one) => one.name === name)); }"""
SHOWN = """(id) => { const { imgs } = __node(id);
    return imgs?.length === 4 && imgs.every((one) => one.complete && one.naturalWidth) ? imgs[0].src : ''; }"""
CALM = """async () => { for (const [name, value] of [
    ['Comfy.Graph.CanvasInfo', false], ['Comfy.Minimap.Visible', false], ['Comfy.EnableTooltips', false],
    ['Comfy.LinkRenderMode', -1], ['Comfy.NodeBadge.NodeSourceBadgeMode', 'None'],
]) await app.extensionManager.setting.set(name, value); }"""
HAND = """([x, y]) => { let hand = document.getElementById('hand');
    if (!hand) {
        hand = document.createElement('div');
        hand.id = 'hand';
        hand.style.cssText = 'position:fixed;z-index:99999;pointer-events:none;width:16px;height:16px;' +
            'border-radius:50%;background:#ffffffb0;border:2px solid #3d93d4;transform:translate(-50%,-50%)';
        document.body.append(hand);
    }
    hand.style.left = x + 'px';
    hand.style.top = y + 'px'; }"""
PLACE = """([id, name]) => { const node = __node(id), widget = node.widgets.find((one) => one.name === name);
    const [x, y] = node.pos, at = app.canvas.ds.convertOffsetToCanvas([x + node.size[0] / 3, y + widget.y + 10]);
    const box = app.canvas.canvas.getBoundingClientRect();
    return [at[0] + box.left, at[1] + box.top]; }"""
VALUE = "(id) => __node(id).widgets.find((one) => one.name === 'eta').value"


@pytest.fixture
def page(host, browser, conftest):
    """The page of a running host: the sampler's node and the pictures in sight, the rest of the graph below."""
    page = conftest.Page(browser, f"http://127.0.0.1:{host.port}", "classic", {"Comfy.Minimap.Visible": False})
    page.clear()
    page.js("() => { app.canvas.render_canvas_border = false; app.canvas.show_info = false; }")
    page.js(CALM)
    page.ids = {"SigmaticSampler": page.add("SigmaticSampler", at=(80, 130), sampler="sig_dpmpp_2m_sde", eta=0.0)}
    page.ids["PreviewImage"] = page.add("PreviewImage", at=(450, 130), size=(338, 338))
    for i, (kind, widgets) in enumerate(RUN.items()):
        page.ids[kind] = page.add(kind, at=(80 + 400 * i, 1500), **widgets)
    for start, slot, end, name in WIRES:
        page.js(CONNECT, [page.ids[start], slot, page.ids[end], name])
    yield page
    page.context.close()


def _run(page, before):
    """Queue the graph; the address of the pictures, once they are others than before."""
    page.js("() => app.queuePrompt(0)")
    shows = f"([id, before]) => {{ const now = ({SHOWN})(id); return now && now !== before; }}"
    page.tab.wait_for_function(shows, arg=[page.ids["PreviewImage"], before], timeout=90_000)
    return page.js(SHOWN, page.ids["PreviewImage"])


def _still(page, clip):
    page.js("() => app.canvas.setDirty(true, true)")
    page.tab.wait_for_timeout(250)
    return Image.open(io.BytesIO(page.tab.screenshot(clip=clip))).convert("RGB")


def test_eta_is_dragged_and_plot_and_pictures_follow(page, doc_pictures, installation, tmp_path):
    sampler, preview = page.ids["SigmaticSampler"], page.ids["PreviewImage"]
    page.drawn(sampler, "no fresh noise")
    seen = _run(page, "")
    x, y = page.js(PLACE, [sampler, "eta"])
    page.tab.mouse.move(x, y)
    page.tab.mouse.down()
    sizes = page.js("([a, b]) => [a, b].map((id) => [...__node(id).pos, ...__node(id).size])", [sampler, preview])
    right = max(x0 + width for x0, _, width, _ in sizes) + 20
    foot = max(y0 + height for _, y0, _, height in sizes) + 20
    clip = {"x": 64, "y": 84, "width": right - 64, "height": foot - 84}
    stops = STOPS if "SIGMATIC_PICTURES" in os.environ else [*STOPS[:1], *STOPS[-1:]]  # few are enough to see it move
    stills, plots, pictures = [], [], []
    for stop in stops:
        while page.js(VALUE, sampler) < stop - 1e-6:
            x += 1
            page.tab.mouse.move(x, y)
        page.js(HAND, [x, y])
        value = page.js(VALUE, sampler)
        page.drawn(sampler, f"eta {value:g}." if value else "no fresh noise")
        seen = _run(page, seen) if stop else seen
        stills.append(_still(page, clip))
        plots.append(page.shape(sampler)), pictures.append(stills[-1].crop((400, 60, 740, 380)).tobytes())
    page.tab.mouse.up()
    assert page.js(VALUE, sampler) == pytest.approx(STOPS[-1], abs=0.02)
    assert len(set(plots)) == len(stops), "the plot does not follow"
    assert len(set(pictures)) == len(stops), "the pictures do not follow"
    texts = [page.says(sampler), f"eta {STOPS[0]:g} to {STOPS[-1]:g}", *TITLES]
    if installation == inhost.hosts()[-1]:  # of several hosts the newest
        doc_pictures.keep("docs/eta.gif", texts, lambda path: doc_pictures.gif(stills, path), tmp_path)
        assert (doc_pictures.ROOT / "docs" / "eta.gif").stat().st_size < MOST
