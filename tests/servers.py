"""A real ComfyUI server for every installation found; each gets the pack linked into an otherwise empty base folder.

A plugin of the tests in host/ and web/, which share the servers.
"""

import base64
import importlib.util
import io
import json
import os
import socket
import struct
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from pathlib import Path

import pytest
import safetensors.torch
from PIL import Image

PACK = Path(__file__).resolve().parents[1]
HERE = PACK / "tests" / "host"
NAMES_ONLY = HERE / "names_only"
"""A pack of somebody else's, whose node takes a sampler and a schedule by name."""
HOW = (
    "no ComfyUI found: put one at ~/comfy/ComfyUI (git clone https://github.com/comfyanonymous/ComfyUI, with its "
    "requirements in ComfyUI/venv), or name it in COMFYUI_PATH"
)
FLAGS = ["--cpu", "--disable-auto-launch", "--disable-api-nodes", "--preview-method", "latent2rgb"]
FLAGS += ["--database-url", "sqlite:///:memory:"]


def _load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


prompts = _load(HERE / "prompts.py")
inhost = _load(PACK / "benchmarks" / "inhost.py")


def _link(folder, packs):
    folder.mkdir(parents=True, exist_ok=True)
    for i, pack in enumerate(packs):
        (folder / f"ComfyUI-Sigmatic{i or ''}").symlink_to(pack, target_is_directory=True)


def _listed(packs):
    return list(packs) if isinstance(packs, (list, tuple)) else [packs]


class Host:
    """One running server."""

    def __init__(self, root, base, pack=PACK, before=()):
        self.base = base
        flags = [*FLAGS, "--base-directory", str(base)]
        _link(base / "custom_nodes", before or _listed(pack))
        if before:  # packs of one folder are loaded in any order, folders in theirs
            _link(base / "later", _listed(pack))
            (base / "paths.yaml").write_text(f"more:\n    custom_nodes: {json.dumps(str(base / 'later'))}\n")
            flags += ["--extra-model-paths-config", str(base / "paths.yaml")]
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        env = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}
        with (base / "log.txt").open("w") as log:
            self.process = subprocess.Popen(
                [inhost.python_of(root), "-u", root / "main.py", "--port", str(self.port), *flags],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=base,
                env={**env, "PYTHONNOUSERSITE": "1"},
            )
        self._wait_for_start()
        self.info = self.get("/object_info")
        self.said_at_start = [line for line in self.log.splitlines() if "Sigmatic:" in line]

    @property
    def log(self):
        """All that the server has said so far."""
        return (self.base / "log.txt").read_text(errors="replace")

    def _wait_for_start(self, patience=240):
        for _ in range(patience * 2):
            if self.process.poll() is not None:
                break
            try:
                return self.get("/system_stats")
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.5)
        self.stop()
        raise AssertionError(f"the server does not come up:\n{self.log[-3000:]}")

    def stop(self):
        """End the server."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _request(self, path, body=None, method=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, method=method)
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=60) as reply:
            return reply.read()

    def get(self, path):
        """GET, as JSON."""
        return json.loads(self._request(path))

    def post(self, path, body):
        """POST, JSON both ways."""
        return json.loads(self._request(path, body))

    def delete(self, path):
        """DELETE."""
        self._request(path, method="DELETE")

    def queue(self, graph, client="tests"):
        """POST a prompt: (its id, None), or (None, the errors) if it is refused."""
        try:
            return json.loads(self._request("/prompt", {"prompt": graph, "client_id": client}))["prompt_id"], None
        except urllib.error.HTTPError as error:
            return None, json.loads(error.read())

    def wait(self, prompt_id, patience=240):
        """The history entry of a prompt that has ended."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            entry = self.get(f"/history/{prompt_id}").get(prompt_id)
            if entry:
                return entry
            time.sleep(0.05)
        raise AssertionError(f"prompt {prompt_id} does not end:\n{self.log[-3000:]}")

    def run(self, graph):
        """Run a prompt that must succeed; return its outputs by node name."""
        prompt_id, errors = self.queue(graph)
        assert prompt_id, errors
        entry = self.wait(prompt_id)
        assert entry["status"]["status_str"] == "success", str(entry["status"]["messages"][-1])[:2000]
        return entry["outputs"]

    def defaults(self, node):
        """The default of every widget of a node."""
        return prompts.defaults(self.info[node])

    def latents(self, graph, *nodes):
        """Run a prompt; return the latents that its SaveLatent `nodes` wrote."""
        outputs = self.run(graph)
        return [self.saved(outputs[node]) for node in nodes]

    def saved(self, output):
        """The latent in a SaveLatent's output."""
        (file,) = output["latents"]
        path = self.base / "output" / file["subfolder"] / file["filename"]
        return safetensors.torch.load_file(path)["latent_tensor"]

    def pictures(self, images):
        """The pictures of an output's "images"."""
        return [Image.open(io.BytesIO(self._request("/view?" + urllib.parse.urlencode(image)))) for image in images]

    def rss(self):
        """The server's memory in MB (Linux; 0 elsewhere)."""
        status = Path(f"/proc/{self.process.pid}/status")
        lines = status.read_text().splitlines() if status.exists() else []
        return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024

    def interrupt(self):
        """What the Cancel button does."""
        self._request("/interrupt", {})

    def watch(self, graph, each=lambda message: None):
        """Run a prompt over a websocket; return (all messages, texts under nodes too, the number of previews)."""
        client, messages, previews = uuid.uuid4().hex, [], 0
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as wire:
            key = base64.b64encode(os.urandom(16)).decode()
            wire.sendall(
                f"GET /ws?clientId={client} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nUpgrade: websocket\r\n"
                f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
            )
            with wire.makefile("rb") as stream:
                while stream.readline().strip():
                    pass  # the reply's head
                prompt_id, errors = self.queue(graph, client)
                assert prompt_id, errors
                while True:
                    opcode, length = stream.read(2)
                    length &= 127
                    if length > 125:
                        length = struct.unpack(">H" if length == 126 else ">Q", stream.read(2 if length == 126 else 8))[
                            0
                        ]
                    payload = stream.read(length)
                    if opcode & 15 == 2:
                        previews += payload[:4] == b"\0\0\0\1"
                        if payload[:4] == b"\0\0\0\3":
                            size = struct.unpack(">I", payload[4:8])[0]
                            node, text = payload[8 : 8 + size].decode(), payload[8 + size :].decode()
                            messages.append({"type": "progress_text", "data": {"node": node, "text": text}})
                    elif opcode & 15 == 1:
                        messages.append(json.loads(payload))
                        each(messages[-1])
                        if messages[-1]["type"] in ("execution_success", "execution_error", "execution_interrupted"):
                            return messages, previews


@pytest.fixture(scope="session", params=inhost.hosts() or [None], ids=lambda p: p.name if p else "none")
def installation(request):
    """A ComfyUI folder."""
    if request.param is None:
        pytest.skip(HOW)
    return request.param


@pytest.fixture(scope="session")
def host(installation, tmp_path_factory):
    """A server that runs for all tests of one installation."""
    server = Host(installation, tmp_path_factory.mktemp("base") / "b", pack=[PACK, NAMES_ONLY])
    yield server
    server.stop()
