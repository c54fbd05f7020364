"""The results on Sigmatic Compare: a click puts a row into a KSampler, rows are sorted, two are before and after.

The rows and their picture are of a real run on the stand-in host.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fakehost.host import Pack, fake_host

ENTRIES = """sig_euler / sig_karras
sig_euler_ancestral / sig_linear / eta = 0:1, 50:0.5; s_noise = 1.01
sig_uni_pc / sig_karras / rho = 5
sig_dpmpp_2m / sig_karras / steps = 24"""
VALUES = "(id) => Object.fromEntries(__node(id).widgets.map((one) => [one.name, one.value]))"
ROW = ".sigmatic-sheet .row"


@pytest.fixture(scope="module")
def output():
    """(what the page is told of a run, the file of its picture)."""
    with ThreadPoolExecutor(1) as pool:  # Playwright keeps an event loop in this one
        return pool.submit(_run).result()


def _run():
    with fake_host() as module:
        pack = Pack(module)
        links = {
            "model": pack.run("SigmaticDemoModel", model="tiles"),
            "positive": pack.run("SigmaticDemoPrompt", digit="potion"),
            "negative": pack.run("SigmaticDemoPrompt", digit=""),
            "latent_image": pack.run("SigmaticDemoLatent", batch_size=4),
        }
        given = {**links, "seed": 5, "cfg": 2.0, "evaluations": 10, "size": 96, "entries": ENTRIES}
        ui = pack.whole("SigmaticCompare", **given).ui
        folder = pack.part("host.pictures").folder_paths.get_temp_directory()
        return ui, (Path(folder) / json.loads(ui["sheet"][0])["file"]["filename"]).read_bytes()


@pytest.fixture
def results(page, output):
    """What the page is told of that run, whose picture is served."""
    ui, picture = output
    page.tab.route("**/view?*", lambda route: route.fulfill(body=picture, content_type="image/png"))
    yield ui
    page.tab.unroute("**/view?*")


@pytest.fixture
def compare(page, results):
    """A Sigmatic Compare that has run, at a zoom at which all of it is in view."""
    node = page.add("SigmaticCompare", at=(60, 80), size=(460, 0), entries=ENTRIES)
    page.js("() => { app.canvas.ds.scale = 0.8; app.canvas.ds.offset = [80, 40]; app.canvas.setDirty(true, true); }")
    page.drawn(node)
    page.js("([id, output]) => { __node(id).onExecuted(output); app.canvas.setDirty(true, true); }", [node, results])
    page.tab.locator(ROW).nth(3).wait_for()
    page.tab.wait_for_timeout(400)
    return node


def said(page, text):
    """Wait until the page says so at its edge."""
    page.tab.get_by_text(text, exact=False).first.wait_for()


def click(page, place):
    """Click a row, with the mouse on its way there."""
    page.tab.mouse.move(2, 450)
    page.tab.wait_for_timeout(100)
    page.tab.locator(ROW).nth(place).click()


def holds(page, node, **values):
    """Wait until the node's widgets have these values."""
    page.until(
        """([id, values]) => Object.entries(values).every(([name, value]) =>
            __node(id).widgets.find((one) => one.name === name).value === value)""",
        [node, values],
    )


def test_a_click_puts_a_row_into_the_only_ksampler_and_one_undo_takes_it_back(page, compare):
    node = page.add("SigmaticKSampler", at=(620, 80), steps=31, rho=3.0)
    page.drawn(node)
    before = page.js(VALUES, node)
    page.checkpoint()
    click(page, 1)
    said(page, "sig_euler_ancestral / sig_linear, 10 steps, eta 0:1, 50:0.5, s_noise 1.01 is in Sigmatic KSampler #")
    holds(page, node, sampler="sig_euler_ancestral", schedule="sig_linear", steps=10, s_noise=1.01, rho=7)
    holds(page, node, eta_curve="0:1, 50:0.5", cfg=before["cfg"], seed=before["seed"], denoise=1)
    page.drawn(node, "sig_euler_ancestral on sig_linear: 10 steps")
    page.tab.keyboard.press("Control+z")
    holds(
        page, node, **{name: value for name, value in before.items() if name not in ("plot", "control_after_generate")}
    )
    page.until(f"() => document.querySelectorAll('{ROW}').length === 4")
    click(page, 2)
    holds(page, node, sampler="sig_uni_pc", schedule="sig_karras", steps=10, rho=5, eta_curve="")


def test_where_an_example_compares_its_group_has_room_for_the_results(page, results, root):
    sheet = json.loads(results["sheet"][0])
    ui = {**results, "sheet": [json.dumps({**sheet, "rows": sheet["rows"] * 3})]}
    flows = [path.read_text("utf-8") for path in (root / "example_workflows").glob("*.json")]
    flows = [flow for flow in map(json.loads, flows) if "SigmaticCompare" in {one["type"] for one in flow["nodes"]}]
    for flow in flows:
        page.js("(graph) => app.loadGraphData(graph)", flow)
        (node,) = [str(one["id"]) for one in flow["nodes"] if one["type"] == "SigmaticCompare"]
        page.drawn(node)
        page.js("([id, output]) => { __node(id).onExecuted(output); app.canvas.setDirty(true, true); }", [node, ui])
        page.until("(id) => __node(id).size[1] > 1200", node)
        bottom = page.js("(id) => __node(id).pos[1] + __node(id).size[1]", node)
        (group,) = [one["bounding"] for one in flow["groups"] if one["title"] == "Compare"]
        assert bottom <= group[1] + group[3]
    assert len(flows) >= 3


