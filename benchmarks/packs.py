"""What benchmarks/compared.py measures: ComfyUI with several packs loaded, and its own KSampler code on the tiles."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import sys
import types
from pathlib import Path

import inhost

CALLS, BATCH, SEED, CFG = 8, 16, 6, 2.0
SETTLED = ("heun", {"eps": "karras", "flow": "simple"}, 100)


class Bench:
    """The demo model in a host, and ComfyUI's own KSampler code around it."""

    def __init__(self) -> None:
        self.host = inhost.load_host()
        import torch

        torch.set_num_threads(1)
        import comfy.utils

        import nodes

        comfy.utils.set_progress_bar_enabled(False)
        self.torch, self.stock = torch, nodes
        self.lists = {"stock": self._listed()}
        import server
        from aiohttp import web

        server.PromptServer.instance = types.SimpleNamespace(routes=web.RouteTableDef(), supports=[])
        sigmatic = inhost.load_sigmatic()

        async def listed():
            return await (await sigmatic.comfy_entrypoint()).get_node_list()

        self.ours = {node.GET_SCHEMA().node_id: node for node in asyncio.run(listed())}
        self.lists["sigmatic"] = self._new()
        self.nodes = {"sigmatic": len(self.ours)}

    def _listed(self):
        sampling = self.host.samplers.KSampler
        return set(sampling.SAMPLERS), set(sampling.SCHEDULERS)

    def _new(self):
        before = [set().union(*sets) for sets in zip(*self.lists.values(), strict=True)]
        return tuple(now - old for now, old in zip(self._listed(), before, strict=True))

    def load_res4lyf(self, folder: Path) -> None:
        """As ComfyUI's loader does."""
        sys.path.insert(0, str(folder.parent))
        with contextlib.redirect_stdout(sys.stderr):
            module = importlib.import_module(folder.name)
        self.lists["res4lyf"], self.nodes["res4lyf"] = self._new(), len(module.NODE_CLASS_MAPPINGS)

    def model(self, kind: str):
        return self.ours["SigmaticDemoModel"].execute(model="tiles", parametrisation=kind)[0]

    def prompt(self, digit: str):
        return self.ours["SigmaticDemoPrompt"].execute(digit=digit)[0]

    def latent(self, count: int, **more):
        return {**self.ours["SigmaticDemoLatent"].execute(batch_size=count)[0], **more}

    def run(self, model, pair, steps: int, latent, prompt="potion", seed=SEED, **options):
        """What KSampler (Advanced) makes."""
        with contextlib.redirect_stdout(sys.stderr):
            (out,) = self.stock.common_ksampler(
                model, seed, steps, CFG, *pair, self.prompt(prompt), self.prompt(""), latent, **options
            )
        return out

    def pictures(self, latent):
        """0 to 255, (B, H, W, 3)."""
        return self.ours["SigmaticDemoDecode"].execute(samples=latent, zoom=1)[0] * 255

    # What is measured.

    def in_a_batch(self, pair) -> float:
        """The largest difference of a picture's pixels, alone and as the third of four, in levels of 255."""
        model = self.model("eps")
        four = self.pictures(self.run(model, pair, 20, self.latent(4)))[2]
        alone = self.pictures(self.run(model, pair, 20, self.latent(1, batch_index=[2])))[0]
        return float((four - alone).abs().max())

    def in_parts(self, pair) -> float:
        """The same of a run in two halves and of the whole one."""
        model = self.model("eps")
        whole = self.pictures(self.run(model, pair, 20, self.latent(1)))
        half = self.run(model, pair, 20, self.latent(1), start_step=0, last_step=10, force_full_denoise=False)
        rest = self.run(model, pair, 20, half, start_step=10, disable_noise=True)
        return float((whole - self.pictures(rest)).abs().max())

    def error(self, kind: str, pair) -> tuple[float, int, int]:
        """RMSE to the settled pictures in levels of 255, at the most steps that CALLS calls are enough for."""
        settled = self._settled(kind)
        for steps in range(CALLS, 1, -1):
            model, calls = self._counted(kind)
            made = self.pictures(self.run(model, pair, steps, self.latent(BATCH)))
            if len(calls) <= CALLS:
                return float((made - settled).pow(2).mean().sqrt()), steps, len(calls)
        raise ValueError(f"{pair}: not even two steps in {CALLS} calls")

    def _settled(self, kind: str):
        self.__dict__.setdefault("known", {})
        if kind not in self.known:
            out = self.run(self.model(kind), (SETTLED[0], SETTLED[1][kind]), SETTLED[2], self.latent(BATCH))
            self.known[kind] = self.pictures(out)
        return self.known[kind]

    def _counted(self, kind: str):
        """A model that notes its calls."""
        model, calls = self.model(kind).clone(), []

        def wrapped(apply, given):
            calls.append(1)
            return apply(given["input"], given["timestep"], **given["c"])

        model.set_model_unet_function_wrapper(wrapped)
        return model, calls
