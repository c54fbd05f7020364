"""The example workflows fit the nodes: links, sockets, and widget values in the order in which the page reads them."""

import importlib.util
import json
from pathlib import Path

import pytest
from fakehost.host import Pack, fake_host
from PIL import Image

HERE = Path(__file__).resolve().parent
FLOWS = sorted((HERE.parent / "example_workflows").glob("*.json"))
FOR_LARGE_MODELS = {"SDXL", "Flux", "Flux 2", "Qwen-Image", "Z-Image", "Wan", "Wan in two stages", "LTX-Video"}
TYPES = {"INT", "FLOAT", "BOOLEAN", "STRING", "COMBO"}


def load(path):
    """A module from a file."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


prompts = load(HERE / "host" / "prompts.py")


@pytest.fixture(scope="module")
def info():
    """Our nodes as /object_info has them, from their definitions."""
    with fake_host() as module:
        found = {}
        for name, node in Pack(module).nodes.items():
            schema, groups = node.define_schema(), {"required": {}, "optional": {}}
            for widget in schema.inputs:
                group = groups["optional" if widget.given.get("optional") else "required"]
                group[widget.id] = [widget.io_type, widget.as_dict()]
            found[name] = {"input": groups, "output": [output.io_type for output in schema.outputs]}
        yield found


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.stem)
def test_a_workflow_fits_our_nodes(info, path):
    workflow = json.loads(path.read_text("utf-8"))
    assert prompts.problems(workflow, info) == []
    ours = [node["type"] for node in workflow["nodes"] if node["type"].startswith("Sigmatic")]
    assert ours and set(ours) <= set(info)
    assert any(node["type"] == "Note" and node["widgets_values"][0] for node in workflow["nodes"]), "say what it is"


def test_misfits_are_found(info):
    workflow = json.loads((HERE.parent / "example_workflows" / "Curves.json").read_text("utf-8"))
    (node, _) = (node for node in workflow["nodes"] if node["type"] == "SigmaticKSampler")
    control = node["widgets_values"].pop(1)
    assert any("no control" in what for what in prompts.problems(workflow, info)), "all values shifted by one"
    node["widgets_values"].insert(1, control)
    node["widgets_values"][2] = 0
    assert [what.split(": ")[1] for what in prompts.problems(workflow, info)] == ["steps is 0"]
    node["widgets_values"][2] = 20
    workflow["links"][0][5] = "LATENT"
    assert any("LATENT between MODEL" in what for what in prompts.problems(workflow, info))


@pytest.mark.parametrize("path", [p for p in FLOWS if p.stem not in FOR_LARGE_MODELS], ids=lambda path: path.stem)
def test_what_runs_as_it_is_has_a_small_picture(path):
    used = {node["type"] for node in json.loads(path.read_text("utf-8"))["nodes"]}
    assert "SigmaticDemoModel" in used
    picture = path.with_suffix(".jpg")
    assert max(Image.open(picture).size) <= 1024 and picture.stat().st_size < 100_000


def test_every_list_of_a_comparison_is_understood():
    with fake_host() as module:
        read = Pack(module).part("measuring.entries").read
        for path in FLOWS:
            for node in json.loads(path.read_text("utf-8"))["nodes"]:
                if node["type"] == "SigmaticCompare":
                    assert len(read(next(v for v in node["widgets_values"] if "\n" in str(v)))) > 3


def test_nothing_is_stale():
    """They are what tools/examples.py makes."""
    made = {flow.name: flow.text() for flow in load(HERE.parent / "tools" / "examples.py").flows()}
    stale = [name for name, text in made.items() if text != (FLOWS[0].parent / f"{name}.json").read_text("utf-8")]
    assert not stale, f"run: python tools/examples.py ({', '.join(stale)})"
    assert {path.stem for path in FLOWS} == set(made)
