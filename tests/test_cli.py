"""The command line as people meet it: files that are written, lists, and one clear line for every mistake."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import sigmatic
from sigmatic.demo import cli, cost, digits, pictures, subject

SMALL = ("--model", "mixture", "--count", "20", "--steps", "3")


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    """Every test starts in an empty folder of its own."""
    monkeypatch.chdir(tmp_path)


def process(*argv, code=None, **env):
    """A real run in a process of its own."""
    start = ["-c", code, *argv] if code else ["-m", "sigmatic", *argv]
    done = subprocess.run([sys.executable, *start], capture_output=True, text=True, env={**os.environ, **env})
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def fake_digits(monkeypatch):
    """A digit network that draws each digit as a flat grey; records what it was asked."""
    asked = []

    def denoiser(labels, *, space="ve", cfg=1.0, uncond=False):
        asked.append((list(labels), space, cfg))
        grey = torch.tensor([-1.0 if label is None else label / 5 - 1 for label in labels])
        return lambda x, sigma, **_: grey[:, None, None, None].expand_as(x)

    monkeypatch.setattr(digits, "load", lambda: None, raising=False)
    monkeypatch.setattr(digits, "denoiser", denoiser, raising=False)
    monkeypatch.setattr(
        digits, "to_images", lambda x0: [np.uint8(127 * (1 - item[0])) for item in x0.numpy()], raising=False
    )
    return asked


# What a person types, for real.


def test_demo_writes_the_default_file_and_prints_its_path():
    code, out, err = process("demo", "--model", "mixture", "--samplers", "euler", "heun", "--steps", "2", "3")
    assert (code, out) == (0, "sigmatic-demo.png\n")
    assert "step" in err and "Traceback" not in err  # the progress bar
    with Image.open("sigmatic-demo.png") as picture:
        assert picture.format == "PNG" and picture.width > 400 and picture.height > 400
    assert os.listdir() == ["sigmatic-demo.png"]


def test_a_bad_name_is_one_line_and_exit_code_2():
    code, out, err = process("sample", "--sampler", "eulr")
    assert (code, out) == (2, "")
    assert err.count("\n") == 1 and "eulr" in err and "euler" in err
    assert not os.listdir()


def test_version_and_help_need_no_torch():
    trap = "import sys; sys.modules['torch'] = None; from sigmatic.demo.cli import main; sys.exit(main(sys.argv[1:]))"
    assert process("--version", code=trap) == (0, f"sigmatic {sigmatic.__version__}\n", "")
    code, out, _ = process(code=trap)
    assert code == 0 and all(command in out for command in cli.COMMANDS)


def test_missing_pillow_says_what_to_install():
    trap = "import sys; sys.modules['PIL'] = None; from sigmatic.demo.cli import main; sys.exit(main(sys.argv[1:]))"
    code, out, err = process("demo", code=trap)
    assert (code, out) == (2, "") and "pip install pillow" in err and err.count("\n") == 1
    assert process("schedules", code=trap)[0] == 0  # what draws nothing needs none


def test_a_file_name_that_the_terminal_cannot_write_is_no_error():
    code, out, _ = process("sample", *SMALL, "--out", "größe.png", PYTHONIOENCODING="ascii")
    assert (code, out) == (0, "gr\\xf6\\xdfe.png\n") and os.listdir() == ["größe.png"]


def test_a_reader_that_leaves_early_is_no_error():
    pipe = "import subprocess, sys; p = subprocess.Popen([sys.executable, '-m', 'sigmatic', 'samplers', '--json'], "
    pipe += "stdout=subprocess.PIPE, stderr=subprocess.PIPE); p.stdout.close(); "
    pipe += "sys.stderr.write(p.stderr.read().decode()); sys.exit(p.wait())"
    assert process(code=pipe) == (0, "", "")


# Lists.


@pytest.mark.parametrize("command, registry", [("samplers", "samplers"), ("schedules", "schedulers")])
def test_lists_name_everything_there_is(command, registry, capsys):
    names = getattr(sigmatic, registry).names()
    assert cli.main([command, "--json"]) == 0
    listed = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert tuple(entry["name"] for entry in listed) == names
    assert cli.main([command]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert tuple(line.split()[0] for line in lines[1:] if line[:1].strip()) == names
    for entry in listed:
        spec = getattr(sigmatic, registry).get(entry["name"])
        assert [p["name"] for p in entry["params"]] == [p.name for p in spec.params]
        assert entry["summary"] == spec.summary and "build" not in entry


@pytest.mark.parametrize("command", ["samplers", "schedules"])
def test_lists_fit_the_terminal(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    assert cli.main([command]) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 100
    assert {"samplers": "max_evaluations=200", "schedules": "Parameters: rho=7"}[command] in " ".join(text.split())


@pytest.mark.parametrize("space", ["ve", "flow"])
def test_bench_runs_every_sampler_and_counts_its_evaluations(space, capsys, monkeypatch):
    monkeypatch.setattr(cost, "ROUNDS", 1)
    assert cli.main(["bench", "--steps", "4", "--shape", "1x1x4x4", "--space", space]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [line.split() for line in lines[lines.index("") + 2 :]]
    assert tuple(name for name, *_ in rows) == sigmatic.samplers.names()
    sigmas = sigmatic.schedulers.sigmas("karras" if space == "ve" else "simple", 4, space=space)
    for name, evaluations, step, passes in rows:
        assert float(step) > 0 and float(passes) > 0
        if not sigmatic.samplers.get(name).adaptive:
            assert int(evaluations) == sigmatic.samplers.table(name, sigmas, space=space).evaluations


@pytest.mark.parametrize("command", list(cli.COMMANDS))
def test_every_command_has_help(command, capsys):
    assert cli.main([command, "--help"]) == 0
    assert "usage: python -m sigmatic " + command in capsys.readouterr().out


@pytest.mark.parametrize("command", ["sample", "demo trajectory"])
def test_help_of_a_run_fits_two_screens(command, capsys):
    cli.main([*command.split(), "--help"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"usage: python -m sigmatic {command} [OPTION ...]"
    assert len(lines) <= 72 and "--help [NAME]" in "\n".join(lines)


@pytest.mark.parametrize("registry", [sigmatic.samplers, sigmatic.schedulers], ids=["samplers", "schedules"])
def test_help_of_a_name_lists_its_parameters(registry, capsys):
    for name in registry.names():
        assert cli.main(["sample", "--help", name]) == 0
        words = " ".join(capsys.readouterr().out.split())
        assert registry.get(name).summary.split()[0] in words
        for param in registry.get(name).params:
            text = f"Default {param.default}" if param.choices else f"Default {param.default}, {param.allowed}."
            assert "--" + param.name.replace("_", "-") in words and text in words, (name, words)
    assert cli.main(["sample", "--help", "eulr"]) == 2
    assert "--help eulr: did you mean euler" in capsys.readouterr().err


# Pictures.


def _bytes(*argv):
    assert cli.main(["sample", *SMALL, *argv, "--out", "p.png"]) == 0
    return Path("p.png").read_bytes()


@pytest.mark.parametrize("space", ["ve", "flow"])
@pytest.mark.parametrize("sampler", [n for n in sigmatic.samplers.names() if n != "ddpm_learned"])
def test_every_sampler_draws_and_the_same_seed_gives_the_same_bytes(sampler, space):
    argv = ("--sampler", sampler, "--space", space, "--seed", "5")
    assert _bytes(*argv) == _bytes(*argv)


@pytest.mark.parametrize("schedule", sigmatic.schedulers.names())
def test_every_schedule_draws(schedule):
    assert _bytes("--schedule", schedule).startswith(b"\x89PNG")


def test_seed_and_parameters_reach_the_picture():
    def pixels(*argv):
        _bytes(*argv)
        return Image.open("p.png").crop((0, 130, 300, 400)).tobytes()  # without the words above it

    plain = pixels()
    for change in (("--seed", "1"), ("--eta", "0"), ("--s-noise", "0.5"), ("--rho", "3"), ("--sigma-max", "5")):
        assert pixels(*change) != plain, change
    assert pixels("--eta", "1.0") == plain


def test_the_file_says_how_it_was_made():
    _bytes("--seed", "3", "--eta", "0.5")
    said = Image.open("p.png").info["sigmatic"]
    assert "'seed': 3" in said and "dpmpp_2m_sde" in said and "0.5" in said


def test_digits_get_their_labels_and_guidance(fake_digits):
    assert cli.main(["sample", "--model", "digits", "--count", "12", "--steps", "2", "--cfg", "3"]) == 0
    assert fake_digits == [([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1], "ve", 3.0)]
    fake_digits.clear()
    assert cli.main(["sample", "--model", "digits", "--count", "2", "--steps", "2", "--digit", "any"]) == 0
    assert fake_digits == [([None, None], "ve", 2.0)]


def test_demo_of_digits_asks_for_the_same_digits_in_every_cell(fake_digits):
    argv = ["demo", "--digits", "7", "any", "--steps", "2", "3", "--samplers", "euler", "heun"]
    assert cli.main([*argv, "--space", "flow"]) == 0
    assert fake_digits == [([7, None], "flow", 2.0)] * 4


@pytest.mark.parametrize("argv, model", [
    (["demo"], "tiles"), (["demo", "--digits", "3"], "digits"), (["demo", "--kinds", "wall"], "tiles"),
    (["sample"], "digits"), (["sample", "--kind", "wall"], "tiles"), (["sample", "--model", "mixture"], "mixture"),
])  # fmt: skip
def test_the_model_is_the_one_that_knows_what_is_asked_for(monkeypatch, argv, model):
    asked = []
    for command in ("demo", "sample"):
        monkeypatch.setattr(pictures, command, lambda args: asked.append(args.model) or Image.new("RGB", (9, 9)))
    assert cli.main(argv) == 0 and asked == [model]


def test_tiles_are_asked_for_by_kind_and_shown_in_colour(tmp_path):
    options = ("--model", "tiles", "--count", "3", "--steps", "3", "--out", "tiles.png")
    assert cli.main(["sample", *options, "--kind", "grass"]) == 0
    green = np.asarray(Image.open("tiles.png").convert("RGB"), float)[150:].mean((0, 1))
    assert green[1] > green[0] and green[1] > green[2]
    assert "'kind': 'grass'" in Image.open("tiles.png").info["sigmatic"]
    grass = Path("tiles.png").read_bytes()
    assert cli.main(["sample", *options, "--kind", "any"]) == 0 and Path("tiles.png").read_bytes() != grass


def test_demo_of_tiles_has_a_cell_for_every_sampler_and_count():
    argv = ["demo", "--steps", "1", "2", "--samplers", "euler", "heun", "--space", "flow"]
    assert cli.main([*argv, "--kinds", "potion", "any"]) == 0
    with Image.open("sigmatic-demo.png") as picture:
        assert picture.width > 2 * 2 * 64 and picture.height > 2 * 64


def test_large_counts_are_cut_into_chunks_without_a_change():
    whole, parts = subject.Points(10), subject.Points(10)
    parts.chunk = 3
    sigmas = sigmatic.schedulers.sigmas("karras", 6)
    ticks = []
    options = {"space": "ve", "seed": 2, "params": {}}
    a = subject.run(whole, "euler_ancestral", sigmas, **options, tick=lambda _: None)
    b = subject.run(parts, "euler_ancestral", sigmas, **options, tick=ticks.append)
    torch.testing.assert_close(a, b)
    assert len(ticks) == 6 * 4


def test_damaged_weights_and_too_many_digits_are_one_line(fake_digits, monkeypatch, capsys):
    def damaged():
        raise RuntimeError("digits.safetensors is damaged")

    assert cli.main(["sample", "--model", "digits", "--count", "5000"]) == 2
    assert "room for 1000" in capsys.readouterr().err
    monkeypatch.setattr(digits, "load", damaged)
    assert cli.main(["sample", "--model", "digits"]) == 2
    shown = capsys.readouterr().err
    assert "digits.safetensors is damaged" in shown and shown.count("\n") == 1


@pytest.mark.parametrize("after", [0.02, 0.3, 0.6])
def test_ctrl_c_while_torch_is_being_imported_is_not_lost(after):
    code = "import os, signal, sys, threading; from sigmatic.demo.cli import main; "
    code += f"threading.Timer({after}, lambda: os.kill(os.getpid(), signal.SIGINT)).start(); "
    code += "sys.exit(main(['demo', '--model', 'mixture']))"
    assert process(code=code) == (130, "", "python -m sigmatic: interrupted\n")


def test_fit_writes_a_profile_that_can_be_loaded(capsys):
    assert cli.main(["fit", "--model", "mixture", "--budget", "120", "--save", "mine"]) == 0
    out = capsys.readouterr().out
    profile = sigmatic.profiles.load("mine.json")
    assert profile.evaluations <= 120 and "mine.json" in out
    assert f"6 steps: error {profile.error[6]:.4g}" in out


def test_fit_takes_a_model_that_a_file_makes(tmp_path, capsys):
    file = tmp_path / "mine.py"
    file.write_text("shape, space, sigma_min = (3,), 'flow', 0.01\ndef model(x, sigma):\n    return 0.5 * x\n")
    assert cli.main(["fit", "--from", str(file), "--budget", "100"]) == 0
    profile = sigmatic.profiles.load("profile.json")
    assert (profile.space, profile.sigma_min) == ("flow", 0.01)


@pytest.mark.parametrize(
    ("text", "words"),
    ((None, "no such file"), ("shape = (3,)", "it must make"), ("model, shape = print, 3", "it must make")),
)
def test_fit_says_what_a_file_lacks(text, words, tmp_path, capsys):
    file = tmp_path / "mine.py"
    if text:
        file.write_text(text)
    assert cli.main(["fit", "--from", str(file)]) == 2
    assert words in capsys.readouterr().err
