"""The page of a real ComfyUI: the example runs by its own button, and the plots are there."""

import json
import time

import pytest

WIDGETS = {"steps": 9, "sampler": "sig_heun", "schedule": "sig_exponential", "cfg": 2.5, "noise": "pink"}
PLOTS = "/extensions/ComfyUI-Sigmatic/js/plot/others.js"


@pytest.fixture
def quickstart_page(hosts_page, conftest):
    """The example workflow, open; with a seed that has not been run yet."""
    graph = json.loads((conftest.ROOT / "example_workflows" / "01 Quickstart.json").read_text(encoding="utf-8"))
    hosts_page.js("(graph) => app.loadGraphData(graph)", graph)
    hosts_page.until("() => app.graph._nodes.some((node) => node.type === 'SigmaticKSampler')")
    node = hosts_page.js("() => String(app.graph._nodes.find((node) => node.type === 'SigmaticKSampler').id)")
    hosts_page.set(node, "seed", time.time_ns() % 10**12)
    hosts_page.js(
        """() => { window.__seen = { progress: [], end: '' };
            const { api } = window.comfyAPI.api;
            if (window.__watched) return;
            window.__watched = true;
            api.addEventListener('progress', ({ detail }) => window.__seen.progress.push(detail.value));
            for (const name of ['execution_success', 'execution_error', 'execution_interrupted'])
                api.addEventListener(name, () => { window.__seen.end = name; }); }"""
    )
    return hosts_page, node


def _run(page):
    """Press the page's own Run button."""
    button = page.tab.get_by_test_id("queue-button")
    inner = button.locator("button")
    (inner.first if inner.count() else button.first).click()


@pytest.fixture
def plotted(quickstart_page):
    """The page with a node of ours wired to the example's model."""
    page, _ = quickstart_page
    node = page.add("SigmaticKSampler", at=(700, 600), **WIDGETS)
    page.js(
        """(id) => app.graph._nodes.find((node) => node.type === 'SigmaticDemoModel').connect(0, __node(id), 0)""", node
    )
    return page, node


def test_the_plot_is_the_models(plotted, host, conftest):
    """The page says what the library says of the model's own levels."""
    page, node = plotted
    page.drawn(node, "sig_heun on sig_exponential: 9 steps, 17 model evaluations, sigma 14.61 to 0")
    model = page.js("() => String(app.graph._nodes.find((node) => node.type === 'SigmaticDemoModel').id)")
    page.set(model, "parametrisation", "flow")
    page.drawn(node, "sigma 1 to 0")
    assert not [error for error in page.errors if "reading 'id'" not in error]


def test_run_shows_pictures_and_moves_the_progress(quickstart_page):
    page, node = quickstart_page
    _run(page)
    page.tab.wait_for_function("() => window.__seen.end", timeout=240_000)
    seen = page.js("() => window.__seen")
    assert seen["end"] == "execution_success"
    steps = page.js("(id) => __node(id).widgets.find((w) => w.name === 'steps').value", node)
    assert seen["progress"] == sorted(seen["progress"]) and len(seen["progress"]) >= steps
    page.until("() => app.graph._nodes.some((node) => node.imgs?.[0]?.naturalWidth >= 64)")
    kept = f"Last run: {steps} steps, "
    page.until(
        "([id, kept]) => /[0-9] model evaluations, .* s\\./.test(__plot(id).querySelector('.says').textContent)"
        " && __plot(id).querySelector('.says').textContent.includes(kept)",
        [node, kept],
    )


def test_cancel_stops_the_run(quickstart_page, host):
    page, node = quickstart_page
    page.set(node, "steps", 5000)
    _run(page)
    page.until("() => window.__seen.progress.length > 2")
    host.interrupt()
    page.until("() => window.__seen.end === 'execution_interrupted'")


def test_a_saved_workflow_loads_every_value_unshifted(hosts_page, conftest):
    """Every node of ours, on the front end that the host comes with."""
    hosts_page.js("() => app.graph.clear()")
    before, after = hosts_page.js(conftest.EVERY_NODE)
    assert after == before and len(before) >= 18


