"""While it samples, a marker runs along the plot; then it keeps what has happened. The host's events are played."""

TELL = """([name, detail]) => { const api = app.api ?? window.comfyAPI.api.api;
    api.dispatchEvent(new CustomEvent(name, { detail })); }"""
LINE = "(id) => __plot(id).querySelector('.says').textContent"
MARKER = "(id) => Number(__plot(id).querySelector('.marker line')?.getAttribute('x1') ?? 0)"
RAN = {"steps": 8, "evaluations": 15, "seconds": 4.2, "rejected": None, "negative": False, "levels": None}


def _tell(page, name, detail):
    page.js(TELL, [name, detail])


def _runs(page, node, steps, of):
    """Play a run of `node` up to step `steps`: the places that the marker was at."""
    _tell(page, "executing", node)
    places = []
    for step in range(1, steps + 1):
        page.tab.wait_for_timeout(30)
        _tell(page, "progress", {"node": node, "value": step, "max": of, "prompt_id": "p"})
        page.until(f"([id, was]) => ({MARKER})(id) > was", [node, places[-1] if places else 0])
        places.append(page.js(MARKER, node))
    return places


def test_a_marker_runs_along_the_plot_and_says_what_is_left(page):
    node, other = page.add("SigmaticKSampler", steps=8, sampler="sig_heun"), page.add("SigmaticKSampler", at=(500, 120))
    page.drawn(node, "8 steps"), page.drawn(other)
    height = page.js("(id) => __node(id).size[1]", node)
    places = _runs(page, node, 6, 8)
    assert places == sorted(set(places))
    page.until(f"(id) => ({LINE})(id).startsWith('Step 7 of 8') && /a step.*left/.test(({LINE})(id))", node)
    assert not page.js(MARKER, other) and page.js("(id) => __node(id).size[1]", node) == height
    _tell(page, "sigmatic.ran", {"node": node, **RAN})
    _tell(page, "executing", None)
    page.until(f"(id) => !({MARKER})(id) && ({LINE})(id).includes('Last run: 8 steps, 15 model evaluations')", node)
    assert "negative prompt skipped" in page.js(LINE, node) and "4.2 s" in page.js(LINE, node)
    page.set(node, "seed", 5)
    page.tab.wait_for_timeout(200)
    assert "Last run" in page.js(LINE, node), "another seed is the same course"
    page.set(node, "steps", 9)
    page.drawn(node, "9 steps")
    page.until(f"(id) => !({LINE})(id).includes('Last run')", node)


def test_the_halves_of_a_custom_run_show_it_and_cancel_takes_the_marker_away(page):
    sampler, sigmas = page.add("SigmaticSampler"), page.add("SigmaticSchedule", at=(450, 120), steps=8)
    run = page.add("SamplerCustom", at=(850, 160))
    page.js(
        """([sampler, sigmas, run]) => { const to = __node(run);
            const at = (name) => to.inputs.findIndex((one) => one.name === name);
            __node(sampler).connect(0, to, at('sampler')); __node(sigmas).connect(0, to, at('sigmas')); }""",
        [sampler, sigmas, run],
    )
    page.drawn(sampler, "8 steps"), page.drawn(sigmas, "8 steps")
    _tell(page, "executing", run)
    _tell(page, "progress", {"node": run, "value": 3, "max": 8, "prompt_id": "p"})
    for node in (sampler, sigmas):
        page.until(f"(id) => ({MARKER})(id) > 0", node)
    _tell(page, "execution_interrupted", {"node_id": run})
    for node in (sampler, sigmas):
        page.until(f"(id) => !({MARKER})(id)", node)


def test_steps_that_a_sampler_chose_are_drawn(page):
    node = page.add("SigmaticKSampler", sampler="sig_dpm_adaptive")
    page.drawn(node)
    _tell(page, "executing", node)
    levels = {"sigmas": [14.6, 8, 3, 1, 0.2, 0], "log_snr": [-5.4, -4.2, -2.2, 0, 3.2, None]}
    _tell(page, "sigmatic.ran", {"node": node, **RAN, "steps": 5, "rejected": 2, "levels": levels})
    _tell(page, "executing", None)
    page.until("(id) => __plot(id).querySelectorAll('.levels.ran circle').length === 6", node)
    page.until(f"(id) => ({LINE})(id).includes('2 steps tried and rejected')", node)
