"""The sigma toolkit and the options of Sigmatic Schedule, on a stand-in host."""

import pytest
import torch

import sigmatic


def outputs(pack, name, **inputs):
    """All outputs of a node."""
    return pack.whole(name, **inputs).args


@pytest.fixture
def sigmas():
    """A schedule as a SIGMAS."""
    return sigmatic.schedulers.sigmas("karras", 12)


def test_split_and_join_are_the_whole(pack, sigmas):
    model = pack.run("SigmaticDemoModel", model="mixture")
    for by, at in (("step", 5), ("sigma", 2.0), ("percent", 0.4), ("timestep", 500), ("log-SNR", -1.0)):
        high, low = outputs(pack, "SigmaticSplit", sigmas=sigmas, by=by, at=at, model=model)
        assert len(high) > 1 and len(low) > 1 and high[-1] == low[0]
        whole = pack.run("SigmaticEdit", sigmas=high, operation="join", sigmas_2=low)
        assert torch.equal(whole, sigmas)
    high, low = outputs(pack, "SigmaticSplit", sigmas=sigmas, by="sigma", at=2.0, exact=True)
    assert high[-1] == low[0] == 2 and len(high) + len(low) == len(sigmas) + 2


def test_what_split_and_edit_lack_is_named(pack, sigmas):
    with pytest.raises(ValueError, match="model: connect one, percent"):
        pack.run("SigmaticSplit", sigmas=sigmas, by="percent", at=0.5)
    with pytest.raises(ValueError, match=r"at is 2\.5: a step is a whole number"):
        pack.run("SigmaticSplit", sigmas=sigmas, by="step", at=2.5)
    with pytest.raises(ValueError, match="sigmas_2: connect a second schedule, join"):
        pack.run("SigmaticEdit", sigmas=sigmas, operation="join")
    with pytest.raises(ValueError, match="operation is 'flip'"):
        pack.run("SigmaticEdit", sigmas=sigmas, operation="flip")


def test_edits(pack, sigmas):
    def edit(operation, **inputs):
        return pack.run("SigmaticEdit", sigmas=sigmas, operation=operation, **inputs)

    before = sigmas.clone()
    assert torch.equal(edit("keep steps", start=3, end=7), sigmas[3:8])
    assert torch.equal(edit("reverse")[1:], sigmas.flip(0)[1:]) and edit("reverse")[0] > 0
    assert torch.equal(edit("scale", amount=0.5), sigmas * 0.5)
    assert edit("set first", amount=20.0)[0] == 20 and edit("set last", amount=0.01)[-1] == 0.01
    assert len(edit("resample", steps=7)) == 8
    assert torch.allclose(edit("blend", amount=0.5, sigmas_2=sigmas * 2), sigmas * 1.5)
    assert torch.equal(sigmas, before), "inputs are not written to"


def test_text_to_sigmas_and_back(pack, sigmas):
    found, text = outputs(pack, "SigmaticText", text="3, 2, 1, 0")
    assert found.tolist() == [3, 2, 1, 0] and text == "3, 2, 1, 0"
    same, written = outputs(pack, "SigmaticText", text="", sigmas=sigmas)
    again, _ = outputs(pack, "SigmaticText", text=written)
    assert same is sigmas and torch.equal(again, sigmas)
    node = pack.nodes["SigmaticText"]
    assert node.validate_inputs(text="3, x") == "text: item 2 is 'x': write numbers, such as 14.6, 7.3, 2, 0.5, 0."
    assert node.validate_inputs(text="3, 0") is True and node.validate_inputs() is True
    with pytest.raises(ValueError, match="text: sigmas is empty"):
        pack.run("SigmaticText", text=" ")


@pytest.mark.parametrize("kind", ["eps", "flow"])
def test_convert(pack, kind):
    model = pack.run("SigmaticDemoModel", model="mixture", parametrisation=kind)
    sigma, percent, timestep, log_snr = outputs(pack, "SigmaticConvert", model=model, value=0.5, unit="sigma")
    assert sigma == 0.5 and 0 < percent < 1
    for unit, value in (("percent", percent), ("timestep", timestep), ("log-SNR", log_snr)):
        assert outputs(pack, "SigmaticConvert", model=model, value=value, unit=unit)[0] == pytest.approx(0.5)


