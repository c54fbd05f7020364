"""The page's pure JavaScript has tests of its own, run by node; and house rules that hold for all of it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
JS = ROOT / "web" / "js"
PURE = {
    "say", "scale", "plot/chart", "plot/wires", "plot/words", "editor/curve", "editor/drawn", "panel/preset",
    "panel/purposes", "panel/search", "plot/going", "menu/turn_values",
}  # fmt: skip
MAY_IMPORT = {"": {""}, "editor": {"", "editor"}, "plot": {"", "editor", "plot"}, "panel": {"", "plot", "panel"},
              "menu": {"", "plot", "menu"}, "sheet": {"", "plot", "panel", "sheet"}}  # fmt: skip
"""Rooms of web/js and what may enter them; main.js, which puts the page together, may import all."""


def imports(path):
    """The modules of ours that a module imports, as "room/name" ("name" at the top)."""
    names = re.findall(r'from "(\.[\w./]+)\.js"', path.read_text(encoding="utf-8"))
    return [str((path.parent / name).resolve().relative_to(JS)) for name in names if "/scripts/" not in name]


def room_of(module):
    return module.rpartition("/")[0]


def test_node_tests():
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node found: apt-get install nodejs")
    files = sorted(map(str, (ROOT / "tests" / "js").glob("*.test.mjs")))
    run = subprocess.run([node, "--test", *files], capture_output=True, text=True, check=False, timeout=120)
    assert run.returncode == 0, run.stdout[-3000:]
    assert re.search(r"^# pass [1-9]", run.stdout, re.M)


def test_pure_modules_know_nothing_of_the_page():
    for name in PURE:
        text = (JS / f"{name}.js").read_text(encoding="utf-8")
        assert set(imports(JS / f"{name}.js")) <= PURE, name
        assert not re.search(r"\b(document|window|globalThis|fetch)\b", re.sub(r"//.*|/\*.*?\*/", "", text, flags=re.S))


def test_one_file_touches_the_host():
    for path in JS.rglob("*.js"):
        text = path.read_text(encoding="utf-8")
        assert ("/scripts/" in text) == (path == JS / "host.js"), path.name
        assert text.startswith("// @ts-check\n"), f"{path.name}: checked by tsc"
        assert text.count("\n") <= 250, path.name
        assert not re.search(r"innerHTML|insertAdjacentHTML|outerHTML|\beval\(|new Function", text), path.name
        assert "http://" not in text.replace("http://www.w3.org/2000/svg", ""), f"{path.name}: fetches nothing"
        assert "https://" not in text, path.name
        assert "setInterval" not in text, f"{path.name}: the page tells of changes"


def test_nothing_but_the_extension_is_imported_by_the_page():
    """The page imports every *.js below web/: tests and fixtures must not be there."""
    assert {path.parent for path in (ROOT / "web").rglob("*.js")} == {JS / room for room in MAY_IMPORT}
    assert not list(JS.rglob("*test*"))


def test_rooms_are_entered_one_way():
    modules = {str(path.relative_to(JS).with_suffix("")): imports(path) for path in JS.rglob("*.js")}
    for module, entered in modules.items():
        if module != "main":
            assert {room_of(name) for name in entered} <= MAY_IMPORT[room_of(module)], module
    left = dict(modules)
    while left:  # take away what imports nothing that is left: a circle stays
        free = [module for module, entered in left.items() if not set(entered) & set(left)]
        assert free, f"they import each other in a circle: {sorted(left)}"
        for module in free:
            del left[module]
