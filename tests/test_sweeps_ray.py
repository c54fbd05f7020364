"""Sweeps on Ray's own cluster of three nodes, with things that go wrong: every cell once, equal to the serial run."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from PIL import Image

from sigmatic.sweeps import cells, plan as plans, serial, store

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ray")]
ROOT = Path(__file__).resolve().parents[1]
AXES = {"sampler": ["euler", "dpmpp_2m", "dpmpp_2m_sde"], "schedule": ["karras"], "steps": [4, 6, 8], "seed": "0:5"}
MODEL = """
import os, pathlib, signal, time
SHAPE = (3,)
HERE = pathlib.Path(__file__).parent
def model(x, sigma):
    {trouble}
    return x / (1 + sigma[:, None] ** 2)
"""
ONCE = """try:
        os.close(os.open(HERE / "once", os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        pass
    else:
        {what}"""


@pytest.fixture(scope="module")
def cluster():
    """Three nodes of one core each; its address, this process connected to it."""
    import ray
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    for _ in range(2):
        made.add_node(num_cpus=1)
    ray.init(address=made.address, log_to_driver=False, logging_level="ERROR")
    yield made.address
    ray.shutdown()
    made.shutdown()


def a_plan(folder, out, trouble="pass", **limits):
    (folder / "model.py").write_text(MODEL.format(trouble=trouble), "utf-8")
    data = {"axes": AXES, "fixed": {"batch": 4}, "source": {"model": "model.py"}, "out": {"dir": out}}
    return plans.parse({**data, "limits": limits}, folder)


def on_ray(plan, workers=3):
    """The table and the outcome. All workers have started when the first gets a cell, so that each of them gets one."""
    import ray

    from sigmatic.sweeps import engine

    work = cells.work(plan)
    with store.Store(plan.out) as results:
        there = engine.Engine(plan, results, workers)
        ray.wait([hand.starting for hand in there._hands], num_returns=len(there._hands), timeout=300)
        outcome = there.run(store.missing(work, results.done()))
        return store.content(results.table()), outcome


def serially(plan):
    with store.Store(plan.out.with_name("serial")) as results:
        serial.serial(plan, cells.work(plan).cells, results)
        return store.content(results.table())


def same(rows, wanted):
    """Each cell once, and the same bits."""
    assert [row["key"] for row in rows] == [row["key"] for row in wanted] and rows == wanted


def test_a_worker_that_is_killed_loses_nothing(cluster, tmp_path):
    plan = a_plan(tmp_path, "out", ONCE.format(what="os.kill(os.getpid(), signal.SIGKILL)"))
    rows, outcome = on_ray(plan)
    assert outcome.lost == 1 and outcome.done == len(rows) == 45 and outcome.failed == []
    same(rows, serially(plan))


def test_a_worker_that_hangs_is_replaced(cluster, tmp_path):
    plan = a_plan(tmp_path, "out", ONCE.format(what="time.sleep(600)"), seconds=15.0)
    rows, outcome = on_ray(plan)
    assert outcome.lost >= 1 and outcome.failed == []
    same(rows, serially(plan))


@pytest.mark.thorough
def test_workers_that_all_die_are_given_up_and_the_rest_runs_later(cluster, tmp_path):
    plan = a_plan(tmp_path, "out", "if os.path.exists(HERE / 'deadly'): os.kill(os.getpid(), signal.SIGKILL)")
    (tmp_path / "deadly").touch()
    with pytest.raises(RuntimeError, match="no worker is left"):
        on_ray(plan, workers=1)
    (tmp_path / "deadly").unlink()
    rows, outcome = on_ray(plan)
    assert outcome.failed == []
    same(rows, serially(plan))


def command(plan_file, *flags):
    code = f"import sys; sys.path.insert(0, {str(plan_file.parent)!r}); import load"
    (plan_file.parent / "load.py").write_text(
        "import importlib.util, sys\n"
        f"spec = importlib.util.spec_from_file_location('sigmatic', {str(ROOT / '__init__.py')!r},"
        f" submodule_search_locations=[{str(ROOT)!r}])\n"
        "module = importlib.util.module_from_spec(spec); sys.modules['sigmatic'] = module\n"
        "spec.loader.exec_module(module)\n"
        "from sigmatic.demo.cli import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, "sweep", str(plan_file), *flags], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def test_a_driver_that_is_killed_goes_on_where_it_was(cluster, tmp_path):
    plan = a_plan(tmp_path, "out", "if os.path.exists(HERE / 'slow'): time.sleep(0.02)")
    (tmp_path / "slow").touch()  # so that it is not done before it is killed
    file = tmp_path / "plan.toml"
    lines = ["[axes]", *[f"{name} = {json.dumps(value)}" for name, value in AXES.items()]]
    lines += ["[fixed]", "batch = 4", "[source]", 'model = "model.py"', "[out]", 'dir = "out"']
    file.write_text("\n".join(lines))
    driver = command(file, "--address", cluster, "--workers", "2")
    deadline = time.monotonic() + 120
    while not list((tmp_path / "out" / "rows").glob("part-*")) and time.monotonic() < deadline:
        assert driver.poll() is None, driver.stdout.read().decode()
        time.sleep(0.05)
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    driver.stdout.close()
    (tmp_path / "slow").unlink()
    kept = store.Store(plan.out).done()
    assert 0 < len(kept) < 45
    parts = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "rows").iterdir()}
    again = command(file, "--address", cluster, "--workers", "2")
    said, _ = again.communicate(timeout=180)
    assert again.returncode == 0 and f"{len(kept)} are there already, {45 - len(kept)} to run" in said.decode()
    assert all(path.stat().st_mtime_ns == when for path, when in parts.items()), "what was there is as it was"
    same(store.content(store.Store(plan.out).table()), serially(plan))
    assert (tmp_path / "out" / "report.html").is_file()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_stops_the_sweep_in_words_and_loses_no_row(cluster, tmp_path, monkeypatch):
    from sigmatic.sweeps import engine

    monkeypatch.setattr(engine, "FLUSH_SECONDS", 0)
    plan, beside, flush, parts = a_plan(tmp_path, "out"), tmp_path / "out" / "writing.tmp", store.Store.flush, []

    def fills_up(self):
        flush(self)
        parts.append(1)
        if len(parts) == 2:
            beside.symlink_to("/dev/full")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="start again"):
        patch.setattr(store.Store, "flush", fills_up)
        on_ray(plan, workers=1)
    beside.unlink()
    kept = store.Store(plan.out).done()
    assert len(kept) < 45
    rows, outcome = on_ray(plan, workers=2)
    assert outcome.done == 45 - len(kept)
    same(rows, serially(plan))


class Server(ThreadingHTTPServer):
    """As much of a ComfyUI as a sweep asks for; its picture is made of the prompt's values."""

    daemon_threads = True

    def __init__(self, hangs):
        super().__init__(("127.0.0.1", 0), Handler)
        self.hangs, self.prompts = hangs, []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/queue":
            return self.reply({})
        if self.server.hangs:
            time.sleep(60)
        self.server.prompts.append(body["prompt"])
        return self.reply({"prompt_id": str(len(self.server.prompts) - 1)})

    def do_GET(self):
        url = urlparse(self.path)
        if url.path.startswith("/history/"):
            number = url.path.rpartition("/")[2]
            image = {"filename": number, "subfolder": "", "type": "temp"}
            return self.reply({number: {"status": {"status_str": "success"}, "outputs": {"9": {"images": [image]}}}})
        inputs = self.server.prompts[int(parse_qs(url.query)["filename"][0])]["3"]["inputs"]
        packed = BytesIO()
        Image.new("RGB", (4, 4), (inputs["seed"] * 9, inputs["steps"], len(inputs["sampler_name"]))).save(packed, "PNG")
        return self.reply(packed.getvalue())

    def reply(self, what):
        data = what if isinstance(what, bytes) else json.dumps(what).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def server_plan(folder, servers, out):
    inputs = {"seed": 0, "steps": 1, "sampler_name": "euler"}
    workflow = {"3": {"class_type": "KSampler", "inputs": inputs}, "9": {"class_type": "SaveImage", "inputs": {}}}
    (folder / "flow.json").write_text(json.dumps(workflow))
    return plans.parse(
        {
            "axes": {"sampler": ["euler", "heun"], "steps": [4, 6], "seed": "0:5"},
            "source": {
                "servers": [server.address for server in servers],
                "workflow": "flow.json",
                "slots": {"sampler": "3.sampler_name", "steps": "3.steps", "seed": "3.seed"},
            },
            "out": {"dir": out, "pictures": True},
            "limits": {"seconds": 12.0},
        },
        folder,
    )


def test_a_server_that_hangs_costs_time_and_no_cell(cluster, tmp_path):
    good, other, hung = Server(False), Server(False), Server(True)
    rows, outcome = on_ray(server_plan(tmp_path, [hung, good, other], "out"))
    assert outcome.failed == [] and outcome.lost >= 1 and outcome.done == len(rows) == 20
    assert len(good.prompts) + len(other.prompts) == 20 and good.prompts and other.prompts, "each run once"
    same(rows, serially(server_plan(tmp_path, [good], "out")))
    assert len(list((tmp_path / "out" / "pictures").glob("*.png"))) == 20
    for server in (good, other, hung):
        server.shutdown()
