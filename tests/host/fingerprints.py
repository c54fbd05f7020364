"""Fingerprints on the host's own ModelPatcher, with a LoRA put into the weights in place. Run inside a host."""

import importlib
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
import inhost

inhost.load_host()
sigmatic = inhost.load_sigmatic()

import comfy.model_management  # noqa: E402 - the host is there only now
import torch  # noqa: E402

of = importlib.import_module("sigmatic.nodes.host.fingerprint").fingerprint
build = importlib.import_module("sigmatic.nodes.host.demo_model").build
plain = build("digits", "flow")
before = of(plain)
weights = {name: weight for name, weight in plain.model.named_parameters() if weight.ndim > 1}
patch = {name: ("diff", (torch.full_like(weight, 0.01),)) for name, weight in weights.items()}
lora, half = plain.clone(), plain.clone()
lora.add_patches(patch, 1.0)
half.add_patches(patch, 0.5)
mark, half_mark = of(lora), of(half)
old = {name: weight.detach().clone() for name, weight in weights.items()}
comfy.model_management.load_models_gpu([lora])
now = {name: weight.detach().cpu() for name, weight in lora.model.named_parameters()}
shifted = plain.clone()
ms = type(plain.get_model_object("model_sampling"))(plain.model.model_config)
ms.set_parameters(shift=3.0)
shifted.add_object_patch("model_sampling", ms)
print(json.dumps({
    "loaded": sum(not torch.equal(now[name], weight.cpu()) for name, weight in old.items()) > 20,
    "same": of(plain) == before and of(lora) == mark,
    "with_lora": mark != before,
    "with_half": half_mark not in (before, mark),
    "shifted": of(shifted) != before,
}))  # fmt: skip
