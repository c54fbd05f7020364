"""Loads this checkout as the package `sigmatic`, whatever is installed, and holds what several tests share."""

import importlib.util
import sys
from pathlib import Path

import pytest
import torch
from fakehost.host import Pack, fake_host
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]

# Every run tries the same cases; to try others: pytest --hypothesis-profile=default
settings.register_profile("fixed", derandomize=True, deadline=None)
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


def pytest_collection_modifyitems(items) -> None:
    """The browser tests come last: Playwright keeps an event loop running, in which others cannot start theirs."""
    items.sort(key=lambda item: "web" in item.path.parts)


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
def nodes():
    """sigmatic.nodes on the stand-in for ComfyUI."""
    with fake_host() as module:
        yield module


@pytest.fixture
def pack(nodes) -> Pack:
    """The same, with shortcuts to run them."""
    return Pack(nodes)
