"""docs/security.md, sentence by sentence: no code from data, no network, no processes, no file outside the user's."""

import ast
import asyncio
import contextlib
import importlib
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from fakehost.host import Pack, fake_host
from hypothesis import HealthCheck, given, settings, strategies as st

from sigmatic.profiles import Profile

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
MODULES = {"pickle", "marshal", "shelve", "subprocess", "socket", "ctypes", "urllib", "http", "requests", "ftplib"}
CALLS = {"eval", "exec", "compile", "__import__"}
SCANNED = {
    "os.environ": r"os\.(environ|getenv)",
    "importlib": r"\bimportlib\b|__import__",
    "routes.": r"\broutes\.(route|get|post|put|delete)\b",
    "os.replace": r"os\.(replace|rename|remove)|shutil\.(copy|move)",
    ".unlink": r"\.unlink\(|rmtree",
    "tempfile": r"\btempfile\b",
    "hashlib": r"\bhashlib\b",
    "subprocess": r"\bsubprocess\b|os\.(system|popen|exec|spawn)|\bctypes\b",
    "network": r"urllib|requests\.(get|post|put|delete|head)|ClientSession|\bsocket\b|\.connect\(|http\.client|XMLHttp",
    "code": r"(?<![.\w])(eval|exec|compile)\s*\(|pickle|marshal|torch\.load|sys\.modules|new Function|innerHTML",
    "base64": r"base64|\batob\(|\bbtoa\(",
}
"""What registries' scanners look for, as far as their reports say: the word on the page, a pattern at least as wide."""


