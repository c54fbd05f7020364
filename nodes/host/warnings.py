"""Warnings: a line each in the log and, in the page, under the node that is running."""

import logging
from collections.abc import Iterable
from typing import Any

from comfy_execution.utils import get_executing_context

_log = logging.getLogger("sigmatic")
_node: tuple[str, str] | None = None  # prompt and node of the last call
_notes: list[str] = []  # of that node, in that prompt
_status = ""  # of that node


def warn(notes: Iterable[str]) -> None:
    """Show each of the `notes` once while a node is running. Outside of a prompt they only go to the log.

    The page takes a warning away when its node runs again (web/js/warnings.js).
    """
    global _notes
    context = _of_node()
    if context is None:
        return _write(notes)
    fresh = [note for note in dict.fromkeys(notes) if note not in _notes]
    _notes += fresh
    _write(fresh)
    if fresh:
        _show(context.node_id)


def progress(text: str) -> None:
    """Show how far the running node is, over its warnings; not in the log, and nothing outside of a prompt."""
    global _status
    context = _of_node()
    if context is not None:
        _status = text
        _show(context.node_id)


def _of_node() -> Any:
    """The node that is running; what is kept of another is forgotten. None outside of a prompt."""
    global _node, _notes, _status
    context = get_executing_context()
    if context is not None and (context.prompt_id, context.node_id) != _node:
        _node, _notes, _status = (context.prompt_id, context.node_id), [], ""
    return context


def of_running_node() -> list[str]:
    """What the node that is running has warned of so far; nothing outside of a prompt."""
    context = get_executing_context()
    return list(_notes) if context and (context.prompt_id, context.node_id) == _node else []


def _write(notes: Iterable[str]) -> None:
    for note in notes:
        _log.warning("Sigmatic: %s", note)


def _show(node_id: str) -> None:
    """Put all of it under the node, in the page that the prompt came from; an API call has none."""
    from server import PromptServer  # not before: scripts that only borrow the host's samplers have no server

    server = PromptServer.instance
    if server.client_id is not None:
        lines = [f"Sigmatic: {line}" for line in (_status, *_notes) if line]
        server.send_progress_text("\n".join(lines), node_id, server.client_id)
