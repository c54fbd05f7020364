"""The plot on the nodes, in a real browser."""

import json
import time

import pytest

pytestmark = pytest.mark.everywhere

NODES = ("SigmaticKSampler", "SigmaticSampler", "SigmaticSchedule", "SigmaticSettings", "SigmaticUnsample")
TOOLS = {"SigmaticSplit": "10 steps", "SigmaticEdit": "20 steps", "SigmaticText": "10 steps"}
WIDGETS = {
    "steps": 9, "sampler": "sig_heun", "schedule": "sig_polyexponential", "denoise": 0.5, "eta": 0.4, "s_noise": 0.8,
    "rho": 3.0, "start_at_step": 4, "end_at_step": 7,
}  # fmt: skip
VALUES = "(id) => JSON.stringify(__node(id).widgets.filter((w) => w.name !== 'plot').map((w) => [w.name, w.value]))"

CLIPBOARD = """async (type) => {
    for (let tries = 0; tries < 100; tries++) {
        const [item] = await navigator.clipboard.read();
        if (item?.types.includes(type)) return type === 'text/plain' ? (await item.getType(type)).text() : type;
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error('nothing was copied');
}"""


def _undo(page, combination):
    """Press undo or redo with nothing but the canvas in focus."""
    page.js("() => { document.activeElement?.blur?.(); document.body.focus(); }")
    page.tab.keyboard.press(combination)


def _open(page, graph):
    """Load a workflow as if from a file."""
    page.js("(graph) => app.loadGraphData(graph)", graph)
    page.until("() => app.graph._nodes.length > 0")


def test_every_plotted_node_shows_its_plot(page):
    for i, kind in enumerate(NODES):
        node = page.add(kind, at=(20 + 270 * i, 100), size=(260, 0))
        assert "20 steps" in page.drawn(node)
        assert "Stable Diffusion" in page.says(node)
    assert page.js("() => app.graph._nodes.every((node) => node.widgets.at(-1).name === 'plot')")


def test_eta_moves_the_plot_and_its_words(page):
    node = page.add("SigmaticKSampler")
    words, shape = page.drawn(node, "eta 1."), page.shape(node)
    page.set(node, "eta", 0.25)
    assert page.drawn(node, "eta 0.25") != words
    assert page.shape(node) != shape


def test_every_widget_moves_it(page):
    node = page.add("SigmaticKSampler", sampler="sig_euler_ancestral")
    page.drawn(node, "sig_euler_ancestral")
    for name, value in WIDGETS.items():
        before = page.shape(node), page.says(node)
        page.set(node, name, value)
        page.until("([id, was]) => __plot(id).querySelector('svg').innerHTML !== was", [node, before[0]])
        page.set(node, "sampler", "sig_euler_ancestral")


def test_a_dragged_widget_is_followed_at_once(page):
    """Fifty values in quick succession: few requests, the last value wins; one value is asked for in the next frame."""
    node = page.add("SigmaticKSampler")
    page.drawn(node)
    page.js(
        """() => { window.__asked = 0; const fetchApi = app.api?.fetchApi ?? window.comfyAPI.api.api.fetchApi;
            const api = app.api ?? window.comfyAPI.api.api;
            api.fetchApi = (...args) => { if (args[0] === '/sigmatic/table') window.__asked++;
                return fetchApi.apply(api, args); }; }"""
    )
    for k in range(50):
        page.set(node, "eta", round(k / 50, 2))
    page.drawn(node, "eta 0.98")
    assert 1 <= page.js("() => window.__asked") < 50
    frames = page.js(
        """async (id) => {
            const before = window.__asked, widget = __node(id).widgets.find((one) => one.name === 'eta');
            widget.value = 0.11; widget.callback(0.11);
            let frames = 0;
            for (; window.__asked === before && frames < 100; frames++) await new Promise(requestAnimationFrame);
            return frames;
        }""",
        node,
    )
    assert frames <= 2, "the milliseconds depend on the machine, the frames do not"
    page.drawn(node, "eta 0.11")


def test_two_plots_do_not_disturb_each_other(page):
    one, two = page.add("SigmaticKSampler"), page.add("SigmaticKSampler", at=(500, 120))
    page.drawn(one), page.drawn(two)
    page.tab.wait_for_timeout(300)  # room for the words below
    before = page.shape(two)
    page.set(one, "steps", 7)
    page.drawn(one, "7 steps")
    assert page.shape(two) == before


