"""Run in a clean environment: load the pack from its folder as ComfyUI does, run its quickstart on the stand-in host.

python quickstart.py PACK FAKEHOST. Prints the pack's log lines and the picture's spread.
"""

import asyncio
import importlib.util
import json
import logging
import sys
from pathlib import Path

PACK, FAKEHOST = map(Path, sys.argv[1:])
logging.basicConfig(level=logging.WARNING, stream=sys.stdout)
sys.path.insert(0, str(FAKEHOST))

name = str(PACK).replace(".", "_x_")  # so ComfyUI names the module of a pack
spec = importlib.util.spec_from_file_location(name, PACK / "__init__.py", submodule_search_locations=[str(PACK)])
module = importlib.util.module_from_spec(spec)
sys.modules[name] = module
spec.loader.exec_module(module)
listed = asyncio.run(asyncio.run(module.comfy_entrypoint()).get_node_list())
nodes = {node.define_schema().node_id: node for node in listed}

workflow = json.loads((PACK / "example_workflows" / "01 Quickstart.json").read_text(encoding="utf-8"))
links = {link[0]: link[1] for link in workflow["links"]}
made = {}
for node in sorted(workflow["nodes"], key=lambda node: node["id"]):
    inputs = {entry["name"]: made[links[entry["link"]]] for entry in node.get("inputs", [])}
    kind, values = node["type"], node.get("widgets_values", [])
    if kind == "KSampler":  # the stand-in has none: ours, with the same values
        keys = ("seed", "control", "steps", "cfg", "sampler", "schedule", "denoise")
        kind, inputs = "SigmaticKSampler", {**dict(zip(keys, values, strict=True)), **inputs}
        inputs.pop("control")
    elif kind in nodes:
        widgets = [widget.id for widget in nodes[kind].define_schema().inputs if "default" in widget.given]
        if "seed" in widgets:  # the page keeps what becomes of a seed behind it
            widgets.insert(widgets.index("seed") + 1, "control_after_generate")
        inputs = {**dict(zip(widgets, values, strict=True)), **inputs}
        inputs.pop("control_after_generate", None)
    if kind in nodes:
        defaults = {w.id: w.given["default"] for w in nodes[kind].define_schema().inputs if "default" in w.given}
        made[node["id"]] = nodes[kind].execute(**{**defaults, **inputs}).args[0]
    elif kind == "PreviewImage":
        print(f"{len(nodes)} nodes, {len(inputs['images'])} pictures, spread {float(inputs['images'].std()):.3f}")
