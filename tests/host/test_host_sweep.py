"""Sigmatic Sweep in a running ComfyUI: cancelled and gone on with; its report served; stock samplers' noise seen."""

import csv
import io
import re
import urllib.error

import pytest

AXES = "sampler = sig_euler, euler_ancestral\nsteps = 4\nschedule = simple\nseed = 0:2\ncfg = 2"


def swept(graph, host, axes=AXES, **widgets):
    """(the node's name, that of the node that shows the CSV)."""
    model, positive, negative, latent = graph.demo(batch=1)
    links = {"model": model, "positive": positive, "negative": negative, "latent_image": latent}
    name, _ = graph.add("SigmaticSweep", **{**host.defaults("SigmaticSweep"), **links, "axes": axes, **widgets})
    graph.add("PreviewImage", images=[name, 0])
    return name, graph.add("PreviewAny", source=[name, 1])[0]


def test_a_cancelled_sweep_goes_on_where_it_was_and_its_report_is_served(host, graph):
    name, shown = swept(graph, host, AXES.replace("steps = 4", "steps = 4, 4000"), name="cancelled")
    pressed = []

    def press(message):
        if message["type"] == "progress" and message["data"]["value"] > 300 and not pressed:
            pressed.append(host.interrupt())

    messages, _ = host.watch(graph, press)
    assert messages[-1]["type"] == "execution_interrupted"
    assert "Sigmatic Sweep stopped after 1 of 8 runs" in host.log
    graph[name]["inputs"]["axes"] = AXES
    before = len(host.log)
    outputs = host.run(graph)
    assert "Sigmatic Sweep: 4 runs, 1 of them are there from before" in host.log[before:]
    assert outputs[name]["sweep"] == ["cancelled"]
    rows = list(csv.DictReader(io.StringIO(outputs[shown]["text"][0])))
    assert [row["sampler"] for row in rows] == ["sig_euler"] * 2 + ["euler_ancestral"] * 2
    assert all(row["error"] for row in rows[:2]) and not any(row["error"] for row in rows[2:]), "a trial saw its noise"
    page = host._request("/sigmatic/sweeps/cancelled/report.html").decode()
    keys = re.findall(r'"key":"([0-9a-f]{32})"', page)
    assert len(keys) == 4
    assert host._request(f"/sigmatic/sweeps/cancelled/pictures/{keys[0]}.png").startswith(b"\x89PNG")
    for path in ("%2e%2e/report.html", "nobody/report.html", f"cancelled/pictures/..%2f..%2f{keys[0]}.png"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            host._request(f"/sigmatic/sweeps/{path}")
    before = len(host.log)
    graph[name]["inputs"]["size"] = 64
    host.run(graph)
    assert "4 runs, all of them are there from before" in host.log[before:]


def test_a_mistake_in_the_axes_is_refused_before_anything_is_queued(host, graph):
    swept(graph, host, "sampler = sig_euler\nsteps = 0")
    _, errors = host.queue(graph)
    assert "axes, line 2: steps is 0" in str(errors)