def test_a_schedule_that_is_measured_is_drawn(quickstart_page):
    """Sigmatic Fit Schedule is run from the page, and its plot is the schedule that it found."""
    page, sampler = quickstart_page
    node, shown = page.add("SigmaticFit", at=(700, 600), steps=3, budget=0), page.add("PreviewAny", at=(1100, 600))
    page.js(
        """([fit, sampler, shown]) => { const [from, to] = [__node(sampler), __node(fit)];
            for (const name of ['model', 'positive', 'negative', 'latent_image']) {
                const at = (node) => node.inputs.findIndex((one) => one.name === name);
                const { link } = from.inputs[at(from)], { links } = app.graph;
                const { origin_id, origin_slot } = links.get?.(link) ?? links[link];
                app.graph.getNodeById(origin_id).connect(origin_slot, to, at(to));
            }
            to.connect(1, __node(shown), 0); }""",
        [node, sampler, shown],
    )
    assert "Not measured yet" in page.js("(id) => __plot(id).querySelector('.says').textContent", node)
    _run(page)
    page.tab.wait_for_function("() => window.__seen.end === 'execution_success'", timeout=240_000)
    page.drawn(node, "sig_dpmpp_2m on the sigmas: 3 steps, 3 model evaluations")


def test_a_row_of_a_comparison_goes_into_a_ksampler(quickstart_page, conftest):
    """Compare is run by the page's button; its picture is served, and a click on its second row is heard."""
    page, _ = quickstart_page
    graph = json.loads((conftest.ROOT / "example_workflows" / "Sampler comparison.json").read_text(encoding="utf-8"))
    page.js("(graph) => app.loadGraphData(graph)", graph)
    page.until("() => app.graph._nodes.some((node) => node.type === 'SigmaticCompare')")
    compare = page.js("() => String(app.graph._nodes.find((node) => node.type === 'SigmaticCompare').id)")
    page.set(compare, "seed", time.time_ns() % 10**12)
    page.set(compare, "entries", "sig_euler\nsig_heun / sig_linear\nsig_dpmpp_2m / steps = 12")
    node = page.add("KSampler", at=(1900, 100))
    _run(page)
    page.tab.wait_for_function("() => window.__seen.end === 'execution_success'", timeout=240_000)
    page.js("() => { app.canvas.ds.scale = 0.5; app.canvas.ds.offset = [0, 100]; app.canvas.setDirty(true, true); }")
    rows = page.tab.locator(".sigmatic-sheet .row")
    rows.nth(2).wait_for()
    loads = """async () => { const image = new Image();
        image.src = document.querySelector('.sigmatic-sheet image').getAttribute('href');
        await image.decode(); return image.naturalWidth; }"""
    assert page.js(loads) > 500
    rows.nth(1).click()
    values = "(id) => Object.fromEntries(__node(id).widgets.map((one) => [one.name, one.value]))"
    page.until("(id) => __node(id).widgets.find(({ name }) => name === 'steps').value !== 20", node)
    put = page.js(values, node)
    assert (put["sampler_name"], put["scheduler"], put["steps"]) == ("sig_heun", "sig_linear", 5)


def test_help_and_languages_are_served(hosts_page, host):
    assert "sampler" in host.get("/i18n")["de"]["nodeDefs"]["SigmaticKSampler"]["inputs"]["sampler"]["name"].lower()
    text = hosts_page.js("async () => (await fetch('/extensions/ComfyUI-Sigmatic/docs/SigmaticKSampler.md')).text()")
    assert text.startswith("# Sigmatic KSampler") and "| `eta` |" in text
    routes = host.get("/sigmatic/samplers")
    assert routes["samplers"] and routes["schedules"]
    kept = hosts_page.js(f"async () => (await fetch('{PLOTS}')).headers.get('cache-control')")
    assert kept in ("no-cache", "no-store")


