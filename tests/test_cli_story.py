"""The pictures that tell a story: `demo story`, `demo trajectory`, `demo kinds`."""

import os
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import sigmatic
from sigmatic.demo import cli, digits, sheet, story, tiles, tiny, trajectory

QUICK = {
    "story": ["--train-steps", "3"],
    "trajectory": ["--steps", "5", "--count", "50"],
    "kinds": ["--steps", "2"],
}


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    """Every test starts in an empty folder of its own."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def short_story(monkeypatch):
    """The story with fewer sampling steps in its long rows."""
    monkeypatch.setattr(story, "LONG", 60)
    monkeypatch.setattr(story, "MODEL_STEPS", 25)


@pytest.mark.parametrize("topic", QUICK)
def test_each_writes_its_default_file_prints_it_and_repeats_it(topic, capsys):
    assert cli.main(["demo", topic, *QUICK[topic]]) == 0
    written = capsys.readouterr().out.split()
    assert written[0] == f"sigmatic-{topic}.png" and sorted(written) == sorted(os.listdir())
    first = [Path(name).read_bytes() for name in written]
    assert f"demo {topic}" in Image.open(written[0]).info["sigmatic"]
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    assert cli.main(["demo", topic, *QUICK[topic]]) == 0
    assert [Path(name).read_bytes() for name in written] == first
    assert torch.equal(torch.get_rng_state(), before), "the caller's random numbers are left alone"
    assert torch.get_num_threads() == threads


def test_the_tiny_network_learns_its_picture_by_heart():
    """With some training every noise ends in the one picture; without any it does not."""
    image, table, far = tiny.picture(), tiny.betas(24), {}
    assert image.shape == (1, 1, 8, 8) and image.min() == -1 and image.max() == 1
    start = torch.randn(8, 1, 8, 8) * torch.hypot(table.schedule()[0], torch.ones(()))
    for steps in (0, 400):
        net, losses = tiny.TinyNet(24), []
        with tiny.one_thread():
            tiny.train(net, table, image, steps, losses.append)
        assert len(losses) == steps
        out = sigmatic.samplers.sample("ddpm", tiny.model(net, table), start, table.schedule(), disable=True)
        far[steps] = (out - image).abs().mean().item()
    assert sum(losses[-20:]) < 0.5 * sum(losses[:20])
    assert far[400] < 0.2 < 0.6 < far[0]


@pytest.mark.parametrize("count", [24, 1000])
def test_both_schedules_end_in_noise_alone(count):
    table = tiny.betas(count)
    assert len(table) == count and table.alphas_cumprod[-1] < 1e-4 and table.betas[0] < 0.005


def test_the_first_column_of_the_story_is_the_noise_and_the_last_the_result(monkeypatch):
    seen = []
    monkeypatch.setattr(story, "_cell", lambda x: seen.append(x) or Image.new("RGB", (9, 9)))
    assert cli.main(["demo", "story", *QUICK["story"]]) == 0
    rows = [seen[k : k + 6] for k in range(0, len(seen), 6)]
    assert len(rows) == 5 and all(torch.allclose(row[0], rows[0][0]) for row in rows[1:3])
    assert all(0.8 < row[0].std() < 1.2 for row in rows[3:]), "unit size, as the papers scale"
    assert digits.classify(rows[3][-1]).tolist() == list(story.DIGITS)
    assert [tiles.KINDS[k] for k in tiles.classify(rows[4][-1])] == list(story.KINDS)
    assert all(row[-1].abs().max() <= 1.001 for row in rows[:3]), "clip_denoised"


# The trajectory.


def _frames(path="sigmatic-trajectory.gif"):
    with Image.open(path) as moving:
        frames = []
        for k in range(moving.n_frames):
            moving.seek(k)
            frames.append(np.array(moving.convert("RGB")))
        return frames


def test_the_gif_has_a_frame_a_step_and_ends_at_rest():
    assert cli.main(["demo", "trajectory", "--steps", "7", "--count", "60", "--sampler", "heun"]) == 0
    frames = _frames()
    assert len(frames) == 8 and all(not np.array_equal(a, b) for a, b in pairwise(frames))
    with Image.open("sigmatic-trajectory.gif") as moving:
        moving.seek(7)
        assert moving.info["duration"] == trajectory.LAST_TIME and moving.info["loop"] == 0


def test_the_strip_shows_what_was_asked(monkeypatch):
    shown = []
    real = sheet.contact_sheet
    monkeypatch.setattr(sheet, "contact_sheet", lambda *parts: shown.append(parts) or real(*parts))
    argv = ["--steps", "12", "--frames", "4", "--count", "40", "--sampler", "dpmpp_2m_sde", "--eta", "0.5"]
    assert cli.main(["demo", "trajectory", *argv, "--space", "flow", "--seed", "4"]) == 0
    (cells,), _, columns, title, note = shown[0]
    assert len(cells) == 4 and title == "DPM++ 2M SDE"
    assert [c.split("\n")[0] for c in columns] == ["noise", "after step 4", "after step 8", "the end"]
    assert columns[0].endswith("sigma 1") and columns[-1].endswith("sigma 0")
    assert "12 steps, flow" in note and "seed 4" in note and "eta 0.5" in note


@pytest.mark.parametrize("total, count", [(2, 8), (9, 9), (21, 8), (1001, 120), (3, 2)])
def test_pictures_are_picked_evenly_with_both_ends(total, count):
    picked = trajectory.picked(total, count)
    assert picked[0] == 0 and picked[-1] == total - 1 and len(picked) == min(total, count)
    gaps = np.diff(picked)
    assert gaps.min() >= 1 and gaps.max() - gaps.min() <= 1


def test_the_cloud_is_drawn_at_one_size_all_the_way(monkeypatch):
    seen = []
    monkeypatch.setattr(
        trajectory.Points, "picture", lambda self, x, scale: seen.append(x.std().item()) or Image.new("RGB", (9, 9))
    )
    for space in ("ve", "flow"):
        assert cli.main(["demo", "trajectory", "--steps", "30", "--space", space, "--sampler", "heun"]) == 0
    assert min(seen) > 0.5 and max(seen) < 0.95, seen


# Kinds.


def test_kinds_say_how_far_they_are_apart_and_it_is_nothing(monkeypatch):
    notes = []
    real = sheet.contact_sheet
    monkeypatch.setattr(sheet, "contact_sheet", lambda *parts: notes.append(parts[-1]) or real(*parts))
    assert cli.main(["demo", "kinds", "--steps", "4"]) == 0
    (apart,) = re.findall(r"of a range of 2: ([\d.e-]+)", notes[0])
    assert float(apart) < 1e-3


# Mistakes.

WRONG = [
    (["demo", "stroy"], "did you mean story"),
    (["demo", "trajectories"], "did you mean trajectory"),
    (["demo", "story", "--train-steps", "0"], "'0' is not a whole number from 1"),
    (["demo", "story", "--steps", "5"], "--train-steps"),
    (["demo", "story", "--seed", "-1"], "--seed"),
    (["demo", "story", "--out", "p.gif"], "ends in .png"),
    (["demo", "story", "extra"], "extra"),
    (["demo", "trajectory", "--sampler", "eulr"], "did you mean euler"),
    (["demo", "trajectory", "--schedule", "karas"], "karras"),
    (["demo", "trajectory", "--sampler", "euler", "--eta", "1"], "eta is a parameter of"),
    (["demo", "trajectory", "--frames", "1"], "--frames"),
    (["demo", "trajectory", "--steps", "1001"], "--steps"),
    (["demo", "trajectory", "--count", "0"], "--count"),
    (["demo", "trajectory", "--out", "missing/p.png"], "no folder missing"),
    (["demo", "trajectory", "--out", "moving.png"], "moving.gif beside it is a folder"),
    (["demo", "kinds", "--steps", "x"], "--steps"),
    (["story"], "did you mean demo story"),
]


@pytest.mark.parametrize("argv, hint", WRONG, ids=[" ".join(argv) for argv, _ in WRONG])
def test_every_mistake_is_one_clear_line(argv, hint, capsys):
    Path("moving.gif").mkdir()
    assert cli.main(argv) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and shown.err.count("\n") == 1 and hint in shown.err, shown.err
    assert os.listdir() == ["moving.gif"]


def test_missing_weights_are_known_before_the_training(monkeypatch, capsys):
    def missing():
        raise RuntimeError("digits.safetensors: the weights are missing")

    monkeypatch.setattr(digits, "load", missing)
    monkeypatch.setattr(tiny, "train", lambda *_: pytest.fail("trained for nothing"))
    for topic in ("story", "kinds"):
        assert cli.main(["demo", topic]) == 2
        assert capsys.readouterr().err.count("\n") == 1
