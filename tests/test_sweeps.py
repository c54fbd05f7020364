"""Sweeps without Ray: plans, what they come to, the store, the report; and the command line, in one process."""

import json
import os
import re
from pathlib import Path

import pytest
import torch
from fakehost.host import Pack, fake_host
from hypothesis import given, settings, strategies as st

import sigmatic
from sigmatic.demo import cli
from sigmatic.grid import report as pages
from sigmatic.sweeps import cells, plan as plans, report, serial, store, work as works

AXES = {"sampler": ["euler", "dpmpp_2m", "dpmpp_2m_sde"], "schedule": ["karras"], "steps": [4, 6], "seed": "0:2"}
DATA = {"axes": AXES, "fixed": {"batch": 4}, "source": {"model": "mixture"}, "out": {"dir": "out"}}


def changed(**sections):
    """The sections of a small plan, with some of them changed."""
    return {**DATA, **sections}


def written(folder, **sections):
    """The same as a file."""
    lines = []
    for name, table in changed(**sections).items():
        for one in table if isinstance(table, list) else [table]:
            lines.append(f"[[{name}]]" if isinstance(table, list) else f"[{name}]")
            lines += [f"{json.dumps(key)} = {json.dumps(value)}" for key, value in one.items()]
    file = folder / "plan.toml"
    file.write_text("\n".join(lines), "utf-8")
    return file


def run(plan):
    """Its rows, run here."""
    work = cells.work(plan)
    with store.Store(plan.out) as results:
        outcome = serial.serial(plan, store.missing(work, results.done()), results)
        assert outcome.failed == []
        return store.content(results.table()), outcome.done


WRONG = [
    ({"axis": {}}, r"\[axis\]: no such section: did you mean \[axes\]"),
    ({"axes": {}}, r"\[axes\]: empty"),
    ({"axes": {"seed": "eight"}}, r"seed is 'eight': give a list, or a range"),
    ({"axes": {"seed": "8:0"}}, "empty or too long"),
    ({"axes": {"seed": []}}, "a list with something in it"),
    ({"axes": {"seed": [1, 1]}}, "twice"),
    ({"axes": {"eta": [float("nan")]}}, "finite"),
    ({"axes": {"seed": "0:100000", "steps": "1:1000"}}, "combinations, at most"),
    ({"fixed": {"seed": 1}}, r"seed: both in \[axes\] and in \[fixed\]"),
    ({"skip": [{"eta": 1}]}, r"\[\[skip\]\] eta: neither"),
    ({"skip": {"eta": 1}}, r"\[\[skip\]\]"),
    ({"source": {}}, "either model = .* or servers"),
    ({"source": {"model": "mixture", "slots": {}}}, "slots: goes with model only"),
    ({"source": {"model": "none.py"}}, "there is no file"),
    ({"source": {"model": "mixtur"}}, "mixtur"),
    ({"out": {}}, r"\[out\]: give dir"),
    ({"limits": {"seconds": "long"}}, r"\[limits\] seconds is 'long'"),
    ({"axes": {**AXES, "sampler": ["eulr"]}}, "eulr.*euler"),
    ({"axes": {**AXES, "schedule": ["karas"]}}, "karas.*karras"),
    ({"axes": {**AXES, "etta": [1]}}, "etta: no sampler or schedule of the plan takes it: did you mean eta"),
    ({"axes": {**AXES, "steps": [0]}}, "steps is 0: give a whole number from 1"),
    ({"axes": {**AXES, "steps": [True]}}, "steps is True"),
    ({"axes": {**AXES, "space": ["vp"]}}, "space is 'vp': give flow or ve"),
    ({"axes": {**AXES, "evaluations": [8]}}, "steps and evaluations: give one"),
    ({"axes": {**AXES, "eta": [-1.0]}}, "eta"),
    ({"axes": {**AXES, "cfg": ["high"]}, "source": {"model": "digits"}}, "cfg is 'high': give a number"),
    ({"axes": {"sampler": ["dpm_adaptive"], "evaluations": [30]}}, "dpm_adaptive chooses its own"),
    ({"axes": {"sampler": ["ddpm_learned"]}}, "variance"),
    ({"axes": {**AXES, "cfg": [2.0]}}, "cfg: the model mixture has no prompt"),
    ({"axes": {"prompt": ["12"]}, "source": {"model": "digits"}}, "12"),
    ({"axes": {"prompt": ["dragn"]}, "source": {"model": "tiles"}}, "dragn"),
    ({"skip": [{"schedule": "karras"}]}, "leaves nothing to run"),
]


