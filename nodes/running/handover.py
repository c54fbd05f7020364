"""What a run that stopped leaves in its LATENT for the one that goes on from it, picture by picture.

Pictures are known again by a fingerprint of their numbers: some of a batch, in another order, or batches put together
again by nodes that know nothing of this, go on with their part of what was left.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from ...samplers import State
from ..host import latents
from ..host.outside import Outside

VERSION = 2
KEY = "sigmatic_state"  # in the LATENT; nodes that do not know it leave it alone

Left = dict[str, Any]
"""What a run leaves: who it was, "x", "state", "outside" (of its mask), "places" (of its pictures in their batch)."""


def attach(latent: dict[str, Any], left: Left | None) -> dict[str, Any]:
    """The LATENT with what its run leaves, and without what the one before it left."""
    out = {name: value for name, value in latent.items() if name != KEY}
    if left:
        out[KEY] = {**left, "checksums": checksums(out["samples"])}
    return out


def of_latent(latent: dict[str, Any]) -> Left | None:
    """What is attached to a LATENT; None where there is nothing of this version."""
    left = latent.get(KEY)
    known = isinstance(left, dict) and left.get("version") == VERSION and isinstance(left.get("state"), State)
    return left if known else None


def of_pictures(left: Left, samples: Any) -> Left | None:
    """The part of `left` that belongs to the LATENT's samples, in their order; None where one is another picture."""
    known = {checksum: i for i, checksum in reversed(list(enumerate(left["checksums"])))}
    here = checksums(samples)
    if here == left["checksums"]:
        return left
    indices = [known.get(checksum) for checksum in here]
    return None if None in indices else pick(left, [i for i in indices if i is not None])


def pick(left: Left, indices: Sequence[int]) -> Left:
    """`left` of the pictures at `indices` alone."""
    count = len(left["x"])

    def of(tensor: Tensor) -> Tensor:
        return tensor[list(indices)] if len(tensor) == count else tensor

    x, places = of(left["x"]), left["places"]
    state = left["state"]
    state = replace(state, shape=tuple(x.shape), registers=tuple(map(of, state.registers)))
    outside = left["outside"] and Outside(*map(of, left["outside"]))
    at = range(count) if places is None else places
    picked = {"x": x, "shape": tuple(x.shape), "state": state, "outside": outside, "places": [at[i] for i in indices]}
    return {**left, **picked, "checksums": [left["checksums"][i] for i in indices]}


def pick_latent(latent: dict[str, Any], indices: Sequence[int]) -> dict[str, Any]:
    """A LATENT as it comes from a run, of the pictures at `indices` alone."""
    left, samples, mask = latent[KEY], latent["samples"], latent.get("noise_mask")
    some = [part[list(indices)] for part in latents.parts(samples)]
    out = {**latent, "samples": type(samples)(some) if getattr(samples, "is_nested", False) else some[0]}
    out["batch_index"] = [(latent.get("batch_index") or range(len(left["x"])))[i] for i in indices]
    if mask is not None and len(mask) == len(left["x"]):
        out["noise_mask"] = mask[list(indices)]
    return attach(out, pick(left, indices))


def checksums(samples: Any) -> list[str]:
    """A fingerprint of each picture of a LATENT's samples: shape and every number."""
    parts = [part.detach().to("cpu", torch.float32).contiguous() for part in latents.parts(samples)]
    return [_checksum([part[i] for part in parts]) for i in range(len(parts[0]))]


def _checksum(parts: Sequence[Tensor]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(str(tuple(part.shape)).encode())
        digest.update(part.numpy().tobytes())
    return digest.hexdigest()
