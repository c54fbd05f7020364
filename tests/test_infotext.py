"""Runs in the form of A1111's web UI: read back by its own rules, and into the pictures of the host."""

import importlib
import json
import re
from types import SimpleNamespace

import pytest

import sigmatic

FIELD = re.compile(r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')
"""How the web UI takes the last line apart: names and values, those in quotes as JSON has them."""


def read(text):
    """(prompt, negative prompt, {name: value}) of an infotext."""
    *lines, last = text.split("\n")
    at = next((i for i, line in enumerate(lines) if line.startswith("Negative prompt: ")), len(lines))
    values = {name: json.loads(value) if value.startswith('"') else value for name, value in FIELD.findall(last)}
    return "\n".join(lines[:at]), "\n".join(lines[at:]).removeprefix("Negative prompt: "), values


def test_a_run_is_read_back(pack):
    write = pack.part("running.infotext").infotext
    prompts = ("a cat, sitting\n(red:1.2)", "blurry, text")
    text = write(
        "euler_ancestral", "karras", {"eta": 0.5, "s_noise": 1.0}, prompts, steps=20, cfg=7.0, seed=2**63,
        size=(512, 768), model="a model: final, fp16", denoise=0.75,
    )  # fmt: skip
    positive, negative, values = read(text)
    assert (positive, negative) == prompts
    assert values == {
        "Steps": "20", "Sampler": "Euler a", "Schedule type": "Karras", "CFG scale": "7", "Seed": str(2**63),
        "Size": "512x768", "Model": "a model: final, fp16", "Denoising strength": "0.75", "Eta": "0.5",
        "Version": f"Sigmatic {sigmatic.__version__}",
    }  # fmt: skip


def test_what_is_as_usual_or_unknown_is_left_out(pack):
    write = pack.part("running.infotext").infotext
    _, _, values = read(write("dpmpp_2m", "karras", {}, steps=20, cfg=7.5, seed=1, denoise=1.0))
    assert values.keys() == {"Steps", "Sampler", "Schedule type", "CFG scale", "Seed", "Version"}
    assert values["Sampler"] == "DPM++ 2M" and values["CFG scale"] == "7.5"
    assert read(write("somebody's, own", "theirs", {}))[2]["Sampler"] == "somebody's, own"


@pytest.mark.parametrize("name", sigmatic.samplers.names())
def test_every_sampler_has_a_label_that_is_read_back(pack, name):
    write, spec = pack.part("running.infotext").infotext, sigmatic.samplers.get(name)
    assert read(write(name, "karras", dict(spec.defaults)))[2]["Sampler"]
    assert "Eta" not in read(write(name, "karras", dict(spec.defaults)))[2]


def test_it_comes_out_and_goes_into_the_pictures(pack, monkeypatch):
    prompt = {
        "1": {"inputs": {"text": "a potion"}},
        "2": {"inputs": {"conditioning": ["1", 0], "strength": 1.0}},
        "3": {"inputs": {"text": ["4", 0]}},
        "4": {"inputs": {"value": "dust"}},
        "5": {"inputs": {"positive": ["2", 0], "negative": ["3", 0], "sampler": "sig_euler"}},
        "6": {"inputs": {"positive": ["6", 0]}},
    }
    info = {"workflow": {}}
    server = importlib.import_module("server").PromptServer.instance
    queue = SimpleNamespace(currently_running={0: (0, "here", prompt, {}, [])})
    monkeypatch.setattr(server, "prompt_queue", queue, raising=False)
    utils = importlib.import_module("comfy_execution.utils")
    monkeypatch.setattr(utils, "running", utils.ExecutionContext("here", "5"))
    given = {"model": pack.model(kind="eps"), "latent_image": pack.run("SigmaticDemoLatent", batch_size=1)}
    given |= {name: pack.run("SigmaticDemoPrompt") for name in ("positive", "negative")}
    run = {"seed": 5, "cfg": 2.0, "steps": 4, "sampler": "sig_euler_ancestral", "schedule": "sig_karras", "eta": 0.5}
    node = type("Running", (pack.nodes["SigmaticKSampler"],), {"hidden": SimpleNamespace(extra_pnginfo=info)})
    text = node.execute(**given, **run).args[3]
    positive, negative, values = read(text)
    assert (positive, negative) == ("a potion", "dust")
    assert values["Steps"] == "4" and values["Sampler"] == "Euler a" and values["Eta"] == "0.5"
    assert info == {"workflow": {}, "parameters": text}
    assert pack.part("host.prompt").written(prompt, "6", "positive") == "", "a ring of nodes ends"