def test_a_drawn_schedule_reaches_the_run(quickstart_page, host):
    """What the keys draw on the node is what the sigmas then are."""
    page, _ = quickstart_page
    node, text = page.add("SigmaticSchedule", at=(700, 600), steps=5), page.add("SigmaticText", at=(1100, 600))
    shown = page.add("PreviewAny", at=(1400, 600))
    page.js(
        """([schedule, text, shown]) => {
            const model = app.graph._nodes.find((node) => node.type === 'SigmaticDemoModel');
            model.connect(0, __node(schedule), 0); __node(text).connect(1, __node(shown), 0);
            const at = __node(text).inputs.findIndex((input) => input.type === 'SIGMAS');
            __node(schedule).connect(0, __node(text), at);
            __node(schedule).properties.sigmatic_plot = { curve: 'points' }; __node(schedule).onConfigure?.({}); }""",
        [node, text, shown],
    )
    page.drawn(node, "sig_karras: 5 steps")
    page.until("(id) => __plot(id).querySelector('.curve .picture')", node)
    page.js("(id) => __plot(id).querySelector('.curve .picture').focus()", node)
    for key in ("+", ".", "Shift+ArrowUp", "ArrowLeft"):
        page.tab.keyboard.press(key)
    page.drawn(node, "sig_drawn: 5 steps")
    prompt = page.js("async () => (await app.graphToPrompt()).output")
    wanted = {name: prompt[name] for name in (node, text, shown, prompt[node]["inputs"]["model"][0])}
    (said,) = host.run(wanted)[shown]["text"]
    drawn = page.js(
        "async (id) => { const { plots } = await import('" + PLOTS + "');"
        " return [...plots].find((plot) => String(plot.node.id) === id).answer.sigmas; }",
        node,
    )
    assert [float(level) for level in said.split(",")] == pytest.approx(drawn, rel=1e-5)
    points = dict(tuple(map(float, piece.split(":"))) for piece in prompt[node]["inputs"]["points"].split(","))
    assert {0, 24, 50, 75, 100} == set(points) and points[24] > drawn[1]


@pytest.mark.parametrize("kind", ["KSampler", "SigmaticKSampler", "in a subgraph"])
def test_a_warning_is_seen_under_its_node_and_moves_no_value(quickstart_page, conftest, kind):
    """On a stock node and on ours: the text is on the page, and what is saved with it there loads unshifted."""
    page, stock = quickstart_page
    if kind == "in a subgraph" and page.js("() => __COMFYUI_FRONTEND_VERSION__") == conftest.OLDEST:
        pytest.skip("1.27.10 itself fails on texts for nodes in subgraphs")
    node = page.js(
        """([id, kind]) => { const from = __node(id);
            if (from.type === kind) return id;
            const to = LiteGraph.createNode(kind), { links } = app.graph;
            to.pos = from.pos;
            app.graph.add(to);
            for (const [i, input] of from.inputs.entries()) {
                const link = links.get?.(input.link) ?? links[input.link];
                const at = to.inputs.findIndex(({ name }) => name === input.name);
                if (link && at >= 0) app.graph.getNodeById(link.origin_id).connect(link.origin_slot, to, at);
            }
            for (const id of [...from.outputs[0].links]) {
                const link = links.get?.(id) ?? links[id];
                to.connect(0, app.graph.getNodeById(link.target_id), link.target_slot);
            }
            app.graph.remove(from);
            return String(to.id); }""",
        [stock, kind if kind == "KSampler" else "SigmaticKSampler"],
    )
    page.set(node, "sampler_name" if kind == "KSampler" else "sampler", "sig_lcm")
    page.set(node, "cfg", 9.5)
    page.set(node, "seed", time.time_ns() % 10**12)
    node = page.sink(node) if kind == "in a subgraph" else node
    _run(page)
    page.tab.wait_for_function("() => window.__seen.end === 'execution_success'", timeout=240_000)
    said = page.tab.locator(":text('cfg is 9.5'):not(.sigmatic-plot *)").first  # the plot says it, too, in two lines
    said.wait_for()
    page.js("() => app.canvas.setDirty(true, true)")
    whole = """(said) => { for (let at = said; at && at.tagName !== 'BODY'; at = at.parentElement)
        if (getComputedStyle(at).overflowY !== 'visible' && at.scrollHeight > at.clientHeight + 1) return false;
        return true; }"""
    page.tab.wait_for_timeout(500)
    assert said.evaluate(whole), "the text is cut"
    values = """(id) => { const own = ({ name }) => name !== 'plot' && !name.startsWith('$$');
        return JSON.stringify(__node(id).widgets.filter(own).map((widget) => [widget.name, widget.value])); }"""
    before = page.js(values, node)
    assert "sig_lcm" in before
    if kind == "in a subgraph":
        page.load()
        return page.js(conftest.HELPERS)
    page.js("async () => app.loadGraphData(JSON.parse(JSON.stringify(app.graph.serialize())))")
    assert page.js(values, node) == before
    for cfg, seen in ((9.5, 1), (1.5, 0)):  # it is gone with its cause
        page.set(node, "cfg", cfg)
        page.set(node, "seed", time.time_ns() % 10**12)
        page.js("() => { window.__seen.end = ''; }")
        _run(page)
        page.tab.wait_for_function("() => window.__seen.end === 'execution_success'", timeout=240_000)
        page.until(f"() => __node({node!r}).widgets.filter(({{ value }}) => /cfg is/.test(value)).length === {seen}")
