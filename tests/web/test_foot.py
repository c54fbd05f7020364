"""Under the plot: warnings first, whole, no names that widgets show; the recipe and its button; curves on numbers."""

WARNS = "(id) => __plot(id).querySelector('.warns')"
FITS = """(id) => { const box = __plot(id).getBoundingClientRect();
    return [...__plot(id).querySelectorAll('.warns, .says')].every((one) => one.hidden ||
        (one.scrollHeight <= one.clientHeight + 1 && one.getBoundingClientRect().bottom <= box.bottom + 2)); }"""


def test_a_warning_comes_first_whole_and_goes_with_its_cause(page):
    node = page.add("SigmaticKSampler", at=(300, 120), sampler="sig_lcm", schedule="sig_karras", cfg=8.0)
    page.drawn(node, "cfg is 8")
    page.until(f"(id) => ({WARNS})(id).textContent.includes('cfg is 8')", node)
    page.tab.wait_for_timeout(400)
    assert page.js(FITS, node), "it is cut"
    says = page.js("(id) => __plot(id).querySelector('.says').textContent", node)
    assert "cfg is 8" not in says and "sig_karras" not in says and says.split(",")[0].endswith(" steps")
    above = page.js(
        f"(id) => ({WARNS})(id).getBoundingClientRect().bottom <= "
        "__plot(id).querySelector('.says').getBoundingClientRect().top + 1",
        node,
    )
    assert above
    page.set(node, "sampler", "sig_euler")
    page.until(f"(id) => ({WARNS})(id).hidden", node)


def test_a_curve_is_shown_on_the_number_that_it_takes_the_place_of(page):
    node = page.add("SigmaticKSampler", at=(300, 120), sampler="sig_euler_ancestral")
    page.drawn(node)
    page.set(node, "eta_curve", "0:1, 100:0")
    label = "(id) => __node(id).widgets.find((one) => one.name === 'eta').label"
    page.until(f"(id) => ({label})(id) === 'eta: curve'", node)
    if page.mode == "vue":
        page.tab.locator(f"[data-node-id='{node}']").get_by_text("eta: curve").first.wait_for()
    page.set(node, "eta_curve", "")
    page.until(f"(id) => ({label})(id) !== 'eta: curve'", node)


def test_every_digit_that_matters_is_shown(page):
    node = page.add("SigmaticSplit", at=(300, 120))
    page.set(node, "at", 0.875)
    assert page.js("(id) => __node(id).widgets.find((one) => one.name === 'at').options.precision", node) >= 3
    assert page.js("(id) => __node(id).widgets.find((one) => one.name === 'at').value", node) == 0.875
    if page.mode == "vue":
        field = page.tab.locator(
            f"[data-node-id='{node}'] input[type=text], [data-node-id='{node}'] input[inputmode]"
        ).first
        assert "0.875" in field.input_value()
        field.fill("0.3125")
        field.press("Enter")
        page.until("(id) => __node(id).widgets.find((one) => one.name === 'at').value === 0.3125", node)


def test_the_recipe_is_shown_and_used(page):
    load, recipe = page.add("UNETLoader", at=(60, 500)), page.add("SigmaticRecipe", at=(300, 120))
    run = page.add("KSampler", at=(800, 160), steps=5, cfg=9.0)
    page.js(
        "([load, recipe, run]) => { __node(load).connect(0, __node(recipe), 0);"
        " __node(recipe).connect(0, __node(run), 0); }",
        [load, recipe, run],
    )
    page.until("(id) => __plot(id).querySelector('.recipe')?.textContent.includes('Flux.1 dev')", recipe)
    shown = page.js("(id) => __plot(id).querySelector('.recipe').textContent", recipe)
    assert "by flux1-dev.safetensors" in shown and "28 steps" in shown and "cfg 1" in shown
    page.checkpoint()
    page.js("(id) => __plot(id).querySelector('.recipe button').click()", recipe)
    values = "(id) => ['steps', 'cfg'].map((name) => __node(id).widgets.find((one) => one.name === name).value)"
    assert page.js(values, run) == [28, 1]
    page.tab.get_by_text("28 steps and cfg 1 are in").first.wait_for()
    page.tab.wait_for_timeout(300)
    page.js("() => app.extensionManager.command.execute('Comfy.Undo')")
    page.until(f"(id) => JSON.stringify(({values})(id)) === '[5,9]'", run)
    page.set(recipe, "recipe", "SDXL")
    page.until("(id) => __plot(id).classList.contains('wrong') || __plot(id).textContent.includes('SDXL')", recipe)


def test_words_are_left_out_where_they_cannot_be_read(page):
    node = page.add("SigmaticKSampler", at=(300, 120))
    page.drawn(node)
    shown = """(id) => getComputedStyle(__plot(id).querySelector('.says')).visibility"""
    zoom = "(scale) => { app.canvas.ds.scale = scale; app.canvas.setDirty(true, true); }"
    for scale, visible in ((0.4, "hidden"), (0.6, "visible")):
        page.js(zoom, scale)
        page.until(f"([id, how]) => ({shown})(id) === how", [node, visible])
    page.js(zoom, 1)


def test_compare_is_there_only_where_there_is_something_to_compare(page):
    node = page.add("SigmaticKSampler", at=(60, 120))
    page.drawn(node)
    absent = "(id) => __plot(id).querySelector('select[aria-label^=Compare]').hidden"
    assert page.js(absent, node)
    other = page.add("SigmaticSchedule", at=(600, 120), schedule="sig_karras")
    page.drawn(other)
    page.set(node, "steps", 19)
    page.until(f"(id) => !({absent})(id)", node)


def test_courses_that_lie_on_each_other_are_both_seen(page):
    node, other = page.add("SigmaticKSampler"), page.add("SigmaticSchedule", at=(600, 120), schedule="sig_karras")
    page.drawn(node), page.drawn(other)
    page.js(
        """([id, other]) => { __node(id).properties.sigmatic_plot = { other }; __node(id).onConfigure?.({}); }""",
        [node, other],
    )
    page.until("(id) => __plot(id).querySelectorAll('.levels.other.over').length === 1", node)
    page.set(other, "schedule", "sig_linear")
    page.until("(id) => __plot(id).querySelectorAll('.levels.other:not(.over)').length === 1", node)
