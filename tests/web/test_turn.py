"""A KSampler is turned into Sigmatic's and back by its menu: values, links and place are kept, undo undoes."""

from web.test_menus import menu

KEPT = {"seed": 11, "steps": 31, "cfg": 4.5, "denoise": 0.6}
ONLY = "() => app.graph._nodes.find((node) => /KSampler/.test(node.type))"
VALUES = f"() => Object.fromEntries(({ONLY})().widgets.map((one) => [one.name, one.value]))"
WIRES = f"""() => ({ONLY})().inputs.filter((one) => one.link !== null && one.link !== undefined).map((one) => one.name)
    .concat(({ONLY})().outputs[0].links?.length ?? 0)"""


def _wired(page):
    model, latent = page.add("SigmaticDemoModel", at=(60, 480)), page.add("SigmaticDemoLatent", at=(60, 700))
    node = page.add("KSampler", at=(420, 160), sampler_name="sig_heun", scheduler="sig_linear", **KEPT)
    decode = page.add("SigmaticDemoDecode", at=(900, 160))
    page.js(
        """([model, latent, node, decode]) => { const to = __node(node);
            const at = (name) => to.inputs.findIndex((one) => one.name === name);
            __node(model).connect(0, to, at('model')); __node(latent).connect(0, to, at('latent_image'));
            to.connect(0, __node(decode), 0); app.canvas.setDirty(true, true); }""",
        [model, latent, node, decode],
    )
    page.checkpoint()
    page.tab.wait_for_timeout(300)
    return node


def test_there_and_back_and_undone(page):
    node = _wired(page)
    menu(page, node)
    page.tab.get_by_text("Turn into Sigmatic KSampler").first.click()
    page.until("() => app.graph._nodes.some((node) => node.type === 'SigmaticKSampler')")
    ours = page.js(VALUES)
    assert {name: ours[name] for name in KEPT} == KEPT
    assert (ours["sampler"], ours["schedule"]) == ("sig_heun", "sig_linear")
    assert page.js(WIRES) == ["model", "latent_image", 1]
    assert page.js(f"() => [...({ONLY})().pos].map(Math.round)") == [420, 160]
    new = page.js(f"() => String(({ONLY})().id)")
    page.drawn(new, "sig_heun on sig_linear: 31 steps")
    page.tab.wait_for_timeout(300)
    menu(page, new)
    page.tab.get_by_text("Turn into ComfyUI's KSampler").first.click()
    page.until("() => app.graph._nodes.some((node) => node.type === 'KSampler')")
    stock = page.js(VALUES)
    assert {name: stock[name] for name in KEPT} == KEPT and stock["sampler_name"] == "sig_heun"
    assert page.js(WIRES) == ["model", "latent_image", 1]
    page.js("() => app.extensionManager.command.execute('Comfy.Undo')")
    page.until("() => app.graph._nodes.some((node) => node.type === 'SigmaticKSampler')")
    assert page.js(VALUES)["steps"] == 31
