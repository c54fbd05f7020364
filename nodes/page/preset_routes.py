"""The routes of the presets panel: GET, POST and DELETE /sigmatic/presets. Thin; presets.py does the work."""

import asyncio

from aiohttp import web

from ..dropdowns import lookup, preset_file, presets
from ..host.user_files import check_name
from . import bodies

_LARGEST = 1 << 16  # bytes of a request
_FILES = "the presets"


async def listed(request: web.Request) -> web.Response:
    """All presets: {"prefix": "sig_my_", "samplers": {name: {"sampler", "options"}}, "schedules": {name: {...}}}."""
    book = await asyncio.get_running_loop().run_in_executor(None, presets.book().read)
    return web.json_response({"prefix": lookup.PRESET_PREFIX, **book})


async def changed(request: web.Request) -> web.Response:
    """Save {"name", "sampler": {"sampler", "options"}, "schedule": {...}, "replace"}, or rename {"name", "rename"}."""
    body = await bodies.read(request, _LARGEST)
    if isinstance(body, web.Response):
        return body
    return await bodies.work(_FILES, _change, body) or await listed(request)


async def removed(request: web.Request) -> web.Response:
    """Delete the presets of the name in the query, ?name=."""
    return await bodies.work(_FILES, presets.remove, request.query.get("name", "")) or await listed(request)


def _change(body: bytes) -> None:
    given = bodies.parsed(body, "name", "sampler", "schedule", "replace", "rename")
    if "rename" in given:
        presets.rename(check_name(given.get("name")), given["rename"])
        return
    chosen = {kind: given[kind[:-1]] for kind in preset_file.KINDS if given.get(kind[:-1]) is not None}
    if not chosen:
        raise ValueError("sampler and schedule are both missing: give one to save.")
    presets.save(given.get("name"), chosen, given.get("replace") is True)


def install() -> None:
    """Add the routes."""
    bodies.install("/sigmatic/presets", {"GET": listed, "POST": changed, "DELETE": removed})
