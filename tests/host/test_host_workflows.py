"""The example workflows and Sigmatic Compare in a running ComfyUI."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch

FLOWS = sorted(path.stem for path in (Path(__file__).resolve().parents[2] / "example_workflows").glob("*.json"))
FOR_LARGE_MODELS = ("SDXL", "Flux", "Qwen-Image", "Z-Image", "Wan", "Wan in two stages", "LTX-Video")
ENTRIES = """sig_euler
heun / karras
dpmpp_sde / normal / eta=0.5
uni_pc / simple
ddim / ddim_uniform
sig_dpm_adaptive
euler / beta"""


@pytest.mark.parametrize("name", [name for name in FLOWS if name not in (*FOR_LARGE_MODELS, "Flux 2")])
def test_an_example_runs_as_it_is(host, example, name):
    prompt, misfits = example(name)
    assert misfits == []
    shown = [output["images"] for output in host.run(prompt).values() if "images" in output]
    assert shown
    for images in shown:
        for picture in host.pictures(images):
            assert np.asarray(picture).std() > 10, "something is on it"


@pytest.mark.parametrize("name", FOR_LARGE_MODELS)
def test_an_example_for_a_large_model_fits_the_nodes_of_this_host(host, example, name):
    prompt, misfits = example(name)
    assert misfits == []
    assert {node["class_type"] for node in prompt.values()} <= set(host.info)
    assert len(prompt) > 5
    _, errors = host.queue(prompt)  # the files are missing here; nothing else may be wrong
    wrong = [error["type"] for node in errors["node_errors"].values() for error in node["errors"]]
    assert wrong and set(wrong) == {"value_not_in_list"}, errors


def test_the_example_for_flux2_fits_a_host_that_knows_it(host, example):
    _, misfits = example("Flux 2")
    known = "EmptyFlux2LatentImage" in host.info
    assert misfits == ([] if known else ["CLIPLoader (3): type is 'flux2'"])


def test_the_infotext_is_in_the_pictures_that_the_host_saves(host, quickstart):
    prompt = json.loads(json.dumps(quickstart))
    preview = next(node for node in prompt.values() if node["class_type"] == "PreviewImage")
    prompt["save"] = {"class_type": "SaveImage", "inputs": {**preview["inputs"], "filename_prefix": "infotext"}}
    answer = host.post("/prompt", {"prompt": prompt, "client_id": "tests", "extra_data": {"extra_pnginfo": {"a": 1}}})
    (picture, *_) = host.pictures(host.wait(answer["prompt_id"])["outputs"]["save"]["images"])
    text = json.loads(picture.text["parameters"])
    assert "Steps: " in text and "Sampler: " in text and picture.text["a"] == "1"


def compared(graph, host, kind="eps", batch=1, **widgets):
    """The links (sheet, latents, csv) of Sigmatic Compare."""
    model, positive, negative, latent = graph.demo(parametrisation=kind, batch=batch)
    links = {"model": model, "positive": positive, "negative": negative, "latent_image": latent}
    values = {**host.defaults("SigmaticCompare"), "seed": 7, "cfg": 2.0, "evaluations": 12, **widgets}
    values = {name: value for name, value in values.items() if value is not None}
    name, _ = graph.add("SigmaticCompare", **{**values, **links})
    return (name, links), [[name, slot] for slot in range(3)]


@pytest.mark.parametrize("kind", ["eps", "flow"])
def test_a_comparison_is_of_ksampler_runs_within_the_evaluations(host, graph, kind):
    (_, links), (sheet, latents, text) = compared(graph, host, kind, batch=2, entries=ENTRIES)
    ends = [graph.save(latents), graph.save(graph.sigmatic(**_named(links), info=host.info, sampler="sig_euler",
            schedule={"eps": "sig_karras", "flow": "sig_simple"}[kind], steps=12))]  # fmt: skip
    seen, told = graph.add("PreviewImage", images=sheet)[0], graph.add("PreviewAny", source=text)[0]
    outputs = host.run(graph)
    (picture,) = host.pictures(outputs[seen]["images"])
    assert picture.width > 500
    all_of_them, ours = (host.saved(outputs[end]) for end in ends)
    assert torch.equal(all_of_them[:2], ours) and len(all_of_them) == 14
    rows = list(csv.DictReader(io.StringIO(outputs[told]["text"][0])))
    assert all(int(row["evaluations"]) <= 12 for row in rows)
    assert [row["steps"] for row in rows[1:3]] == ["6", "6"], "two evaluations a step, but for the last"
    assert float(rows[-1]["rms"]) == 0 < min(float(row["rms"]) for row in rows[:-1])


def test_a_cancelled_comparison_goes_on_where_it_was(host, graph):
    _, (_, latents, _) = compared(graph, host, entries="sig_euler\nsig_heun\nsig_euler / steps=4000")
    end = graph.save(latents)
    pressed = []

    def press(message):
        if message["type"] == "progress" and message["data"]["value"] > 60 and not pressed:
            pressed.append(host.interrupt())

    messages, _ = host.watch(graph, press)
    assert messages[-1]["type"] == "execution_interrupted"
    assert "Sigmatic Compare stopped after 2 of 3 entries" in host.log
    node = next(node for node in graph.values() if node["class_type"] == "SigmaticCompare")
    node["inputs"]["entries"] = "sig_euler\nsig_heun\nsig_lms"
    before = len(host.log)
    (kept,) = host.latents(graph, end)
    assert "2 of 3 entries are there from before" in host.log[before:] and len(kept) == 3


def test_a_mistake_in_the_list_is_refused_before_anything_is_queued(host, graph):
    _, (_, latents, _) = compared(graph, host, entries="sig_euler\nsig_nothing_like_it")
    graph.save(latents)
    _, errors = host.queue(graph)
    assert "entries, line 2: sampler is 'sig_nothing_like_it'" in str(errors)


def _named(links):
    return {"model": links["model"], "positive": links["positive"], "negative": links["negative"],
            "latent": links["latent_image"]}  # fmt: skip
