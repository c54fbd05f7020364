"""The prompt that is running: its nodes, and what is written in them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from comfy_execution.utils import get_executing_context


class Running(NamedTuple):
    """The prompt that is running, and the node in it."""

    prompt: Mapping[str, Any]
    node: str


def running() -> Running | None:
    """What is running on this thread; None outside of the host's queue."""
    context = get_executing_context()
    if context is None:
        return None
    from server import PromptServer  # not before: scripts that only borrow the host's samplers have no server

    queue = getattr(PromptServer.instance, "prompt_queue", None)
    items = list(getattr(queue, "currently_running", {}).values())
    return next((Running(item[2], context.node_id) for item in items if item[1] == context.prompt_id), None)


def written(prompt: Mapping[str, Any], node: str, wire: str) -> str:
    """The text that an input of a node goes back to, by way of whatever lies between; nothing where there is none."""
    waiting, seen = [(node, wire)], set()
    while waiting:
        name, only = waiting.pop(0)
        inputs = prompt.get(name, {}).get("inputs", {}) if name not in seen else {}
        seen.add(name)
        texts = [value for key, value in inputs.items() if not only and isinstance(value, str) and _is_text(key)]
        if texts:
            return texts[0]
        links = [value for key, value in inputs.items() if (not only or key == only) and isinstance(value, list)]
        waiting += [(link[0], "") for link in links if len(link) == 2 and isinstance(link[0], str)]
    return ""


def _is_text(key: str) -> bool:
    return any(word in key.lower() for word in ("text", "prompt", "string", "value", "t5", "clip_l"))
