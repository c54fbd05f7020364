"""Axes as people type them: the same as in a plan; every mistake with its line."""

import json

import pytest
from hypothesis import given, strategies as st

from sigmatic.grid import axes as grid, report, text

WORDS = st.from_regex(r"[a-z_][a-z_0-9]{0,8}", fullmatch=True).filter(
    lambda w: w not in ("true", "false", "nan", "inf")
)
VALUES = st.one_of(
    st.booleans(), st.integers(-(10**9), 10**9), st.floats(allow_nan=False, allow_infinity=False), WORDS,
    st.sampled_from(["0:1, 100:0", "0:1; 2", "two words", "#", "a = b", "1", "true", "[1]"]),
)  # fmt: skip
LISTS = st.lists(VALUES, min_size=1, max_size=4, unique_by=lambda one: (type(one), one))


@given(st.dictionaries(WORDS.filter(lambda w: w != "skip"), LISTS, min_size=1, max_size=4))
def test_a_line_of_a_plan_is_one_here(axes):
    """What TOML makes of `name = [values]` is what is read."""
    typed = "\n".join(f"{name} = {json.dumps(values)}" for name, values in axes.items())
    read = text.read("axes", typed).axes
    assert read == {name: grid.axis(name, values) for name, values in axes.items()}
    assert [[type(one) for one in values] for values in read.values()] == [
        [type(one) for one in values] for values in axes.values()
    ]


def test_quotes_and_brackets_can_be_left_out():
    plain = text.read("axes", "sampler = sig_euler, sig_heun; steps = 6, 8\n# eta = 1\n\nseed = 0:3\nflag = true")
    full = text.read("axes", 'sampler = ["sig_euler", "sig_heun"]\nsteps = [6, 8]\nseed = "0:3"\nflag = [true]')
    assert plain.axes == full.axes and plain.axes["seed"] == (0, 1, 2)
    assert plain.lines == {"sampler": 1, "steps": 1, "seed": 4, "flag": 5}
    curve = text.read("axes", "eta = \"0:1, 100:0\", 1, '0:2'")
    assert curve.axes["eta"] == ("0:1, 100:0", 1, "0:2"), "a range among other values is a word"


def test_what_is_skipped():
    read = text.read("axes", "a = 1, 2, 3\nb = x, y\nskip a = 1, 2; b = x\nskip: a = 3")
    left = [(one["a"], one["b"]) for one in grid.combinations(read.axes, {}, read.rules)]
    assert left == [(1, "y"), (2, "y")] and [line for line, _ in read.skip] == [3, 4]


WRONG = {
    "": "axes: empty",
    "# sampler = a": "axes: empty",
    "sampler": "axes, line 1: 'sampler' is no axis",
    "a = 1\n\nb =": "axes, line 3: b is .*a list with something in it",
    "a = 1\na = 2": "axes, line 2: a is in line 1 already",
    "a = 1, 1": "axes, line 1: a: a value stands there twice",
    "a = 1,, 2": "axes, line 1: a: ', 2' cannot be read",
    'a = "1, 2': "axes, line 1",
    "a = 8:0": "axes, line 1: a: the range '8:0' is empty",
    "a = nan": "axes, line 1: a is nan: give finite numbers",
    "a = 1\nskip b = 1": "axes, line 2: skip b: no line gives its values",
    "a = 1\nskip": "axes, line 2: skip what",
    "a = 0:9999999; b = 0:99": "axes: .* combinations, at most",
}


@pytest.mark.parametrize("typed, says", WRONG.items(), ids=[repr(one) for one in WRONG])
def test_a_mistake_is_said_with_its_line(typed, says):
    with pytest.raises(ValueError, match=says):
        text.read("axes", typed)


@given(st.text(max_size=200))
def test_any_text_is_axes_or_a_mistake(typed):
    try:
        read = text.read("axes", typed)
    except ValueError as error:
        assert str(error).startswith("axes")
    else:
        assert read.axes and all(read.axes.values())


def test_only_the_pages_own_script_may_run_in_it():
    row = dict.fromkeys(report.MADE) | {"sampler": "</script><script>1", "seconds": 1.0, "evaluations": 1, "key": "0"}
    page = report.page([row], ["sampler"], ["0"], "<b>x", prefix="")
    scripts = page.split("<script")[1:]
    assert len(scripts) == 2 and scripts[0].startswith(' type="application/json"') and "<b>x" not in page
    import base64
    import hashlib

    script = page.rpartition("<script>")[2].partition("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in report.policy() and "default-src 'none'" in report.policy()
