"""Which node is running."""

from typing import NamedTuple


class ExecutionContext(NamedTuple):
    """A node of a prompt, and which item of a list it is at."""

    prompt_id: str
    node_id: str
    list_index: int | None = None


running = None  # tests put an ExecutionContext here


def get_executing_context():
    """The node that is running, None outside of prompts."""
    return running
