"""Draws the pictures of README, docs/ and the help anew: `python tools/pictures.py [NAME ...]`, all or those named.

docs/pictures.json holds the texts that each of them shows. Tests compare these with what the code says today: here for
what is drawn by scripts, in tests/web for what is taken from the page, by the tests themselves.
"""

import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from unittest import mock

from filelock import FileLock
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
RECORD = ROOT / "docs" / "pictures.json"
PAGES = ["tests/web/test_pictures.py", "tests/web/test_moving.py"]
CHOOSING = "docs/choosing-steps.png", "docs/choosing-noise.png"
GUIDANCE = "docs/guidance-ways.png", "docs/guidance-detail.png", "docs/guidance-thresholding.png"
ICONS = "docs/icon.png", "docs/banner.png"
SCRIPTS = {
    ("docs/demo.png",): ["-m", "sigmatic", "demo", "--out", "docs/demo.png"],
    CHOOSING: ["benchmarks/choosing.py", "--pictures"],
    GUIDANCE: ["benchmarks/guidance.py", "--pictures"],
    ICONS: ["tools/icon.py"],
    ("docs/few-steps.png",): ["benchmarks/compared.py", "--picture"],
}
"""What draws which pictures; all others are taken from the page."""


def recorded() -> dict[str, list[str]]:
    """{picture: the texts that it shows}."""
    return json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}


def record(name: str, texts: list[str]) -> None:
    """Note what a picture shows."""
    with FileLock(Path(tempfile.gettempdir()) / "sigmatic-pictures.lock"):  # of several workers one writes
        known = {**recorded(), name: texts}
        RECORD.write_text(json.dumps(dict(sorted(known.items())), ensure_ascii=False, indent=1) + "\n", "utf-8")


def keep(name: str, texts: list[str], write, elsewhere: Path) -> None:
    """Write a picture by `write(path)`: into the project with SIGMATIC_PICTURES, else elsewhere, its texts compared.

    But for the numbers of nodes, which depend on what was on the page before.
    """
    texts = [re.sub(r"#\d+", "#", text) for text in texts]
    if os.environ.get("SIGMATIC_PICTURES"):
        (ROOT / name).parent.mkdir(exist_ok=True)
        write(ROOT / name)
        record(name, texts)
        return
    write(elsewhere / Path(name).name)
    known = recorded().get(name, [])
    if known != texts:
        new, old = [one for one in texts if one not in known], [one for one in known if one not in texts]
        raise AssertionError(f"{name} is stale: it shows {old}, and should show {new}; run: make pictures")


def gif(stills: list[Image.Image], path: Path, milliseconds: int = 300, last: int = 1600) -> None:
    """Stills of one size as an endless animation, each in its own colours."""
    first, *rest = [still.quantize(256, kmeans=3, dither=Image.Dither.NONE) for still in stills]
    times = [last, *[milliseconds] * (len(rest) - 1), last]
    first.save(path, save_all=True, append_images=rest, duration=times, loop=0, optimize=True)


def texts_today() -> dict[str, list[str]]:
    """{picture: its texts} of all that scripts draw, by the very code that draws them, with nothing sampled."""
    from sigmatic.demo import cli

    choosing, guidance, icon = _script("benchmarks/choosing"), _script("benchmarks/guidance"), _script("tools/icon")
    compared = _script("benchmarks/compared")
    (demo,) = _labels(lambda: cli.main(["demo", "--out", str(_nowhere() / "demo.png")]))
    with mock.patch.object(choosing, "DOCS", _nowhere()):
        sheets = [f"docs/{name}" for name in choosing.SHEETS]
        made = dict(zip(sheets, _labels(choosing.pictures), strict=True))
    with mock.patch.object(guidance, "run", _zeros):
        for name, draw in guidance.PICTURES.items():
            (made[f"docs/{name}"],) = _labels(lambda draw=draw, name=name: draw(_nowhere() / name))
    levels = [f"{name}: {icon._curve(name).round(3).tolist()}" for name in icon.CURVES]
    few = compared.labels()
    return {**made, "docs/demo.png": demo, **dict.fromkeys(ICONS, levels), "docs/few-steps.png": few}


def _nowhere() -> Path:
    folder = Path(tempfile.gettempdir()) / "sigmatic-pictures"
    folder.mkdir(exist_ok=True)
    return folder


def _zeros(model, denoise, space, count, *_):
    """In place of a run."""
    import torch

    return torch.zeros(count, model.colours, 32, 32)


def _labels(draw) -> list[list[str]]:
    """The texts of every contact sheet that `draw` makes; cells of the command `demo` are left empty."""
    from sigmatic.demo import pictures, sheet

    made, real = [], sheet.contact_sheet

    def noted(cells, rows, columns, title, note=""):
        made.append([title, note, *rows, *columns])
        return real(cells, rows, columns, title, note)

    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(sheet, "contact_sheet", noted))
        stack.enter_context(mock.patch.object(pictures, "_cell", lambda *_: Image.new("RGB", (8, 8))))
        draw()
    return made


def _script(path: str):
    """A script of ours, as a module."""
    file = (ROOT / path).with_suffix(".py")
    if str(file.parent) not in sys.path:
        sys.path.append(str(file.parent))
    spec = importlib.util.spec_from_file_location(f"sigmatic_{file.stem}", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main(wanted: list[str]) -> None:
    """Draw them and note their texts."""
    scripted = [name for names in SCRIPTS for name in names]
    for names, command in SCRIPTS.items():
        if not wanted or set(wanted) & set(names):
            subprocess.run([sys.executable, *command], cwd=ROOT, check=True)
    for name, texts in texts_today().items():
        if not wanted or name in wanted:
            record(name, texts)
    if not wanted or set(wanted) - set(scripted):
        environment = {**os.environ, "SIGMATIC_PICTURES": "1"}
        subprocess.run([sys.executable, "-m", "pytest", "-q", *PAGES], cwd=ROOT, check=True, env=environment)


if __name__ == "__main__":
    _script("benchmarks/inhost").load_sigmatic()
    main(sys.argv[1:])
