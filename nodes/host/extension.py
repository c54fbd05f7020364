"""The extension that the host's loader asks for node classes."""

from .api import ComfyExtension


class Sigmatic(ComfyExtension):
    """Made of the node classes of all files that could be loaded."""

    def __init__(self, nodes: list[type]) -> None:
        self._nodes = nodes

    async def get_node_list(self) -> list[type]:
        """Those classes."""
        return self._nodes
