"""The coloured tiles: kinds by name, what they are learnt from, and the measures of what is drawn."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from PIL import Image

from sigmatic.demo import measure, tiles, tiles_data

CLEAR, OPAQUE = np.zeros((32, 32, 4), np.uint8), np.full((32, 32, 4), 255, np.uint8)


def test_a_kind_has_a_name_and_a_number():
    assert len(set(tiles.KINDS)) == tiles.CLASSES == 20
    for k, kind in enumerate(tiles.KINDS):
        assert torch.equal(tiles.one_hot(kind, 2), tiles.one_hot([k, k], 2))
    x, sigma = torch.zeros(2, 3, 32, 32), torch.ones(2)
    by_name, by_number = tiles.denoiser(["potion", None])(x, sigma), tiles.denoiser([0, None])(x, sigma)
    assert torch.equal(by_name, by_number)


@pytest.mark.parametrize("text, hint", [("potoin", "potion"), ("Dragon", "dragon"), ("walls", "wall"), ("x", "weapon")])
def test_a_wrong_kind_gets_the_nearest(text, hint):
    with pytest.raises(ValueError, match=f"no kind '{text}'.*{hint}"):
        tiles.denoiser(text)


def test_images_are_the_bytes_they_were_made_of():
    rng = np.random.default_rng(0)
    rgba = rng.integers(0, 256, (3, 32, 32, 4), dtype=np.uint8)
    rgba[..., 3] = 255
    assert np.array_equal(np.stack(tiles.to_images(tiles_data.pictures(rgba))), rgba[..., :3])
    ground = tiles.to_images(tiles_data.pictures(CLEAR[None]))[0]
    assert (ground == tiles_data.GROUND).all()
    far = torch.tensor([-99.0, 99.0]).reshape(2, 1, 1, 1).expand(2, 3, 32, 32)
    assert [int(image.min()) for image in tiles.to_images(far)] == [0, 255]


@pytest.mark.parametrize(
    "path, kind",
    [
        ("a/item/potion/ruby.png", "potion"),
        ("a/dngn/floor/grass/grass1.png", "grass"),
        ("a/dngn/floor/pebble.png", "floor"),
        ("a/mon/dragons/wyvern.png", "dragon"),
        ("a/mon/undead/skeletons/skeleton_dragon.png", "undead"),
        ("a/mon/orc.png", "monster"),
        ("a/item/weapon/brands/fire.png", None),
        ("a/mon/draco/draco-job-monk.png", None),
        ("a/gui/spells/fire.png", None),
    ],
)
def test_folders_are_kinds_and_marks_are_none(path, kind):
    assert tiles_data.kind_of(path, OPAQUE) == kind


def test_what_is_nearly_empty_or_an_edge_has_no_kind():
    dot, corner, half = CLEAR.copy(), CLEAR.copy(), CLEAR.copy()
    dot[0, 0], corner[16:, 16:], half[:16] = 255, 255, 255
    for rgba in (CLEAR, dot, corner):
        assert tiles_data.kind_of("a/item/ring/x.png", rgba) is None
    assert tiles_data.kind_of("a/item/ring/x.png", half) == "ring"
    assert tiles_data.kind_of("a/dngn/wall/x.png", half) is None, "the edge of a wall"


def test_a_series_is_held_out_or_learnt_as_a_whole():
    names = [f"series{k}x" for k in range(2000)]
    share = np.mean([tiles_data.held_out(f"a/{name}.png") for name in names])
    assert 0.07 < share < 0.13
    for name in names[:200]:
        parts = [f"a/{name}.png", f"b/c/{name}.png", f"a/{name}_3.png", f"a/{name}12.png"]
        assert len({tiles_data.held_out(part) for part in parts}) == 1


def test_near_duplicates_are_left_out():
    images = torch.randn(6, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    images[3], images[5] = images[1] + 0.01, images[0]
    assert tiles_data.distinct(images) == [0, 1, 2, 4]


def test_a_checkout_and_an_archive_are_the_same_data(tmp_path):
    rng = np.random.default_rng(1)
    names = ["mon/a/imp.png", "mon/demons/fiend.png", "item/book/red.png"]
    rgba = rng.integers(0, 256, (3, 32, 32, 4), dtype=np.uint8)
    rgba[..., 3] = 255
    for name, one in zip(names, rgba, strict=True):
        (tmp_path / "src" / name).parent.mkdir(parents=True)
        Image.fromarray(one).save(tmp_path / "src" / name)
    Image.new("RGBA", (64, 64)).save(tmp_path / "src" / "title.png")  # of another size: no tile
    np.savez(tmp_path / "tiles.npz", rgba=rgba, names=names)
    folder, archive = (tiles_data.load(tmp_path / source) for source in ("src", "tiles.npz"))
    for part in (0, 2):
        assert torch.equal(folder[part].flatten(1).sum(1).sort()[0], archive[part].flatten(1).sum(1).sort()[0])


def test_changes_stay_within_a_pixel_and_within_the_colours():
    images = tiles_data.pictures(np.random.default_rng(2).integers(0, 256, (8, 32, 32, 4), dtype=np.uint8))
    torch.manual_seed(0)
    changed = tiles_data.augment(images)
    assert changed.shape == images.shape
    assert changed.min() >= tiles_data.LOW and changed.max() <= tiles_data.HIGH
    assert (measure.nearest(changed, images) < 0.5).all() and not torch.equal(changed, images)


def test_only_what_may_look_either_way_is_mirrored():
    images, labels = torch.randn(20, 3, 32, 32), torch.arange(20)
    both, kinds = tiles_data.with_mirrored(images, labels)
    mirrored = {tiles.KINDS[k] for k in kinds[20:]}
    assert {"dragon", "monster", "wall"} <= mirrored and not {"weapon", "potion"} & mirrored
    assert torch.equal(both[20:], images[kinds[20:]].flip(-1)) and torch.equal(both[:20], images)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_frechet_distance_is_one_of_normals(seed):
    generator = torch.Generator().manual_seed(seed)
    a = torch.randn(4000, 5, generator=generator, dtype=torch.float64)
    scale, shift = torch.rand(2, 5, generator=generator, dtype=torch.float64) + 0.5
    assert measure.frechet(a, a) == pytest.approx(0, abs=1e-9)
    exact = float((a.mean(0) - (a * scale + shift).mean(0)).square().sum())
    # of two commuting covariances: |m - m'|^2 + |s - s'|^2; scaling axes commutes for axes that do not correlate
    exact += float((a.std(0) * (1 - scale)).square().sum())
    assert measure.frechet(a, a * scale + shift) == pytest.approx(exact, rel=0.02)
    assert measure.frechet(a, a * scale + shift) == pytest.approx(measure.frechet(a * scale + shift, a))
    twice = torch.cat([a, a[:2000]])
    weights = torch.cat([torch.ones(2000) * 0.5, torch.ones(2000), torch.ones(2000) * 0.5])
    assert measure.frechet(twice, a, weights) == pytest.approx(0, abs=1e-4)


def test_a_copy_is_near_wherever_it_lies_within_a_pixel():
    known = torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    moved = known[:2].roll((1, -1), (-2, -1))
    assert measure.nearest(moved, known).max() < 1e-3
    strange = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    assert measure.nearest(strange, known).min() > 1
