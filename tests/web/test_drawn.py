"""A schedule drawn by hand on Sigmatic Schedule: by mouse and by keyboard, into its text, its plot and the prompt."""

import json

import pytest

TEXT = "(id) => __node(id).widgets.find((widget) => widget.name === 'points').value"
CHOSEN = "(id) => __node(id).widgets.find((widget) => widget.name === 'schedule').value"
KNOBS = "(id) => __plot(id).querySelectorAll('.knob').length"


@pytest.fixture
def editor(page):
    """editor(**widgets) -> a Sigmatic Schedule with its editor open."""

    def open_(**widgets):
        node = page.add("SigmaticSchedule", at=(80, 80), **widgets)
        page.edit(node, "points")
        return node

    return open_


def _points(page, node):
    return [tuple(map(float, piece.split(":"))) for piece in page.js(TEXT, node).split(",")]


def _knob(page, node, i):
    """Where in the page a point lies."""
    return page.js(
        """([id, i]) => { const b = __plot(id).querySelectorAll('.knob')[i].getBoundingClientRect();
            return [b.x + b.width / 2, b.y + b.height / 2]; }""",
        [node, i],
    )


def test_a_schedule_is_drawn_by_mouse(page, editor):
    node = editor(steps=9)
    assert page.js(KNOBS, node) == 0
    box = page.js(
        """(id) => { const b = __plot(id).querySelector('.curve .picture').getBoundingClientRect();
            return [b.x, b.y, b.width, b.height]; }""",
        node,
    )
    page.tab.mouse.click(box[0] + box[2] * 0.4, box[1] + box[3] * 0.2)
    page.until(f"(id) => ({KNOBS})(id) === 6", node)
    assert page.js(CHOSEN, node) == "sig_drawn", "the first point chooses the schedule that listens"
    page.drawn(node, "sig_drawn: 9 steps, sigma 14.")
    points, shape = _points(page, node), page.shape(node)
    assert points[0][1] == pytest.approx(14.6, rel=1e-2) and points[-1][0] == 100
    high = next(i for i, (place, _) in enumerate(points) if place == pytest.approx(34, abs=4))
    x, y = _knob(page, node, high)
    page.tab.mouse.move(x, y)
    page.tab.mouse.down()
    page.tab.mouse.move(x + 20, y + 18, steps=4)
    page.tab.mouse.up()
    page.until("([id, was]) => __plot(id).querySelector('.picture svg').innerHTML !== was", [node, shape])
    moved = _points(page, node)
    assert moved[high][0] > points[high][0] and moved[high][1] < points[high][1]
    assert [level for _, level in moved] == sorted((level for _, level in moved), reverse=True)
    x, y = _knob(page, node, high)
    page.tab.mouse.click(x, y, button="right")
    page.until(f"(id) => ({KNOBS})(id) === 5", node)
    page.js("(id) => __plot(id).querySelector('.curve button').click()", node)
    assert page.js(TEXT, node) == ""


def test_a_schedule_is_drawn_by_keyboard(page, editor):
    node = editor(steps=9)
    page.js("(id) => __plot(id).querySelector('.curve .picture').focus()", node)
    page.tab.keyboard.press("+")
    page.drawn(node, "sig_drawn: 9 steps")
    begun = _points(page, node)
    assert [place for place, _ in begun] == [0, 25, 50, 75, 100]
    page.tab.keyboard.press("Shift+ArrowDown")
    first = _points(page, node)[0]
    assert first[0] == 0 and begun[1][1] < first[1] < begun[0][1], "the first point goes down, and stays above the next"
    page.until("(id) => !__plot(id).querySelector('svg').getAttribute('aria-label').includes('sigma 14.')", node)
    page.tab.keyboard.press(".")
    page.tab.keyboard.press("ArrowRight")
    assert _points(page, node)[1][0] == 26
    page.tab.keyboard.press("+")
    assert len(_points(page, node)) == 6
    page.tab.keyboard.press("Delete")
    assert len(_points(page, node)) == 5
    assert "points: 50% is" in page.js(
        "(id) => __plot(id).querySelector('.curve .picture').getAttribute('aria-label')", node
    )


def test_a_drawn_point_can_be_undone(page, editor):
    """The text, the schedule that it chose, the editor and the plot go back together, and forth again."""
    node = editor(steps=9)
    page.checkpoint()
    page.js("(id) => __plot(id).querySelector('.curve .picture').focus()", node)
    page.tab.keyboard.press("+")
    page.drawn(node, "sig_drawn: 9 steps")
    page.checkpoint()
    for keys, schedule, count in (("Control+z", "sig_karras", 0), ("Control+y", "sig_drawn", 5)):
        page.js("() => { document.activeElement?.blur?.(); document.body.focus(); }")
        page.tab.keyboard.press(keys)
        page.drawn(node, f"{schedule}: 9 steps")
        page.until(f"([id, count]) => ({KNOBS})(id) === count", [node, count])
        page.until("() => document.querySelectorAll('.sigmatic-plot').length === 1")
        page.checkpoint()  # a node that had changed by itself, in size say, would be a change that ends all redoing


def test_an_open_editor_makes_the_node_no_larger_each_time_it_is_loaded(page, editor):
    node = editor(steps=9)
    size = "(id) => [...__node(id).size].map(Math.round)"
    sizes = [page.js(size, node)]
    for _ in range(3):
        page.js("() => app.loadGraphData(JSON.parse(JSON.stringify(app.graph.serialize())))")
        page.until("(id) => __plot(id)?.querySelector('.curve .picture svg')?.childElementCount > 2", node)
        sizes.append(page.js(size, node))
    assert sizes == sizes[:1] * 4


def test_the_text_is_the_value(page, editor):
    node = editor(schedule="sig_drawn", points="9, 3, 1", steps=3)
    assert page.js(KNOBS, node) == 3
    page.drawn(node, "sigma 9 to 0")
    page.set(node, "points", "0:8, 100:2")
    page.until(f"(id) => ({KNOBS})(id) === 2", node)
    page.drawn(node, "sigma 8 to 0")
    page.set(node, "points", "0:1, 100:2")
    page.until("(id) => __plot(id).querySelector('.curve').classList.contains('wrong')", node)
    page.drawn(node, "points is '0:1, 100:2'")
    page.set(node, "points", "0:7, 100:2")
    page.drawn(node, "sigma 7 to 0")
    saved = json.loads(json.dumps(page.js("() => app.graph.serialize()")))
    page.js("(graph) => app.loadGraphData(graph)", saved)
    page.drawn(node, "sigma 7 to 0")
    prompt = page.js("async () => (await app.graphToPrompt()).output")
    assert prompt[node]["inputs"]["points"] == "0:7, 100:2" and "plot" not in prompt[node]["inputs"]
