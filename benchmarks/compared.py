"""Sigmatic beside ComfyUI's own samplers and RES4LYF, measured: python benchmarks/compared.py > docs/compared.md

Runs in the host's own Python on the CPU, on the tiles that come with Sigmatic, through ComfyUI's own KSampler code.
--res4lyf FOLDER names a checkout of that pack, --packages FOLDER what it imports beyond ComfyUI; without it its column
is left empty. --picture draws docs/few-steps.png instead.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib.util
import os
import subprocess
import sys
import time
import types
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import inhost

PACKS = {"stock": "ComfyUI alone", "res4lyf": "RES4LYF", "sigmatic": "Sigmatic"}
NOISY = {
    "stock": ("dpmpp_2m_sde", "karras"),
    "res4lyf": ("res_2m", "beta57"),
    "sigmatic": ("sig_dpmpp_2m_sde", "sig_karras"),
}
ODE = {
    "stock": [("euler", "simple"), ("euler", "normal"), ("dpmpp_2m", "karras"), ("dpmpp_2m", "beta")],
    "res4lyf": [
        ("res_2m_ode", "beta57"),
        ("res_2m_ode", "bong_tangent"),
        ("res_3m_ode", "beta57"),
        ("res_2s_ode", "beta57"),
    ],
    "sigmatic": [("sig_arc", "sig_arc")],
}
CALLS, BATCH, SEED, CFG = 8, 16, 6, 2.0
KINDS = ("potion", "book", "altar", "wall", "monster")
FEW, FEW_SEED, SHOWN = 8, 0, [("euler", "simple", "ComfyUI's Euler"), ("sig_arc", "sig_arc", "Sigmatic's Arc")]
"""The picture: model calls, seed; sampler, schedule and title of its rows."""
SETTLED = ("heun", "karras", 100)


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
        import server
        from aiohttp import web

        server.PromptServer.instance = types.SimpleNamespace(routes=web.RouteTableDef(), supports=[])
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
            schedule = "karras" if kind == "eps" else "simple"
            out = self.run(self.model(kind), (SETTLED[0], schedule), SETTLED[2], self.latent(BATCH))
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

    def beside_the_model(self, pair) -> float:
        """Milliseconds of CPU that a step costs with a network that answers at once; the least of some tries."""
        model = self.model("eps").clone()
        model.set_model_unet_function_wrapper(lambda apply, given: given["input"] * 0)
        shape = self.latent(1)["samples"].shape
        latent = {"samples": self.torch.zeros(1, 3, *shape[2:])}

        def least(steps):
            times = []
            for _ in range(7):
                begun = time.process_time()
                self.run(model, pair, steps, latent)
                times.append(time.process_time() - begun)
            return min(times)

        return 1e3 * (least(60) - least(20)) / 40


def best(bench: Bench, pack: str, kind: str) -> str:
    """The least error of a pack's pairs, and which."""
    found = min((bench.error(kind, pair), pair) for pair in ODE[pack])
    (error, steps, calls), (sampler, schedule) = found
    return f"{error:.1f} (`{sampler}` on `{schedule}`, {steps} steps, {calls} calls)"


def rows(bench: Bench, packs: list[str]) -> dict[str, dict[str, str]]:
    """{row: {pack: cell}} of all that is measured."""
    table: dict[str, dict[str, str]] = {}

    def row(title, cell, only=packs):
        table[title] = {}
        for pack in only:
            table[title][pack] = cell(pack)
            print(title, pack, table[title][pack], file=sys.stderr, flush=True)

    row("samplers and schedules in KSampler's lists", lambda pack: " and ".join(str(len(x)) for x in bench.lists[pack]))
    row("one picture, alone and in a batch of 4", lambda pack: _apart(bench.in_a_batch(NOISY[pack])))
    row("a run in two halves and in one", lambda pack: _apart(bench.in_parts(NOISY[pack])))
    for kind in ("eps", "flow"):
        row(f"error after {CALLS} model calls, {kind} model", lambda pack, kind=kind: best(bench, pack, kind))
    row("the sampler's own time, a step", lambda pack: f"{bench.beside_the_model(NOISY[pack]):.2f} ms")
    return table


def _apart(levels: float) -> str:
    if levels == 0:
        return "the same, to the bit"
    return f"the same (within {levels:.1g} of 255)" if levels < 0.5 else f"another (apart by {levels:.0f} of 255)"


def report(bench: Bench, folder: Path | None) -> None:
    """The page."""
    packs = [pack for pack in PACKS if folder or pack != "res4lyf"]
    table = rows(bench, packs)
    sources = {**({"res4lyf": folder} if folder else {}), "sigmatic": inhost.ROOT}
    table["packages to install beside ComfyUI's"] = {"stock": "-", **{p: _required(f) for p, f in sources.items()}}
    table["files of automated tests"] = {"stock": "-", **{p: str(_tests(f)) for p, f in sources.items()}}
    import comfyui_version

    print(HEAD.format(host=comfyui_version.__version__, pack=_commit(folder) if folder else "not measured"))
    print("| | " + " | ".join(PACKS[pack] for pack in packs) + " |\n|" + "---|" * (len(packs) + 1))
    for title, cells in table.items():
        print(f"| {title} | " + " | ".join(cells.get(pack, "-") for pack in packs) + " |")
    print(TAIL.format(noisy=_named(NOISY, packs), ode=_named(ODE, packs), calls=CALLS, batch=BATCH, cfg=CFG))


