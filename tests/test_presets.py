"""Presets: the file, the dropdown entries, the node and the routes, on the stand-in host."""

import asyncio
import importlib
import json
import logging
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest
import torch
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from fakehost.host import Pack, fake_host
from filelock import FileLock

SAMPLER = {"sampler": "euler_ancestral", "options": {"eta": 0.5}}
SCHEDULE = {"schedule": "karras", "options": {"rho": 3.0}}


@pytest.fixture
def pack(user, pack):
    """All nodes on the stand-in, with a user directory of their own."""
    return pack


@pytest.fixture
def rooms(tmp_path, monkeypatch):
    """Modules of sigmatic.nodes on the stand-in, as `rooms.part(name)`; nothing is installed yet."""
    monkeypatch.setenv("SIGMATIC_TEST_USER", str(tmp_path))
    with fake_host() as module:
        yield SimpleNamespace(part=lambda name: importlib.import_module("." + name, module.__name__))


@pytest.fixture
def file(tmp_path):
    """Where the presets are."""
    return tmp_path / "sigmatic" / "presets.json"


def _host():
    return importlib.import_module("comfy.samplers")


def test_a_saved_sampler_is_in_every_dropdown_at_once_and_does_what_it_says(pack, file):
    given = {"name": "soft", "sampler": "sig_euler_ancestral", "schedule": "sig_karras", "eta": 0.5, "rho": 3.0}
    out = pack.nodes["SigmaticSavePreset"].execute(**given)
    assert out.args == ("sig_my_soft", "sig_my_soft")
    hosts = _host()
    assert hosts.SAMPLER_NAMES.count("sig_my_soft") == hosts.SCHEDULER_NAMES.count("sig_my_soft") == 1
    assert json.loads(file.read_text()) == {
        "version": 1, "samplers": {"soft": {"sampler": "euler_ancestral", "options": {"eta": 0.5}}},
        "schedules": {"soft": {"schedule": "karras", "options": {"rho": 3}}},
    }  # fmt: skip
    by_hand = {"sampler": "sig_euler_ancestral", "schedule": "sig_karras", "eta": 0.5, "rho": 3.0}
    wanted = pack.line(**by_hand)
    assert torch.equal(pack.line(sampler="sig_my_soft", schedule="sig_my_soft"), wanted)
    assert torch.equal(
        pack.line(sampler="sig_my_soft", schedule="sig_my_soft", eta=0.25), pack.line(**{**by_hand, "eta": 0.25})
    )
    assert "sig_my_soft" in _options(pack, "SigmaticSampler", "sampler")
    assert "sig_my_soft" in _options(pack, "SigmaticSchedule", "schedule")
    model = pack.run("SigmaticDemoModel", model="mixture")
    sigmas = hosts.calculate_sigmas(model.get_model_object("model_sampling"), "sig_my_soft", 5)
    assert torch.equal(sigmas, pack.run("SigmaticSchedule", model=model, schedule="sig_my_soft", steps=5))
    assert torch.equal(sigmas, pack.run("SigmaticSchedule", model=model, schedule="sig_karras", rho=3.0, steps=5))


def _options(pack, node, widget):
    return next(i for i in pack.nodes[node].define_schema().inputs if i.id == widget).given["options"]


def test_presets_are_there_after_the_next_start(tmp_path, monkeypatch, file):
    monkeypatch.setenv("SIGMATIC_TEST_USER", str(tmp_path))
    with fake_host() as module:
        given = {"name": "a-b_1", "sampler": "sig_dpmpp_2m_sde", "eta_curve": "0:1, 50:0.5", "more": "solver_type=heun"}
        wanted = Pack(module).nodes["SigmaticSavePreset"].execute(**given, noise="pink")
    assert wanted.args == ("sig_my_a-b_1", "")
    with fake_host() as module:
        pack = Pack(module)
        assert _host().SAMPLER_NAMES.count("sig_my_a-b_1") == 1
        preset = pack.part("dropdowns.lookup").entry("sig_my_a-b_1").preset
        assert preset["noise"] == "pink" and preset["solver_type"] == "heun" and preset["eta"](25) == 0.75
        model = pack.run("SigmaticSettings", model=pack.run("SigmaticDemoModel", model="mixture"), more=given["more"])
        by_hand = {"model": model, "sampler": given["sampler"], "noise": "pink", "eta_curve": given["eta_curve"]}
        assert torch.equal(pack.line(sampler="sig_my_a-b_1"), pack.line(**by_hand))
        assert not torch.equal(pack.line(sampler="sig_my_a-b_1"), pack.line(**{**by_hand, "eta_curve": ""}))


