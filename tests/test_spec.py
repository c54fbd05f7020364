"""Declarations: what is refused, how names are found, what an alias is."""

import pytest
import torch

import sigmatic
from sigmatic.core import catalog, spec, table


def test_a_name_is_declared_once():
    registry = spec.Registry("sampler")
    registry.add(sigmatic.samplers.get("euler"))
    with pytest.raises(ValueError, match="two samplers are called 'euler'"):
        registry.add(sigmatic.samplers.get("euler"))


def test_builder_and_declaration_must_agree():
    def midway(step, *, strength):
        return ()

    with pytest.raises(ValueError, match="midway"):
        spec.sampler("Midway", params=(spec.ETA, spec.S_NOISE))(midway)
    assert "midway" not in sigmatic.samplers.names()


@pytest.mark.parametrize("kind", ["samplers", "schedulers"])
def test_an_unknown_name_gets_the_nearest(kind):
    room = getattr(sigmatic, kind)
    right = room.names()[0]
    with pytest.raises(ValueError, match=f"did you mean .*{right}"):
        room.get(right + "x")
    with pytest.raises(ValueError, match="there are"):
        room.get("§§§§")


@pytest.mark.parametrize(
    ("param", "bad"),
    [
        (spec.ETA, -1),
        (spec.ETA, 101),
        (spec.ETA, float("nan")),
        (spec.ETA, float("inf")),
        (spec.ETA, "1"),
        (spec.ETA, None),
        (spec.ETA, True),
        (spec.Param("order", 2, "int", min=1, max=4), 2.5),
        (spec.Param("order", 2, "int", min=1, max=4), 5),
        (spec.Param("rho", 7.0, above=0.0), 0),
        (spec.Param("on", True, "bool"), 1),
        (spec.Param("kind", "a", "choice", choices=("a", "b")), "c"),
    ],
)
def test_params_refuse_and_say_what_is_allowed(param, bad):
    with pytest.raises(ValueError) as caught:
        param.check(bad)
    assert param.name in str(caught.value) and repr(bad) in str(caught.value) and param.allowed in str(caught.value)


@pytest.mark.parametrize("name", [name for name in sigmatic.schedulers.names() if name != "drawn"])  # it is the user's
def test_a_schedule_suits_the_models_where_most_of_its_steps_do_something(name, space):
    """Wasted are steps below sigma 0.1 of a flow model, and above 5 of Stable Diffusion's 14.6."""
    sigmas = sigmatic.schedulers.sigmas(name, 20, space=space)[:-1]
    wasted = int((sigmas < 0.1).sum() if space == "flow" else (sigmas > 5.0).sum())
    assert (wasted <= 10) == (space in sigmatic.schedulers.get(name).spaces), f"{wasted} of 20"


def test_what_the_list_of_samplers_says_of_them():
    """`between` is derived from the table; a limit of guidance or a kind of model is declared."""
    listed = {name: catalog.as_dict(sigmatic.samplers.get(name)) for name in sigmatic.samplers.names()}
    between = {name for name, entry in listed.items() if entry["between"]}
    assert {"dpm_2", "dpm_2_ancestral", "dpmpp_sde", "rk4", "dpm_adaptive"} <= between
    assert not {"euler", "heun", "dpmpp_2m_sde", "uni_pc", "sa_solver", "arc", "lcm"} & between
    for name, entry in listed.items():
        assert entry["models"] in ("any", "distilled"), name
        assert (entry["most_cfg"] is not None) == (entry["models"] == "distilled" or entry["uncond"]), name
        assert entry["between"] <= (entry["evals_per_step"] > 1), "more than one evaluation a step, or none between"


def test_params_convert():
    assert spec.ETA.check(1) == 1.0 and isinstance(spec.ETA.check(1), float)
    assert spec.ETA.check(torch.tensor(0.5)) == 0.5
    order = spec.Param("order", 2, "int", min=1)
    assert order.check(3.0) == 3 and isinstance(order.check(3.0), int)


def test_a_default_must_be_allowed():
    with pytest.raises(ValueError, match="eta"):
        spec.Param("eta", -1.0, min=0.0)


@pytest.mark.parametrize("name", sigmatic.samplers.names())
def test_declarations_are_complete(name):
    one = sigmatic.samplers.get(name)
    assert one.name == name and one.title and one.family and one.reference and one.order >= 1
    assert one.summary.endswith(".") and "\n" not in one.summary
    known = {p.name for p in one.params}
    assert "s_noise" in known or not one.stochastic
    for param in one.params:
        assert param.help, f"{name}: {param.name} has no help"


ALIASES = [name for name in sigmatic.samplers.names() if sigmatic.samplers.get(name).alias_of]


FIXED = {"ddim": {}, "ddpm": {"eta": 1.0}, "dpmpp_3m_exact": {}, "ipndm_v_exact": {}}


@pytest.mark.parametrize(("name", "fixed"), FIXED.items())
def test_an_alias_is_the_same_table(name, fixed, space):
    assert name in ALIASES
    sigmas = sigmatic.schedulers.sigmas("karras", 9, space=space)
    base = sigmatic.samplers.table(sigmatic.samplers.get(name).alias_of, sigmas, space=space, **fixed)
    assert sigmatic.samplers.table(name, sigmas, space=space).rows == base.rows


def test_every_alias_is_tested():
    assert list(FIXED) == ALIASES


def test_a_step_is_a_plain_value():
    step = table.Step(*(sigmatic.core.space.level(s, "ve") for s in (2.0, 1.0)))
    assert step.h == pytest.approx(0.6931471805599453)
