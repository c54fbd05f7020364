"""README and CONTRIBUTING do what they say: examples and commands run, what they point at exists."""

import importlib.util
import re
import subprocess
import sys

import pytest

import sigmatic
from sigmatic.demo import cli


def _fenced(root, language, page="README.md"):
    return [part.split("```")[0] for part in (root / page).read_text("utf-8").split(f"```{language}\n")[1:]]


def test_the_example_of_the_readme_runs(root):
    (example,) = _fenced(root, "python")
    done = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith("20 model calls"), done.stderr


def test_the_sampler_and_the_schedule_of_contributing_work(root, tmp_path):
    sampler, schedule = _fenced(root, "python", "CONTRIBUTING.md")
    # In a process of its own, for they get registered.
    code = "import sigmatic, sys; sigmatic.samplers; from sigmatic.demo.cli import main\n"
    code += f"exec({sampler!r}, {{'__package__': 'sigmatic.samplers'}})\n"
    code += f"exec({schedule!r}, {{'__package__': 'sigmatic.schedulers'}})\n"
    run = ["sample", "--sampler", "third", "--schedule", "cubic", "--model", "mixture"]
    code += f"sys.exit(main(['samplers']) or main(['schedules']) or main({run!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and "Third" in done.stdout and "Cubic" in done.stdout, done.stderr


def test_the_recipe_of_contributing_works(root, tmp_path):
    (example,) = _fenced(root, "json", "CONTRIBUTING.md")
    (tmp_path / "my_flux.json").write_text(example, "utf-8")
    assert sigmatic.recipes.check(tmp_path / "my_flux.json") == []
    assert sigmatic.recipes.get("my_flux", [tmp_path]).steps == 20


def test_the_commands_of_readme_and_docs_run(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = [*_fenced(root, "sh"), *_fenced(root, "sh", "docs/library.md")]
    lines = [line for block in blocks for line in block.splitlines()]
    commands = [line.split()[3:] for line in lines if line.startswith("python -m sigmatic")]
    assert len(commands) > 3
    for argv in commands:
        model = ["--model", "mixture"] if argv[0] in ("demo", "sample") else []
        assert cli.main([*argv, *model]) == 0, argv


def test_what_the_readme_points_at_exists(root):
    text = (root / "README.md").read_text("utf-8")
    for target in re.findall(r"\]\(([^)#]+)[)#]", text):
        assert (root / target).is_file(), target
    assert re.findall(r"```sh\nmake demo\nmake test\n```", text), "the two commands"


def test_what_the_docs_point_at_exists(root):
    for page in (root / "docs").glob("*.md"):
        for target in re.findall(r"\]\(([^)#]+)[)#]", page.read_text("utf-8")):
            assert "://" in target or (page.parent / target).exists(), (page.name, target)


def test_what_the_readme_counts_is_what_there_is(root):
    """The numbers, the nodes and the rows that were measured are filled in by tools/readme.py."""
    readme, pages = (_tool(root, name) for name in ("readme", "pages"))
    text = (root / "README.md").read_text("utf-8")
    assert readme.filled(text, pages.schemas()) == text, "run: python tools/readme.py"
    assert f"{len(sigmatic.samplers.names())} samplers" in text and len(text.splitlines()) < 170, "README is short"


@pytest.mark.parametrize("number", range(3))
def test_the_examples_of_the_library_run(root, number):
    example = _fenced(root, "python", "docs/library.md")[number]
    subprocess.run([sys.executable, "-c", example], check=True, capture_output=True)


def test_the_example_of_how_it_works_runs(root):
    example = _fenced(root, "python", "docs/how.md")[0]
    done = subprocess.run([sys.executable, "-c", example], check=True, capture_output=True, text=True)
    assert len(done.stdout.splitlines()) == 4


def _tool(root, name):
    spec = importlib.util.spec_from_file_location(f"sigmatic_{name}", root / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