def test_settings_on_the_model_beat_the_preset(pack):
    presets = pack.part("dropdowns.presets")
    presets.save("soft", {"samplers": SAMPLER}, False)
    model = pack.run("SigmaticSettings", model=pack.run("SigmaticDemoModel", model="mixture"), eta=0.0)
    assert torch.equal(pack.line(sampler="sig_my_soft", model=model), pack.line(sampler="sig_euler"))


NAMED = (
    "SigmaticKSampler",
    "SigmaticSampler",
    "SigmaticSchedule",
    "SigmaticCompare",
    "SigmaticFit",
    "SigmaticUnsample",
)


@pytest.mark.parametrize("name", NAMED)
def test_a_node_runs_again_when_a_preset_of_its_own_was_overwritten(pack, name):
    """The host keeps what a node made by its widgets, which say no more than the preset's name, and by this."""
    presets, node = pack.part("dropdowns.presets"), pack.nodes[name]
    inputs = {widget.id for widget in node.define_schema().inputs}
    mine = dict.fromkeys(inputs & {"sampler", "schedule", "entries"}, "sig_my_soft")
    plain = dict.fromkeys(mine, "sig_euler")
    for kind, one, other in (
        ("samplers", SAMPLER, {**SAMPLER, "options": {"eta": "0:1, 50:0"}}),
        ("schedules", SCHEDULE, {**SCHEDULE, "options": {"rho": 5.0}}),
    ):
        if not {kind[:-1], "entries"} & inputs:
            continue
        presets.save("soft", {kind: one}, True)
        before, without = (node.fingerprint_inputs(steps=3, **given) for given in (mine, plain))
        presets.save("soft", {kind: one}, True)
        assert node.fingerprint_inputs(steps=3, **mine) == before, "saved as it was"
        presets.save("soft", {kind: other}, True)
        assert node.fingerprint_inputs(steps=3, **mine) != before
        assert node.fingerprint_inputs(steps=3, **plain) == without, "none of its business"
    assert node.fingerprint_inputs(sampler=None) == node.fingerprint_inputs(), "linked, so not known yet"


def test_a_comparison_keeps_no_picture_of_a_preset_that_was_overwritten(pack):
    presets = pack.part("dropdowns.presets")
    given = {"evaluations": 4, "size": 16, "entries": "sig_my_soft / sig_karras", **pack.links()}
    found = []
    for eta in (0.5, 0.0, 0.5):
        presets.save("soft", {"samplers": {**SAMPLER, "options": {"eta": eta}}}, True)
        found.append(pack.whole("SigmaticCompare", **given).args[1]["samples"])
    assert torch.equal(found[0], found[2]) and not torch.equal(found[0], found[1])


def test_another_preset_of_the_name_is_kept_unless_asked(pack, file):
    presets = pack.part("dropdowns.presets")
    presets.save("soft", {"samplers": SAMPLER}, False)
    presets.save("soft", {"samplers": SAMPLER}, False)
    other = {"sampler": "euler", "options": {}}
    before = file.read_bytes()
    with pytest.raises(ValueError, match=r"name is 'soft'.*replace"):
        presets.save("soft", {"samplers": other}, False)
    assert file.read_bytes() == before and pack.part("dropdowns.lookup").entry("sig_my_soft").name == "euler_ancestral"
    presets.save("soft", {"samplers": other}, True)
    assert pack.part("dropdowns.lookup").entry("sig_my_soft") == ("euler", {})
    assert torch.equal(pack.line(sampler="sig_my_soft"), pack.line(sampler="sig_euler"))


