"""Every example workflow on every front end there is: nothing lies over anything, nothing is cut off."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
FLOWS = sorted((HERE.parents[1] / "example_workflows").glob("*.json"))
ROOM = 40
BOXES = """() => app.graph._nodes.map((node) => {
    const { scale } = app.canvas.ds, element = document.querySelector(`[data-node-id="${node.id}"]`);
    const [x, y] = node.pos, [width, height] = node.size, least = node.computeSize()[1];
    const seen = element?.getBoundingClientRect();
    const inside = element ? [...element.querySelectorAll('*')].filter((one) => one.clientHeight
        && one.scrollHeight > one.clientHeight + 2 && getComputedStyle(one).overflowY === 'hidden'
        && !one.closest('.sigmatic-plot, textarea, svg')).length : 0;
    const shown = seen ? Math.max(seen.height / scale - 30, height) : height;
    return { name: `${node.type} #${node.id}`, x, y: y - 30, width, height: shown + 30, size: height, least,
        cut: inside }; })"""


def _apart(boxes, room):
    """The pairs of boxes that come nearer to each other than so many pixels, by name."""

    def near(a, b):
        return all(a[at] < b[at] + b[side] + room and b[at] < a[at] + a[side] + room
                   for at, side in (("x", "width"), ("y", "height")))  # fmt: skip

    return [(a["name"], b["name"]) for i, a in enumerate(boxes) for b in boxes[i + 1 :] if near(a, b)]


def _look(page, path):
    """Open a workflow in view, and return its nodes' boxes once they stand still."""
    page.js("(graph) => app.loadGraphData(graph)", json.loads(path.read_text("utf-8")))
    page.js(
        """() => { Object.assign(app.canvas.ds, { scale: 0.5 }); app.canvas.ds.offset = [20, 120];
            app.canvas.setDirty(true, true); }"""
    )
    page.until("() => app.graph._nodes.length > 3")
    page.tab.wait_for_timeout(700)
    return page.js(BOXES)


def _hold(page, path):
    boxes = _look(page, path)
    apart = _apart(boxes, ROOM - 1)
    assert not apart, [box for box in boxes if box["name"] in apart[0]]
    low = [box["name"] for box in boxes if box["size"] < box["least"] - 1]
    assert not low and not [box["name"] for box in boxes if box["cut"]], low
    groups = page.js("() => app.graph._groups.map((one) => [...one._pos ?? one.pos, ...one._size ?? one.size])")
    assert groups and all(
        any(x <= box["x"] and y <= box["y"] and box["x"] + box["width"] <= x + width
            and box["y"] + box["height"] <= y + height for x, y, width, height in groups)
        for box in boxes
    ), "every node is in a group"  # fmt: skip
    page.until("() => [...document.querySelectorAll('.sigmatic-plot .says')].every((one) => one.textContent)")
    warned = page.js(
        "() => [...document.querySelectorAll('.sigmatic-plot .warns')].map((one) => one.textContent).join('')"
    )
    assert not warned and not page.js("() => document.querySelector('.sigmatic-plot.wrong')?.textContent")


@pytest.fixture(scope="module")
def hosts_vue(host, browser, conftest):
    """The page of a running host with the front end that it comes with, in Nodes 2.0."""
    if "EmptyFlux2LatentImage" not in host.info:
        pytest.skip("1.27.10, of ComfyUI 0.3.64, has no Nodes 2.0 that could be used")
    page = conftest.Page(browser, f"http://127.0.0.1:{host.port}", "vue")
    yield page
    page.context.close()


@pytest.fixture(scope="module")
def newest(host, conftest, tmp_path_factory):
    """The address of the newest front end, which is answered with the definitions of a running host."""
    if "EmptyFlux2LatentImage" not in host.info:
        pytest.skip("the newest front end is looked at with the newer ComfyUI's definitions")
    info = tmp_path_factory.mktemp("info") / "info.json"
    info.write_text(json.dumps(host.info))
    command = [sys.executable, HERE / "server.py", "--info", info, conftest.frontend(conftest.NEWEST)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        yield f"http://127.0.0.1:{json.loads(server.stdout.readline())[0]}"
        server.terminate()


@pytest.fixture(scope="module", params=["classic", "vue"])
def newest_page(request, newest, browser, conftest):
    """Its page."""
    page = conftest.Page(browser, newest, request.param)
    yield page
    page.context.close()


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.stem)
def test_on_the_front_end_of_the_host(hosts_page, path):
    _hold(hosts_page, path)


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.stem)
def test_on_the_front_end_of_the_host_in_nodes_two(hosts_vue, path):
    _hold(hosts_vue, path)


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.stem)
def test_on_the_newest_front_end(newest_page, path):
    _hold(newest_page, path)


def test_boxes_that_meet_are_found():
    boxes = [
        {"name": name, "x": x, "y": 0, "width": 100, "height": 50} for name, x in (("a", 0), ("b", 139), ("c", 300))
    ]
    assert _apart(boxes, ROOM) == [("a", "b")] and not _apart(boxes, ROOM - 1)
