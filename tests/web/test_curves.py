"""The curve editor on widgets that take a curve among other things: detail and cfg_curve of Sigmatic Settings."""

import pytest

VALUE = "([id, name]) => __node(id).widgets.find((widget) => widget.name === name).value"
LABELS = "(id) => [...__plot(id).querySelectorAll('.curve .label')].map((one) => one.textContent)"


def _open(page, name, **widgets):
    node = page.add("SigmaticSettings", at=(80, 60), size=(420, 0), **widgets)
    page.edit(node, name)
    box = page.js(
        """(id) => { const b = __plot(id).querySelector('.curve .picture').getBoundingClientRect();
            return [b.x, b.y, b.width, b.height]; }""",
        node,
    )
    return node, box


def _place(box, percent, value, most):
    x, y, width, height = box
    return x + 38 + (width - 46) * percent / 100, y + height - 18 - (height - 26) * value / most


def _points(text):
    return [tuple(map(float, piece.split(":"))) for piece in text.split(",") if ":" in piece]


def test_detail_is_drawn(page):
    node, box = _open(page, "detail")
    assert {"0", "0.2"} <= set(page.js(LABELS, node))
    for percent, value in ((20, 0.0), (50, 0.1), (80, 0.0)):
        page.tab.mouse.click(*_place(box, percent, value, 0.2))
    page.until(f"(id) => ({VALUE})([id, 'detail']).split(',').length === 3", node)
    points = _points(page.js(VALUE, [node, "detail"]))
    assert points[1] == pytest.approx((50, 0.1), abs=1.5) and points[1][1] == pytest.approx(0.1, abs=0.005)
    page.drawn(node, "")
    page.set(node, "detail", "0.05")
    page.until("(id) => __plot(id).querySelectorAll('.curve .knob').length === 2", node)
    page.tab.locator(".sigmatic-plot .curve select").select_option("in the middle")
    assert page.js(VALUE, [node, "detail"]) == "20:0, 50:0.1, 80:0"
    page.set(node, "detail", "0:0.9")
    page.until("(id) => __plot(id).querySelector('.curve').classList.contains('wrong')", node)


def test_cfg_is_drawn_and_its_range_stays(page):
    node, box = _open(page, "cfg_curve", cfg_curve="0:8, 100:4, 20-80")
    assert {"0", "10"} <= set(page.js(LABELS, node))
    page.until("(id) => __plot(id).querySelectorAll('.curve .knob').length === 2", node)
    page.tab.mouse.move(*_place(box, 100, 4, 10))
    page.tab.mouse.down()
    page.tab.mouse.move(*_place(box, 90, 6, 10), steps=4)
    page.tab.mouse.up()
    text = page.js(VALUE, [node, "cfg_curve"])
    assert text.endswith(", 20-80")
    assert _points(text)[1] == pytest.approx((90, 6), abs=1.5)
    page.tab.locator(".sigmatic-plot .curve select").select_option("falling")
    assert page.js(VALUE, [node, "cfg_curve"]) == "0:8, 100:3, 20-80"
    page.js("(id) => __plot(id).querySelector('.curve button').click()", node)
    assert page.js(VALUE, [node, "cfg_curve"]) == ""
