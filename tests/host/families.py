"""Every family of models that this host knows and a recipe names: sig_auto recognises it, bare and behind wrappers.

Run inside a host (test_families.py does). The host's own configuration and model classes, without their networks.
"""

import importlib
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
import inhost

inhost.load_host()
sigmatic = inhost.load_sigmatic()

import comfy.model_base  # noqa: E402 - the host is there only now
import comfy.model_patcher  # noqa: E402
import comfy.supported_models  # noqa: E402
import torch  # noqa: E402

auto, facts, settings = (
    importlib.import_module(f"sigmatic.nodes.{name}")
    for name in ("running.auto", "host.facts", "running.settings_on_model")
)
CPU = torch.device("cpu")
ASKED_FOR = {"in_channels": 9, "hidden_size": 128, "timestep_features_type": "expo"}  # by some, before all networks


def build(kind, space):
    """A MODEL of one of the host's configuration classes, with an empty network."""
    config = kind({**ASKED_FOR, **kind.unet_config, "disable_unet_model_creation": True})
    try:
        model = config.get_model({}, device=CPU)
    except (KeyError, AttributeError, RuntimeError):  # its class wants weights: what all of them are built on
        types = comfy.model_base.ModelType
        model = comfy.model_base.BaseModel(config, types.FLOW if space == "flow" else config.model_type({}, ""), CPU)
    model.diffusion_model = torch.nn.Module()
    model.diffusion_model.dtype = torch.float32
    return comfy.model_patcher.ModelPatcher(model, CPU, CPU)


def wrapped(model):
    """The MODEL as it comes out of Sigmatic Settings, a LoRA loader, a node with a patch, torch.compile."""
    ms = facts.model_sampling(model)
    yield "settings", settings.apply(model, *settings.put({"eta": 0.5, "rho": 3.0}, {}, ms))
    yield "clone", model.clone()
    patched = model.clone()
    patched.add_object_patch("model_sampling", type(ms)(model.model.model_config))
    yield "model sampling", patched
    compiled = model.clone()
    compiled.add_object_patch("diffusion_model", torch.nn.Module())
    yield "compiled", compiled


def made_of(model, file):
    """The MODEL, said to be loaded from this file, as newer hosts note it."""
    model.cached_patcher_init = (build, (f"/models/{file}", {}))
    return model


def report(kind, recipe, model, case):
    """One line of JSON: what was recognised, how long it took, whether the levels are a schedule."""
    begin = time.perf_counter()
    found = auto.match(model)
    seconds = time.perf_counter() - begin
    got, fine = found.recipe and found.recipe.name, True
    if found.recipe is not None:
        ms, said = facts.model_sampling(model), []
        sigmas = auto.levels(found, model, ms, found.recipe.steps, (1, 16, 64, 64), warn=said.append)
        fine = len(sigmas) == found.recipe.steps + 1 and bool((sigmas.diff() < 0).all()) and float(sigmas[-1]) == 0
    line = {"family": kind.__name__, "case": case, "wanted": recipe.name, "got": got, "fine": fine, "by": found.by}
    print(json.dumps({**line, "seconds": seconds}))


recipes = auto.known().values()
for kind in comfy.supported_models.models:
    named = [recipe for recipe in recipes if kind.__name__ in recipe.models]
    if not named:
        continue
    for recipe in named:
        for words in recipe.files or ("somebodys own",):
            file = words.replace(" ", "-") + ".safetensors"
            report(kind, recipe, made_of(build(kind, recipe.space), file), file)
    file = (named[0].files or ("somebodys own",))[0].replace(" ", "-") + ".safetensors"
    for case, model in wrapped(made_of(build(kind, named[0].space), file)):
        report(kind, named[0], made_of(model, file), case)