@pytest.mark.parametrize("sections, says", WRONG, ids=[str(sections)[:50] for sections, _ in WRONG])
def test_what_is_wrong_with_a_plan_is_said_before_anything_runs(sections, says, tmp_path, monkeypatch):
    monkeypatch.setattr(works.ModelRunner, "run", lambda *_: pytest.fail("a model is run"))
    with pytest.raises(ValueError, match=says):
        cells.work(plans.parse(changed(**sections), tmp_path))
    assert not os.listdir(tmp_path)


def test_a_parameter_that_nobody_takes_in_a_cell_is_no_second_run(tmp_path):
    work = cells.work(plans.parse(changed(axes={**AXES, "eta": [0.0, 0.5, 1]}), tmp_path))
    assert len(work.cells) == 2 * 2 * (1 + 1 + 3), "euler and dpmpp_2m have no eta"
    assert work.evaluations == sum(cell.values["steps"] for cell in work.cells)
    again = cells.work(plans.parse(changed(axes={**AXES, "eta": [0, 0.5, 1.0]}), tmp_path))
    assert {cell.key for cell in again.cells} == {cell.key for cell in work.cells}, "1 is 1.0"


def test_equal_evaluations_are_the_most_steps_that_fit(tmp_path):
    axes = {"sampler": ["euler", "heun", "rk4"], "evaluations": [12, 13]}
    work = cells.work(plans.parse(changed(axes=axes, fixed={}), tmp_path))
    for cell in work.cells:
        cost = cells.price(cell.values)
        assert cost <= 13 and cells.price({**cell.values, "steps": cell.values["steps"] + 1}) > 12
    assert {c.values["steps"] for c in work.cells if c.values["sampler"] == "euler"} == {12, 13}
    assert "evaluations" not in work.cells[0].values


def test_what_is_skipped(tmp_path):
    skip = [{"sampler": ["euler", "dpmpp_2m"], "steps": 4}, {"seed": 1}]
    work = cells.work(plans.parse(changed(skip=skip), tmp_path))
    left = {(cell.values["sampler"], cell.values["steps"], cell.values["seed"]) for cell in work.cells}
    assert left == {("euler", 6, 0), ("dpmpp_2m", 6, 0), ("dpmpp_2m_sde", 4, 0), ("dpmpp_2m_sde", 6, 0)}


@settings(max_examples=30)
@given(st.data())
def test_the_key_is_of_the_run_not_of_the_plan(data):
    """The same run in another order of axes, or fixed: the same key. Any other value, or model file: another one."""
    names = data.draw(st.permutations(list(AXES)))
    plan = plans.parse(changed(axes={name: AXES[name] for name in names}))
    keys = {cell.key for cell in cells.work(plan).cells}
    assert keys == {cell.key for cell in cells.work(plans.parse(DATA)).cells} and len(keys) == 12
    single = {name: plan.axes[name][0] for name in names}
    alone = {"seed": [single.pop("seed")]}
    (cell,) = cells.work(plans.parse(changed(axes=alone, fixed={**single, "batch": 4}))).cells
    assert cell.key in keys
    (other,) = cells.work(plans.parse(changed(axes=alone, fixed={**single, "batch": 5}))).cells
    assert other.key not in keys


