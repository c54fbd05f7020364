"""What people reach by a right click and by opening a list, with real clicks."""

import json
import urllib.request

import pytest


def place(page, node, widget=None):
    """Where in the page the node's title, or one of its widgets, is."""
    return page.js(
        """([id, name]) => { const node = __node(id), widget = node.widgets.find((one) => one.name === name);
            const { scale, offset } = app.canvas.ds, box = app.canvas.canvas.getBoundingClientRect();
            const [x, y] = widget ? [node.size[0] / 2, (widget.last_y ?? widget.y) + 10] : [60, -12];
            return [(node.pos[0] + x + offset[0]) * scale + box.x, (node.pos[1] + y + offset[1]) * scale + box.y]; }""",
        [node, widget],
    )


def menu(page, node):
    """Open the node's menu."""
    if page.mode == "vue":
        title = page.js("(id) => __node(id).title", node)
        page.tab.locator(f"[data-node-id='{node}']").get_by_text(title).first.click(button="right")
    else:
        page.tab.mouse.click(*place(page, node), button="right")


def _presets(page):
    with urllib.request.urlopen(f"{page.url}/sigmatic/presets") as reply:
        return json.loads(reply.read())["samplers"]


@pytest.fixture
def no_presets(page):
    """Whatever is saved is gone afterwards."""
    yield
    for name in _presets(page):
        request = urllib.request.Request(f"{page.url}/sigmatic/presets?name={name}", method="DELETE")
        urllib.request.urlopen(request).read()
    page.js("async () => { await app.refreshComboInNodes(); }")


def test_a_preset_is_saved_by_right_click(page, no_presets):
    node = page.add("SigmaticKSampler", at=(420, 160), sampler="sig_euler_ancestral", eta=0.4)
    page.drawn(node, "eta 0.4")
    page.js("() => app.canvas.setDirty(true, true)")
    page.tab.wait_for_timeout(300)
    menu(page, node)
    page.tab.get_by_text("Save as Sigmatic preset").first.click()
    field = page.tab.get_by_role("dialog").get_by_role("textbox")
    field.fill("clicked")
    field.press("Enter")
    page.until(
        "(id) => __node(id).widgets.find((w) => w.name === 'sampler').options.values.includes('sig_my_clicked')", node
    )
    assert _presets(page) == {"clicked": {"sampler": "euler_ancestral", "options": {"eta": 0.4}}}
    page.set(node, "eta", 1)
    page.set(node, "sampler", "sig_my_clicked")
    page.drawn(node, "eta 0.4")


def test_only_nodes_with_a_sampler_or_schedule_offer_it(page):
    node = page.add("SigmaticText", at=(420, 160))
    page.drawn(node)
    page.js("() => app.canvas.setDirty(true, true)")
    page.tab.wait_for_timeout(300)
    menu(page, node)
    page.tab.get_by_text("Clone").first.wait_for()
    assert page.tab.get_by_text("Save as Sigmatic preset").count() == 0
    page.tab.keyboard.press("Escape")
    page.js("() => LiteGraph.closeAllContextMenus?.()")


def _offered(page, node, *names):
    """Those of the names that the node's list of samplers has when it is opened by a click."""
    page.js("() => LiteGraph.closeAllContextMenus?.()")
    if page.mode != "vue":
        page.tab.mouse.click(*place(page, node, "sampler"))
        entries = page.tab.locator(".litecontextmenu .litemenu-entry")
        entries.filter(has_text="sig_heun").first.wait_for()
        listed = {text.strip() for text in entries.all_inner_texts()}
        page.js("() => LiteGraph.closeAllContextMenus()")
        return listed & set(names)
    page.tab.locator(f"[data-node-id='{node}']").get_by_text(_chosen(page, node)).first.click()
    found = set()
    for name in names:  # the list holds only what is in view
        page.tab.locator("[role=listbox] input, [role=listbox] ~ input").first.fill(name)
        page.tab.wait_for_timeout(300)
        found |= {text.strip() for text in page.tab.locator("[role=option]").all_inner_texts()} & {name}
    page.tab.keyboard.press("Escape")
    return found


def _chosen(page, node):
    return page.js("(id) => __node(id).widgets.find((widget) => widget.name === 'sampler').value", node)


def test_a_hidden_family_is_not_in_the_list_that_opens(page):
    node = page.add("SigmaticKSampler", at=(420, 160), sampler="sig_euler_ancestral")
    page.drawn(node)
    page.js("() => app.canvas.setDirty(true, true)")
    page.tab.wait_for_timeout(300)
    setting = "(said) => app.extensionManager.setting.set('Sigmatic.Dropdowns.Hidden', said)"
    names = ("sig_ddpm", "sig_euler_ancestral", "sig_heun", "euler")
    assert _offered(page, node, *names) == set(names)
    page.js(setting, "ancestral")
    try:
        page.until(
            "(id) => !__node(id).widgets.find((w) => w.name === 'sampler').options.values.includes('sig_ddpm')", node
        )
        assert _offered(page, node, *names) == set(names[1:]), "the chosen one stays"
    finally:
        page.js(setting, "")
