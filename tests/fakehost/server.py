"""The web server: a place to put routes."""

from types import SimpleNamespace

from aiohttp import web


class PromptServer:
    """What packs reach by PromptServer.instance."""

    instance = SimpleNamespace(routes=web.RouteTableDef())
