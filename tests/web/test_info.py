"""Sigmatic Sampler Info shows its table by itself; Compare shows its whole list."""

TEXT = "(id) => __node(id).widgets.find((one) => one.name === 'info').element.textContent"


def test_the_table_is_there_as_soon_as_it_is_wired_and_follows(page):
    info = page.add("SigmaticSamplerInfo", at=(800, 120), size=(380, 300))
    page.until(f"(id) => ({TEXT})(id).startsWith('Wire a sampler')", info)
    sampler = page.add("SigmaticSampler", at=(60, 120), sampler="sig_heun")
    sigmas = page.add("SigmaticSchedule", at=(430, 120), steps=6, schedule="sig_karras")
    page.js(
        """([sampler, sigmas, info]) => { const to = __node(info);
            const at = (name) => to.inputs.findIndex((one) => one.name === name);
            __node(sampler).connect(0, to, at('sampler')); __node(sigmas).connect(0, to, at('sigmas')); }""",
        [sampler, sigmas, info],
    )
    page.until(f"(id) => ({TEXT})(id).includes('6 steps, 11 model evaluations')", info)
    assert page.js(TEXT, info).strip().splitlines()[-1].split()[0] == "6"
    page.set(sampler, "sampler", "sig_euler")
    page.until(f"(id) => ({TEXT})(id).includes('6 steps, 6 model evaluations')", info)
    page.set(sigmas, "steps", 4)
    page.until(f"(id) => ({TEXT})(id).includes('4 steps')", info)
    saved = page.js("() => app.graph.serialize()")
    assert "4 steps" not in str(saved) and page.js("(id) => __node(id).widgets.at(-1).name", info) == "info"
    shown = page.js(
        """(id) => { const box = __node(id).widgets.at(-1).element.getBoundingClientRect();
            return [box.width, box.height]; }""",
        info,
    )
    assert min(shown) > 100


def test_a_comparisons_whole_list_is_seen(page):
    node = page.add("SigmaticCompare", at=(300, 60), size=(420, 0))
    page.drawn(node)
    page.set(node, "entries", "\n".join(["sig_euler", "sig_heun"] * 6))
    page.tab.wait_for_timeout(500)
    page.js("() => app.canvas.setDirty(true, true)")
    page.until("() => [...document.querySelectorAll('textarea')].some((one) => one.clientHeight > 160)")
