"""Mistakes on the command line: one clear line on stderr, exit code 2, no file touched."""

import os
from pathlib import Path

import pytest

from sigmatic.demo import cli


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    """Every test starts in an empty folder of its own."""
    monkeypatch.chdir(tmp_path)


WRONG = [
    (["sample", "--sampler", "dpmpp2m"], "dpmpp_2m"),
    (["sample", "--schedule", "karas"], "karras"),
    (["demo", "--samplers", "euler", "huen"], "heun"),
    (["demo", "--schedule", "nope"], "nope"),
    (["sample", "--steps", "0"], "'0' is not a whole number from 1"),
    (["sample", "--steps", "2.5"], "--steps"),
    (["demo", "--steps", "4", "0"], "--steps"),
    (["sample", "--count", "0"], "--count"),
    (["sample", "--eta", "-1"], "eta is -1.0"),
    (["sample", "--eta", "much"], "eta is 'much'"),
    (["sample", "--eta", "nan"], "eta is nan"),
    (["sample", "--eta"], "--eta"),
    (["sample", "--rho", "0"], "rho is 0.0"),
    (["sample", "--solver-type", "euler"], "midpoint, heun"),
    (["sample", "--sampler", "euler", "--eta", "1"], "eta is a parameter of"),
    (["sample", "--schedule", "normal", "--rho", "7"], "parameter of karras"),
    (["sample", "--sigma-min", "5", "--sigma-max", "2"], "sigma_min is 5"),
    (["sample", "--sigma-min", "-1"], "--sigma-min"),
    (["sample", "--schedule", "normal", "--sigma-max", "900"], "900"),
    (["sample", "--space", "flow", "--sigma-max", "3"], "sigma goes from 1 to 0"),
    (["sample", "--space", "vp"], "vp"),
    (["sample", "--seed", "-1"], "'-1' is not a whole number from 0"),
    (["sample", "--seed", "x"], "--seed"),
    (["sample", "--digit", "10"], "'10' is not a digit"),
    (["sample", "--digit", "3"], "--digit"),  # of the mixture
    (["sample", "--kind", "wall"], "--kind"),  # of the mixture
    (["sample", "--kind", "potoin"], "did you mean potion"),
    (["demo", "--kinds", "potion", "swrd"], "no kind 'swrd'"),
    (["sample", "--model", "tiles", "--digit", "3"], "--model digits"),
    (["sample", "--model", "digits", "--kind", "wall"], "--model tiles"),
    (["sample", "--model", "tiles", "--count", "5000"], "room for 1000"),
    (["demo", "--cfg", "2"], "--cfg"),
    (["sample", "--out", "missing/p.png"], "no folder missing"),
    (["sample", "--out", "p.jpg"], "ends in .png"),
    (["sample", "--out", "file/p.png"], "file"),
    (["sample", "--out", "folder.png"], "is a folder"),
    (["sample", "--eat", "1"], "did you mean --eta"),
    (["samplers", "euler"], "euler"),
    (["bench", "eulr"], "did you mean euler"),
    (["bench", "--shape", "4"], "'4' is no shape"),
    (["bench", "--shape", "1x0x8"], "'1x0x8' is no shape"),
    (["bench", "--device", "toaster"], "'toaster' is no device"),
    (["bench", "--steps", "1"], "'1' is not a whole number from 2"),
    (["smaple"], "did you mean sample"),
    (["--verion"], "--verion"),
]


@pytest.mark.parametrize("argv, hint", WRONG, ids=[" ".join(argv) for argv, _ in WRONG])
def test_every_mistake_is_one_clear_line(argv, hint, capsys):
    Path("file").touch()
    Path("folder.png").mkdir()
    model = ["--model", "mixture"] if argv[0] in ("sample", "demo") and "--model" not in argv else []
    assert cli.main([*argv[:1], *model, *argv[1:]]) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and shown.err.count("\n") == 1 and hint in shown.err
    assert sorted(os.listdir()) == ["file", "folder.png"]


def test_ctrl_c_leaves_with_130_and_one_line(monkeypatch, capsys):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_run", interrupt)
    assert cli.main(["demo"]) == 130
    assert capsys.readouterr().err == "python -m sigmatic: interrupted\n"


def test_a_failed_run_leaves_an_older_picture_alone():
    Path("p.png").write_bytes(b"old")
    assert cli.main(["sample", "--model", "mixture", "--eta", "-1", "--out", "p.png"]) == 2
    assert Path("p.png").read_bytes() == b"old"