def _pack():
    spec = importlib.util.spec_from_file_location("pack", ROOT / "tools" / "pack.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def packed(*endings):
    names = [name for name in _pack().packed() if name.endswith(endings)]
    assert names
    return {name: (ROOT / name).read_text("utf-8") for name in names}


def test_no_code_from_data_no_processes_no_network_by_name():
    for name, text in packed(".py").items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [one.name for one in node.names]
                level = getattr(node, "level", 0)
                assert level or not MODULES & {module.split(".")[0] for module in modules}, name
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert called not in CALLS and called not in ("torch.load", "os.system"), f"{name}: {called}"


def test_torch_load_takes_weights_alone():
    for path in (path for room in ("core", "demo", "nodes", "sweeps") for path in (ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.load":
                assert any(k.arg == "weights_only" and ast.unparse(k.value) == "True" for k in node.keywords), path


def test_what_scanners_look_for_is_on_the_page_with_the_files():
    rows = re.findall(r"^\| `([^`]+)` \| ((?:`[^`]+`(?:, )?)+) \|", PAGE.partition("## What scanners say")[2], re.M)
    said = {word: set(re.findall(r"`([^`]+)`", files)) for word, files in rows}
    there = {}
    for name, text in packed(".py", ".js").items():
        code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith(("#", "//")))
        for word, pattern in SCANNED.items():
            if re.search(pattern, code):
                there.setdefault(word, set()).add(name)
    assert there == said


def test_the_routes_are_those_on_the_page(pack):
    routes = importlib.import_module("server").PromptServer.instance.routes
    there = {(route.method, route.path) for route in routes}
    said = set(re.findall(r"`(GET|POST|DELETE) (/sigmatic/[\w/{}.]+)", PAGE))
    assert there == said


def test_a_run_opens_no_socket_starts_nothing_and_writes_in_the_user_directory_alone(tmp_path):
    """Seen by Python itself: every event of the kind is recorded from before the pack is loaded."""
    code = f"""
import asyncio, json, sys, torch, aiohttp.web, PIL.Image, safetensors.torch, scipy  # whatever they do is not ours
sys.path.insert(0, {str(ROOT / "tests" / "fakehost")!r})
sys.path.insert(0, {str(ROOT / "tests")!r})
import importlib.util
spec = importlib.util.spec_from_file_location("sigmatic", {str(ROOT / "__init__.py")!r},
    submodule_search_locations=[{str(ROOT)!r}])
module = importlib.util.module_from_spec(spec)
sys.modules["sigmatic"] = module
spec.loader.exec_module(module)
sys.dont_write_bytecode = True
seen = []
def hook(event, args):
    if event.startswith(("socket.", "subprocess.", "os.system", "os.exec", "os.spawn", "os.posix_spawn", "pickle.")):
        seen.append([event, str(args)])
    elif event == "open" and not isinstance(args[0], int) and (set(args[1] or "") & set("wax+") or args[2] & 3):
        seen.append(["write", str(args[0])])
    elif event in ("os.remove", "os.rename", "os.mkdir", "os.rmdir", "shutil.rmtree"):
        seen.append(["write", str(args[0])])
import folder_paths  # the stand-in makes a folder of its own
loop = asyncio.new_event_loop()
sys.addaudithook(hook)
from fakehost.host import Pack
import sigmatic.nodes
nodes = loop.run_until_complete(sigmatic.nodes.extension().get_node_list())
pack = Pack.__new__(Pack)
pack.module, pack.nodes = sigmatic.nodes, {{node.define_schema().node_id: node for node in nodes}}
first = pack.latent(steps=4, end_at_step=2, return_with_leftover_noise=True)
pack.nodes["SigmaticLoadRun"].execute(*pack.nodes["SigmaticSaveRun"].execute(first).args)
pack.nodes["SigmaticSavePreset"].execute(name="soft", sampler="sig_euler", schedule="sig_karras")
print(json.dumps(seen))
"""
    env = {**os.environ, "SIGMATIC_TEST_USER": str(tmp_path), "TQDM_DISABLE": "1"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    seen = json.loads(done.stdout.splitlines()[-1])
    writes = [what for event, what in seen if event == "write"]
    assert [one for one in seen if one[0] != "write"] == []
    assert any(what.endswith("presets.json") or "presets.json" in what for what in writes), "the hook sees writes"
    assert any("output/runs/sigmatic_00001_" in what for what in writes)
    assert all(any(str(tmp_path / place) in what for place in ("sigmatic", "output")) for what in writes), writes


HOSTILE = st.one_of(
    st.text(max_size=80),
    st.sampled_from(
        ["../x", "..\\x", "/etc/passwd", "C:\\x", "a/../../b", "nul", "a\0b", "~/x", "%2e%2e%2fx", "$(id)"]
    ),
    st.builds("{}/{}".format, st.sampled_from(["..", ".", "/tmp"]), st.text("abc./\\", max_size=12)),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | HOSTILE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(HOSTILE, inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def rooms(tmp_path_factory):
    """(nodes' modules by name, the user directory inside of a folder that nothing else may appear in)."""
    outside = tmp_path_factory.mktemp("outside")
    (outside / "user").mkdir()
    with pytest.MonkeyPatch.context() as patch, fake_host() as module:
        patch.setenv("SIGMATIC_TEST_USER", str(outside / "user"))
        Pack(module)
        yield lambda name: importlib.import_module("." + name, module.__name__), outside


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(name=HOSTILE, other=HOSTILE, option=VALUES)
def test_no_name_leaves_the_user_directory(rooms, name, other, option):
    part, outside = rooms
    presets = part("dropdowns.presets")
    for work in (
        lambda: presets.save(name, {"samplers": {"sampler": "euler", "options": {other: option}}}, True),
        lambda: presets.save(name, {"samplers": {"sampler": other, "options": {}}}, True),
        lambda: presets.rename(part("host.user_files").check_name(name), other),
        lambda: presets.remove(name),
    ):
        with contextlib.suppress(ValueError):
            work()
    profiles = part("running.profile_files")
    for work in (
        lambda: profiles.save(profiles.read_file(Profile().as_text(), name)),
        lambda: profiles.save(profiles.Kept(name, Profile()), replaces=True),
        lambda: profiles.save(profiles.Kept(name, Profile(), title=other)),
        lambda: profiles.rename(name, other),
        lambda: profiles.remove(name),
    ):
        with contextlib.suppress(ValueError):
            work()
    part("measuring.fit_file").keep({"name": name, "steps": 3}, [0.0], {"sigmas": [3.0, 2.0, 1.0, 0.0]})
    files = {path.relative_to(outside / "user").as_posix() for path in outside.rglob("*") if path.is_file()}
    expected = r"sigmatic/(presets\.(json|lock)|(fits|profiles)/[0-9a-f]{20}\.json)"
    assert [file for file in files if not re.fullmatch(expected, file)] == []


@settings(max_examples=60)
@given(data=VALUES)
def test_no_file_of_the_user_is_more_than_refused(rooms, data):
    """Whatever JSON is in place of presets or recipes: ValueError, and nothing else, or it is fine."""
    part, _ = rooms
    check = part("dropdowns.preset_file").check_book
    for book in (data, {"version": 1, "samplers": data}, {"version": 1, "schedules": {"a": data}}):
        try:
            read = check(book)
        except ValueError:
            continue
        assert set(read) == {"samplers", "schedules"}


@settings(max_examples=60)
@given(data=VALUES)
def test_no_file_of_a_profile_is_more_than_refused(rooms, data):
    part, _ = rooms
    read, good = part("running.profile_files").read_file, json.loads(Profile().as_text())
    wrapped = {"version": 1, "name": "a", "profile": good}
    fields = ("model", "cfg", "files", "title", "profile", "whole")
    for one in (data, {**good, "levels": data}, {**good, "p": data}, *({**wrapped, field: data} for field in fields)):
        with contextlib.suppress(ValueError):
            assert read(json.dumps(one), "a").name == "a"


def test_a_request_chooses_no_code_and_no_path(rooms):
    """The table route with names in every place that are no names of ours: an answer in words, no file touched."""
    part, outside = rooms
    before = sorted(outside.rglob("*"))
    for name in ("../../etc/passwd", "__import__('os')", "os.system", "\0", "sig_" + "a" * 5000):
        for body in ({"node": name}, {"node": "SigmaticKSampler", "widgets": {"sampler": name, "schedule": name}}):
            status, reply = part("page.answer").answer(json.dumps(body).encode())
            assert status in (200, 400) and "error" in str(reply)
    assert sorted(outside.rglob("*")) == before
    assert asyncio.iscoroutinefunction(part("page.routes").table)
