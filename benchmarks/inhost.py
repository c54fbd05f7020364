"""Runs beside ComfyUI's own code: finds installed hosts, imports one, and dresses a denoiser as its samplers expect.

Scripts that use it start again in the host's own Python, so that both sides are measured or compared in one process.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parents[1]


def hosts() -> list[Path]:
    """ComfyUI folders with a main.py and a venv of their own: those in $COMFYUI_PATH, else ~/comfy/ComfyUI*."""
    named = os.environ.get("COMFYUI_PATH")
    folders = [Path(p).expanduser() for p in named.split(os.pathsep)] if named else Path.home().glob("comfy/ComfyUI*")
    return sorted(folder for folder in folders if (folder / "main.py").exists() and python_of(folder).exists())


def python_of(host: Path) -> Path:
    """The host's own interpreter."""
    return host / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def run_inside(script: str, host: Path, *arguments: str, **options) -> subprocess.CompletedProcess:
    """Run `script` in the host's Python; it reads the host's folder from $SIGMATIC_HOST."""
    return subprocess.run([str(python_of(host)), script, *arguments], env=_environment(host), check=False, **options)


def started_inside(script: str, host: Path, *arguments: str, **options) -> subprocess.Popen:
    """The same, started and not waited for."""
    return subprocess.Popen([str(python_of(host)), script, *arguments], env=_environment(host), **options)


def _environment(host: Path) -> dict[str, str]:
    # Keep freed memory: page faults, which come and go with the heap's layout, would drown what is measured.
    env = {**os.environ, "MALLOC_TRIM_THRESHOLD_": str(1 << 34), "MALLOC_MMAP_THRESHOLD_": str(1 << 34)}
    env["SIGMATIC_HOST"] = str(host)
    env.pop("PYTHONPATH", None)
    return env


def load_host():
    """Import ComfyUI's sampling functions and model_sampling classes: a namespace with K and ms."""
    sys.path.insert(0, os.environ["SIGMATIC_HOST"])
    arguments, sys.argv = sys.argv, [sys.argv[0], "--cpu"]
    import comfy.options

    comfy.options.enable_args_parsing()
    import comfy.k_diffusion.sampling as K
    import comfy.model_sampling as ms
    import comfy.samplers as samplers

    sys.argv = arguments
    return SimpleNamespace(K=K, ms=ms, samplers=samplers)


def load_sigmatic():
    """Import this checkout as the package `sigmatic`."""
    if "sigmatic" not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            "sigmatic", ROOT / "__init__.py", submodule_search_locations=[str(ROOT)]
        )
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["sigmatic"] = module
        spec.loader.exec_module(module)
    return sys.modules["sigmatic"]


def model_sampling(host, space: str, shift: float = 1.0, lowest: float = 0.0):
    """The host's own model_sampling object: EPS (Stable Diffusion's table) or flow; levels from `lowest` up."""
    if space == "ve":
        eps = type("EPS", (host.ms.ModelSamplingDiscrete, host.ms.EPS), {})()
        if lowest:
            eps.set_sigmas(eps.sigmas[eps.sigmas >= lowest])
        return eps
    flow = type("Flow", (host.ms.ModelSamplingDiscreteFlow, host.ms.CONST), {})()
    flow.set_parameters(shift=shift)
    flow.sigmas = flow.sigmas[flow.sigmas >= lowest]
    return flow


class HostModel:
    """A denoiser with the attributes that ComfyUI's samplers look for on their model.

    `uncond(x, sigma)` is told to the hooks that CFG++ samplers install.
    """

    def __init__(self, denoise, sampling, uncond=None) -> None:
        self.denoise, self.uncond = denoise, uncond
        patcher = SimpleNamespace(get_model_object=lambda name: sampling)
        self.inner_model = SimpleNamespace(model_patcher=patcher, inner_model=SimpleNamespace(model_sampling=sampling))

    def __call__(self, x, sigma, model_options=None, **extra_args):
        denoised = self.denoise(x, sigma)
        for hook in (model_options or {}).get("sampler_post_cfg_function", []):
            denoised = hook({"denoised": denoised, "uncond_denoised": self.uncond(x, sigma)})
        return denoised


def main(script: str, description: str | None, inside, **defaults: int) -> int:
    """A benchmark's command line: its numbers as flags, the host to run in; `inside(arguments)` runs there."""
    parser = argparse.ArgumentParser(description=description)
    for name, value in defaults.items():
        parser.add_argument(f"--{name}", type=int, default=value, help="(default %(default)s)")
    parser.add_argument("--host", help="a ComfyUI folder with a venv of its own (default: the first one found)")
    arguments = parser.parse_args()
    if "SIGMATIC_HOST" in os.environ:
        return inside(arguments)
    installed = [Path(arguments.host)] if arguments.host else hosts()
    if not installed:
        print("no ComfyUI found: set COMFYUI_PATH to a folder with a venv of its own", file=sys.stderr)
        return 2
    return run_inside(script, installed[0], *sys.argv[1:]).returncode
