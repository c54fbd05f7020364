"""README and CONTRIBUTING do what they say: examples and commands run, what they point at exists."""

import re
import subprocess
import sys

from sigmatic.demo import cli


def _fenced(root, language, page="README.md"):
    return [part.split("```")[0] for part in (root / page).read_text("utf-8").split(f"```{language}\n")[1:]]


def test_the_example_of_the_readme_runs(root):
    (example,) = _fenced(root, "python")
    done = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith("20 model calls"), done.stderr


def test_the_sampler_of_contributing_works(root, tmp_path):
    (example,) = _fenced(root, "python", "CONTRIBUTING.md")
    # In a process of its own, for it gets registered.
    code = "import sigmatic, sys; sigmatic.samplers; from sigmatic.demo.cli import main\n"
    code += f"exec({example!r}, {{'__package__': 'sigmatic.samplers'}})\n"
    code += "sys.exit(main(['samplers']) or main(['sample', '--sampler', 'third', '--model', 'mixture']))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and "Third" in done.stdout, done.stderr


def test_the_commands_of_the_readme_run(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = [line for block in _fenced(root, "sh") for line in block.splitlines()]
    commands = [line.split()[3:] for line in lines if line.startswith("python -m sigmatic")]
    assert len(commands) > 3
    for argv in commands:
        model = ["--model", "mixture"] if argv[0] in ("demo", "sample") else []
        assert cli.main([*argv, *model]) == 0, argv


def test_what_the_readme_points_at_exists(root):
    text = (root / "README.md").read_text("utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (root / target).is_file(), target
