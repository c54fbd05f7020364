"""What a MODEL is: its class in the host, the files that it was made from, the size of a latent in pixels."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...core.files import bare_name
from . import facts
from .prompt import running

FILES = (".safetensors", ".sft", ".ckpt", ".pt", ".pth", ".bin", ".gguf")
WIRES = ("model", "guider", "pipe")  # inputs with these words in their names carry a MODEL
OLDER = {"LTXV": (32, 8)}  # pixels and frames of a latent's, where the host's latent format does not say


def classes(model: Any) -> tuple[str, ...]:
    """The class of the host's model_config and those that it is built on; nothing where the model has none."""
    config = getattr(facts.network(model), "model_config", None)
    return () if config is None else tuple(kind.__name__ for kind in type(config).__mro__[:-1])


def files(model: Any, wire: str = "") -> tuple[str, ...]:
    """The files of the model and its LoRAs, by what the MODEL says (newer hosts) and the prompt that is running.

    wire: the input of the running node that the MODEL comes in by; without it, any of those that carry one.
    """
    made = getattr(facts.patcher(model), "cached_patcher_init", None)
    of_model = [text for text in _texts(made) if text.lower().endswith(FILES)]
    return tuple(dict.fromkeys([*of_model, *_of_running_node(wire)]))


def in_words(model: Any) -> str:
    """A model for people, and for runs that go on: its class and its files, without their folders."""
    names = [bare_name(file) for file in files(model)]
    kind = next(iter(classes(model)), type(facts.network(model)).__name__)
    return f"{kind} ({', '.join(names)})" if names else kind


def upstream(prompt: Mapping[str, Any], node: str, wire: str = "") -> Iterator[str]:
    """The names of files in the inputs of the nodes that a node's MODEL comes from; LoRAs of strength 0 not.

    wire: the input of the node; without it, all that carry a MODEL.
    """
    waiting, seen = [node], set()
    while waiting:
        name = waiting.pop()
        inputs = prompt.get(name, {}).get("inputs", {}) if name not in seen else {}
        seen.add(name)
        for key, value in inputs.items():
            if name == node and wire and key != wire:
                continue
            if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str):
                waiting += [value[0]] if any(word in key.lower() for word in WIRES) else []
            elif name != node and inputs.get("strength_model") != 0 and not key.startswith(("clip", "vae")):
                yield from (text for text in _texts(value) if text.lower().endswith(FILES))


def pixels(model: Any, shape: Sequence[int] | None) -> dict[str, int]:
    """width, height and frames of the finished picture of a latent of this shape; nothing where none is known."""
    if shape is None or len(shape) < 4:
        return {}
    form = getattr(facts.network(model), "latent_format", None)
    side, long = OLDER.get(type(form).__name__, (8, 1))
    side = int(getattr(form, "spacial_downscale_ratio", side))
    long = int(getattr(form, "temporal_downscale_ratio", long))
    frames = (int(shape[-3]) - 1) * long + 1 if len(shape) > 4 else 1
    return {"width": int(shape[-1]) * side, "height": int(shape[-2]) * side, "frames": frames}


def _of_running_node(wire: str) -> Iterator[str]:
    here = running()
    if here is not None:
        yield from upstream(here.prompt, here.node, wire)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        if value.get("on", True):  # lists of LoRAs have switches
            yield from (text for item in value.values() for text in _texts(item))
    elif isinstance(value, (list, tuple)):
        yield from (text for item in value for text in _texts(item))
