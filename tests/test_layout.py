"""The house rules that a machine can hold: who may import whom, how long a file may be, what the root may do."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ["core", "samplers", "schedulers", "recipes", "profiles", "grid", "nodes", "demo", "sweeps"]
MAY_IMPORT = {
    "core": {"core"},
    "samplers": {"core", "samplers"},
    "schedulers": {"core", "schedulers"},
    "recipes": {"core", "samplers", "schedulers", "recipes"},
    "profiles": {"core", "samplers", "schedulers", "profiles"},
    "grid": {"grid"},
    "nodes": set(ROOMS) - {"sweeps"},
    "demo": {"core", "samplers", "schedulers", "recipes", "profiles", "demo"},
    "sweeps": {"core", "samplers", "schedulers", "recipes", "demo", "grid", "sweeps"},
}
INSIDE = {
    "core": {"": {""}, "model": {"", "model"}, "noise": {"", "noise"}, "schedule": {"", "schedule"}},
    "nodes": {
        "host": {"host"},
        "inputs": {"host", "inputs"},
        "running": {"host", "inputs", "running"},
        "dropdowns": {"host", "inputs", "running", "dropdowns"},
        "measuring": {"host", "inputs", "running", "dropdowns", "measuring"},
        "": {"", "host", "inputs", "running", "dropdowns", "measuring"},
        "page": {"", "host", "inputs", "running", "dropdowns", "measuring", "page"},
    },
}
"""Rooms inside a room ("": the files at its top) and what each of them may import."""
HOST = {"comfy", "comfy_api", "folder_paths", "server", "latent_preview", "comfy_execution"}
NO_NAMES = {"said", "told", "asked", "found", "own", "reach", "lean", "room"}
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


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_of(path): path for path in SOURCES}


def imported(path: Path) -> set[str]:
    """The modules of ours that a file imports, at its top or inside a function, by their full dotted names."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            package = path.relative_to(ROOT).parts[:-1]
            base = [*package[: len(package) - node.level + 1], *(node.module or "").split(".")]
            base_name = ".".join(part for part in base if part)
            names = [f"{base_name}.{alias.name}" if base_name else alias.name for alias in node.names]
            found |= {name if name in MODULES else base_name for name in names}
    return found - {module_of(path)}


def inner_room(module: str) -> str:
    """The room inside a room that a module lies in, "" for the files at the top."""
    parts = MODULES[module].relative_to(ROOT).parts
    return parts[1] if len(parts) > 2 else ""


@pytest.mark.parametrize("room", INSIDE)
def test_rooms_inside_a_room_are_entered_one_way(room):
    there = {
        path.relative_to(ROOT / room).parts[0] for path in (ROOT / room).rglob("*.py") if path.parent != ROOT / room
    }
    assert there == set(INSIDE[room]) - {""}, "a room that nobody has said anything of"
    for module, path in MODULES.items():
        if module.split(".")[0] == room and module != room:  # the room's own __init__ gathers them all
            entered = {inner_room(name) for name in imported(path) if name.split(".")[0] == room and name != room}
            assert entered <= INSIDE[room][inner_room(module)], module


def test_nothing_imports_in_a_circle():
    left = {module: imported(path) & set(MODULES) for module, path in MODULES.items()}
    while left:
        free = [module for module, names in left.items() if not names & set(left)]
        assert free, f"they import each other in a circle: {sorted(left)}"
        for module in free:
            del left[module]


def test_the_top_of_nodes_shows_node_files_only():
    for path in (ROOT / "nodes").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert path.name == "__init__.py" or "class Sigmatic" in text, f"{path.name}: no node in it, it has a room"


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


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_names_say_what_a_thing_is(path):
    """Not how it came to be here: words of talk are no names."""
    tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    names = [getattr(node, "id", getattr(node, "arg", getattr(node, "name", None))) for node in tree]
    assert not NO_NAMES & {str(name).strip("_") for name in names}


def test_packages_are_listed():
    tomllib = pytest.importorskip("tomllib", reason="needs Python 3.11")
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
    folders = {path.parent for path in SOURCES if path.parent != ROOT}
    packages = {".".join(["sigmatic", *folder.relative_to(ROOT).parts]) for folder in folders}
    assert sorted(listed) == sorted(["sigmatic", *packages])


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