HEAD = """# Compared with ComfyUI alone and with RES4LYF

Generated by `python benchmarks/compared.py`, in ComfyUI {host} on the CPU; RES4LYF: {pack}. Only what was measured
here, or counted in the source, has a row. [quality.md](quality.md) compares with all of ComfyUI's samplers, on more
networks.

![ComfyUI's Euler and Sigmatic's Arc after eight model calls, and the settled pictures](few-steps.png)
"""
TAIL = """
How each row was measured:

- **Lists**: the names that KSampler offers after the pack is loaded and not before.
- **Batch**: the third of four pictures, and the same one alone (`batch_index`), 20 steps: the largest difference of a
  pixel. {noisy}.
- **Halves**: KSampler (Advanced) with 20 steps, and twice with 10 of them, the noise left over handed on. The same
  samplers.
- **Error**: {batch} pictures of the tiles at cfg {cfg:g}, with as many steps as {calls} calls of the model allow (calls
  are counted, not steps); the root mean square to the settled pictures (Heun, 100 steps), in levels of 255. Of the
  pairs tried the best is shown: {ode}.
- **Own time**: KSampler with a network that answers at once: CPU time of 60 steps less that of 20, the least of 7.
- **Packages**: `requirements.txt`, or the dependencies in `pyproject.toml`. **Tests**: files named test_*.py.
"""


def _named(pairs: dict, packs: list[str]) -> str:
    each = [pairs[pack] if isinstance(pairs[pack], list) else [pairs[pack]] for pack in packs]
    return "; ".join(", ".join(f"`{a}` on `{b}`" for a, b in one) for one in each)


def _required(folder: Path) -> str:
    file = folder / "requirements.txt"
    lines = file.read_text(encoding="utf-8").split() if file.exists() else []
    return ", ".join(line for line in lines if line) or "none"


def _tests(folder: Path) -> int:
    left = {".venv", ".venv-oldest", "node_modules", "build"}
    return sum(not left & set(path.parts) for path in folder.rglob("test_*.py"))


def _commit(folder: Path) -> str:
    said = (folder / "COMMIT").read_text(encoding="utf-8").strip() if (folder / "COMMIT").exists() else ""
    if not said:
        ask = ["git", "log", "-1", "--format=%h of %cs"]
        said = subprocess.run(ask, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()
    return f"commit {said}"


def labels() -> list[str]:
    """The texts of the picture."""
    return [*(title for *_, title in SHOWN), f"{FEW} model calls", "Settled", f"{SETTLED[2]} steps"]


def draw(bench: Bench) -> None:
    """The same noise after few model calls, and settled."""
    from PIL import Image, ImageDraw, ImageFont

    side, edge, left = 128, 8, 190
    titles = [*SHOWN, (SETTLED[0], "simple", "Settled")]
    image = Image.new("RGB", (left + len(KINDS) * (side + edge), len(titles) * (side + edge) + edge), "white")
    pen, large, small = ImageDraw.Draw(image), ImageFont.load_default(21), ImageFont.load_default(15)
    for k, (sampler, schedule, title) in enumerate(titles):
        steps = FEW if k < len(SHOWN) else SETTLED[2]
        top = edge + k * (side + edge)
        pen.text((edge, top + 40), title, "#1f2430", large)
        pen.text((edge, top + 68), f"{FEW} model calls" if k < len(SHOWN) else f"{steps} steps", "#6b7280", small)
        for i, kind in enumerate(KINDS):
            latent, pair = bench.latent(1), (sampler, schedule)
            made = bench.pictures(bench.run(bench.model("flow"), pair, steps, latent, kind, FEW_SEED))
            tile = Image.fromarray(made[0].round().byte().numpy()).resize((side, side), Image.Resampling.NEAREST)
            image.paste(tile, (left + i * (side + edge), top))
    image.quantize(256).save(inhost.ROOT / "docs" / "few-steps.png", optimize=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--host", help="a ComfyUI folder with a venv of its own (default: the last one found)")
    parser.add_argument("--res4lyf", type=Path, help="a checkout of RES4LYF")
    parser.add_argument("--packages", type=Path, help="a folder with what it imports")
    parser.add_argument("--picture", action="store_true", help="draw docs/few-steps.png instead")
    arguments = parser.parse_args()
    if "SIGMATIC_HOST" not in os.environ:
        installed = [Path(arguments.host)] if arguments.host else inhost.hosts()
        if not installed:
            print("no ComfyUI found: set COMFYUI_PATH to a folder with a venv of its own", file=sys.stderr)
            return 2
        return inhost.run_inside(__file__, installed[-1], *sys.argv[1:]).returncode
    if arguments.packages:
        sys.path.append(str(arguments.packages))
    bench = Bench()
    if arguments.picture:
        draw(bench)
        return 0
    if arguments.res4lyf:
        bench.load_res4lyf(arguments.res4lyf.resolve())
    report(bench, arguments.res4lyf)
    return 0


if __name__ == "__main__":
    sys.exit(main())
