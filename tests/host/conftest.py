"""What the tests on a real ComfyUI share: its server is of tests/servers.py."""

import json

import pytest
from servers import HERE, HOW, PACK, Host, inhost, prompts


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    """Say in one line, not in one a test, that there is no host."""
    report = yield
    if report.skipped and HOW in str(report.longrepr):
        report.longrepr = (__file__, 1, report.longrepr[2])
    return report


@pytest.fixture
def cases(installation):
    """cases(script) -> the JSON lines that a script of this folder prints when that host's own Python runs it."""

    def run(script):
        file = HERE / script
        done = inhost.run_inside(str(file), installation, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    return run


@pytest.fixture
def start(installation, tmp_path):
    """start(pack=, before=) -> a further server, for the tests that spoil something."""
    servers = []

    def begin(**how):
        servers.append(Host(installation, tmp_path / f"base{len(servers)}", **how))
        return servers[-1]

    yield begin
    for server in servers:
        server.stop()


@pytest.fixture
def graph():
    """An empty prompt."""
    return prompts.Graph()


@pytest.fixture(scope="session")
def example(host):
    """example(name) -> (an example workflow as an API prompt, what in it does not fit the nodes of this host)."""

    def read(name):
        workflow = json.loads((PACK / "example_workflows" / f"{name}.json").read_text(encoding="utf-8"))
        return prompts.to_prompt(workflow, host.info), prompts.problems(workflow, host.info)

    return read


@pytest.fixture(scope="session")
def quickstart(example):
    """The first example workflow as an API prompt."""
    return example("01 Quickstart")[0]
