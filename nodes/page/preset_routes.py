"""The routes of the presets panel: GET, POST and DELETE /sigmatic/presets. Thin; presets.py does the work."""

import asyncio
import json
from typing import Any

from aiohttp import web
from server import PromptServer

from ..dropdowns import lookup, preset_file, presets

_LARGEST = 1 << 16  # bytes of a request


async def listed(request: web.Request) -> web.Response:
    """All presets: {"prefix": "sig_my_", "samplers": {name: {"sampler", "options"}}, "schedules": {name: {...}}}."""
    book = await asyncio.get_running_loop().run_in_executor(None, presets.book().read)
    return web.json_response({"prefix": lookup.PRESET_PREFIX, **book})


async def changed(request: web.Request) -> web.Response:
    """Save {"name", "sampler": {"sampler", "options"}, "schedule": {...}, "replace"}, or rename {"name", "rename"}."""
    if request.content_type != "application/json":  # a form, which any page in the browser could send
        return _refused("send application/json.", 415)
    body = bytearray()
    while len(body) <= _LARGEST and (chunk := await request.content.read(_LARGEST)):
        body += chunk
    if len(body) > _LARGEST:
        return _refused(f"more than {_LARGEST} bytes.", 413)
    return await _answer(request, _change, bytes(body))


async def removed(request: web.Request) -> web.Response:
    """Delete the presets of the name in the query, ?name=."""
    return await _answer(request, presets.remove, request.query.get("name", ""))


def _change(body: bytes) -> None:
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("the body is no JSON.") from None
    words = {"name", "sampler", "schedule", "replace", "rename"}
    if not isinstance(given, dict) or set(given) - words:
        raise ValueError(f"give an object with {', '.join(sorted(words))}.")
    if "rename" in given:
        presets.rename(preset_file.check_name(given.get("name")), given["rename"])
        return
    chosen = {kind: given[kind[:-1]] for kind in preset_file.KINDS if given.get(kind[:-1]) is not None}
    if not chosen:
        raise ValueError("sampler and schedule are both missing: give one to save.")
    presets.save(given.get("name"), chosen, given.get("replace") is True)


async def _answer(request: web.Request, work: Any, argument: Any) -> web.Response:
    try:
        await asyncio.get_running_loop().run_in_executor(None, work, argument)
    except ValueError as error:
        return _refused(str(error), 400)
    except OSError as error:
        return _refused(f"the presets cannot be written: {error}", 500)
    return await listed(request)


def _refused(why: str, status: int) -> web.Response:
    return web.json_response({"error": why}, status=status)


def install() -> None:
    """Add the routes, once: a second clone of the pack leaves the first one's in place."""
    routes = PromptServer.instance.routes
    taken = {(route.method, route.path) for route in routes if isinstance(route, web.RouteDef)}
    for method, handler in (("GET", listed), ("POST", changed), ("DELETE", removed)):
        if (method, "/sigmatic/presets") not in taken:
            routes.route(method, "/sigmatic/presets")(handler)