def test_a_file_from_an_editor_that_marks_utf8_is_read_and_changed(rooms, file):
    presets = rooms.part("dropdowns.presets")
    presets.save("soft", {"samplers": SAMPLER}, False)
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert set(presets.book().read()["samplers"]) == {"soft"}
    presets.save("hard", {"samplers": SAMPLER}, False)
    assert set(presets.book().read()["samplers"]) == {"soft", "hard"} and not list(file.parent.glob("*broken*"))


def test_rename_and_remove_leave_no_trace(rooms, file):
    presets, hosts = rooms.part("dropdowns.presets"), _host()
    before = list(hosts.SAMPLER_NAMES), list(hosts.SCHEDULER_NAMES)
    presets.save("soft", {"samplers": SAMPLER, "schedules": SCHEDULE}, False)
    presets.save("hard", {"samplers": SAMPLER}, False)
    with pytest.raises(ValueError, match="another preset has"):
        presets.rename("soft", "hard")
    presets.rename("soft", "silk")
    assert "sig_my_soft" not in hosts.SAMPLER_NAMES and "sig_my_silk" in hosts.SCHEDULER_NAMES
    for name in ("silk", "hard"):
        presets.remove(name)
    with pytest.raises(ValueError, match="no preset 'silk'"):
        presets.remove("silk")
    with pytest.raises(ValueError, match="no preset"):
        presets.rename("silk", "x")
    assert (list(hosts.SAMPLER_NAMES), list(hosts.SCHEDULER_NAMES)) == before
    assert not hasattr(importlib.import_module("comfy.k_diffusion.sampling"), "sample_sig_my_silk")
    assert json.loads(file.read_text()) == {"version": 1, "samplers": {}, "schedules": {}}


@pytest.mark.parametrize(
    "name", ["", "a b", "../x", "a/b", "a\\b", "é", "a.b", "x" * 65, "a\n", None, 3, "sig_my_x\0", "%2e%2e"]
)
def test_bad_names_are_refused(rooms, tmp_path, name):
    with pytest.raises(ValueError, match="name is"):
        rooms.part("dropdowns.presets").save(name, {"samplers": SAMPLER}, True)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("kind", "preset", "says"),
    [
        ("samplers", {"sampler": "eulr", "options": {}}, "did you mean euler"),
        ("samplers", {"sampler": "euler", "options": {"eta": 0.5}}, "no parameter 'eta'"),
        ("samplers", {"sampler": "euler_ancestral", "options": {"eta": -1}}, "eta is -1"),
        ("samplers", {"sampler": "euler_ancestral", "options": {"eta": "0:1, 50:200"}}, "eta is 200 at 50 percent"),
        ("samplers", {"sampler": "euler_ancestral", "options": {"eta": "x"}}, "eta is 'x'"),
        ("samplers", {"sampler": "euler_ancestral", "options": {"noise": "loud"}}, "noise is 'loud'"),
        ("samplers", {"sampler": "euler_ancestral", "options": {"eta": [1]}}, "numbers, words"),
        ("samplers", {"sampler": "euler_ancestral", "options": {"eta": float("nan")}}, "eta is nan"),
        ("samplers", {"sampler": "euler", "extra": 1}, "is an object with sampler"),
        ("samplers", ["euler"], "is an object with sampler"),
        ("schedules", {"schedule": "karras", "options": {"rho": 0}}, "rho is 0"),
        ("schedules", {"schedule": "karras", "options": {"rho": "0:1"}}, "rho"),
    ],
)  # fmt: skip
def test_bad_presets_are_refused(rooms, file, kind, preset, says):
    before = list(_host().SAMPLER_NAMES)
    with pytest.raises(ValueError, match=says):
        rooms.part("dropdowns.presets").save("x", {kind: preset}, False)
    assert not file.exists() and before == _host().SAMPLER_NAMES


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"version": 2}', b'{"version": 1, "samplers": []}',
        b'{"version": 1, "samplers": {"../../x": {"sampler": "euler"}}}', b"[" * 100000,
        b'{"version": 1, "samplers": {"x": {"sampler": 3}}}', b" " * (10 << 20),
        b'{"version": 1, "samplers": {"x": {"sampler": "heun", "options": {"s_churn": NaN}}}}',
        b'{"version": 1, "schedules": {"x": {"schedule": "karras", "options": {"rho": 1e400}}}}',
    ],
)  # fmt: skip
def test_a_broken_file_is_set_aside_with_one_line(rooms, file, content, caplog):
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    presets = rooms.part("dropdowns.presets")
    with caplog.at_level(logging.WARNING, "sigmatic"):
        presets.offer_all()
    (line,) = caplog.messages
    assert "presets.json cannot be used" in line and "set aside" in line
    presets.save("soft", {"samplers": SAMPLER}, False)
    (aside,) = file.parent.glob("presets.broken-*.json")
    assert aside.read_bytes() == content and set(json.loads(file.read_text())["samplers"]) == {"soft"}


