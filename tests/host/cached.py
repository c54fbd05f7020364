"""Runs in a host's own Python: samplers under the host's EasyCache and LazyCache, with our answer to it and without.

Prints one JSON line a case: {"case": name, "ours": error, "without": error, "euler": ComfyUI's Euler's, "calls": [..]}.
Errors are to a run of many steps without a cache.
"""

import importlib
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
import inhost

host, sigmatic = inhost.load_host(), inhost.load_sigmatic()

import comfy.sample  # noqa: E402 - the host is there only now
import comfy.samplers  # noqa: E402
import torch  # noqa: E402

torch.set_num_threads(1)
adapter = importlib.import_module("sigmatic.nodes.running.host_functions")
caches = importlib.import_module("sigmatic.nodes.host.caches")
demo = importlib.import_module("sigmatic.nodes.host.demo_model")
nodes = importlib.import_module("comfy_extras.nodes_easycache")
STEPS, FINE, SEED = 20, 60, 3
SAMPLERS = ("dpmpp_2m", "dpmpp_3m", "uni_pc", "arc")


class Run:
    """Runs on one of the embedded models; `calls`: how often its network was called."""

    def __init__(self, name, kind):
        self.model, self.channels = demo.build(name, kind), demo.config(name).latent_format.latent_channels
        self.schedule = "linear" if kind == "flow" else "karras"
        self.network, self.calls = self.model.model.diffusion_model.network, 0
        self.network.register_forward_hook(self._count)
        self.first = demo.CLASSES.index({"digits": demo.digits, "tiles": demo.tiles}[name].MODEL.names[0])

    def _count(self, *_):
        self.calls += 1

    def __call__(self, function, cache=None, steps=STEPS):
        model = (
            getattr(nodes, cache + "Node").execute(self.model, 0.1, 0.15, 0.95, False).args[0] if cache else self.model
        )
        sigmas = adapter.model_levels(model.get_model_object("model_sampling"), self.schedule, steps)
        latent = torch.zeros(2, self.channels, 32, 32)
        wanted = torch.zeros(1, 1, len(demo.CLASSES))
        wanted[..., self.first + 3] = 1.0
        guider = comfy.samplers.CFGGuider(model)
        guider.set_conds([[wanted, {}]], [[wanted * 0, {}]])
        guider.set_cfg(1.0)
        self.calls = 0
        noise = comfy.sample.prepare_noise(latent, SEED)
        return guider.sample(noise, latent, comfy.samplers.KSAMPLER(function), sigmas, seed=SEED, disable_pbar=True)


def error(a, b):
    return float((a - b).square().mean().sqrt())


with torch.inference_mode():
    for name in ("digits", "tiles"):
        for kind in ("eps", "flow"):
            run = Run(name, kind)
            exact = run(adapter.host_sampler("dpmpp_3m"), steps=FINE)
            for cache in ("EasyCache", "LazyCache"):
                euler = error(run(host.K.sample_euler, cache), exact)
                theirs = run.calls
                for sampler in SAMPLERS:
                    ours, kept = error(run(adapter.host_sampler(sampler), cache), exact), caches.around
                    calls = run.calls
                    caches.around = lambda denoiser, *_: denoiser
                    without = error(run(adapter.host_sampler(sampler), cache), exact)
                    caches.around = kept
                    case = {"case": f"{name} {kind} {cache} {sampler}", "calls": [calls, run.calls, theirs]}
                    print(json.dumps({**case, "ours": ours, "without": without, "euler": euler}), flush=True)
