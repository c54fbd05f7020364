"""The house rules that a machine can hold: who may import whom, how long a file may be, what the root may do."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ["core", "samplers", "schedulers", "recipes", "nodes", "demo"]
MAY_IMPORT = {
    "core": {"core"},
    "samplers": {"core", "samplers"},
    "schedulers": {"core", "schedulers"},
    "recipes": {"core", "samplers", "schedulers", "recipes"},
    "nodes": set(ROOMS),
    "demo": {"core", "samplers", "schedulers", "recipes", "demo"},
}
HOST = {"comfy", "comfy_api", "folder_paths", "server", "latent_preview", "comfy_execution"}
ROOT_FILES = [ROOT / "__init__.py", ROOT / "__main__.py"]
SOURCES = sorted(p for room in ROOMS for p in (ROOT / room).rglob("*.py")) + ROOT_FILES


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0]


def imports(path: Path):
    """(relative level, module) of every import in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            names = [node.module] if node.module else [alias.name for alias in node.names]
            yield from ((node.level, name) for name in names)
        elif isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_one_way(path):
    room = room_of(path)
    for level, name in imports(path):
        first = name.split(".")[0]
        if level == 0:
            assert first != "sigmatic", f"{path.name}: import our own code relatively"
            assert first not in HOST or room == "nodes", f"{path.name}: only nodes/ knows the host"
            if room == "core":
                assert first in sys.stdlib_module_names | {"torch", "numpy"}, f"{path.name}: core knows torch and numpy"
        elif room in MAY_IMPORT and name != "__version__":
            depth = len(path.relative_to(ROOT).parts) - 1
            target = room if level <= depth else first
            assert target in MAY_IMPORT[room], f"{path.name}: {room} may not import {target}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_and_functions_are_small(path):
    text = path.read_text(encoding="utf-8")
    room = room_of(path)
    limit = {"samplers": 120, "schedulers": 60}.get(room, 250) if path.name != "__init__.py" else 250
    assert text.count("\n") <= limit
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert node.end_lineno - node.lineno <= 60, f"{path.name}: {node.name} is too long"
        assert not (isinstance(node, ast.ExceptHandler) and node.type is None), f"{path.name}: bare except"


def test_packages_are_listed():
    tomllib = pytest.importorskip("tomllib", reason="needs Python 3.11")
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
    assert sorted(listed) == sorted(["sigmatic", *(f"sigmatic.{room}" for room in ROOMS)])


def test_the_root_is_free_to_import():
    """Importing the package loads nothing of ours, nothing of the host, not even torch; and it stays a plain module."""
    code = f"""
import importlib.util, sys
spec = importlib.util.spec_from_file_location("some pack_x_y", {str(ROOT / "__init__.py")!r},
    submodule_search_locations=[{str(ROOT)!r}])
module = importlib.util.module_from_spec(spec)
sys.modules["some pack_x_y"] = module
spec.loader.exec_module(module)
assert not [name for name in sys.modules if name.startswith("some pack_x_y.")], "loads our own rooms"
assert not {{"torch", "numpy", "comfy"}} & set(sys.modules), "loads something heavy"
try:
    module.NODE_CLASS_MAPPINGS
except AttributeError as error:
    assert "NODE_CLASS_MAPPINGS" in str(error)
else:
    raise AssertionError("an unknown name must raise AttributeError")
assert "euler" in module.samplers.names() and module.noise.gaussian and module.schedulers.names()
"""
    subprocess.run([sys.executable, "-I", "-c", code], check=True, cwd="/")


def test_root_is_short():
    assert (ROOT / "__init__.py").read_text(encoding="utf-8").count("\n") <= 40