def test_a_row_is_the_run_itself(tmp_path):
    plan = plans.parse(changed(axes={**AXES, "space": ["ve", "flow"]}, fixed={"batch": 3, "schedule.rho": 5}), tmp_path)
    rows, _ = run(plan)
    assert len(rows) == 24
    for row in rows:
        assert row["evaluations"] == row["steps"] and row["schedule.rho"] == 5.0
        noisy = row["sampler"] == "dpmpp_2m_sde"
        assert (row["error"] is None) == noisy and (noisy or row["error"] > 0) and row["distance"] >= 0
    (row,) = [r for r in rows if (r["sampler"], r["steps"], r["seed"], r["space"]) == ("dpmpp_2m", 6, 1, "ve")]
    about = works.subject.Points(3)
    sigmas = sigmatic.schedulers.sigmas("karras", 6, rho=5.0)
    options = {"space": "ve", "seed": 1, "params": {}, "tick": lambda _: None}
    x0 = works.subject.run(about, "dpmpp_2m", sigmas, **options)
    exact = works.subject.run(about, "rk4", sigmatic.schedulers.sigmas("karras", 400), **options)
    assert row["error"] == pytest.approx(float((x0 - exact).square().mean().sqrt()), rel=1e-3)


def test_what_is_done_is_never_run_again(tmp_path):
    plan = plans.parse(DATA, tmp_path)
    first, done = run(plan)
    assert done == 12 and run(plan) == (first, 0)
    wider = plans.parse(changed(axes={**AXES, "steps": [4, 5, 6], "eta": [0.5, 0.9]}), tmp_path)
    rows, done = run(wider)
    assert done == 2 * 2 + 3 * 2 * 2 and len(rows) == 12 + done, "eta is another run of the noisy one alone"
    kept = {row["key"]: row for row in rows}
    assert all(kept[row["key"]]["digest"] == row["digest"] for row in first)


def test_a_file_of_the_users_is_a_source(tmp_path):
    file = tmp_path / "model.py"
    file.write_text("SHAPE = (3, 8, 8)\ndef model(x, sigma):\n    return x / (1 + sigma[:, None, None, None] ** 2)\n")
    sections = {"source": {"model": "model.py"}, "out": {"dir": "out", "pictures": True}}
    plan = plans.parse(changed(**sections), tmp_path)
    rows, done = run(plan)
    assert done == 12 and len(list((tmp_path / "out" / "pictures").glob("*.png"))) == 12
    file.write_text(file.read_text().replace("1 +", "2 +"))
    assert run(plans.parse(changed(**sections), tmp_path))[1] == 12, "another model is another run"
    file.write_text("SHAPE = (1,)\n")
    with pytest.raises(ValueError, match="has no model"):
        works.runner(plans.parse(changed(**sections), tmp_path)).run(rows[0])


def test_two_sweeps_do_not_write_to_one_folder(tmp_path):
    with store.Store(tmp_path), pytest.raises(ValueError, match="another sweep writes"), store.Store(tmp_path):
        pass


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_loses_no_row_that_was_there(tmp_path, monkeypatch):
    plan = plans.parse(DATA, tmp_path)
    wanted, _ = run(plans.parse(changed(out={"dir": "reference"}), tmp_path))
    monkeypatch.setattr(serial, "FLUSH_SECONDS", 0)
    ticks = []

    def fill():
        ticks.append(1)
        if len(ticks) == 5:
            (plan.out / "writing.tmp").symlink_to("/dev/full")

    with store.Store(plan.out) as results, pytest.raises(OSError, match=r"cannot be written.*start again"):
        serial.serial(plan, cells.work(plan).cells, results, fill)
    (plan.out / "writing.tmp").unlink()
    rows, done = run(plan)
    assert rows == wanted and done == 12 - 5, "five had a part"


def test_the_command_runs_says_and_resumes(tmp_path, capsys):
    file = written(tmp_path)
    assert cli.main(["sweep", str(file), "--check"]) == 0
    out = capsys.readouterr().out
    assert "12 cells, 60 model evaluations; 0 are there already, 12 to run" in out and "s a cell" in out
    assert cli.main(["sweep", str(file), "--workers", "0"]) == 0
    assert cli.main(["sweep", str(file), "--workers", "0"]) == 0
    assert "12 are there already, 0 to run" in capsys.readouterr().out
    assert cli.main(["sweep", str(written(tmp_path, axes={}))]) == 2
    assert "[axes]: empty" in capsys.readouterr().err
    assert cli.main(["sweep", str(tmp_path / "none.toml")]) == 2


