"""The routes of sweeps: GET /sigmatic/sweeps/<name>, the report, and the pictures beside it. They change nothing."""

import asyncio
from pathlib import Path

from aiohttp import web

from ...grid import report
from ..measuring import sweep_files
from . import bodies

_SAFE = {"X-Content-Type-Options": "nosniff"}


async def page(request: web.Request) -> web.StreamResponse:
    """The report. Its own script alone runs in it, whoever has written to the folder: see `report.policy`."""
    file = await _served(request.match_info["name"])
    if file is None:
        return bodies.refused("there is no sweep of this name yet: run the workflow.", 404)
    text = await asyncio.get_running_loop().run_in_executor(None, file.read_text, "utf-8")
    headers = {**_SAFE, "Content-Security-Policy": report.policy(), "Cache-Control": "no-store"}
    return web.Response(text=text, content_type="text/html", headers=headers)


async def picture(request: web.Request) -> web.StreamResponse:
    """A picture."""
    file = await _served(request.match_info["name"], "pictures", request.match_info["file"])
    if file is None:
        return bodies.refused("there is no such picture.", 404)
    return web.FileResponse(file, headers={**_SAFE, "Content-Type": "image/png"})


async def _served(name: str, *parts: str) -> Path | None:
    return await asyncio.get_running_loop().run_in_executor(None, sweep_files.served, name, *parts)


def install() -> None:
    """Add the routes."""
    bodies.install("/sigmatic/sweeps/{name}/report.html", {"GET": page})
    bodies.install("/sigmatic/sweeps/{name}/pictures/{file}", {"GET": picture})
