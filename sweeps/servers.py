"""Cells on a ComfyUI server: an API workflow with named slots, queued, waited for, its picture fetched."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import io
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

from .plan import Plan, Value
from .result import Lost, Result

ANSWER = 10.0
"""Seconds for any single request: a server that computes still answers."""
LOOK = 0.1
"""Seconds between two looks whether a run is finished."""


def check(plan: Plan) -> dict[str, Any]:
    """The workflow of a plan with servers; ValueError where it, its slots or the addresses are wrong."""
    source = plan.source
    servers = source["servers"]
    if not isinstance(servers, list) or not servers or not all(isinstance(one, str) for one in servers):
        raise ValueError(f'[source] servers is {servers!r}: give a list of addresses, as ["127.0.0.1:8188"].')
    if len(set(servers)) < len(servers):
        raise ValueError("[source] servers: an address stands there twice.")
    if "workflow" not in source:
        raise ValueError('[source] workflow: give a workflow in API format (Export (API)), workflow = "file.json".')
    try:
        workflow = json.loads((plan.folder / source["workflow"]).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"[source] workflow: {source['workflow']} cannot be read: {error}.") from None
    if not isinstance(workflow, dict) or not all(isinstance(n, dict) and "class_type" in n for n in workflow.values()):
        raise ValueError("[source] workflow: this is no workflow in API format. Export it with Export (API).")
    slots = source.get("slots", {})
    for name in plan.names:
        node, _, widget = str(slots.get(name, "")).partition(".")
        if widget not in workflow.get(node, {}).get("inputs", {}):
            raise ValueError(
                f'[source.slots] {name}: say where it goes, as {name} = "3.{name}" (node, input); '
                f"got {slots.get(name)!r}, and there is no such input."
            )
    if unused := set(slots) - set(plan.names):
        raise ValueError(f"[source.slots] {', '.join(sorted(unused))}: neither in [axes] nor in [fixed].")
    return workflow


class ServerRunner:
    """One server's."""

    def __init__(self, plan: Plan, server: str) -> None:
        self.base = server if "://" in server else f"http://{server}"
        self.workflow, self.slots, self.patience = check(plan), plan.source["slots"], plan.limits["seconds"]
        self.pictures = plan.pictures

    def run(self, values: Mapping[str, Value]) -> Result:
        """The workflow with the cell's values in its slots. RuntimeError where the server refuses or fails it."""
        prompt = copy.deepcopy(self.workflow)
        for name, value in values.items():
            node, _, widget = self.slots[name].partition(".")
            prompt[node]["inputs"][widget] = value
        begun = time.monotonic()
        number = self._json("/prompt", {"prompt": prompt, "client_id": "sigmatic-sweep"})["prompt_id"]
        entry = self._wait(number, begun + self.patience)
        seconds = time.monotonic() - begun
        status = entry.get("status", {})
        if status.get("status_str") != "success":
            raise RuntimeError(f"{self.base}: {str(status.get('messages', ['failed'])[-1])[:500]}")
        images = [image for output in entry.get("outputs", {}).values() for image in output.get("images", [])]
        if not images:
            raise RuntimeError(f"{self.base}: the workflow shows no picture. Put a Save Image or Preview Image in it.")
        packed = self._bytes("/view?" + urllib.parse.urlencode(images[0]))
        return Result(0, None, None, _digest(packed), seconds, packed if self.pictures else None)

    def _wait(self, number: str, deadline: float) -> dict[str, Any]:
        while time.monotonic() < deadline:
            if entry := self._json(f"/history/{number}").get(number):
                return entry
            time.sleep(LOOK)
        with contextlib.suppress(Lost):  # what has not begun need not begin; what runs may be somebody else's
            self._bytes("/queue", {"delete": [number]})
        raise Lost(f"{self.base}: no result in {self.patience:g} s")

    def _json(self, path: str, body: Any = None) -> dict[str, Any]:
        try:
            reply = json.loads(self._bytes(path, body))
        except ValueError:
            raise Lost(f"{self.base}{path}: this is no ComfyUI") from None
        if not isinstance(reply, dict):
            raise Lost(f"{self.base}{path}: this is no ComfyUI")
        return reply

    def _bytes(self, path: str, body: Any = None) -> bytes:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=min(ANSWER, self.patience)) as reply:
                return reply.read()
        except urllib.error.HTTPError as error:
            if error.code == 400:  # the workflow does not fit this server: no other try will change that
                raise RuntimeError(f"{self.base}: refused: {error.read()[:500].decode(errors='replace')}") from None
            raise Lost(f"{self.base}{path}: {error}") from None
        except OSError as error:
            raise Lost(f"{self.base}{path}: {error}") from None


def _digest(packed: bytes) -> str:
    """Of a picture's pixels: its file also holds the prompt, and may hold a date."""
    from PIL import Image

    with Image.open(io.BytesIO(packed)) as image:
        return hashlib.sha256(image.convert("RGBA").tobytes()).hexdigest()[:32]
