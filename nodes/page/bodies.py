"""Requests that change something: bodies read up to a limit, work done off the event loop, errors in words."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from server import PromptServer

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def read(request: web.Request, largest: int) -> bytes | web.Response:
    """The body of a request with JSON, or the reply that refuses it."""
    if request.content_type != "application/json":  # a form, which any page in the browser could send
        return refused("send application/json.", 415)
    body = bytearray()
    while len(body) <= largest and (chunk := await request.content.read(largest)):
        body += chunk
    return refused(f"more than {largest} bytes.", 413) if len(body) > largest else bytes(body)


def parsed(body: bytes, *words: str) -> dict[str, Any]:
    """The object in a body; ValueError unless it has these words at most."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("the body is no JSON.") from None
    if not isinstance(given, dict) or set(given) - set(words):
        raise ValueError(f"give an object with {', '.join(sorted(words))}.")
    return given


async def work(what: str, task: Callable[..., Any], *arguments: Any) -> web.Response | None:
    """Do it; the reply that says why it could not be done, None if it was. what: which files are written."""
    try:
        await asyncio.get_running_loop().run_in_executor(None, task, *arguments)
    except ValueError as error:
        return refused(str(error), 400)
    except OSError as error:
        return refused(f"{what} cannot be written: {error}", 500)
    return None


def refused(why: str, status: int) -> web.Response:
    """The reply that says why."""
    return web.json_response({"error": why}, status=status)


def install(path: str, handlers: dict[str, Handler]) -> None:
    """Add the routes, once: a second clone of the pack leaves the first one's in place."""
    routes = PromptServer.instance.routes
    taken = {(route.method, route.path) for route in routes if isinstance(route, web.RouteDef)}
    for method, handler in handlers.items():
        if (method, path) not in taken:
            routes.route(method, path)(handler)
