"""Curve editor, settings, shorter lists and the sampler browser, by mouse and by keyboard."""

import json

import pytest

from sigmatic.profiles import Profile

TEXT = "(id) => __node(id).widgets.find((widget) => widget.name === 'eta_curve').value"


@pytest.fixture
def settings(page):
    """Change a setting as the dialog does; afterwards all are as before."""
    before = {}

    def change(name, value):
        before.setdefault(name, page.js("(name) => app.extensionManager.setting.get(name)", name))
        page.js("([name, value]) => app.extensionManager.setting.set(name, value)", [name, value])

    yield change
    for name, value in before.items():
        page.js("([name, value]) => app.extensionManager.setting.set(name, value)", [name, value])


def _editor(page, **widgets):
    """A node with its curve editor open: (its id, the editor's box)."""
    node = page.add("SigmaticSampler", at=(80, 80), **widgets)
    page.edit(node, "eta_curve")
    box = page.js(
        """(id) => { const b = __plot(id).querySelector('.curve .picture').getBoundingClientRect();
            return [b.x, b.y, b.width, b.height]; }""",
        node,
    )
    return node, box


def _place(box, percent, value, most=1.5):
    """Where in the page a point of the curve lies."""
    x, y, width, height = box
    return x + 38 + (width - 46) * percent / 100, y + height - 18 - (height - 26) * value / most


def test_a_curve_is_drawn_by_mouse(page):
    node, box = _editor(page)
    for percent, value in ((10, 0.9), (60, 0.3)):
        page.tab.mouse.click(*_place(box, percent, value))
    page.until(f"(id) => ({TEXT})(id).split(',').length === 2", node)
    points = [tuple(map(float, piece.split(":"))) for piece in page.js(TEXT, node).split(",")]
    assert points[0] == pytest.approx((10, 0.9), abs=1.5) and points[1] == pytest.approx((60, 0.3), abs=1.5)
    page.drawn(node, "eta 0.")
    shape = page.shape(node)
    page.tab.mouse.move(*_place(box, *points[1]))
    page.tab.mouse.down()
    page.tab.mouse.move(*_place(box, 80, 0.6), steps=4)
    page.tab.mouse.up()
    last = page.js(TEXT, node).split(",")[1].split(":")
    assert float(last[0]) == pytest.approx(80, abs=1.5) and float(last[1]) == pytest.approx(0.6, abs=0.05)
    page.until("([id, was]) => __plot(id).querySelector('.picture svg').innerHTML !== was", [node, shape])
    page.tab.mouse.dblclick(*_place(box, float(last[0]), float(last[1])))
    page.until(f"(id) => ({TEXT})(id).split(',').length === 1", node)
    page.js("(id) => __plot(id).querySelector('.curve button').click()", node)
    assert page.js(TEXT, node) == ""
    page.drawn(node, "eta 1.")


def test_a_curve_is_drawn_by_keyboard(page):
    node, _ = _editor(page)
    page.js("(id) => __plot(id).querySelector('.curve .picture').focus()", node)
    for keys, said in (
        ("+", "0:1, 100:1"),
        ("+", "0:1, 50:1, 100:1"),
        ("ArrowDown", "0:1, 50:0.98, 100:1"),
        ("ArrowRight", "0:1, 51:0.98, 100:1"),
        (".", "0:1, 51:0.98, 100:1"),
        ("Shift+ArrowDown", "0:1, 51:0.98, 100:0.9"),
        (",", "0:1, 51:0.98, 100:0.9"),
        ("Delete", "0:1, 100:0.9"),
    ):
        page.tab.keyboard.press(keys)
        assert page.js(TEXT, node) == said, keys
    assert "eta_curve: 100% is 0.9" in page.js(
        "(id) => __plot(id).querySelector('.curve .picture').getAttribute('aria-label')", node
    )
    assert page.js("() => app.graph._nodes.length") == 1, "Delete is not for the node"
    page.drawn(node, "to 1")


def test_a_point_is_set_by_numbers_and_shapes_begin_a_curve(page):
    node, _ = _editor(page)
    page.tab.locator(".sigmatic-plot .curve select").select_option("burst")
    assert page.js(TEXT, node) == "0:0, 25:1.2, 60:1, 80:0"
    page.js("(id) => __plot(id).querySelector('.curve .picture').focus()", node)
    page.tab.keyboard.press(".")
    value = page.tab.locator(".sigmatic-plot .curve input").last
    value.fill("1.75")
    value.press("Enter")
    assert page.js(TEXT, node) == "0:0, 25:1.75, 60:1, 80:0"
    labels = page.js("(id) => [...__plot(id).querySelectorAll('.curve .label')].map((one) => one.textContent)", node)
    assert {"0 %", "50 %", "100 %", "3"} <= set(labels), "with room above the highest"
    page.drawn(node, "eta 0")
    curve, plot = (
        page.js(f"(id) => getComputedStyle(__plot(id).querySelector({kind!r})).stroke", node)
        for kind in (".curve .levels polyline", ".picture path.eta")
    )
    assert curve == plot, "the same colour"