def test_hover_and_arrow_keys_show_exact_numbers(page):
    node = page.add("SigmaticKSampler", steps=4)
    page.drawn(node, "4 steps")
    box = page.js(
        """(id) => { const b = __plot(id).querySelector('.picture').getBoundingClientRect();
            return [b.x, b.y, b.width]; }""",
        node,
    )
    line = "(id) => __plot(id).querySelector('.says').textContent"
    page.tab.mouse.move(box[0] + box[2] * 0.97, box[1] + 30)
    page.until(f"(id) => ({line})(id).startsWith('Step 4 of 4')", node)
    page.tab.mouse.move(5, 500)
    page.until(f"(id) => ({line})(id).startsWith('4 steps')", node)
    page.js("(id) => __plot(id).focus()", node)
    for key, step in (("ArrowRight", 1), ("ArrowRight", 2), ("End", 4), ("ArrowLeft", 3), ("Home", 1)):
        page.tab.keyboard.press(key)
        assert f"Step {step} of 4 · σ" in page.js(line, node)
    page.tab.keyboard.press("Escape")
    assert page.js(line, node).startswith("4 steps")


def test_axis_model_and_comparison_are_chosen_and_kept(page):
    one, two = page.add("SigmaticKSampler"), page.add("SigmaticKSampler", at=(500, 120), schedule="sig_linear")
    page.drawn(one), page.drawn(two)
    seen = {page.shape(one)}
    choose = """([id, label, value]) => { const select = __plot(id).querySelector(`select[aria-label^="${label}"]`);
        select.dispatchEvent(new Event('focus')); select.value = value; select.dispatchEvent(new Event('change')); }"""
    for label, value, said in (
        ("Axis", "snr", ""), ("Axis", "linear", ""), ("Compare", two, "Compared with"),
        ("Model", '{"kind":"flow","shift":3}', "flow model with shift 3"),
    ):  # fmt: skip
        page.js(choose, [one, label, value])
        page.until(
            """([id, seen, said]) => { const svg = __plot(id).querySelector('svg');
                return !seen.includes(svg.innerHTML) && svg.getAttribute('aria-label').includes(said); }""",
            [one, list(seen), said],
        )
        seen.add(page.shape(one))
    _open(page, page.js("() => app.graph.serialize()"))
    words = page.drawn(one, "Compared with sig_dpmpp_2m_sde on sig_linear")
    assert "flow model with shift 3" in words


def test_it_can_be_copied(page):
    node = page.add("SigmaticKSampler", steps=3)
    page.drawn(node, "3 steps")
    click = "([id, label]) => __plot(id).querySelector(`button[aria-label='Copy the plot as ${label}']`).click()"
    page.js(click, [node, "text"])
    text = page.js(CLIPBOARD, "text/plain")
    assert len([line for line in text.splitlines() if line and not line.startswith("#")]) == 5
    page.js(click, [node, "a picture"])
    page.js(CLIPBOARD, "image/png")
    size = page.js(
        """async () => { const blob = await (await navigator.clipboard.read())[0].getType('image/png');
            const picture = await createImageBitmap(blob), canvas = new OffscreenCanvas(picture.width, picture.height);
            const context = canvas.getContext('2d'); context.drawImage(picture, 0, 0);
            const bytes = context.getImageData(0, 0, picture.width, picture.height).data, colours = new Set();
            for (let i = 0; i < bytes.length; i += 4) colours.add(bytes.slice(i, i + 3).join());
            return [picture.width, colours.size]; }"""
    )
    assert size[0] > 600 and size[1] > 20


def test_the_wires_say_which_model(page):
    node, model = page.add("SigmaticKSampler"), page.add("SigmaticDemoModel", at=(500, 120))
    shift = page.add("ModelSamplingSD3", at=(500, 400), shift=6.0)
    page.drawn(node)
    page.set(model, "parametrisation", "flow")
    connect = "([from, to]) => __node(from).connect(0, __node(to), 0)"
    page.js(connect, [model, node])
    page.drawn(node, "flow model with shift 1.")
    page.js(connect, [shift, node])
    page.drawn(node, "flow model with shift 6")


CONNECT = "([from, to, name]) => { const at = __node(to).inputs.findIndex((one) => one.name === name); \
__node(from).connect(0, __node(to), at); }"


