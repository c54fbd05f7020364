"""A LATENT whose run has stopped, as one safetensors file: everything that the rest of the run needs, to the bit."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from ...core import files
from ...core.streams import Past
from ...core.table import Kept
from ...samplers import State
from ..host import latents
from ..host.outside import Outside
from . import handover

VERSION = 1
SUFFIX = ".run.safetensors"
_META = "sigmatic_run"
_PLAIN = ("sampler", "space", "falls", "params", "seed", "sigma", "model", "places")  # of `Left`, as JSON has it
_STATE = ("sampler", "space", "sigma", "took")


def save(path: Path, latent: dict[str, Any]) -> None:
    """Write the LATENT to `path`, whole or not at all. ValueError where it holds no run that could go on."""
    left = handover.of_latent(latent)
    if left is None or handover.of_pictures(left, latent["samples"]) is not left:
        raise ValueError(
            "latent: no run stopped here that could go on: connect the latent of a Sigmatic KSampler that ends early "
            "(end_at_step, return_with_leftover_noise), as it comes out."
        )
    state = left["state"]
    tensors = {f"samples.{i}": part for i, part in enumerate(latents.parts(latent["samples"]))}
    tensors |= {"x": left["x"], **{f"register.{i}": register for i, register in enumerate(state.registers)}}
    if left["outside"]:
        tensors |= {f"outside.{name}": tensor for name, tensor in left["outside"]._asdict().items()}
    if latent.get("noise_mask") is not None:
        tensors["noise_mask"] = latent["noise_mask"]
    tensors = {name: tensor.detach().to("cpu").contiguous() for name, tensor in tensors.items()}
    meta = {
        "version": VERSION,
        "nested": bool(getattr(latent["samples"], "is_nested", False)),
        "batch_index": latent.get("batch_index"),
        "left": {name: left[name] for name in _PLAIN},
        "state": {**{name: getattr(state, name) for name in _STATE}, "kept": state.kept},
    }
    if state.others:  # of picture and sound together
        meta["state"]["others"] = state.others
    meta["hash"] = _hash(meta, tensors)
    files.write(path, safetensors.torch.save(tensors, {_META: json.dumps(meta, default=list)}))


def load(path: Path) -> dict[str, Any]:
    """The LATENT that was saved at `path`. ValueError where the file is damaged, newer than this, or something else."""
    try:
        with safetensors.safe_open(path, "pt") as file:
            meta = json.loads((file.metadata() or {})[_META])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no mapping
        if meta["version"] != VERSION:
            raise ValueError(f"it is of version {meta['version']}, and this Sigmatic reads version {VERSION}")
        if meta.pop("hash") != _hash(meta, tensors):
            raise ValueError("its contents are not those that were written")
        return _latent(meta, tensors)
    except (safetensors.SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"run: {path.name} is damaged, or no run that Sigmatic Save Run wrote: {error}") from error


def _latent(meta: dict[str, Any], tensors: dict[str, Tensor]) -> dict[str, Any]:
    samples = [tensors[f"samples.{i}"] for i in range(sum(name.startswith("samples.") for name in tensors))]
    registers = tuple(tensors[f"register.{i}"] for i in range(sum(name.startswith("register.") for name in tensors)))
    x, kept = tensors["x"], _kept(meta["state"].pop("kept"))
    others = tuple(Past(scale, _kept(its)) for scale, its, _ in meta["state"].pop("others", ()))
    outside = Outside(tensors["outside.picture"], tensors["outside.noise"]) if "outside.noise" in tensors else None
    state = State(**meta["state"], shape=tuple(x.shape), kept=kept, registers=registers, others=others)
    left = {**meta["left"], "version": handover.VERSION, "shape": tuple(x.shape), "x": x, "state": state}
    latent: dict[str, Any] = {"samples": samples[0]}
    if meta["nested"]:
        from comfy.nested_tensor import NestedTensor  # newer hosts have it, and only they make such latents

        latent["samples"] = NestedTensor(samples)
    latent |= {"noise_mask": tensors["noise_mask"]} if "noise_mask" in tensors else {}
    latent |= {"batch_index": meta["batch_index"]} if meta["batch_index"] is not None else {}
    return handover.attach(latent, {**left, "outside": outside})


def _kept(written: Any) -> tuple[Kept, ...]:
    return tuple(Kept(*one) for one in written)


def _hash(meta: dict[str, Any], tensors: dict[str, Tensor]) -> str:
    digest = hashlib.blake2b(json.dumps(meta, default=list, sort_keys=True).encode(), digest_size=16)
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