def test_a_preset_of_an_unknown_sampler_is_kept_in_the_file_and_left_out(rooms, file, caplog):
    file.parent.mkdir(exist_ok=True)
    future = {"sampler": "not_yet", "options": {"warp": 9}}
    file.write_text(json.dumps({"version": 1, "samplers": {"new": future, "soft": SAMPLER}}))
    presets = rooms.part("dropdowns.presets")
    with caplog.at_level(logging.WARNING, "sigmatic"):
        presets.offer_all()
    (line,) = caplog.messages
    assert "new" in line and "not_yet" in line
    presets.save("two", {"samplers": SAMPLER}, False)
    assert json.loads(file.read_text())["samplers"]["new"] == future
    assert "sig_my_soft" in _host().SAMPLER_NAMES and "sig_my_new" not in _host().SAMPLER_NAMES


def test_a_name_that_somebody_else_has_is_left_to_them(rooms):
    functions = importlib.import_module("comfy.k_diffusion.sampling")
    functions.sample_sig_my_theirs = theirs = lambda *_: None
    with pytest.raises(ValueError, match="sig_my_theirs is taken by"):
        rooms.part("dropdowns.presets").save("theirs", {"samplers": SAMPLER}, True)
    assert functions.sample_sig_my_theirs is theirs
    del functions.sample_sig_my_theirs


def test_writers_at_once_lose_nothing(rooms, file):
    """Threads of one server, and servers that share the file."""
    store = rooms.part("dropdowns.preset_file")
    errors = []

    def write(worker):
        mine = store.Store(file)
        try:
            for i in range(10):
                mine.change(lambda book, i=i: book["samplers"].update({f"w{worker}-{i}": SAMPLER}))
        except (OSError, ValueError) as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(worker,)) for worker in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors and len(store.Store(file).read()["samplers"]) == 60
    assert {path.name for path in file.parent.iterdir()} == {"presets.json", "presets.lock"}


WRITER = """
import importlib, sys, types
from pathlib import Path
sys.modules["folder_paths"] = types.ModuleType("folder_paths")  # the host's
root = Path(sys.argv[1]).parents[2]
for room in ("", ".core", ".nodes", ".nodes.host", ".nodes.dropdowns"):  # without what they load: a second each
    package = sys.modules["sigmatic" + room] = types.ModuleType("sigmatic" + room)
    package.__path__ = [str(root.joinpath(*room.split(".")))]
preset_file = importlib.import_module("sigmatic.nodes.dropdowns.preset_file")
store, name = preset_file.Store(Path(sys.argv[2])), sys.argv[3]

def add(key):
    def edit(book):
        book["samplers"][key] = {"sampler": "euler", "options": {}}
        if name == "holder":
            print("the lock is mine", flush=True)
            sys.stdin.read()
    store.change(edit)

for i in range(8):
    add(f"{name}-{i}")
"""


