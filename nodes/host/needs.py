"""What the pack needs of ComfyUI: one list, looked at when the pack starts and by `python -m sigmatic doctor`.

Imports nothing of the host, so that the list can be read without one. tests/test_needs.py holds it complete.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import NamedTuple

OLDEST = "0.3.64"
"""The oldest ComfyUI that the pack is tried on."""


class Need(NamedTuple):
    """Names of one of the host's modules. `part`: what is off without them, "" for the whole pack.

    `since`: the oldest version that they were seen in. `fallback`: what is done where they are not there.
    """

    module: str
    names: tuple[str, ...]
    part: str
    since: str = OLDEST
    fallback: str = ""

    def __str__(self) -> str:
        return f"{self.module} ({', '.join(self.names)})"


_INPUTS = ("Boolean", "Combo", "Conditioning", "Float", "Int", "Latent", "Model", "Sampler", "Sigmas", "String", "Vae")
_OUTPUTS = ("Conditioning", "Float", "Image", "Int", "Latent", "Model", "Noise", "Sampler", "Sigmas", "String")
NEEDS = (
    Need(
        "comfy_api.latest",
        (
            *("ComfyExtension", "io.ComfyNode", "io.NodeOutput", "io.Schema", "io.Hidden.extra_pnginfo"),
            *(f"io.{kind}.Input" for kind in _INPUTS),
            *(f"io.{kind}.Output" for kind in _OUTPUTS),
        ),
        "",
    ),
    Need(
        "comfy.samplers",
        (
            *("SAMPLER_NAMES", "SCHEDULER_NAMES", "SCHEDULER_HANDLERS", "SchedulerHandler", "KSAMPLER"),
            *("KSampler.SAMPLERS", "KSampler.SCHEDULERS", "sampler_object", "calculate_sigmas"),
        ),
        "",
    ),
    Need("comfy.k_diffusion.sampling", (), ""),
    Need("comfy.k_diffusion.sampling", ("BrownianTreeNoiseSampler", "default_noise_sampler"), "noise=comfy"),
    Need("comfy.model_sampling", ("CONST",), ""),
    Need(
        "comfy.model_management",
        ("get_torch_device", "intermediate_device", "unet_offload_device", "throw_exception_if_processing_interrupted"),
        "",
    ),
    Need("comfy.sample", ("fix_empty_latent_channels", "prepare_noise", "sample_custom"), ""),
    Need("comfy.sample", ("prepare_empty_noise",), "", "0.33.0", "zeros, as ComfyUI made them before"),
    Need("comfy.utils", ("PROGRESS_BAR_ENABLED", "ProgressBar"), ""),
    Need("comfy.utils", ("unpack_latents",), "", "0.33.0", "no picture and sound in one latent, as before"),
    Need("comfy.nested_tensor", ("NestedTensor",), "", "0.33.0", "no picture and sound in one latent, as before"),
    Need("comfy_execution.utils", ("get_executing_context",), ""),
    Need("latent_preview", ("prepare_callback",), "the nodes that run a sampler"),
    Need("folder_paths", ("get_user_directory",), "presets, fitted schedules and recipes of the user's"),
    Need("folder_paths", ("get_output_directory", "get_save_image_path"), "saved runs"),
    Need("folder_paths", ("get_temp_directory",), "the rows of a comparison on its node"),
    Need("comfy.model_patcher", ("ModelPatcher", "set_model_options_post_cfg_function"), "CFG++ and the demo model"),
    Need("comfy.patcher_extension", ("WrapperExecutor", "WrappersMP", "get_all_wrappers"), "the demo model"),
    Need("comfy.model_base", ("BaseModel", "ModelType"), "the demo model"),
    Need("comfy.latent_formats", ("LatentFormat",), "the demo model"),
    Need("comfy.supported_models_base", ("BASE",), "the demo model"),
    Need("server", ("PromptServer",), "plots and presets in the page, warnings under nodes"),
    Need("nodes", ("NODE_CLASS_MAPPINGS",), "names in lists that other packs copied"),
)


class Absent(NamedTuple):
    """What a host lacks of a need; `names` is empty where the module itself is not there."""

    need: Need
    names: tuple[str, ...]

    def __str__(self) -> str:
        what = ", ".join(f"{self.need.module}.{name}" for name in self.names) or f"the module {self.need.module}"
        if self.need.fallback:
            return f"no {what} (ComfyUI has it since {self.need.since}): in its place, {self.need.fallback}"
        return f"no {what} (ComfyUI {self.need.since} has it): off is {self.need.part or 'all of Sigmatic'}"


def absent(has: Callable[[str, str], bool]) -> list[Absent]:
    """What is not there; `has(module, dotted name)` looks, with "" for the module itself."""
    lacking = []
    for need in NEEDS:
        if not has(need.module, ""):
            lacking.append(Absent(need, ()))
        elif names := tuple(name for name in need.names if not has(need.module, name)):
            lacking.append(Absent(need, names))
    return lacking


def loaded(module: str, name: str) -> bool:
    """Whether the running host has it. What other packs did to the host counts, as it does for ours."""
    try:
        place = importlib.import_module(module)
    except ImportError:
        return False
    for part in filter(None, name.split(".")):
        if not hasattr(place, part):
            return False
        place = getattr(place, part)
    return True


def check() -> None:
    """Of the host around us: RuntimeError in one line, which the host logs, where the pack can do nothing."""
    vital = [one for one in absent(loaded) if not one.need.part and not one.need.fallback]
    if vital:
        raise RuntimeError(
            f"Sigmatic needs another ComfyUI (tried from {OLDEST} on): {'; '.join(map(str, vital))}. "
            "`python -m sigmatic doctor --host <the ComfyUI folder>` says more."
        )
