"""Put the stand-in in the place of ComfyUI, for one test, and import the nodes anew on top of it."""

import asyncio
import importlib
import sys
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
FAKED = ("comfy", "comfy_api", "comfy_execution", "latent_preview", "folder_paths", "nodes", "server")


def _faked(name: str) -> bool:
    return name.split(".")[0] in FAKED or name == "sigmatic.nodes" or name.startswith("sigmatic.nodes.")


def _take() -> dict:
    package = sys.modules.get("sigmatic")
    if package is not None:
        vars(package).pop("nodes", None)
    return {name: sys.modules.pop(name) for name in list(sys.modules) if _faked(name)}


@contextmanager
def fake_host():
    """Inside, `import comfy` finds the stand-in and sigmatic.nodes (yielded) is new; afterwards both are gone."""
    before = _take()
    sys.path.insert(0, str(HERE))
    try:
        yield importlib.import_module("sigmatic.nodes")
    finally:
        sys.path.remove(str(HERE))
        _take()
        sys.modules.update(before)


class Pack:
    """The node classes by id, and shortcuts to run them."""

    def __init__(self, module):
        self.module = module
        self.nodes = {node.define_schema().node_id: node for node in asyncio.run(module.extension().get_node_list())}

    def run(self, name, /, **inputs):
        """The node's first output, widgets at their defaults unless given."""
        return self.whole(name, **inputs).args[0]

    def whole(self, name, /, **inputs):
        """All that the node returns."""
        node = self.nodes[name]
        widgets = {i.id: i.given["default"] for i in node.define_schema().inputs if "default" in i.given}
        return node.execute(**{**widgets, **inputs})

    def links(self, kind="eps", batch=2):
        """What a node with a run is connected to: the mixture, a prompt, no negative one, an empty latent."""
        return {
            "model": self.run("SigmaticDemoModel", model="mixture", parametrisation=kind),
            "positive": self.run("SigmaticDemoPrompt"),
            "negative": self.run("SigmaticDemoPrompt", digit=""),
            "latent_image": self.run("SigmaticDemoLatent", batch_size=batch),
        }

    def part(self, name):
        """A module of sigmatic.nodes."""
        return importlib.import_module("." + name, self.module.__name__)

    def model(self, name=None, file=None, kind="flow", shift=None):
        """A MODEL of the host, as if of the model_config (or its class's name) `name` and made of this file."""
        out = self.run("SigmaticDemoModel", model="mixture", parametrisation=kind)
        if name:
            out.model.model_config = type(name, (), {})() if isinstance(name, str) else name
        if file:
            out.cached_patcher_init = (print, (f"/models/{file}", {}))
        if shift:
            sampling = importlib.import_module("comfy.model_sampling")
            ms = type("Advanced", (sampling.ModelSamplingDiscreteFlow, sampling.CONST), {})()
            ms.set_parameters(shift)
            out.add_object_patch("model_sampling", ms)
        return out

    def line(self, kind="eps", batch=2, **inputs):
        """The samples of a run of Sigmatic KSampler on the mixture."""
        return self.latent(kind, batch, **inputs)["samples"]

    def latent(self, kind="eps", batch=2, **inputs):
        """The same as a LATENT."""
        return self.run("SigmaticKSampler", **{**self.links(kind, batch), "steps": 6, "seed": 3, **inputs})
