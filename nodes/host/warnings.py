"""Warnings: a line each in the log and, in the page, under the node that is running."""

import logging
from collections.abc import Iterable

from comfy_execution.utils import get_executing_context

_log = logging.getLogger("sigmatic")
_node: tuple[str, str] | None = None  # prompt and node of the last call
_notes: list[str] = []  # of that node, in that prompt


def warn(notes: Iterable[str]) -> None:
    """Show each of the `notes` once while a node is running. Outside of a prompt they only go to the log.

    The page takes a warning away when its node runs again (web/js/warnings.js).
    """
    global _node, _notes
    context = get_executing_context()
    if context is None:
        return _write(notes)
    node = context.prompt_id, context.node_id
    if node != _node:
        _node, _notes = node, []
    fresh = [note for note in dict.fromkeys(notes) if note not in _notes]
    _notes += fresh
    _write(fresh)
    if fresh:
        _show("\n".join(f"Sigmatic: {note}" for note in _notes), context.node_id)


def of_running_node() -> list[str]:
    """What the node that is running has warned of so far; nothing outside of a prompt."""
    context = get_executing_context()
    return list(_notes) if context and (context.prompt_id, context.node_id) == _node else []


def _write(notes: Iterable[str]) -> None:
    for note in notes:
        _log.warning("Sigmatic: %s", note)


def _show(text: str, node_id: str) -> None:
    """Put `text` under the node, in the page that the prompt came from; an API call has none."""
    from server import PromptServer  # not before: scripts that only borrow the host's samplers have no server

    server = PromptServer.instance
    if server.client_id is not None:
        server.send_progress_text(text, node_id, server.client_id)
