"""The routes of the profiles panel: GET, POST and DELETE /sigmatic/profiles. Thin; profile_files.py does the work."""

import asyncio
from typing import Any

from aiohttp import web

from ..running import profile_files
from ..running.profile_files import Kept
from . import bodies

_LARGEST = 1 << 18  # bytes of a request
_FILES = "the profiles"


async def listed(request: web.Request) -> web.Response:
    """All profiles, {"profiles": [`described`, ...]}; with ?name= in the query that one's file, to keep elsewhere."""
    name, there = request.query.get("name"), await _all()
    if name is None:
        return await _list()
    if name not in there:
        return bodies.refused("there is no profile of this name.", 404)
    return web.Response(text=there[name].as_text(), content_type="application/json")


async def changed(request: web.Request) -> web.Response:
    """Rename {"name", "rename"}, or take in {"text"}, what a file held; {"name"} is for one without a name in it."""
    body = await bodies.read(request, _LARGEST)
    if isinstance(body, web.Response):
        return body
    return await bodies.work(_FILES, _change, body) or await _list()


async def removed(request: web.Request) -> web.Response:
    """Delete the profile of the name in the query, ?name=."""
    return await bodies.work(_FILES, profile_files.remove, request.query.get("name", "")) or await _list()


def described(kept: Kept) -> dict[str, Any]:
    """What the panel shows: title, cfg, kind of model, errors over those of arc as it comes by steps, evaluations."""
    profile = kept.profile
    ratios = {str(steps): round(ratio, 3) for steps, ratio in profile.ratios.items()}
    about = {"name": kept.name, "title": kept.title, "cfg": kept.cfg, "space": profile.space, "whole": kept.whole}
    return {**about, "ratios": ratios, "evaluations": profile.evaluations}


async def _all() -> dict[str, Kept]:
    return await asyncio.get_running_loop().run_in_executor(None, profile_files.all_kept)


async def _list() -> web.Response:
    there = await _all()
    return web.json_response({"profiles": [described(there[name]) for name in sorted(there)]})


def _change(body: bytes) -> None:
    given = bodies.parsed(body, "name", "rename", "text")
    if "rename" in given:
        profile_files.rename(str(given.get("name")), given["rename"])
    elif isinstance(given.get("text"), str):
        profile_files.save(profile_files.read_file(given["text"], given.get("name")))
    else:
        raise ValueError("text and rename are both missing: give one.")


def install() -> None:
    """Add the routes."""
    bodies.install("/sigmatic/profiles", {"GET": listed, "POST": changed, "DELETE": removed})
