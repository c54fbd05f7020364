"""The web server: a place to put routes, and what was sent to the page."""

from types import SimpleNamespace

from aiohttp import web

SENT = []  # (node, text, client) of every progress text
EVENTS = []  # (name, data, client) of every event


class PromptServer:
    """What packs reach by PromptServer.instance."""

    instance = SimpleNamespace(
        app=SimpleNamespace(on_startup=[]),
        routes=web.RouteTableDef(),
        client_id="page",
        send_sync=lambda event, data, sid=None: EVENTS.append((event, data, sid)),
        send_progress_text=lambda text, node_id, sid=None: SENT.append((node_id, text, sid)),
    )