def test_comfyuis_own_ksampler_takes_what_it_has_and_the_rest_is_named(page, compare):
    node = page.add("KSampler", at=(620, 80))
    click(page, 1)
    said(page, "It has nothing for eta, s_noise.")
    holds(page, node, sampler_name="sig_euler_ancestral", scheduler="sig_linear", steps=10)


def test_of_several_the_selected_one_is_meant(page, compare):
    one, two = page.add("KSampler", at=(620, 80)), page.add("SigmaticKSampler", at=(620, 420))
    before = page.js(VALUES, one), page.js(VALUES, two)
    page.js("() => app.canvas.deselectAll?.()")
    click(page, 0)
    said(page, "Select the KSampler that it is for: KSampler #")
    assert (page.js(VALUES, one), page.js(VALUES, two)) == before
    page.js("(id) => { app.canvas.deselectAll?.(); app.canvas.selectNode(__node(id)); }", one)
    click(page, 2)
    holds(page, one, sampler_name="sig_uni_pc", scheduler="sig_karras", steps=10)
    assert page.js(VALUES, two) == before[1]


def test_where_there_is_none_that_is_said(page, compare):
    click(page, 0)
    said(page, "No KSampler here has sig_euler / sig_karras, 10 steps in its lists: add one.")


def test_a_linked_widget_keeps_its_link_and_its_value(page, compare):
    node, recipe = page.add("SigmaticKSampler", at=(620, 80), steps=31), page.add("SigmaticRecipe", at=(1050, 80))
    page.js(
        """([from, to]) => { const at = __node(to).inputs.findIndex((one) => one.name === 'steps');
            __node(from).connect(3, __node(to), at); }""",
        [recipe, node],
    )
    click(page, 3)
    said(page, "Linked, so left as it is: steps.")
    holds(page, node, sampler="sig_dpmpp_2m", steps=31)
    assert page.js("(id) => __node(id).inputs.find((one) => one.name === 'steps').link", node) is not None


def words(page):
    """What stands beside the pictures, row by row."""
    return [text.split("\n")[:2] for text in page.tab.locator(f"{ROW} .words").all_inner_texts()]


def test_rows_say_whether_they_differ_visibly_and_are_sorted_by_it(page, compare, output):
    rows = json.loads(output[0]["sheet"][0])["rows"]
    told = [
        [row["sampler"], row["seen"] if row["apart"] == 0 else f"difference {row['apart']:.3g}: {row['seen']}"]
        for row in rows
    ]
    assert words(page) == told and len({row["seen"] for row in rows}) > 2
    page.tab.get_by_role("button", name="by difference").click()
    assert words(page) == [told[i] for i in sorted(range(4), key=lambda i: rows[i]["apart"])]
    page.tab.get_by_role("button", name="as listed").click()
    assert words(page) == told


def test_the_line_between_before_and_after_follows_pointer_and_keys(page, compare):
    page.tab.get_by_role("button", name="before / after").click()
    inner = ".sigmatic-sheet .stage > div > svg"
    clip = f"() => parseFloat(document.querySelectorAll('{inner}')[1].style.clipPath.split(' ').pop())"
    box = page.tab.locator(inner).first.bounding_box()
    for part in (0.25, 0.7):
        page.tab.mouse.move(box["x"] + part * box["width"], box["y"] + box["height"] / 2)
        assert page.js(clip) == pytest.approx(100 * part, abs=2)
    page.tab.locator(".sigmatic-sheet input[type=range]").press("End")
    assert page.js(clip) == 100
    views = f"() => [...document.querySelectorAll('{inner} svg')].map((one) => one.getAttribute('viewBox'))"
    first = page.js(views)
    page.tab.get_by_label("after", exact=True).select_option(label="3. sig_uni_pc / sig_karras, 10 steps, rho 5")
    page.tab.get_by_label("Which picture").select_option(label="2 / 4")
    second = page.js(views)
    assert len({*first, *second}) == 4
    assert page.tab.locator(".sigmatic-sheet .told").inner_text().startswith("sig_euler, difference")


@pytest.mark.parametrize("scale", [1.0, 0.6, 0.45])
def test_labels_are_legible_also_from_afar(page, compare, scale):
    """Their letters are ten pixels high on the screen, as they are at full size."""
    page.js("(scale) => { app.canvas.ds.scale = scale; app.canvas.setDirty(true, true); }", scale)
    page.until(
        "(scale) => Math.abs(parseFloat(document.body.style.getPropertyValue('--sig-grow')) * scale - 1) < 1e-6", scale
    )
    size = page.js("() => parseFloat(getComputedStyle(document.querySelector('.sigmatic-sheet .seen')).fontSize)")
    assert size * scale > 9.5


def test_the_results_are_no_input_and_are_gone_with_another_workflow(page, compare):
    prompt = page.js("async () => (await app.graphToPrompt()).output")
    assert "results" not in prompt[compare]["inputs"]
    empty = {"version": 0.4, "last_node_id": 0, "last_link_id": 0, "nodes": [], "links": []}
    page.js("async (graph) => { await app.loadGraphData(graph); }", empty)
    page.until(f"() => !document.querySelector('{ROW}')")
    node = page.add("SigmaticCompare", at=(60, 80))
    page.drawn(node)
    assert page.js("(id) => __node(id).widgets.find((one) => one.name === 'results').hidden", node) is True