def test_servers_that_wait_for_one_that_crashes_lose_nothing(rooms, file):
    """Several wait at once; when the lock's holder is killed, it goes to one of them after the other."""
    command = [sys.executable, "-c", WRITER, rooms.part("dropdowns.preset_file").__file__, str(file)]

    def start(name):
        return subprocess.Popen([*command, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    with start("holder") as holder:
        assert holder.stdout.readline() == "the lock is mine\n"
        waiting = [start(f"w{i}") for i in range(4)]
        holder.kill()
    for writer in waiting:
        with writer:
            writer.communicate()
            assert writer.returncode == 0
    written = rooms.part("dropdowns.preset_file").Store(file).read()["samplers"]
    assert set(written) == {f"w{worker}-{i}" for worker in range(4) for i in range(8)}


def test_a_lock_that_is_never_given_back_is_told(rooms, file, monkeypatch):
    store = rooms.part("dropdowns.preset_file")
    monkeypatch.setattr(store, "PATIENCE", 0.0)
    file.parent.mkdir(exist_ok=True)
    lock = file.with_suffix(".lock")
    lock.touch()  # left by a crash: nobody holds it
    store.Store(file).change(lambda book: book["samplers"].update(x=SAMPLER))
    with FileLock(lock), pytest.raises(OSError, match=r"presets\.lock"):
        store.Store(file).change(lambda book: book["samplers"].update(y=SAMPLER))
    assert set(store.Store(file).read()["samplers"]) == {"x"}


def test_too_many_presets_are_refused_and_the_file_stays(rooms, file):
    store = rooms.part("dropdowns.preset_file")
    store.Store(file).change(lambda book: book["samplers"].update(x=SAMPLER))
    with pytest.raises(ValueError, match="too many"):
        store.Store(file).change(lambda book: book["samplers"].update({f"n{i}": SAMPLER for i in range(600)}))
    assert list(store.Store(file).read()["samplers"]) == ["x"]


async def _session(pack, steps):
    pack.part("page.preset_routes").install()
    app = web.Application()
    app.add_routes(importlib.import_module("server").PromptServer.instance.routes)
    async with TestClient(TestServer(app)) as client:
        return [await _step(client, *step) for step in steps]


async def _step(client, method, body=None, query=""):
    reply = await client.request(method, "/sigmatic/presets" + query, json=body)
    return reply.status, await reply.json()


def test_the_routes(pack):
    whole = {"name": "soft", "sampler": SAMPLER, "schedule": SCHEDULE}
    other = {"name": "soft", "sampler": {"sampler": "euler", "options": {}}}
    answers = asyncio.run(_session(pack, [
        ("GET",), ("POST", whole), ("POST", other), ("POST", {**other, "replace": True}),
        ("POST", {"name": "soft", "rename": "silk"}), ("DELETE",), ("DELETE", None, "?name=silk"),
    ]))  # fmt: skip
    assert [status for status, _ in answers] == [200, 200, 400, 200, 200, 400, 200]
    assert answers[6][1] == answers[0][1]
    assert answers[0][1] == {"prefix": "sig_my_", "samplers": {}, "schedules": {}}
    assert answers[1][1]["samplers"]["soft"]["sampler"] == "euler_ancestral"
    assert "replace" in answers[2][1]["error"]
    assert set(answers[4][1]["samplers"]) == set(answers[4][1]["schedules"]) == {"silk"}


def test_the_routes_refuse_what_is_wrong(pack, tmp_path):
    async def run():
        pack.part("page.preset_routes").install()
        app = web.Application()
        app.add_routes(importlib.import_module("server").PromptServer.instance.routes)
        async with TestClient(TestServer(app)) as client:
            url, kind = "/sigmatic/presets", {"Content-Type": "application/json"}
            found = []
            for body, headers in (
                (b"{", kind), (b"[]", kind), (b"{}", kind), (b'{"name": "x"}', kind), (b"[" * 50000, kind),
                (b'{"name": "../x", "sampler": {"sampler": "euler"}}', kind),
                (b'{"name": "x", "path": "/etc/passwd"}', kind), (b'{"name": 3, "rename": "y"}', kind),
                (b'{"name": "x", "sampler": {"sampler": "euler", "options": {"eta": NaN}}}', kind),
                (b'{"name": "x", "sampler": {"sampler": "euler"}}', {"Content-Type": "text/plain"}),
                (b" " * 100000, kind),
            ):  # fmt: skip
                reply = await client.post(url, data=body, headers=headers)
                found.append((reply.status, bool((await reply.json())["error"])))
            for name in ("", "..", "../../x", "none"):
                reply = await client.delete(url, params={"name": name})
                found.append((reply.status, bool((await reply.json())["error"])))
            return found

    answers = asyncio.run(run())
    assert answers == [(400, True)] * 9 + [(415, True), (413, True)] + [(400, True)] * 4
    assert {path.name for path in tmp_path.rglob("*.json")} <= {"presets.json"}
