"""Sigmatic Sweep on a stand-in host: the runs of a KSampler, kept, gone on with, and shown."""

import csv
import importlib
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

AXES = "sampler = sig_euler, sig_dpmpp_2m_sde\nsteps = 4, 6\neta = 0, 0.5\nseed = 3:5"


@pytest.fixture(autouse=True)
def outputs(tmp_path, monkeypatch):
    """A folder of outputs that is empty."""
    monkeypatch.setenv("SIGMATIC_TEST_USER", str(tmp_path))
    return tmp_path / "output" / "sigmatic_sweeps"


def sweep(pack, axes=AXES, given=None, **inputs):
    """(the sheet, rows of the CSV)."""
    out = pack.whole("SigmaticSweep", **{**(given or pack.links()), **inputs, "axes": axes})
    return out.args[0], list(csv.DictReader(io.StringIO(out.args[1])))


@pytest.fixture
def runs(pack, monkeypatch):
    """The runs that are made, as (sampler's name, steps); those for exact answers are sig_arc's."""
    seen, run = [], pack.part("running.run")
    sample = run.sample

    def counted(model, latent, sampler, sigmas, *args, **more):
        seen.append((sigmas.tolist(), more["seed"]))
        return sample(model, latent, sampler, sigmas, *args, **more)

    monkeypatch.setattr(run, "sample", counted)
    return seen


def content(folder):
    """{key: row}, without what differs from run to run."""
    rows = [json.loads(path.read_text()) for path in (folder / "rows").glob("*.json")]
    return {row["key"]: {name: value for name, value in row.items() if name != "seconds"} for row in rows}


@pytest.mark.parametrize("kind", ["eps", "flow"])
def test_every_run_is_that_of_a_ksampler_and_its_error_that_to_the_exact_answer(pack, outputs, kind):
    given = pack.links(kind)
    axes = "sampler = sig_dpmpp_2m, sig_euler_ancestral; schedule = sig_exponential; steps = 5"
    axes += "\ncfg = 2; eta = 0, 0.5; seed = 3"
    _, rows = sweep(pack, axes, given)
    assert len(rows) == 3, "sig_dpmpp_2m has no eta"
    exact = pack.part("measuring.fit_runs").EXACT
    model = pack.run("SigmaticSettings", model=given["model"], more="corrector = on; last = integrate")
    run = {"model": model, "sampler": "sig_arc", "schedule": "sig_arc", "steps": exact[2], "cfg": 2.0, "seed": 3}
    answer = pack.line(kind, **run).double()
    by_eta = {row["eta"]: row for row in rows}
    for eta, sampler in (("", "sig_dpmpp_2m"), ("0", "sig_euler_ancestral"), ("0.5", "sig_euler_ancestral")):
        ours = pack.line(
            kind, sampler=sampler, schedule="sig_exponential", steps=5, cfg=2.0, seed=3, eta=float(eta or 1)
        )
        digest = {row["digest"] for row in content(outputs / "sweep").values()}
        assert pack.part("measuring.sweep_runs")._digest(ours) in digest
        if eta == "0.5":
            assert by_eta[eta]["error"] == "", "it adds noise of its own"
        else:
            apart = float((ours.double() - answer).square().mean().sqrt())
            assert float(by_eta[eta]["error"]) == pytest.approx(apart, rel=1e-3)
    assert by_eta[""]["evaluations"] == "5"


def test_what_is_done_is_never_run_again_and_a_larger_sweep_goes_on(pack, outputs, runs):
    given = pack.links()
    _, rows = sweep(pack, given=given)
    exact = 2  # one a seed
    assert len(rows) == (1 + 2) * 2 * 2 and len(runs) == len(rows) + exact
    before = content(outputs / "sweep")
    sheet, again = sweep(pack, given=given)
    assert again == rows and len(runs) == len(rows) + exact
    _, more = sweep(pack, AXES.replace("4, 6", "4, 5, 6"), given)
    assert len(more) == 18 and len(runs) == len(more) + exact, "exact answers are kept, too"
    after = content(outputs / "sweep")
    assert {key: after[key] for key in before} == before
    assert sheet.shape[0] == 1 and sheet.shape[3] == 3
    for changed in ({"latent_image": pack.run("SigmaticDemoLatent", batch_size=1)},
                    {"positive": pack.run("SigmaticDemoPrompt", digit="4")},
                    {"model": pack.run("SigmaticSettings", model=given["model"], s_noise=0.9)},
                    {"model": pack.run("SigmaticDemoModel", model="mixture", parametrisation="v")}):  # fmt: skip
        count = len(runs)
        sweep(pack, "sampler = sig_euler\nsteps = 4\nseed = 3", {**given, **changed})
        assert len(runs) == count + 2, f"another {next(iter(changed))} is another run"