def page_data(page):
    return json.loads(re.search(r'id="data">(.*)</script>', page)[1])


def test_the_report_is_small_whole_and_safe(tmp_path):
    plan = plans.parse(changed(axes={**AXES, "seed": "0:3"}), tmp_path)
    run(plan)
    with store.Store(plan.out) as results:
        page = Path(report.write(plan, results)).read_text("utf-8")
    data = page_data(page)
    assert data["cells"] == 18 and len(data["rows"]) == 6 and all(row["runs"] == 3 for row in data["rows"])
    assert not re.search(r"(src|href)=.?https?:|@import|url\(", page), "works without a network"
    assert page.count("</script>") == 2 and "/*DATA*/" not in page
    many = [
        {"sampler": f"</script>{i}", "steps": i, "seed": 0, "key": str(i), "evaluations": i + 1, "error": 1 / (i + 1),
         "distance": None, "seconds": 0.123456, "digest": "0" * 32, "where": "here", "sigmatic": "0", "torch": "0"}
        for i in range(20_000)
    ]  # fmt: skip

    class Many(store.Store):
        def table(self, columns=None):
            return type("Table", (), {"to_pylist": staticmethod(lambda: many)})

    page = Path(report.write(plan, Many(plan.out))).read_text("utf-8")
    assert len(page.encode()) < 5e6 and page.count("</script>") == 2
    assert page_data(page)["left_out"] == 20_000 - pages.ROWS_AT_MOST


@settings(max_examples=100)
@given(st.lists(st.tuples(st.integers(1, 9), st.none() | st.floats(0.01, 1)), max_size=12))
def test_nothing_beats_the_front_and_something_beats_the_rest(points):
    rows = [{"evaluations": cost, "error": error} for cost, error in points]
    front = pages.pareto(rows)

    def beats(a, b):
        less = a["evaluations"] <= b["evaluations"] and a["error"] <= b["error"]
        return less and (a["evaluations"], a["error"]) != (b["evaluations"], b["error"])

    known = [row for row in rows if row["error"] is not None]
    for i, row in enumerate(rows):
        if row["error"] is None:
            assert i not in front
        elif i in front:
            assert not any(beats(other, row) for other in known)
        else:
            same = [rows[j] for j in front if rows[j] == row]
            assert same or any(beats(other, row) for other in known)


def test_a_preset_of_the_report_is_a_line_of_compare(tmp_path):
    axes = {"sampler": ["dpmpp_2m_sde"], "schedule": ["karras"], "eta": [0.5], "rho": [5.0], "steps": [6]}
    rows, _ = run(plans.parse(changed(axes=axes), tmp_path))
    text = pages.preset({name: value for name, value in rows[0].items() if value is not None and name != "seed"})
    with fake_host() as module:
        pack = Pack(module)
        (line,) = pack.part("measuring.entries").read(text)
        assert (line.sampler, line.schedule, line.steps) == ("sig_dpmpp_2m_sde", "sig_karras", 6)
        assert line.sampler_options["eta"] == 0.5 and line.schedule_options["rho"] == 5.0


def test_a_cell_that_fails_takes_no_other_along(tmp_path):
    file = tmp_path / "model.py"
    file.write_text(
        "import torch\nSHAPE = (2,)\ndef model(x, sigma):\n"
        "    if len(x) == 3: raise RuntimeError('too many')\n    return x / (1 + sigma[:, None] ** 2)\n"
    )
    axes = {"sampler": ["euler"], "seed": "0:2", "batch": [2, 3]}
    plan = plans.parse(changed(axes=axes, fixed={}, source={"model": "model.py"}), tmp_path)
    with store.Store(plan.out) as results:
        outcome = serial.serial(plan, cells.work(plan).cells, results)
        assert outcome.done == 2 and [why for _, why in outcome.failed] == ["RuntimeError: too many"] * 2
        assert len(results.done()) == 2, "what failed has no row, and is tried again"
    assert torch.get_num_threads() == 1
