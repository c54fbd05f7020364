"""The one way in: values and texts for the parameters that samplers and schedules declare."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st

import sigmatic
from sigmatic.core import catalog, param, spec
from sigmatic.core.curve import Percents, parse

SPECS = [room.get(name) for room in (sigmatic.samplers, sigmatic.schedulers) for name in room.names()]
PARAMS = [(one, p) for one in SPECS for p in one.params]
ETA = spec.ETA
NONSENSE = [
    torch.ones(2), torch.ones(0), torch.tensor(True), torch.tensor(math.nan), torch.tensor(1j), np.ones((1, 3)),
    np.array(["a", "b"]), math.nan, -math.inf, 10**400, 10**5000, -(10**400), None, "a", "", b"1", True, [1], {},
    object(), 1j,
]  # fmt: skip


@pytest.mark.parametrize("one", SPECS, ids=lambda one: one.name)
def test_the_defaults_are_taken_and_so_is_their_text(one):
    assert one.resolve({}) == one.defaults == one.take(one.defaults)
    assert one.take({name: str(value) for name, value in one.defaults.items()}, text=True) == one.defaults
    assert list(one.take(dict(reversed(one.defaults.items())))) == list(one.defaults), "in the order declared"


@pytest.mark.parametrize("bad", NONSENSE, ids=lambda bad: type(bad).__name__)
def test_nonsense_is_refused_by_name(bad):
    for one, p in PARAMS:
        if p.kind == "text" and isinstance(bad, str):
            continue
        with pytest.raises(ValueError) as caught:
            one.take({p.name: bad})
        message = str(caught.value)
        assert message.startswith(f"{p.name} is ") and message.endswith(f": give {p.allowed}.")
        assert len(message) < 200 + len(p.allowed) and "\n" not in message


@pytest.mark.parametrize(
    "kind", [float, np.float64, np.float32, torch.tensor, np.array, Fraction, lambda x: torch.full((1,), x)]
)
def test_numbers_of_all_kinds_are_numbers(kind):
    for number in (0.0, 0.5, 2.0):
        taken = ETA.take(kind(number))
        assert taken == number and type(taken) is float
    order = param.Param("order", 2, "int", min=1, max=4)
    taken = order.take(kind(3.0))
    assert taken == 3 and type(taken) is int


def test_switches_are_switches():
    on = param.Param("on", True, "bool")
    for right in (False, np.bool_(False), torch.tensor(False)):
        assert on.take(right) is False
    for text, value in param.WORDS.items():
        assert param.take([on], {"on": f" {text.upper()} "}, "it", text=True) == {"on": value}
    for wrong in (0, 1, 0.0, "off", None, torch.zeros(2)):
        with pytest.raises(ValueError, match=r"on is .*: give True or False"):
            on.take(wrong)


@given(st.floats(0, 100), st.floats(0, 100), st.floats(0, 100))
def test_a_written_value_is_the_value(number, start, end):
    assert ETA.take(ETA.read(f" {number!r}")) == number
    assert ETA.take(ETA.read(f"0:{start!r}, 40%:{end!r}")) == Percents(((0, start), (40, end)))


def test_a_curve_is_for_what_may_change_over_the_run():
    curve = parse("0:1, 50:1")
    for one, p in PARAMS:
        changes = p.kind == "float" and not p.steady
        assert changes <= isinstance(one, spec.SamplerSpec) and not (changes and one.adaptive)
        for value in (curve, lambda sigma: 1.0):
            if changes:
                assert one.take({p.name: value}) == {p.name: value}
            else:
                with pytest.raises(ValueError, match=f"^{p.name} (cannot change over the run|is .*function.*): give "):
                    one.take({p.name: value})


def test_a_curve_is_allowed_all_along_or_not_at_all():
    with pytest.raises(ValueError, match="eta is -1 at 50 percent: give a number from 0 to 100"):
        ETA.take(parse("0:1, 50:-1"))
    with pytest.raises(ValueError, match="eta: '1;2' is no point"):
        ETA.read("0:1, 1;2, 3:4")


def test_others_names_and_wrong_values_can_be_left_out():
    euler = sigmatic.samplers.get("euler_ancestral")
    options = {"rho": 7.0, "eta": -1.0, "s_noise": 0.5, "law": "sde"}
    heard = []
    assert euler.take(options, others=True, warn=heard.append) == {"s_noise": 0.5, "law": "sde"}
    assert heard == ["eta is -1.0: give a number from 0 to 100."]
    with pytest.raises(ValueError, match=r"eta is -1\.0"):
        euler.take(options, others=True)
    with pytest.raises(ValueError, match="euler_ancestral has no parameter 'rho': it takes eta, s_noise, law"):
        euler.take(options, warn=heard.append)


def test_a_name_is_of_one_kind_whoever_has_it():
    """So that a text can be read before it is known whose it is."""
    for name, owners in catalog.declared().items():
        assert len({p.kind for _, p in owners}) == 1, name


def test_what_one_takes_any_takes():
    for _, p in PARAMS:
        assert catalog.take({p.name: p.default}) == {p.name: p.default}
        assert catalog.take({p.name: str(p.default)}, text=True) == {p.name: p.default}


def test_what_nobody_takes_is_refused_with_all_that_is_allowed():
    with pytest.raises(ValueError, match="parameter 'etta': did you mean eta"):
        catalog.take({"etta": 1})
    with pytest.raises(ValueError, match="parameter '§': there are "):
        catalog.take({"§": 1})
    wide = {p.allowed for _, p in catalog.declared()["max_order"]}
    with pytest.raises(ValueError, match="max_order is 99: give ") as caught:
        catalog.take({"max_order": "99"}, text=True)
    assert all(allowed in str(caught.value) for allowed in wide) and len(wide) > 1
