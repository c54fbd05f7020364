"""What the pack needs of ComfyUI is one list: complete, looked at when the pack starts and by `doctor`."""

import ast
import asyncio
import importlib
import logging
import shutil
import sys
from pathlib import Path

import pytest

import sigmatic
from sigmatic.demo import cli

ROOT = Path(__file__).resolve().parents[1]
FAKE = ROOT / "tests" / "fakehost"
HOST = {"comfy", "comfy_api", "comfy_execution", "folder_paths", "latent_preview", "nodes", "server"}


def part(name):
    return importlib.import_module(f"sigmatic.nodes.host.{name}")


def dotted(node):
    """The names of a.b.c, None for anything else."""
    if isinstance(node, ast.Name):
        return [node.id]
    inner = dotted(node.value) if isinstance(node, ast.Attribute) else None
    return inner and [*inner, node.attr]


def used():
    """(module, dotted name) of all of the host's that the code of nodes/ has by name."""
    for path in (ROOT / "nodes").rglob("*.py"):
        tree, known = ast.parse(path.read_text("utf-8")), {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for one in node.names:
                    if one.name.split(".")[0] in HOST:
                        yield one.name, ""
                        known[one.asname or one.name] = one.name
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module.split(".")[0] in HOST:
                for one in node.names:
                    yield node.module, one.name
        if any(isinstance(n, ast.ImportFrom) and n.level and "io" in {a.name for a in n.names} for n in ast.walk(tree)):
            known["io"] = "comfy_api.latest.io"
        for node in ast.walk(tree):
            names = dotted(node) if isinstance(node, ast.Attribute) else None
            for size in range(1, len(names or ())):
                module = known.get(".".join(names[:size]))
                if module == "comfy_api.latest.io":
                    yield "comfy_api.latest", ".".join(["io", *names[size:]])
                elif module:
                    yield module, names[size]


def test_the_list_is_complete():
    listed = {(need.module, name) for need in part("needs").NEEDS for name in need.names}
    short = {(module, name.split(".")[0]) for module, name in listed}
    whole = {need.module for need in part("needs").NEEDS}
    seen = set(used())
    assert len(seen) > 50, "the search finds what there is"
    for module, name in seen:
        if f"{module}.{name}" in whole:
            continue  # `import a.b as c`, and the same as an attribute
        if module == "comfy_api.latest" and name.startswith("io."):
            assert any((module, name) == one or one[1].startswith(name + ".") for one in listed if one[0] == module), (
                name
            )
        else:
            assert module in whole and (not name or (module, name) in short), f"{module}.{name}"


def test_reading_says_what_loading_does(nodes):
    """Of every need, and of names that are not there."""
    needs, doctor = part("needs"), part("doctor")
    sources = doctor.Sources(FAKE)
    for need in needs.NEEDS:
        for name in ("", *need.names, "NotThere", "KSampler.not_there"):
            assert sources.has(need.module, name) == needs.loaded(need.module, name), (need.module, name)
    assert not sources.has("comfy.not_there", "") and not needs.loaded("comfy.not_there", "")


def test_a_host_that_lacks_what_all_needs_gets_one_line(nodes, monkeypatch):
    monkeypatch.delattr(importlib.import_module("comfy.samplers"), "SCHEDULER_HANDLERS")
    with pytest.raises(RuntimeError, match=r"comfy\.samplers\.SCHEDULER_HANDLERS .*doctor") as caught:
        asyncio.run(sigmatic.comfy_entrypoint())
    assert "\n" not in str(caught.value)


def test_a_host_that_lacks_a_part_loses_that_part_alone(nodes, monkeypatch, caplog):
    importlib.import_module("comfy.model_base")
    monkeypatch.setitem(sys.modules, "comfy.model_base", None)
    with caplog.at_level(logging.WARNING, "sigmatic"):
        listed = asyncio.run(asyncio.run(sigmatic.comfy_entrypoint()).get_node_list())
    assert "SigmaticKSampler" in {node.__name__ for node in listed}
    assert any("comfy.model_base" in line for line in caplog.messages)
    lacking = part("needs").absent(part("needs").loaded)
    parts = {one.need.part for one in lacking if not one.need.fallback}
    assert parts == {"the demo model", "noise=comfy"}, "the stand-in has no noise of the host's either"


@pytest.fixture
def folder(tmp_path):
    """A ComfyUI folder, of the stand-in."""
    shutil.copytree(FAKE, tmp_path / "ComfyUI")
    return tmp_path / "ComfyUI"


def test_doctor_says_what_a_host_lacks(folder, capsys):
    assert cli.main(["doctor", "--host", str(folder)]) == 0
    assert "Sigmatic runs in it" in capsys.readouterr().out
    file = folder / "comfy" / "samplers.py"
    file.write_text(file.read_text("utf-8").replace("SCHEDULER_HANDLERS", "RENAMED"), "utf-8")
    (folder / "latent_preview.py").unlink()
    (folder / "comfyui_version.py").write_text('__version__ = "9.9.9"\n', "utf-8")
    assert cli.main(["doctor", "--host", str(folder), "--list"]) == 2
    out, err = capsys.readouterr()
    assert "no comfy.samplers.SCHEDULER_HANDLERS (" in out and "off is the nodes that run a sampler" in out
    assert "9.9.9" in err and err.count("\n") == 1 and "Traceback" not in err
    assert cli.main(["doctor", "--host", str(folder / "comfy")]) == 2
    assert "no ComfyUI folder" in capsys.readouterr().err
