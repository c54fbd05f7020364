"""No picture of README, docs/ or the help is stale: each shows the texts that the code says today.

Those that are taken from the page are compared where they are taken, in tests/web.
"""

import importlib.util
from pathlib import Path

import pytest
from PIL import Image, ImageSequence

ROOT = Path(__file__).resolve().parents[1]
_SPEC = importlib.util.spec_from_file_location("sigmatic_pictures", ROOT / "tools" / "pictures.py")
pictures = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(pictures)
SCRIPTED = sorted(name for names in pictures.SCRIPTS for name in names)


@pytest.fixture(scope="module")
def today():
    """What the scripts would draw now."""
    return pictures.texts_today()


def test_every_picture_is_recorded_and_shown():
    folders = (ROOT / "docs", ROOT / "web" / "docs")
    there = {
        path.relative_to(ROOT).as_posix()
        for folder in folders
        for path in folder.rglob("*")
        if path.suffix in (".png", ".gif", ".jpg", ".svg")
    }
    assert there == set(pictures.recorded()), "run: make pictures"
    assert all(texts for texts in pictures.recorded().values())
    made = {path.stem for path in (ROOT / "web" / "docs").glob("Sigmatic*.md")}  # the site shows one with each node
    assert {Path(name).stem for name in there if name.startswith("docs/nodes/")} == made


@pytest.mark.parametrize("name", SCRIPTED)
def test_it_shows_what_the_code_says(today, name):
    assert pictures.recorded()[name] == today[name], f"run: python tools/pictures.py {name}"


def test_the_moving_picture_moves_and_is_small():
    path = ROOT / "docs" / "eta.gif"
    assert path.stat().st_size < 2e6
    frames = [frame.convert("RGB").tobytes() for frame in ImageSequence.Iterator(Image.open(path))]
    assert len(frames) >= 10 and len(set(frames)) == len(frames)
