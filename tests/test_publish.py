"""What is handed out works where nothing else of ours is: the packed node and the wheel, in clean environments."""

import importlib.util
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
import yaml
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
MOST = 12e6
"""Bytes of the packed node."""


def tool(name):
    """A script of tools/, as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def clean(folder):
    """The python of a new environment that has torch and the rest of what is installed here, but nothing of ours."""
    venv.create(folder, with_pip=False)
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(subprocess.run([python, "-c", ask], check=True, capture_output=True, text=True).stdout.strip())
    # A path in a .pth is searched, but the .pth files there are not read: what is installed for editing stays away.
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return python, packages


def run(python, *arguments, cwd):
    done = subprocess.run([python, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of what git tracks, so that building leaves nothing here."""
    copy = tmp_path_factory.mktemp("tree")
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, copy / name)
    return copy


@pytest.mark.slow
def test_the_packed_node_is_small_and_its_quickstart_runs(tmp_path):
    target = tmp_path / "node.zip"
    tool("pack").pack(target)
    assert target.stat().st_size < MOST
    with zipfile.ZipFile(target) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
        archive.extractall(tmp_path / "custom_nodes" / "sigmatic 0.2")
    assert not tops & {"tests", "benchmarks", "docs", "tools", ".ci", ".github", "sweeps"}
    assert tops >= {"__init__.py", "pyproject.toml", "LICENSE", "README.md", "web", "locales", "example_workflows"}
    python, _ = clean(tmp_path / "environment")
    script = ROOT / "tests" / "published" / "quickstart.py"
    said = run(
        python, script, tmp_path / "custom_nodes" / "sigmatic 0.2", ROOT / "tests" / "fakehost", cwd=tmp_path
    ).strip()
    nodes, pictures, spread = re.fullmatch(r"(\d+) nodes, (\d+) pictures, spread (\S+)", said).groups()
    assert int(nodes) >= 20 and int(pictures) == 8 and float(spread) > 0.1


@pytest.mark.slow
def test_the_wheel_has_the_library_and_its_quickstart_runs(tree, tmp_path):
    build = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation", "-w", tmp_path, tree]
    run(sys.executable, *build, cwd=tmp_path)
    (wheel,) = tmp_path.glob("sigmatic-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        meta = archive.read(next(name for name in names if name.endswith("METADATA"))).decode()
    assert not [name for name in names if re.match(r"sigmatic/(tests|tools|benchmarks|web|docs|locales)/", name)]
    needed = [line for line in meta.splitlines() if line.startswith("Requires-Dist:") and "extra ==" not in line]
    assert needed == [], "in ComfyUI an installer would put another torch in its place"
    python, packages = clean(tmp_path / "environment")
    install = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", packages, wheel]
    run(sys.executable, *install, cwd=tmp_path)
    example = (ROOT / "README.md").read_text("utf-8").split("```python\n")[1].split("```")[0]
    said = run(python, "-I", "-c", example + "\nprint(sigmatic.__file__)", cwd=tmp_path)
    assert said.startswith("20 model calls") and str(packages) in said
    run(python, "-I", "-m", "sigmatic", "demo", "--samplers", "euler", "--steps", "3", cwd=tmp_path)
    with Image.open(tmp_path / "sigmatic-demo.png") as sheet:
        assert sheet.width > 100 and len(sheet.getcolors(1 << 20)) > 50


def test_the_address_and_the_version_stand_in_one_place(tmp_path):
    release = tool("release")
    assert release.problems() == []
    for name in ("pyproject.toml", "__init__.py", "CHANGELOG.md"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    release.put_address("https://github.com/someone/ComfyUI-Sigmatic", tmp_path)
    assert release.problems(tmp_path) == []
    assert release.NOWHERE not in (tmp_path / "pyproject.toml").read_text("utf-8")
    assert release.value(release.read(tmp_path), ("tool", "comfy", "Icon")).startswith("https://github.com/someone/")
    for wrong in ("github.com/a/b", "https://github.com/a/b.git", "https://github.com/a/b/", 'https://g.com/a/"'):
        with pytest.raises(ValueError, match="--address"):
            release.put_address(wrong, tmp_path)


def test_a_release_that_is_not_ready_is_refused(tmp_path):
    release = tool("release")
    version = release.read()["project"]["version"]
    for name in ("pyproject.toml", "__init__.py", "CHANGELOG.md"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    assert any("no address yet" in line for line in release.problems(tmp_path, f"v{version}"))
    assert any("the tag would be" in line for line in release.problems(tmp_path, "v9.9.9"))
    release.put_address("https://github.com/someone/sigmatic", tmp_path)
    news = tmp_path / "CHANGELOG.md"
    text = re.sub(rf"## \[{version}\] - .*", f"## [{version}] - 2026-11-27", news.read_text("utf-8"))
    news.write_text(text, "utf-8")
    assert release.problems(tmp_path, f"v{version}") == []
    init = tmp_path / "__init__.py"
    init.write_text(init.read_text("utf-8").replace(version, "9.9.9"), "utf-8")
    assert any("__version__" in line for line in release.problems(tmp_path))


def test_the_registry_takes_the_project_file():
    """By its page of specifications: what comfy-cli and the registry want to find."""
    project = tool("release").read()
    about, comfy = project["project"], project["tool"]["comfy"]
    assert re.fullmatch(r"[A-Za-z][\w.-]{0,98}", about["name"]) and "comfyui" not in about["name"].lower()
    assert comfy["PublisherId"] and comfy["DisplayName"] and comfy["requires-comfyui"].startswith(">=")
    assert isinstance(about["license"], str) and all((ROOT / name).is_file() for name in about["license-files"])
    icon, banner = (Image.open(ROOT / "docs" / f"{name}.png") for name in ("icon", "banner"))
    assert icon.width == icon.height <= 400
    assert banner.width * 9 == banner.height * 21
    assert about["dependencies"] == [] and not (ROOT / "requirements.txt").exists()


def test_what_is_left_out_is_there():
    """A pattern of .comfyignore that names a file or folder of ours names one that exists, or it has been renamed."""
    made = {"/.venv/", "/build/", "/dist/", "/*.egg-info/", "/demo/runs/", "__pycache__/"}
    lines = (ROOT / ".comfyignore").read_text("utf-8").splitlines()
    for line in [line for line in lines if line and not line.startswith("#") and line not in made]:
        assert (ROOT / line.strip("/")).exists(), line


def test_the_workflows_try_what_the_project_says():
    """The Pythons of the classifiers, three systems, scripts that exist; actionlint looks at the rest (make lint)."""
    flows = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in ROOT.glob(".github/workflows/*.yml")}
    assert set(flows) == {"tests", "publish", "docs"}
    matrix = flows["tests"]["jobs"]["matrix"]["strategy"]["matrix"]
    classifiers = tool("release").read()["project"]["classifiers"]
    listed = [line.rpartition(" ")[2] for line in classifiers if re.search(r"Python :: 3\.\d", line)]
    assert matrix["python"] == listed and len(matrix["os"]) == 3
    for flow in flows.values():
        for job in flow["jobs"].values():
            for step in job.get("steps", []):
                for script in re.findall(r"\./(\.ci/\w+)|(tools/\w+\.py)|(tests/\w+\.py)", step.get("run", "")):
                    assert (ROOT / "".join(script)).is_file(), script
    assert flows["publish"]["jobs"]["pypi"]["needs"] == flows["publish"]["jobs"]["registry"]["needs"] == "tests"
