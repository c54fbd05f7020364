"""Sigmatic: diffusion samplers and noise schedules in sigma space; a ComfyUI node pack and a library in one folder.

Importing this file is free: nothing of ours and nothing of the host is loaded before it is asked for.
"""

from importlib import import_module

__version__ = "0.2.0"

WEB_DIRECTORY = "./web"

_PUBLIC = {
    "samplers": ".samplers", "schedulers": ".schedulers", "recipes": ".recipes", "profiles": ".profiles",
    "noise": ".core.noise.kinds",
}  # fmt: skip


async def comfy_entrypoint():
    """Hand ComfyUI the node extension (called once, when the host loads custom nodes)."""
    return import_module(".nodes", __name__).extension()


def __getattr__(name: str):
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(_PUBLIC[name], __name__)


def __dir__():
    return sorted([*globals(), *_PUBLIC])