def test_a_node_is_plotted_because_the_server_declares_it(page):
    """Nothing in the page knows Ramp; it is drawn, follows what is wired into it, and is half of a custom run."""
    node = page.add("Ramp", at=(20, 120), top=6.0)
    page.drawn(node, "the sigmas: 4 steps, sigma 6 to 0")
    schedule = page.add("SigmaticSchedule", at=(420, 120), steps=7)
    page.js(CONNECT, [schedule, node, "shape"])
    page.drawn(node, "the sigmas: 7 steps, sigma 6 to 0")
    page.set(schedule, "steps", 9)
    page.drawn(node, "the sigmas: 9 steps")
    page.set(node, "top", 9.5)
    page.drawn(node, "it is steep")
    sampler, runner = page.add("SigmaticSampler", at=(820, 120), sampler="sig_heun"), page.add("SamplerCustom")
    page.js(CONNECT, [sampler, runner, "sampler"])
    page.js(CONNECT, [node, runner, "sigmas"])
    page.drawn(sampler, "sig_heun on the sigmas: 9 steps, 17 model evaluations, sigma 9.5 to 0")


def test_nodes_far_up_the_wires_are_followed(page):
    """Their widgets and wires, at once; what a script changes silently, when the page next looks for changes itself."""
    number, shift = page.add("Sum", at=(20, 500)), page.add("ModelSamplingSD3", at=(320, 500), shift=2.0)
    settings, node = page.add("SigmaticSettings", at=(620, 400)), page.add("SigmaticKSampler", at=(1000, 60))
    page.js(CONNECT, [shift, settings, "model"])
    page.js(CONNECT, [settings, node, "model"])
    page.drawn(node, "flow model with shift 2.")
    page.set(shift, "shift", 5)
    page.drawn(node, "flow model with shift 5.")
    page.drawn(settings, "flow model with shift 5.")
    other = page.add("ModelSamplingSD3", at=(320, 700), shift=9.0)
    page.js(CONNECT, [other, settings, "model"])
    page.drawn(node, "flow model with shift 9.")
    page.checkpoint()
    page.tab.wait_for_timeout(300)
    page.js("(id) => { __node(id).widgets.find(({ name }) => name === 'shift').value = 4; }", other)
    page.js("(id) => { __node(id).mode = 4; }", number)
    page.tab.mouse.click(700, 800)
    page.drawn(node, "flow model with shift 4.")
    page.js("(id) => { __node(id).mode = 4; }", other)
    page.tab.mouse.click(700, 800)
    page.drawn(node, "Stable Diffusion")


def test_settings_on_the_way_are_drawn(page):
    node, settings = page.add("SigmaticKSampler"), page.add("SigmaticSettings", at=(500, 120), eta=0.35)
    page.drawn(node, "eta 1.")
    page.drawn(settings, "eta 0.35")
    page.js("([from, to]) => __node(from).connect(0, __node(to), 0)", [settings, node])
    page.drawn(node, "eta 0.35")
    page.set(settings, "eta", 0.15)
    page.drawn(node, "eta 0.15")


def test_a_curve_is_drawn(page):
    node = page.add("SigmaticKSampler", eta_curve="0:1, 100:0.2")
    page.drawn(node, "eta 0.2")
    assert "to 1" in page.says(node)


def test_halves_of_a_custom_run_are_drawn_together(page):
    sampler = page.add("SigmaticSampler", sampler="sig_heun")
    schedule = page.add("SigmaticSchedule", at=(500, 120), steps=5)
    runner = page.add("SamplerCustom", at=(900, 120))
    page.drawn(sampler, "schedule is taken for")
    page.js(
        """([sampler, schedule, runner]) => { __node(sampler).connect(0, __node(runner), 1);
            __node(schedule).connect(0, __node(runner), 2); }""",
        [sampler, schedule, runner],
    )
    assert "9 model evaluations" in page.drawn(sampler, "sig_heun on sig_karras: 5 steps")
    page.drawn(schedule, "sig_heun on sig_karras: 5 steps")


def test_sigma_tools_are_drawn_with_what_is_wired_into_them(page):
    alone = {kind: page.add(kind, at=(20 + 345 * i, 100), size=(330, 0)) for i, kind in enumerate(TOOLS)}
    for kind, node in alone.items():
        page.drawn(node, TOOLS[kind])
    schedule, split = page.add("SigmaticSchedule", at=(20, 500), steps=6), alone["SigmaticSplit"]
    page.js("([from, to]) => __node(from).connect(0, __node(to), 0)", [schedule, split])
    page.set(split, "at", 2)
    page.drawn(split, "2 steps")
    sampler, runner = page.add("SigmaticSampler", at=(400, 500), sampler="sig_heun"), page.add("SamplerCustom")
    page.js(
        """([sampler, split, runner]) => { __node(sampler).connect(0, __node(runner), 1);
            __node(split).connect(1, __node(runner), 2); }""",
        [sampler, split, runner],
    )
    page.drawn(sampler, "sig_heun on the sigmas: 4 steps, 7 model evaluations")