def test_a_stopped_sweep_keeps_what_is_done_and_ends_like_one_that_was_not(pack, outputs, runs, monkeypatch):
    given = pack.links()
    sweep(pack, given=given, name="whole")
    measured, ended = pack.part("measuring.trials").measured, []

    def stop(*args):
        ended.append(1)
        if len(ended) == 6:
            raise KeyboardInterrupt
        return measured(*args)

    monkeypatch.setattr(pack.part("measuring.trials"), "measured", stop)
    with pytest.raises(KeyboardInterrupt):
        sweep(pack, given=given)
    assert len(content(outputs / "sweep")) == 5
    assert data_of(outputs / "sweep" / "report.html")["cells"] == 5, "the report is of what is there"
    count = len(runs)
    sweep(pack, given=given)
    assert len(runs) - count <= 12 - 5 + 2
    whole, parts = content(outputs / "whole"), content(outputs / "sweep")
    assert whole == parts
    assert all((outputs / "whole" / "pictures" / f"{key}.png").read_bytes()
               == (outputs / "sweep" / "pictures" / f"{key}.png").read_bytes() for key in whole)  # fmt: skip


def data_of(page):
    return json.loads(re.search(r'id="data">(.*)</script>', page.read_text("utf-8"))[1])


def test_the_report_shows_the_runs_of_these_axes_with_their_pictures(pack, outputs):
    given = pack.links()
    sweep(pack, given=given)
    _, rows = sweep(pack, "sampler = sig_euler, sig_heun\nsteps = 6\nseed = 3:5", given)
    data = data_of(outputs / "sweep" / "report.html")
    assert data["cells"] == len(rows) == 4 and len(data["rows"]) == 2, "a row a setting, over its seeds"
    pictures = [outputs / "sweep" / "pictures" / f"{one['key']}.png" for one in data["pictures"]]
    assert len(pictures) == 4 and all(Image.open(path).size == (64, 32) for path in pictures)
    for line in data["presets"].values():
        (entry,) = pack.part("measuring.entries").read(line)
        assert entry.steps == 6 and entry.schedule == "sig_karras"


def test_the_sheet_has_seeds_across_and_a_row_a_setting(pack, outputs):
    given = pack.links(batch=1)
    sheet, rows = sweep(pack, "sampler = sig_euler, sig_heun\nsteps = 4\nseed = 3:6", given, size=64)
    wide = pack.part("measuring.sweep_sheet")
    shown = (sheet[0] * 255).round().byte().numpy()
    for row in content(outputs / "sweep").values():
        with Image.open(outputs / "sweep" / "pictures" / f"{row['key']}.png") as picture:
            large = np.asarray(picture.convert("RGB").resize((64, 64), Image.Resampling.NEAREST))
        windows = np.lib.stride_tricks.sliding_window_view(shown[:, :, 0], (1, 64))[:, :, 0]
        rows_of = [(y, x) for y, x in np.argwhere((windows == large[0, :, 0]).all(-1))
                   if np.array_equal(shown[y : y + 64, x : x + 64], large)]  # fmt: skip
        assert len(rows_of) == 1, row
    many = [{"key": "k", "seed": seed, "steps": steps} for seed in range(9) for steps in range(300)]
    files = outputs / "one.png"
    Image.new("RGB", (32, 32)).save(files)
    sheet = wide.sheet(many, ["steps", "seed"], lambda _: files, 1, 256)
    assert max(sheet.shape[1:3]) <= wide.LONGEST
    assert len(rows) == 6


WRONG = {
    "sampler = sig_eulr": r"axes, line 1: sampler is 'sig_eulr', which is not there: did you mean sig_euler",
    "seed = 1\nschedule = sig_kar": "axes, line 2: schedule is 'sig_kar'",
    "steps = 4\netta = 1\nsampler = sig_euler_ancestral": "axes, line 2: etta: no sampler .*did you mean eta",
    "eta = 1\nsampler = sig_euler": "axes, line 1: eta: no sampler or schedule of these axes takes it",
    "sampler = sig_euler_ancestral\n\neta = 0, -1": "axes, line 3: eta is -1",
    "steps = 0, 4": "axes, line 1: steps is 0: give a whole number from 1",
    "steps = 4\nevaluations = 8": "axes, line 2: steps and evaluations: give one",
    "cfg = high": "axes, line 1: cfg is 'high': give a number",
    "denoise = 0": "axes, line 1: denoise is 0",
    "seed = -1": "axes, line 1: seed is -1",
    "sampler = sig_dpm_adaptive\nevaluations = 2": "axes, line 2: sig_dpm_adaptive needs .* evaluations or more",
    "sampler = euler\nskip sampler = euler": "axes, line 2: skip leaves nothing to run",
    'sampler = euler_ancestral\neta = "0:1, 50:0"': "axes, line 1: euler_ancestral: a sampler .* no curves",
}


