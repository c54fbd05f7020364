"""What a node is given, in a few bytes: equal for equal numbers, in every session; to know results by."""

import hashlib
import uuid
import weakref
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import torch
from torch import Tensor

from .fingerprint import fingerprint, of_network

_tokens: dict[int, tuple[Any, str]] = {}


def digest(**things: Any) -> str:
    """Of values, tensors, and lists and dictionaries of them; of a MODEL or VAE, by its `fingerprint`.

    Of any other object (a ControlNet in a conditioning, say) it is only known whether it is the same one as before.
    """
    made = hashlib.sha256()
    _add(made, things)
    return made.hexdigest()[:32]


def _add(made: Any, thing: Any) -> None:
    if isinstance(thing, Tensor):
        plain = thing.detach().to("cpu").contiguous()
        made.update(f"{plain.dtype} {tuple(plain.shape)} ".encode())
        made.update(plain.reshape(-1).view(torch.uint8).numpy().tobytes())
    elif isinstance(thing, Mapping):
        made.update(f"{{{len(thing)} ".encode())
        for name in sorted(thing, key=str):
            _add(made, str(name))
            _add(made, thing[name])
    elif isinstance(thing, (list, tuple)):
        made.update(f"[{len(thing)} ".encode())
        for inner in thing:
            _add(made, inner)
    elif thing is None or isinstance(thing, (bool, int, float, str, bytes)):
        made.update(f"{type(thing).__name__} {thing!r} ".encode())
    else:
        made.update(f"{type(thing).__name__} {_of_object(thing)} ".encode())


def _of_object(thing: Any) -> str:
    if hasattr(thing, "get_model_object"):
        return fingerprint(thing)
    return (hasattr(thing, "patcher") and of_network(thing.patcher)) or _token(thing)


def _token(thing: Any) -> str:
    """A word for an object that nothing is known of: the same as long as it lives, and never again."""
    known = _tokens.get(id(thing))
    if known is not None and known[0]() is thing:
        return known[1]
    token, at = uuid.uuid4().hex, id(thing)
    with suppress(TypeError):
        _tokens[at] = weakref.ref(thing, lambda _: _tokens.pop(at, None)), token
    return token