def test_the_schedule_node_hands_its_options_on(pack):
    model = pack.run("SigmaticDemoModel", model="mixture", parametrisation="flow")
    own = {"model_sigmas": model.get_model_object("model_sampling").sigmas, "space": "flow"}

    def same(widgets, **options):
        name = widgets.pop("schedule", "sig_karras")
        ours = pack.run("SigmaticSchedule", model=model, steps=7, schedule=name, **widgets)
        assert torch.equal(ours, sigmatic.schedulers.sigmas(name.removeprefix("sig_"), 7, **{**own, **options}))

    same({"denoise": 0.5}, denoise=0.5)
    same({"denoise": 0.5, "denoise_rule": "sigma"}, denoise=0.5, denoise_rule="sigma")
    same({"sigma_max": 0.8, "sigma_min": 0.01}, sigma_max=0.8, sigma_min=0.01)
    same({"sigma_max": 0.8, "first_sigma": 0.95}, sigma_max=0.8, first_sigma=0.95)
    same({"terminal": False}, terminal=False)
    same({"schedule": "sig_beta", "more": "alpha=0.5; beta=0.7"}, alpha=0.5, beta=0.7)
    assert len(pack.run("SigmaticSchedule", model=model, denoise=0.0)) == 0


def test_wrong_options_are_refused_before_the_queue(pack):
    node = pack.nodes["SigmaticSchedule"]
    assert "more: no sampler or schedule" in node.validate_inputs(schedule="sig_beta", more="betta=1")
    assert "more: karras has no parameter 'beta'" in node.validate_inputs(schedule="sig_karras", more="beta=1")
    assert node.validate_inputs(schedule="sig_beta", more="beta=1") is True
    assert node.validate_inputs() is True


def test_new_widgets_of_the_schedule_node_are_not_asked_of_older_prompts(pack):
    inputs = pack.nodes["SigmaticSchedule"].define_schema().inputs
    assert [i.id for i in inputs][:5] == ["model", "schedule", "steps", "denoise", "rho"]
    for widget in inputs[5:]:
        assert widget.given["optional"] and widget.extra_dict["advanced"]


def test_a_drawn_schedule_has_a_widget_of_its_own(pack):
    """The text in `points` is the run's levels; other schedules pay no attention; `more` wins; mistakes are words."""
    model = pack.run("SigmaticDemoModel", model="mixture")

    def levels(schedule, **widgets):
        return pack.run("SigmaticSchedule", model=model, schedule=schedule, steps=3, **widgets).tolist()

    assert levels("sig_drawn", points="0:9, 50:3, 100:1") == pytest.approx([9, 3, 1, 0])
    assert levels("sig_drawn", points="9, 3, 1", more="points = 8, 2, 1") == pytest.approx([8, 2, 1, 0])
    assert levels("sig_karras", points="9, 3, 1") == levels("sig_karras")
    node = pack.nodes["SigmaticSchedule"]
    assert node.define_schema().inputs[-1].id == "points", "values of older workflows stay in their places"
    assert node.validate_inputs(schedule="sig_drawn", points="0:1, 100:2").startswith("points is '0:1, 100:2'")
    assert node.validate_inputs(schedule="sig_drawn", points="x").startswith("points: ")
    for schedule in ("sig_drawn", "sig_karras", None):
        assert node.validate_inputs(schedule=schedule, points="0:9, 100:1", more=None) is True


def test_a_text_of_more_levels_than_any_node_makes_is_refused(pack):
    text = " ".join(str(20000 - i) for i in range(10002))
    with pytest.raises(ValueError, match="text: it has 10002 levels: give up to 10001"):
        pack.run("SigmaticText", text=text)
    assert "10002" in pack.nodes["SigmaticText"].validate_inputs(text)
    assert len(pack.run("SigmaticText", text=text[: text.rindex(" ")])) == 10001