@pytest.mark.parametrize("axes, says", WRONG.items(), ids=[repr(one)[:40] for one in WRONG])
def test_a_mistake_is_said_with_its_line_before_anything_runs(pack, axes, says, runs, outputs):
    with pytest.raises(ValueError, match=says):
        sweep(pack, axes)
    assert runs == [] and not outputs.exists()


def test_a_run_that_starts_at_the_models_last_level_has_an_answer_too(pack):
    _, rows = sweep(pack, "sampler = sig_heun\nevaluations = 1\ndenoise = 0.5")
    assert float(rows[0]["error"]) == 0, "one evaluation is all that there is to do"


def test_names_are_refused_before_anything_is_queued(pack):
    check = pack.nodes["SigmaticSweep"].validate_inputs
    assert check(axes=AXES, name="a") is True and check() is True
    assert "line 1" in check(axes="sampler = nobody") and "name is '../x'" in check(name="../x")


def test_a_strange_samplers_noise_is_found_by_a_trial(pack, monkeypatch):
    theirs = importlib.import_module("comfy.k_diffusion.sampling")

    def noisy(model, x, sigmas, extra_args=None, callback=None, disable=None):
        return model(x, sigmas[0] * x.new_ones(len(x)), **extra_args) + torch.randn_like(x)

    monkeypatch.setattr(theirs, "sample_noisy", noisy, raising=False)
    importlib.import_module("comfy.samplers").SAMPLER_NAMES.append("noisy")
    _, rows = sweep(pack, "sampler = noisy, euler\nschedule = simple\nsteps = 3")
    assert [bool(row["error"]) for row in rows] == [False, True]


def test_a_run_that_fails_takes_no_other_along(pack, outputs, monkeypatch):
    theirs = importlib.import_module("comfy.k_diffusion.sampling")

    def picky(model, x, sigmas, extra_args=None, callback=None, disable=None, strength=1.0):
        if strength > 1 and type(model).__name__ != "_Trial":
            raise ValueError("too strong")
        return model(x, sigmas[0] * x.new_ones(len(x)), **extra_args)

    monkeypatch.setattr(theirs, "sample_picky", picky, raising=False)
    importlib.import_module("comfy.samplers").SAMPLER_NAMES.append("picky")
    with pytest.raises(ValueError, match=r"1 of 3 runs cannot be done; the others are kept.*too strong"):
        sweep(pack, "sampler = picky, sig_euler\nschedule = simple\nsteps = 3\nstrength = 1, 2")
    assert len(content(outputs / "sweep")) == 2 == data_of(outputs / "sweep" / "report.html")["cells"]


def test_a_damaged_row_is_run_again(pack, outputs, runs, caplog):
    given = pack.links()
    sweep(pack, given=given)
    (first, second, *_) = sorted((outputs / "sweep" / "rows").glob("*.json"))
    first.write_text("{")
    (outputs / "sweep" / "pictures" / f"{second.stem}.png").unlink()
    count = len(runs)
    sweep(pack, given=given)
    assert len(runs) == count + 2 and "damaged" in caplog.text


def test_the_routes_serve_the_report_and_its_pictures_and_nothing_else(pack, outputs, tmp_path):
    sweep(pack, "sampler = sig_euler\nsteps = 3")
    served = pack.part("measuring.sweep_files").served
    (picture,) = (outputs / "sweep" / "pictures").iterdir()
    assert served("sweep") == outputs / "sweep" / "report.html" and served("sweep", "pictures", picture.name) == picture
    (tmp_path / "secret.png").write_text("x")
    (outputs / "sweep" / "pictures" / ("0" * 32 + ".png")).symlink_to(tmp_path / "secret.png")
    for parts in (("..",), ("nobody",), ("sweep", "rows", "x.json"), ("sweep", "pictures", "../report.html"),
                  ("sweep", "pictures", "0" * 32 + ".png"), ("sweep", "pictures"), ("sweep/../sweep",)):  # fmt: skip
        assert served(*parts) is None, parts
    assert Path(served("sweep")).read_text("utf-8").startswith("<!doctype html>")


def test_nothing_of_it_needs_what_only_the_command_line_has():
    """In ComfyUI there is no Ray, no pyarrow and no room `sweeps`."""
    root = Path(__file__).resolve().parents[1]
    for file in [*(root / "grid").glob("*.py"), *(root / "nodes").rglob("*.py")]:
        assert not re.search(r"^\s*(import|from) (ray|pyarrow)\b", file.read_text("utf-8"), re.M), file
