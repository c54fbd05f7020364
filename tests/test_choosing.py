"""docs/choosing.md speaks of samplers and schedules that exist, and shows pictures that are small and say how made."""

import re

import pytest
from PIL import Image

import sigmatic

NAMES = {*sigmatic.samplers.names(), *sigmatic.schedulers.names()}
OTHER_WORDS = {"auto", "sig_", "eta", "max_order", "last", "tau"}


@pytest.fixture
def page(root):
    return (root / "docs" / "choosing.md").read_text("utf-8")


def test_every_name_in_the_page_exists(page):
    prose = re.sub(r"```.*?```", "", page, flags=re.DOTALL)
    named = set(re.findall(r"`([a-z][a-z0-9_]*)`", prose)) - OTHER_WORDS
    assert not named - NAMES
    assert len(named & set(sigmatic.samplers.names())) > 8


def test_its_pictures_are_there_small_and_say_how_they_were_made(page, root):
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page)
    assert len(pictures) >= 2
    for name in pictures:
        path = root / "docs" / name
        assert path.stat().st_size < 150_000
        with Image.open(path) as picture:
            assert picture.info["sigmatic"].startswith("demo")


def test_what_it_points_at_exists(page, root):
    for target in re.findall(r"(?<!!)\[[^\]]+\]\(([^)#]+)\)", page):
        assert (root / "docs" / target).is_file(), target