def test_the_schedules_of_a_comparison_are_laid_over_each_other(page):
    node = page.add("SigmaticCompare", size=(420, 0), evaluations=12)
    page.set(node, "entries", "sig_euler\nsig_heun / sig_linear\neuler")
    words = page.drawn(node, "sig_karras, 12 steps: sig_euler; sig_linear, 6 steps: sig_heun.")
    assert "only in the run: euler." in words
    assert page.js("(id) => __plot(id).querySelectorAll('.levels').length", node) == 2
    assert "sig_linear 6" in page.js("(id) => __plot(id).querySelector('.legend').textContent", node)
    page.set(node, "entries", "nobody")
    page.drawn(node, "entries, line 1")


def test_a_fitted_schedule_is_drawn_when_it_is_there(page):
    node = page.add("SigmaticFit", sampler="sig_heun", steps=3)
    page.until("(id) => __plot(id).querySelector('.says').textContent.startsWith('Not measured yet')", node)
    fit = {"sampler": "sig_heun", "steps": 3, "cfg": 8, "latents": 4, "budget": 500, "sigmas": [14.0, 2.5, 0.4, 0]}
    page.js("([id, fit]) => __node(id).onExecuted({ fit: [JSON.stringify(fit)] })", [node, fit])
    page.drawn(node, "sig_heun on the sigmas: 3 steps, 5 model evaluations, sigma 14 to 0")
    assert "Measured with" not in page.says(node)
    _open(page, page.js("() => app.graph.serialize()"))
    page.drawn(node, "sigma 14 to 0")
    page.set(node, "steps", 4)
    page.drawn(node, "Measured with other settings")
    wrong = "(id) => { __node(id).properties.sigmatic_fit = { sigmas: 'x' }; __node(id).onConfigure?.({}); }"
    page.js(wrong, page.add("SigmaticFit", at=(900, 500)))
    sampler, runner = page.add("SigmaticSampler", at=(500, 120), sampler="sig_euler"), page.add("SamplerCustom")
    page.js(
        """([fit, sampler, runner]) => { __node(sampler).connect(0, __node(runner), 1);
            __node(fit).connect(0, __node(runner), 2); }""",
        [node, sampler, runner],
    )
    page.drawn(sampler, "sig_euler on the sigmas: 3 steps, 3 model evaluations, sigma 14 to 0")


def test_a_linked_widget_is_named(page):
    node, number = page.add("SigmaticKSampler"), page.add("Sum", at=(500, 120))
    page.drawn(node)
    page.js(
        """([number, node]) => { const at = __node(node).inputs.findIndex((input) => input.widget?.name === 'eta');
            __node(number).connect(0, __node(node), at); }""",
        [number, node],
    )
    page.drawn(node, "drawn with the widget's own value: eta")


def test_wrong_values_are_said_on_the_plot(page):
    node = page.add("SigmaticKSampler")
    page.drawn(node)
    page.set(node, "steps", 2000)
    page.drawn(node, "steps is 2000")
    assert page.js("(id) => __plot(id).classList.contains('wrong')", node)
    page.set(node, "steps", 12)
    page.drawn(node, "12 steps")
    assert not page.js("(id) => __plot(id).classList.contains('wrong')", node)


def test_nothing_said_by_a_workflow_becomes_markup(page):
    node, two = page.add("SigmaticKSampler"), page.add("SigmaticKSampler", at=(500, 120))
    page.drawn(node)
    evil = "<img src=x onerror='window.__owned = 1'>"
    page.js("([id, evil]) => { __node(id).title = evil; }", [two, evil])
    page.set(node, "sampler", evil)
    page.drawn(node, "which is not there")
    page.js("(id) => __plot(id).querySelector('select[aria-label^=Compare]').dispatchEvent(new Event('focus'))", node)
    assert page.js("(id) => __plot(id).querySelectorAll('img').length", node) == 0
    assert page.js("() => window.__owned") is None


def test_undo_and_redo_leave_no_stale_plot(page):
    node = page.add("SigmaticKSampler")
    page.drawn(node, "eta 1.")
    page.checkpoint()
    page.set(node, "eta", 0.25)
    page.drawn(node, "eta 0.25")
    page.checkpoint()
    for keys, eta in (("Control+z", "1"), ("Control+y", "0.25"), ("Control+z", "1")):
        _undo(page, keys)
        page.drawn(node, f"eta {eta}.")
        page.until("() => document.querySelectorAll('.sigmatic-plot').length === 1")
    page.set(node, "eta", 0.75)
    page.drawn(node, "eta 0.75")


