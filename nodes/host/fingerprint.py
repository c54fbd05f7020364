"""What tells one MODEL from another: its weights, LoRAs, range of noise and guidance, in a few bytes.

Numbers are looked at here and there only, so it takes milliseconds and moves no model about. Weights are those of the
file, whatever is patched into them while a LoRA is in use.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from . import facts, identity

LOOKED_AT = 24
"""Tensors of the network, evenly among all of them, whose numbers are looked at; of all the others only the shape."""
_NUMBERS, _OF_PATCH = 8, 2  # of a weight, of each tensor of a LoRA: there are thousands
_GUIDING = (
    "sampler_cfg_function", "sampler_pre_cfg_function", "sampler_post_cfg_function", "model_function_wrapper",
    "denoise_mask_function",
)  # fmt: skip


def fingerprint(model: Any, cfg: float | None = None) -> str:
    """Of a MODEL, or of what a sampler function is handed: 20 hex digits, and with `cfg` a dash and the guidance.

    Another one for other weights, another LoRA or strength of it, another range of noise (shift, zsnr, ...), for
    functions that other nodes have put in, and for other guidance; the same in every session and on every device.
    """
    digest = hashlib.sha256("\n".join(_parts(facts.patcher(model), model)).encode()).hexdigest()[:20]
    return digest if cfg is None else f"{digest}-{float(cfg):.6g}"


def of_network(patcher: Any) -> str:
    """Of the weights alone, of a VAE's patcher, say; "" where it has none that can be looked at."""
    weights = "\n".join(_weights(patcher))
    return weights and hashlib.sha256(weights.encode()).hexdigest()[:20]


def _parts(patcher: Any, model: Any) -> Iterator[str]:
    yield from identity.classes(model)
    yield from _weights(patcher)
    for key, patches in sorted(getattr(patcher, "patches", {}).items(), key=lambda item: str(item[0])):
        yield from (str(key), *_walk(patches))
    yield from _sampling(facts.model_sampling(model))
    options = getattr(patcher, "model_options", None) or {}
    yield from _walk({key: options[key] for key in _GUIDING if options.get(key)})
    in_network = options.get("transformer_options") or {}
    yield from _walk(
        {key: in_network[key] for key in ("patches", "patches_replace", "wrappers") if in_network.get(key)}
    )
    replaced = {key: value for key, value in getattr(patcher, "object_patches", {}).items() if key != "model_sampling"}
    yield from _walk(replaced)


def _weights(patcher: Any) -> Iterator[str]:
    """Every weight's name and shape, and numbers of some; of those in which a LoRA is now, as they were before."""
    network = getattr(patcher, "model", None)
    if not isinstance(network, torch.nn.Module):
        return
    backup = getattr(patcher, "backup", {})
    weights = sorted(network.named_parameters(), key=lambda item: item[0])
    every = max(1, len(weights) // LOOKED_AT)
    for place, (name, weight) in enumerate(weights):
        before = backup.get(name)
        yield f"{name} {tuple(weight.shape)}"
        if place % every == 0:
            yield _numbers(weight if before is None else getattr(before, "weight", before), _NUMBERS)


def _sampling(ms: Any) -> Iterator[str]:
    """The kind of model and its range of noise."""
    yield facts.space(ms)
    yield from sorted(kind.__name__ for kind in type(ms).__mro__ if kind.__module__.startswith("comfy."))
    table = getattr(ms, "sigmas", None)
    levels = [float(ms.sigma_min), float(ms.sigma_max), facts.sigma_at(ms, 50), facts.noise_scale(ms)]
    if isinstance(table, Tensor) and table.numel():
        levels += table.detach().flatten()[:: max(1, table.numel() // 16)].float().cpu().tolist()
    yield " ".join(f"{level:.5g}" for level in levels)  # devices differ in the last digits


def _walk(value: Any) -> Iterator[str]:
    """What a patch is made of; functions by their names, since what is in them cannot be seen."""
    if isinstance(value, Tensor):
        yield f"{tuple(value.shape)} {_numbers(value, _OF_PATCH)}"
    elif isinstance(value, Mapping):
        for key, inner in sorted(value.items(), key=lambda item: str(item[0])):
            yield from (str(key), *_walk(inner))
    elif isinstance(value, (list, tuple, set, frozenset)):
        yield f"[{len(value)}"
        for inner in value:
            yield from _walk(inner)
    elif value is None or isinstance(value, (bool, int, float, str)):
        yield repr(value)
    else:
        yield getattr(value, "__qualname__", type(value).__qualname__)
        yield from _walk(getattr(value, "weights", None))  # of a LoRA in its newer form


def _numbers(weight: Tensor, count: int) -> str:
    """A few of the numbers in it; nothing of weights that cannot be read one by one (packed ones, say)."""
    try:
        flat = weight.detach().reshape(-1)
        last = flat.numel() - 1
        places = {round(last * (place + 0.5) / count) for place in range(count)} if last >= 0 else set()
        return " ".join(f"{float(flat[place]):.6g}" for place in sorted(places))
    except (RuntimeError, TypeError, ValueError, AttributeError):  # NotImplementedError is a RuntimeError
        return ""
