"""The routes of the page: POST /sigmatic/table, GET /sigmatic/samplers and /sigmatic/plots. Thin: see answer.py."""

import asyncio
import logging
import time
from collections.abc import Iterable

from aiohttp import web

from . import answer, bodies, planned

RATE, BURST = 40.0, 80
"""Requests a second in the long run, and at once: a dragged widget asks up to 20 times a second."""
_log = logging.getLogger("sigmatic")


class Limit:
    """A token bucket: `take(now)` says whether one more request is let in."""

    def __init__(self, rate: float, burst: int) -> None:
        self.rate, self.burst = rate, burst
        self._left, self._last = float(burst), 0.0

    def take(self, now: float) -> bool:
        """True if there is room for a request at the time `now` (seconds, never going back)."""
        self._left = min(self.burst, self._left + (now - self._last) * self.rate)
        self._last = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


_limit = Limit(RATE, BURST)


async def table(request: web.Request) -> web.Response:
    """What a node will do (`answer.describe`)."""
    if not _limit.take(time.monotonic()):
        return web.json_response({"error": "too many requests: try again in a second."}, status=429)
    body = bytearray()
    while len(body) <= answer.BODY and (chunk := await request.content.read(answer.BODY)):
        body += chunk
    status, reply = await asyncio.get_running_loop().run_in_executor(None, answer.answer, bytes(body))
    return web.json_response(reply, status=status)


async def catalogue(request: web.Request) -> web.Response:
    """Every sampler and schedule as declared (`answer.catalogue`)."""
    return web.json_response(await asyncio.get_running_loop().run_in_executor(None, answer.catalogue))


async def plots(request: web.Request) -> web.Response:
    """The nodes that declare a plot, and those that decide how a model is sampled (`answer.plots`)."""
    return web.json_response(answer.plots())


def install(nodes: Iterable[type] = ()) -> None:
    """Plot those of the nodes that declare it; add the routes, once: a second clone of the pack leaves the first's."""
    planned.offer(nodes)
    for method, name, handler in (("POST", "table", table), ("GET", "samplers", catalogue), ("GET", "plots", plots)):
        bodies.install(f"/sigmatic/{name}", {method: handler})