def test_a_workflow_keeps_every_value(page):
    node = page.add("SigmaticKSampler", seed=77, cfg=3.5, noise="pink", **WIDGETS)
    page.drawn(node, "sig_heun")
    before, saved = page.js(VALUES, node), page.js("() => app.graph.serialize()")
    assert "plot" not in json.dumps(saved["nodes"][0].get("inputs"))
    _open(page, json.loads(json.dumps(saved)))
    page.drawn(node, "sig_heun")
    assert page.js(VALUES, node) == before
    prompt = page.js("async () => (await app.graphToPrompt()).output")
    assert "plot" not in prompt[node]["inputs"]
    assert prompt[node]["inputs"]["eta"] == 0.4


def test_copies_clones_and_removed_nodes(page):
    node = page.add("SigmaticKSampler", eta=0.3)
    page.drawn(node, "eta 0.3")
    page.js(
        "(id) => { app.canvas.selectNode(__node(id)); app.canvas.copyToClipboard(); app.canvas.pasteFromClipboard(); }",
        node,
    )
    page.until("() => app.graph._nodes.length === 2")
    copy = page.js("(id) => String(app.graph._nodes.find((node) => String(node.id) !== id).id)", node)
    page.drawn(copy, "eta 0.3")
    page.set(copy, "eta", 0.6)
    page.drawn(copy, "eta 0.6")
    assert "eta 0.3" in page.says(node)
    count = "async () => (await import('/extensions/ComfyUI-Sigmatic/js/plot/others.js')).plots.size"
    assert page.js(count) == 2
    page.js("(id) => app.graph.remove(__node(id))", copy)
    assert page.js(count) == 1
    page.clear()
    assert page.js(count) == 0


def test_it_works_in_a_subgraph(page):
    node = page.add("SigmaticKSampler", eta=0.3)
    page.drawn(node)
    inside = page.sink(node)
    page.drawn(inside, "eta 0.3")
    page.set(inside, "eta", 0.9)
    page.drawn(inside, "eta 0.9")
    page.load()


@pytest.mark.parametrize("scale", [0.35, 2.0])
def test_every_zoom_and_size(page, scale):
    node = page.add("SigmaticKSampler")
    page.drawn(node)
    page.js(
        """([scale, id]) => { app.canvas.ds.scale = scale; __node(id).setSize([480, 900]);
            app.canvas.setDirty(true, true); }""",
        [scale, node],
    )
    size = """(id) => { const p = __plot(id).querySelector('.picture');
        const [, , w, h] = __plot(id).querySelector('svg').getAttribute('viewBox').split(' ').map(Number);
        return w === p.clientWidth && h === p.clientHeight && w > 380; }"""
    page.until(size, node)
    page.set(node, "eta", 0.5)
    page.drawn(node, "eta 0.5")
    page.js("(id) => { __node(id).collapse?.(); app.canvas.setDirty(true, true); }", node)
    page.set(node, "eta", 0.6)
    time.sleep(0.2)
    page.js("(id) => { __node(id).collapse?.(); app.canvas.setDirty(true, true); }", node)
    page.drawn(node, "eta 0.6")


def test_the_middle_button_moves_the_canvas_from_a_plot_too(page):
    node = page.add("SigmaticKSampler", at=(300, 60))
    page.drawn(node)
    page.js("() => app.canvas.setDirty(true, true)")
    page.tab.wait_for_timeout(300)
    x, y = page.js(
        """(id) => { const box = __plot(id).querySelector('.picture').getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2]; }""",
        node,
    )
    page.tab.mouse.move(x, y)
    page.tab.mouse.down(button="middle")
    page.tab.mouse.move(x + 60, y + 40, steps=3)
    page.tab.mouse.up(button="middle")
    page.tab.mouse.move(x, y)
    assert page.js("() => [...app.canvas.ds.offset].map(Math.round)") == [60, 40]


def test_a_real_click_on_a_widget_is_heard(page):
    node = page.add("SigmaticKSampler")
    page.drawn(node, "20 steps")
    if page.mode == "vue":
        page.tab.locator(f"[data-node-id='{node}'] [aria-label*=ncrement], [data-testid=increment]").nth(1).click()
    else:
        x, y = page.js(
            """(id) => { const node = __node(id), w = node.widgets.find((one) => one.name === 'steps');
                const { scale, offset } = app.canvas.ds, box = app.canvas.canvas.getBoundingClientRect();
                return [(node.pos[0] + node.size[0] - 22 + offset[0]) * scale + box.x,
                    (node.pos[1] + (w.last_y ?? w.y) + 10 + offset[1]) * scale + box.y]; }""",
            node,
        )
        page.tab.mouse.click(x, y)
    page.until("(id) => !__plot(id).querySelector('svg').getAttribute('aria-label').includes('20 steps,')", node)
