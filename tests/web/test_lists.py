"""A list of a node of ours opens at the value that is chosen in it, by a real click."""

import pytest

from web.test_menus import place

pytestmark = pytest.mark.everywhere

SEEN = """(name) => { const entries = [...document.querySelectorAll('.litecontextmenu .litemenu-entry, [role=option]')];
    const shown = entries.find((one) => one.textContent.trim() === name);
    if (!shown) return false;
    const { top, bottom, left } = shown.getBoundingClientRect();
    const met = document.elementFromPoint(left + 20, (top + bottom) / 2);
    return met === shown || shown.contains(met); }"""


def opened(page, node, widget):
    """The list of a widget, open."""
    value = page.js("([id, name]) => __node(id).widgets.find((one) => one.name === name).value", [node, widget])
    page.js("() => app.canvas.setDirty(true, true)")
    page.tab.wait_for_timeout(300)
    if page.mode == "vue":
        page.tab.locator(f"[data-node-id='{node}']").get_by_text(value).first.click()
    else:
        page.tab.mouse.click(*place(page, node, widget))
    page.tab.locator(".litecontextmenu .litemenu-entry, [role=option]").first.wait_for()
    return value


def closed(page):
    """No list is open."""
    page.tab.keyboard.press("Escape")
    page.js("() => LiteGraph.closeAllContextMenus?.()")


@pytest.mark.parametrize(
    ("widget", "far"), [("sampler", "sig_seeds_3"), ("schedule", "sig_vp"), ("sampler", "sig_auto")]
)
def test_a_list_of_ours_opens_at_the_chosen_value(page, widget, far):
    node = page.add("SigmaticKSampler", at=(420, 60), **{widget: far})
    page.drawn(node)
    assert opened(page, node, widget) == far
    try:
        page.until(SEEN, far)
    finally:
        closed(page)


def test_a_far_value_is_chosen_and_typing_still_finds_names(page):
    node = page.add("SigmaticKSampler", at=(420, 60), sampler="sig_seeds_3")
    page.drawn(node)
    opened(page, node, "sampler")
    page.until(SEEN, "sig_seeds_3")
    page.tab.keyboard.type("heun")
    page.until(SEEN, "sig_heun")
    page.tab.locator(".litecontextmenu .litemenu-entry:visible, [role=option]").get_by_text("sig_heun").first.click()
    page.until("(id) => __node(id).widgets.find(({ name }) => name === 'sampler').value === 'sig_heun'", node)


def test_lists_of_other_nodes_are_left_alone(page):
    """Nodes 2.0 opens every list at its value by itself."""
    node = page.add("KSampler", at=(420, 60), sampler_name="sig_seeds_3")
    opened(page, node, "sampler_name")
    page.tab.wait_for_timeout(300)
    try:
        assert page.js(SEEN, "sig_seeds_3") is (page.mode == "vue")
    finally:
        closed(page)
