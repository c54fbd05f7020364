"""Contact sheets and scatter plots: everything is on the sheet, nothing is on top of anything else."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from PIL import Image

from sigmatic.demo import sheet

LABELS = st.text("Euler ancestral_2M+-0.\n", min_size=0, max_size=40)


@st.composite
def sheets(draw):
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    sides = st.integers(1, 90)
    cells = [[Image.new("RGB", (draw(sides), draw(sides))) for _ in range(columns)] for _ in range(rows)]
    names = [draw(st.lists(LABELS, min_size=n, max_size=n)) for n in (rows, columns)]
    return cells, *names, draw(LABELS).replace("\n", " "), draw(LABELS).replace("\n", " ")


def _overlap(a, b):
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


@settings(max_examples=60, deadline=None)
@given(sheets())
def test_no_two_parts_touch_and_all_are_on_the_sheet(parts):
    places = sheet.layout(*parts)
    cells = [box for row in places.cells for box in row]
    boxes = [box for box in (places.title, places.note, *places.rows, *places.columns, *cells) if box[2] > box[0]]
    for box in boxes:
        assert box[0] >= 0 and box[1] >= 0 and box[2] <= places.size[0] and box[3] <= places.size[1]
    for a, b in combinations(boxes, 2):
        assert not _overlap(a, b)
    for row, boxes in zip(parts[0], places.cells, strict=True):
        assert [(b[2] - b[0], b[3] - b[1]) for b in boxes] == [cell.size for cell in row]


@settings(max_examples=10, deadline=None)
@given(sheets())
def test_letters_stay_inside_their_boxes(parts):
    # On a sheet without cells' ink, everything dark lies within the boxes that the layout promises.
    cells = [[Image.new("RGB", cell.size, "white") for cell in row] for row in parts[0]]
    places = sheet.layout(*parts)
    pixels = np.array(sheet.contact_sheet(cells, *parts[1:])).astype(int).min(axis=2)
    frames = [(b[0] - 1, b[1] - 1, b[2] + 1, b[3] + 1) for row in places.cells for b in row]
    for left, top, right, bottom in (places.title, places.note, *places.rows, *places.columns, *frames):
        pixels[max(0, top) : bottom, max(0, left) : right] = 255
    assert pixels.min() == 255


def test_a_sheet_has_the_size_of_its_layout_and_shows_its_cells():
    red, blue = Image.new("RGB", (20, 10), "red"), Image.new("RGB", (20, 10), "blue")
    picture = sheet.contact_sheet([[red], [blue]], ["one\nsmall", "two"], ["4 steps"], "Title", "note")
    places = sheet.layout([[red], [blue]], ["one\nsmall", "two"], ["4 steps"], "Title", "note")
    assert picture.size == places.size
    for (box,), colour in zip(places.cells, ((255, 0, 0), (0, 0, 255)), strict=True):
        assert (np.array(picture.crop(box)) == colour).all()


def test_wrong_number_of_labels_is_refused():
    cell = Image.new("RGB", (4, 4))
    with pytest.raises(ValueError, match="1 row and 2 column labels"):
        sheet.contact_sheet([[cell]], ["a"], ["b", "c"], "")


@pytest.mark.parametrize("count, columns, size", [(1, 5, (64, 64)), (5, 5, (320, 64)), (7, 5, (320, 128))])
def test_tiles_fill_rows_and_leave_the_rest_white(count, columns, size):
    wall = sheet.tiles([np.zeros((32, 32), np.uint8)] * count, columns)
    assert wall.size == size
    assert wall.getpixel((5, 5)) == (0, 0, 0)
    if count % columns and count > columns:
        assert wall.getpixel((size[0] - 5, size[1] - 5)) == (255, 255, 255)


def test_coloured_tiles_keep_their_square_pixels():
    red, checks = np.zeros((2, 2, 3), np.uint8), np.indices((2, 2)).sum(0) % 2
    red[..., 0] = 255 * checks
    large = np.asarray(sheet.tiles([red], 1, 4))
    assert np.array_equal(large, np.kron(red.swapaxes(0, 2), np.ones((4, 4), np.uint8)).swapaxes(0, 2))


def test_scatter_puts_up_up_and_leaves_out_what_is_outside():
    points = np.array([[0.0, 1.0], [9.0, 0.0], [np.nan, 0.0], [np.inf, 1.0]])
    pixels = np.array(sheet.scatter(points, extent=2.0, side=100, dot=2.0))
    dark = np.argwhere(pixels.min(axis=2) < 200)
    assert abs(dark.mean(axis=0) - (24.5, 49.5)).max() < 1  # row, column
    assert len(dark) < 30


def test_scatter_wants_points_in_the_plane():
    with pytest.raises(ValueError, match="give \\(N, 2\\)"):
        sheet.scatter(np.zeros((5, 3)))


def test_no_images_is_an_error_not_an_empty_picture():
    with pytest.raises(ValueError, match="no images"):
        sheet.tiles([], 5)
