"""Loads this checkout as the package `sigmatic`, whatever is installed, and holds what several tests share."""

import importlib.util
import os
import sys
from pathlib import Path

import pytest
import torch
from fakehost.host import Pack, fake_host
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]
pytest_plugins = ["servers"]

if "PYTEST_XDIST_WORKER" in os.environ:  # the cores are shared out already; for servers and commands, too
    torch.set_num_threads(1)
    os.environ["OMP_NUM_THREADS"] = "1"

sys.dont_write_bytecode = False  # hundreds of tests import the nodes anew, and every server and command all of it
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

settings.register_profile("fixed", derandomize=True, deadline=None)  # every run tries the same cases
settings.register_profile("thorough", max_examples=1000, deadline=None)
settings.load_profile("fixed")


def _load() -> None:
    spec = importlib.util.spec_from_file_location(
        "sigmatic", ROOT / "__init__.py", submodule_search_locations=[str(ROOT)]
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["sigmatic"] = module
    spec.loader.exec_module(module)


_load()


def pytest_addoption(parser) -> None:
    """One option of our own."""
    parser.addoption("--thorough", action="store_true", help="more cases of the same properties, other ones each time")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config) -> int:
    """One more than there are cores: a third of the time is waiting for servers and browsers."""
    return (os.cpu_count() or 1) + 1


def pytest_configure(config) -> None:
    """Ten times the cases of hypothesis, not the same in every run."""
    if config.getoption("thorough"):
        settings.load_profile("thorough")


@pytest.hookimpl(tryfirst=True)  # before xdist's, which reads the groups
def pytest_collection_modifyitems(config, items) -> None:
    """Cases for --thorough alone go; tests that share a server or an open page get one worker, to start it once."""
    left = set() if config.getoption("thorough") else {item for item in items if _for_thorough(item)}
    config.hook.pytest_deselected(items=list(left))
    items[:] = [item for item in items if item not in left]
    for item in items:
        params = getattr(item, "callspec", None) and item.callspec.params
        for shared in ("installation", "opened"):
            if shared in (params or {}):
                item.add_marker(pytest.mark.xdist_group(f"{shared} {params[shared]}"))
    items.sort(key=lambda item: not item.get_closest_marker("xdist_group"))  # what cannot be shared out goes first


def _for_thorough(item) -> bool:
    between = item.get_closest_marker("between") and not item.get_closest_marker("everywhere")
    return bool(item.get_closest_marker("thorough") or between)


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.fixture(params=["ve", "flow"])
def space(request) -> str:
    """Both spaces in turn."""
    return request.param


@pytest.fixture
def user(tmp_path, monkeypatch) -> Path:
    """A user directory of the stand-in host for one test alone."""
    monkeypatch.setenv("SIGMATIC_TEST_USER", str(tmp_path))
    return tmp_path


@pytest.fixture
def nodes():
    """sigmatic.nodes on the stand-in for ComfyUI."""
    with fake_host() as module:
        yield module


@pytest.fixture
def pack(nodes) -> Pack:
    """The same, with shortcuts to run them."""
    return Pack(nodes)