def test_text_and_drawing_follow_each_other(page):
    node, _ = _editor(page, eta_curve="0:1, 50:0.5, 100:0")
    knobs = "(id) => __plot(id).querySelectorAll('.knob').length"
    assert page.js(knobs, node) == 3
    page.set(node, "eta_curve", "0:2")
    page.until(f"(id) => ({knobs})(id) === 1", node)
    page.set(node, "eta_curve", "no curve")
    page.until("(id) => __plot(id).querySelector('.curve').classList.contains('wrong')", node)
    page.drawn(node, "eta_curve")
    saved = json.loads(json.dumps(page.js("() => app.graph.serialize()")))
    assert saved["nodes"][0]["properties"]["sigmatic_plot"]["curve"] == "eta_curve"


def test_plots_can_be_switched_off(page, settings):
    """What that does to the node's size is in test_kept."""
    node = page.add("SigmaticKSampler")
    page.drawn(node)
    settings("Sigmatic.Plot.Show", False)
    page.until("(id) => __plot(id).style.display === 'none'", node)
    settings("Sigmatic.Plot.Show", True)
    page.js("() => app.canvas.setDirty(true, true)")
    page.drawn(node)
    page.until("(id) => __plot(id).style.display === ''", node)


def test_new_nodes_begin_with_the_chosen_defaults(page, settings):
    node = page.add("SigmaticKSampler")
    saved = page.js("() => app.graph.serialize()")
    settings("Sigmatic.Defaults.eta", 0.5)
    settings("Sigmatic.Defaults.rho", 5)
    fresh = page.add("SigmaticKSampler", at=(500, 120))
    assert "eta 0.5" in page.drawn(fresh, "eta 0.5")
    assert page.drawn(node, "eta 1.")
    page.js("(graph) => app.loadGraphData(graph)", saved)
    page.until("() => app.graph._nodes.length === 1")
    page.drawn(node, "eta 1.")


def _options(page, node, widget):
    return page.js(
        "([id, name]) => __node(id).widgets.find((widget) => widget.name === name).options.values", [node, widget]
    )


def test_hidden_families_are_left_out_of_lists(page, settings):
    ours, stock = page.add("SigmaticKSampler", sampler="sig_euler_ancestral"), page.add("KSampler", at=(500, 120))
    whole = _options(page, ours, "sampler")
    assert "sig_ddpm" in whole
    settings("Sigmatic.Dropdowns.Hidden", "ancestral")
    listed = "(id) => __node(id).widgets.find((w) => w.name === 'sampler').options.values.includes('sig_ddpm')"
    page.until(f"(id) => !({listed})(id)", ours)
    kept = _options(page, ours, "sampler")
    assert "sig_euler_ancestral" in kept, "the chosen one stays"
    assert "sig_heun" in kept and "euler" in kept
    assert "sig_euler_ancestral" not in _options(page, stock, "sampler_name")
    later = page.add("SigmaticKSampler", at=(900, 120))
    assert "sig_ddpm" not in _options(page, later, "sampler")
    page.js("() => app.refreshComboInNodes()")
    page.until(
        "(id) => !__node(id).widgets.find((w) => w.name === 'sampler_name').options.values.includes('sig_ddpm')", stock
    )
    settings("Sigmatic.Dropdowns.Hidden", "")
    page.until(listed, ours)
    assert _options(page, ours, "sampler") == whole


def test_the_settings_are_in_the_dialog(page):
    page.js("() => app.extensionManager.command.execute('Comfy.ShowSettingsDialog')")
    dialog = page.tab.get_by_role("dialog").first
    shown = dialog.get_by_text("Show plots on nodes").first
    for _ in range(20):  # a click while the dialog opens is lost now and then
        dialog.get_by_text("Sigmatic", exact=True).first.click()
        page.tab.wait_for_timeout(200)
        if shown.is_visible():
            break
    shown.wait_for()
    box = page.tab.locator(".sigmatic-ticks input[name=ancestral]").first
    box.wait_for()
    box.focus()
    page.tab.keyboard.press("Space")
    page.until("() => app.extensionManager.setting.get('Sigmatic.Dropdowns.Hidden') === 'ancestral'")
    box.click()
    page.until("() => app.extensionManager.setting.get('Sigmatic.Dropdowns.Hidden') === ''")
    page.tab.keyboard.press("Escape")
    page.until("() => !document.querySelector('.sigmatic-ticks')?.offsetParent")


def test_a_sampler_is_found_and_used(page, panel):
    node, other = page.add("SigmaticKSampler", at=(420, 60)), page.add("KSampler", at=(820, 60))
    page.drawn(node)
    panel.get_by_role("searchbox").fill("heun order 2")
    row = panel.locator("li").first
    assert "sig_heun" in row.inner_text() and "2 evaluations a step" in row.inner_text()
    page.js("([a, b]) => app.canvas.selectNodes([__node(a), __node(b)])", [node, other])
    row.get_by_role("button").focus()
    page.tab.keyboard.press("Enter")
    page.drawn(node, "sig_heun")
    assert page.js("(id) => __node(id).widgets.find((w) => w.name === 'sampler_name').value", other) == "sig_heun"
    panel.get_by_label("Samplers or schedules").select_option("schedules")
    panel.get_by_role("searchbox").fill("exponential")
    panel.locator("li").first.get_by_role("button").click()
    page.drawn(node, "on sig_exponential")
    assert not panel.get_by_label("Family").is_visible()


