"""What is rarely changed is folded away in classic rendering; Nodes 2.0 has a fold of its own."""

import json

import pytest

SHOWN = "(id) => __node(id).widgets.filter((one) => !one.hidden && one.name !== 'plot').map(({ name }) => name)"
HEIGHT = "(id) => __node(id).size[1]"
RARE = {"start_at_step", "end_at_step", "add_noise", "return_with_leftover_noise", "eta_curve", "s_noise_curve"}
BUTTON = "(id) => __plot(id).querySelector('.bar .all')"
LOAD = "(graph) => app.loadGraphData(graph)"


def _button(page, node):
    page.js(f"(id) => ({BUTTON})(id).click()", node)


@pytest.fixture
def classic(page):
    if page.mode == "vue":
        pytest.skip("Nodes 2.0 folds by itself")
    return page


def test_a_new_node_is_low_and_shows_all_on_demand(classic):
    page = classic
    node = page.add("SigmaticKSampler")
    page.drawn(node)
    page.tab.wait_for_timeout(300)
    low = page.js(HEIGHT, node)
    assert not RARE & set(page.js(SHOWN, node)) and low < 600
    assert page.js(f"(id) => ({BUTTON})(id).textContent", node) == "+6"
    _button(page, node)
    assert set(page.js(SHOWN, node)) >= RARE and page.js(HEIGHT, node) > low + 100
    saved = json.loads(json.dumps(page.js("() => app.graph.serialize()")))
    page.js(LOAD, saved)
    page.drawn(node)
    assert set(page.js(SHOWN, node)) >= RARE, "as it was saved"
    _button(page, node)
    assert not RARE & set(page.js(SHOWN, node)) and page.js(HEIGHT, node) == pytest.approx(low, abs=2)


def test_what_is_set_is_never_hidden_and_all_values_are_kept(classic):
    page = classic
    node = page.add("SigmaticKSampler", start_at_step=3, add_noise=False)
    page.drawn(node)
    _button(page, node)
    _button(page, node)
    assert RARE & set(page.js(SHOWN, node)) == {"start_at_step", "add_noise"}
    saved = json.loads(json.dumps(page.js("() => app.graph.serialize()")))
    saved["nodes"][0]["properties"].pop("sigmatic_all", None)  # one from before there was a fold
    page.js(LOAD, saved)
    page.drawn(node)
    assert RARE & set(page.js(SHOWN, node)) == {"start_at_step", "add_noise"}
    prompt = page.js("async () => (await app.graphToPrompt()).output")[node]["inputs"]
    assert prompt.items() >= {"start_at_step": 3, "add_noise": False, "end_at_step": 10000, "eta_curve": ""}.items()


def test_nodes_two_folds_once(page):
    if page.mode != "vue":
        pytest.skip("classic")
    node = page.add("SigmaticKSampler")
    page.drawn(node)
    assert page.js(f"(id) => ({BUTTON})(id).hidden", node)
    assert set(page.js(SHOWN, node)) >= RARE, "none of them hidden by us"
