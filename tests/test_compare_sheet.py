"""What Sigmatic Compare shows: whether differences can be seen, and where on the sheet everything is."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

WORDS = ["not visible", "hardly visible", "visible", "another picture"]


@pytest.fixture(scope="module")
def pictures():
    """Smooth pictures of many seeds, (8, 64, 64, 3) in [0, 1]."""
    noise = torch.randn(8, 3, 8, 8, generator=torch.Generator().manual_seed(3))
    large = torch.nn.functional.interpolate(noise, size=64, mode="bicubic")
    return (0.5 + 0.15 * large).clamp(0, 1).movedim(1, -1)


def test_what_a_file_rounds_away_is_not_visible(pack, pictures):
    seen = pack.part("measuring.visible").seen
    assert seen(pictures, pictures) == WORDS[0]
    apart = (torch.rand(pictures.shape, generator=torch.Generator().manual_seed(1)) - 0.5) / 255
    assert seen(pictures + 0.99 * apart, pictures) == WORDS[0]
    assert seen(pictures + 3 * apart, pictures) == WORDS[1]


def test_a_difference_that_grows_is_seen_better_and_better(pack, pictures):
    visible = pack.part("measuring.visible")
    other = pictures.roll(1, 0)
    said = [WORDS.index(visible.seen(pictures.lerp(other, part), pictures)) for part in torch.linspace(0, 1, 60)]
    assert all(a <= b for a, b in pairwise(said)) and set(said) == {0, 1, 2, 3}


def test_pictures_of_other_seeds_are_other_pictures(pack, pictures):
    seen = pack.part("measuring.visible").seen
    assert seen(pictures.flip(0), pictures) == WORDS[3]
    assert seen(pictures[:1], pictures[4:5]) == WORDS[3], "one picture alone"


def test_the_colour_difference_is_that_of_the_cie(pack):
    """Lightness of greys, and the primaries of sRGB, as tabulated."""
    lab = pack.part("measuring.visible")._lab
    red, grey, white = torch.tensor([[1.0, 0, 0], [0.46633, 0.46633, 0.46633], [1, 1, 1]], dtype=torch.float64)
    assert lab(red).tolist() == pytest.approx([53.24, 80.09, 67.20], abs=0.1)
    assert lab(grey).tolist() == pytest.approx([50, 0, 0], abs=0.05)
    assert lab(white).tolist() == pytest.approx([100, 0, 0], abs=0.01)


def test_a_small_thing_that_changed_is_seen(pack):
    """As little on the whole as what is hardly visible everywhere."""
    visible = pack.part("measuring.visible")
    grey = torch.full((1, 64, 64, 3), 0.5)
    spot = grey.clone()
    spot[:, 8:16, 8:16] += 0.04
    everywhere = grey + (spot - grey).square().mean().sqrt()
    assert visible.seen(everywhere, grey) == "hardly visible"
    assert visible.seen(spot, grey) != "hardly visible"


def shown(pack, **inputs):
    """(the sheet as a picture, what the page is told)."""
    given = {"seed": 3, "evaluations": 6, "size": 64, **pack.links(), **inputs}
    output = pack.whole("SigmaticCompare", **given)
    picture = (output.args[0][0].numpy() * 255).round().astype(np.uint8)
    return picture, json.loads(output.ui["sheet"][0]), output.args[1]["samples"]


@pytest.fixture
def entries():
    """Three lines; the last has a curve and a number."""
    return "sig_heun / sig_linear\nsig_dpmpp_2m\nsig_euler_ancestral / sig_karras / eta=0:1, 50:0; rho=5"


def test_the_boxes_of_a_row_are_where_its_pictures_are(pack, entries):
    picture, about, samples = shown(pack, entries=entries)
    assert about["size"] == [picture.shape[1], picture.shape[0]] and len(about["rows"]) == 3
    sheet = pack.part("measuring.sheet")
    decoded = sheet.decoder(pack.links()["model"], None)(samples)
    boxes = [box for row in about["rows"] for box in row["boxes"]]
    assert len(boxes) == len(decoded) == 6
    for (left, top, right, bottom), one in zip(boxes, decoded, strict=True):
        assert np.array_equal(picture[top:bottom, left:right], np.asarray(sheet.sized(one, 64).convert("RGB")))


def test_the_page_is_told_the_settings_of_every_row(pack, entries):
    _, about, _ = shown(pack, entries=entries, reference=2)
    first, second, third = about["rows"]
    assert (first["sampler"], first["schedule"], first["steps"]) == ("sig_heun", "sig_linear", 3)
    assert first["options"] == {} and third["options"] == {"eta": "0:1, 50:0", "rho": 5}
    assert about["reference"] == 1 and second["apart"] == 0 and second["seen"] == "the reference"
    assert first["seen"] in WORDS and first["apart"] > 0


def test_the_picture_of_the_page_is_the_sheet(pack, entries):
    picture, about, _ = shown(pack, entries=entries)
    folder = pack.part("host.pictures").folder_paths.get_temp_directory()
    assert about["file"]["type"] == "temp" and about["file"]["subfolder"] == ""
    with Image.open(Path(folder) / about["file"]["filename"]) as kept:
        assert np.array_equal(np.asarray(kept), picture)


def test_a_picture_that_cannot_be_written_costs_no_run(pack, entries, monkeypatch, tmp_path, caplog):
    (tmp_path / "file").write_text("")
    paths = pack.part("host.pictures").folder_paths
    monkeypatch.setattr(paths, "get_temp_directory", lambda: str(tmp_path / "file" / "temp"))
    _, about, _ = shown(pack, entries=entries)
    assert about["file"] is None and "not shown on the node" in caplog.text


@pytest.mark.parametrize("batch", [1, 4, 16])
@pytest.mark.parametrize("size", [64, 256])
def test_letters_grow_with_the_sheet(pack, batch, size):
    """To 10 pixels where it is shown 560 wide; or the labels are half of it."""
    sheet = pack.part("measuring.sheet")
    cells = [[Image.new("RGB", (size, size))] * batch] * 3
    parts = (cells, ["sig_dpmpp_2m_sde\nsig_karras\ndifference 0.123: hardly visible"] * 3, [""] * batch, "One", "note")
    letters = sheet.legible(*parts)
    places = sheet.layout(*parts, letters)
    height = round(sheet.SMALL * letters) * sheet.SHOWN / places.size[0]
    assert letters >= 1 and (height >= sheet.LEGIBLE or places.cells[0][0][0] * 2 > places.size[0])