def test_a_name_that_a_list_does_not_have_is_not_put_into_it(page, panel):
    """Sigmatic Unsample has no samplers with noise; a hidden one is another matter."""
    node = page.add("SigmaticUnsample", at=(420, 60))
    page.js("(id) => app.canvas.selectNodes([__node(id)])", node)
    for name, chosen in (("sig_euler_ancestral", "sig_heun"), ("sig_euler", "sig_euler")):
        panel.get_by_role("searchbox").fill(name)
        panel.get_by_role("button", name=f"Use {name} in the selected nodes", exact=True).click()
        assert page.js("(id) => __node(id).widgets.find((w) => w.name === 'sampler').value", node) == chosen
    page.drawn(node, "sig_euler on")


def test_the_list_is_short_where_a_family_is_chosen(page, panel):
    panel.get_by_role("searchbox").fill("")
    panel.get_by_label("Samplers or schedules").select_option("samplers")
    count = panel.locator("li").count()
    panel.get_by_label("Family").select_option("ancestral")
    assert 1 < panel.locator("li").count() < count
    panel.get_by_role("searchbox").fill("<img src=x onerror=alert(1)>")
    assert panel.locator("li").count() == 0
    assert panel.get_by_role("status").inner_text().startswith("0 of")


def test_presets_are_saved_renamed_used_and_deleted(page, panel):
    node = page.add("SigmaticKSampler", at=(420, 60), sampler="sig_euler_ancestral", eta=0.4)
    page.drawn(node, "eta 0.4")
    panel.get_by_label("Samplers or schedules").select_option("presets")
    page.js("(id) => app.canvas.selectNodes([__node(id)])", node)
    panel.get_by_label("Name of a new preset").fill("not mine")
    page.until("() => document.querySelector('.sigmatic-browser .presets input.wrong')")
    panel.get_by_label("Name of a new preset").fill("mine")
    page.tab.keyboard.press("Enter")
    field = panel.get_by_label("Name of the preset mine")
    field.wait_for()
    assert "sig_euler_ancestral, eta 0.4" in panel.locator(".presets li").first.inner_text()
    page.until(
        "(id) => __node(id).widgets.find((w) => w.name === 'sampler').options.values.includes('sig_my_mine')", node
    )
    page.set(node, "eta", 1)
    panel.get_by_role("button", name="Use sig_my_mine").click()
    page.tab.get_by_text("sig_my_mine is chosen in").first.wait_for()
    page.drawn(node, "eta 0.4")
    page.set(node, "sampler", "sig_heun")
    field.fill("not a name")
    page.tab.keyboard.press("Enter")
    page.until("() => document.querySelector('.sigmatic-browser .presets li input').value === 'mine'")
    field.fill("yours")
    page.tab.keyboard.press("Enter")
    panel.get_by_label("Name of the preset yours").wait_for()
    panel.get_by_role("button", name="Delete the preset yours").click()
    page.tab.get_by_role("dialog").get_by_role("button", name="Confirm").click()
    page.until("() => !document.querySelector('.sigmatic-browser .presets li')")
    panel.get_by_label("Samplers or schedules").select_option("samplers")


def test_profiles_are_imported_renamed_exported_and_deleted(page, panel, tmp_path):
    Profile(p=1.2, error={6: 0.1}, usual={6: 0.2}, evaluations=300).save(tmp_path / "my profile.json")
    (tmp_path / "none.json").write_text("{}")
    panel.get_by_label("Samplers or schedules").select_option("profiles")
    panel.get_by_text("No profiles yet").wait_for()
    panel.get_by_label("File of a profile").set_input_files(tmp_path / "none.json")
    page.tab.get_by_text("give an object with").first.wait_for()
    panel.get_by_label("File of a profile").set_input_files(tmp_path / "my profile.json")
    field = panel.get_by_label("Name of the profile my-profile")
    field.wait_for()
    assert "0.50 with 6 steps" in panel.locator(".presets li").first.inner_text()
    assert not panel.get_by_text("No profiles yet").is_visible()
    field.fill("yours")
    page.tab.keyboard.press("Enter")
    panel.get_by_label("Name of the profile yours").wait_for()
    with page.tab.expect_download() as download:
        panel.get_by_role("button", name="Save the profile yours as a file").click()
    saved = json.loads(download.value.path().read_text())
    assert download.value.suggested_filename == "yours.json"
    assert saved["name"] == "yours" and saved["profile"]["p"] == 1.2
    node = page.add("SigmaticSettings", at=(420, 60))
    page.until("(id) => __node(id).widgets.find((w) => w.name === 'profile').options.values.includes('yours')", node)
    panel.get_by_role("button", name="Delete the profile yours").click()
    page.tab.get_by_role("dialog").get_by_role("button", name="Confirm").click()
    panel.get_by_text("No profiles yet").wait_for()
    panel.get_by_label("Samplers or schedules").select_option("samplers")
