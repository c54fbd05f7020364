"""What a run really did, told to the page that asked for it: the plot of the node that ran keeps it."""

import math
from collections.abc import Sequence
from typing import Any

from comfy_execution.utils import get_executing_context

from ...core.space import level

EVENT = "sigmatic.ran"


def course(sigmas: Sequence[float], space: str) -> dict[str, list[float | None]]:
    """Levels as the page draws them: sigmas, and the log-SNR of each; None for infinity, which JSON does not know."""
    ratios = [2 * level(sigma, space).lam for sigma in sigmas]
    return {"sigmas": list(sigmas), "log_snr": [ratio if math.isfinite(ratio) else None for ratio in ratios]}


def show(account: dict[str, Any]) -> None:
    """Tell the page what the node that is running has done; outside of a prompt there is none to tell."""
    context = get_executing_context()
    if context is None:
        return
    from server import PromptServer  # not before: scripts that only borrow the host's samplers have no server

    server = PromptServer.instance
    if server.client_id is not None:
        server.send_sync(EVENT, {"node": context.node_id, **account}, server.client_id)
