"""Warnings in a running ComfyUI: they reach the page that asked, for the node that caused them."""

import pytest


def _shown(host, graph, end):
    """The texts under nodes while the prompt runs: [(node, text)]."""
    graph.save(end)
    messages, _ = host.watch(graph)
    assert messages[-1]["type"] == "execution_success"
    return [(m["data"]["node"], m["data"]["text"]) for m in messages if m["type"] == "progress_text"]


@pytest.mark.parametrize("node", ["stock", "ours"])
def test_a_warning_is_under_its_node_and_nothing_is_said_without_a_cause(host, graph, node):
    """Too much guidance for a distilled model's sampler, a schedule that is not for flow models; then neither."""
    wrong = {"cfg": 8.0, "seed": 1}, ("sig_lcm", "sig_karras"), 2
    right = {"cfg": 2.0, "seed": 2}, ("sig_euler", "sig_simple"), 0
    for (values, (sampler, schedule), lines), rest in ((wrong, 0), (right, 1)):
        graph.clear()
        links = graph.demo(parametrisation="flow")
        values = {**values, "seed": values["seed"] + 10 * rest + (100 if node == "ours" else 0)}
        if node == "stock":
            end = graph.ksampler(*links, sampler_name=sampler, scheduler=schedule, **values)
        else:
            end = graph.sigmatic(*links, host.info, sampler=sampler, schedule=schedule, **values)
        shown = _shown(host, graph, end)
        assert {place for place, _ in shown} <= {end[0]}
        if lines:
            text = shown[-1][1]
            assert text.count("Sigmatic: ") == lines and "cfg is 8" in text and "sig_simple" in text
        else:
            assert shown == []


def test_a_guider_and_a_scheduler_of_the_host_are_told_apart(host, graph):
    """BasicScheduler is to blame for the schedule, SamplerCustomAdvanced runs it; each says so in its place."""
    model, positive, negative, latent = graph.demo(parametrisation="flow")
    values = {"scheduler": "sig_exponential", "steps": 12, "denoise": 1.0}
    sigmas = graph.add("BasicScheduler", model=model, **values)
    sampler = graph.add("KSamplerSelect", sampler_name="sig_heun")
    end = graph.custom(model, positive, negative, latent, sampler, sigmas)
    shown = _shown(host, graph, end)
    assert [place for place, _ in shown] == [sigmas[0], end[0]]
    assert all("not for flow models" in text for _, text in shown)
