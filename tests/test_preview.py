"""What the page's plots are told: the numbers of the run itself, and an error in words for anything else."""

import asyncio
import gc
import importlib
import json
import math
import sys
import tracemalloc

import pytest
from fakehost import declared
from fakehost.host import Pack, fake_host
from hypothesis import HealthCheck, given, settings, strategies as st

import sigmatic

NODES = ("SigmaticKSampler", "SigmaticSampler", "SigmaticSchedule", "SigmaticSettings")
TOOLS = ("SigmaticSplit", "SigmaticEdit", "SigmaticText")
OTHERS = ("SigmaticUnsample", "SigmaticCompare", "SigmaticFit", "SigmaticRecipe", "SigmaticExpertsKSampler",
          "SigmaticSweep")  # fmt: skip
FLOW = {"kind": "flow", "shift": 3.0}


@pytest.fixture(scope="module")
def pack():
    """All nodes on the stand-in."""
    with fake_host() as module:
        yield Pack(module)


@pytest.fixture(scope="module")
def preview(pack):
    """The pure part."""
    return pack.part("page.answer")


@pytest.fixture
def ask(preview):
    """ask(node, **values) -> the answer, which must be one."""

    def ask(node="SigmaticKSampler", model=None, beside=None, settings=(), inputs=None, kept=None, **values):
        request = {"node": node, "values": values, "model": model or {}, "beside": beside, "settings": list(settings)}
        request |= {"inputs": inputs or {}, "kept": kept}
        status, answer = preview.answer(json.dumps(request).encode())
        assert status == 200, answer
        return answer

    return ask


@pytest.fixture
def new_node(pack):
    """A node that the project does not have, offered to the page; gone again afterwards."""
    node, planned = declared.ramp(pack.part("dropdowns.plan")), pack.part("page.planned")
    planned.offer([node])
    yield node
    del planned.NODES["Ramp"]


def _words(messages):
    """What the page says, in English."""
    return " ".join(text.format(**values) for text, values in messages)


def _refused(preview, **request):
    status, answer = preview.answer(json.dumps(request).encode())
    assert status == 400
    return answer["error"]


@pytest.mark.parametrize("model", [{}, FLOW])
@pytest.mark.parametrize("sampler", ["heun", "euler_ancestral", "dpmpp_2m_sde"])
def test_the_numbers_are_those_of_the_run(pack, ask, monkeypatch, sampler, model):
    """The sigmas, evaluations and noise that the node then really uses."""
    widgets = {"steps": 7, "denoise": 0.6, "start_at_step": 1, "end_at_step": 6, "rho": 4.0, "eta": 0.7}
    widgets |= {"s_noise_curve": "0:1.1, 60:0.9"}
    told = ask(sampler="sig_" + sampler, model=model, **widgets)
    calls, noises = [], []
    module = importlib.import_module("sigmatic.samplers")
    original = module.sample_with_state

    def watched(name, denoise, x, sigmas, **options):
        def counted(*args, **kwargs):
            calls.append(0)
            return denoise(*args, **kwargs)

        noises.extend(options["table"].noise)
        watched.sigmas = sigmas.tolist()
        return original(name, counted, x, sigmas, **options)

    monkeypatch.setattr(module, "sample_with_state", watched)
    shifted = pack.part("page.assumed").model_sampling(*pack.part("page.assumed").read(model))
    monkeypatch.setattr(pack.part("host.facts"), "model_sampling", lambda _: shifted)
    pack.line("flow" if model else "eps", sampler="sig_" + sampler, **widgets)
    assert told["sigmas"] == pytest.approx(watched.sigmas, rel=1e-6)
    assert sum(told["evaluations"]) == len(calls)
    assert told["noise"] == pytest.approx(noises, rel=1e-6, abs=1e-9)


def test_curves_and_settings_are_drawn(ask):
    curved = ask(sampler="sig_euler_ancestral", eta_curve="0:1, 100:0")["eta"]
    assert curved[0] == 1 and curved == sorted(curved, reverse=True) and curved[-1] < 0.2
    settings = [{"eta": 0.25, "rho": 3.0}]
    told = ask(settings=settings, sampler="sig_euler_ancestral")
    assert set(told["eta"]) == {0.25}
    karras = {"schedule": "sig_karras"}
    told = ask(settings=settings, sampler="sig_euler_ancestral", **karras)
    assert told["sigmas"] == ask(rho=3.0, **karras)["sigmas"] != ask(**karras)["sigmas"]
    own = ask("SigmaticSettings", eta=0.25, rho=3.0)
    assert own["eta"] == told["eta"] and own["sigmas"] == told["sigmas"]
    assert "shown at sig_dpmpp_2m_sde on sig_karras" in _words(own["assumes"])
    half = ask("SigmaticSettings", start_percent=50.0)["eta"]
    assert half[0] == 0 and half[-1] == 1


def test_schedules_that_are_wired_together_are_drawn(ask, pack, preview):
    schedule = {"node": "SigmaticSchedule", "values": {"steps": 6}}
    low = {"node": "SigmaticSplit", "values": {"at": 2.0}, "output": 1, "inputs": {"sigmas": schedule}}
    told = ask("SigmaticSampler", beside=low, sampler="sig_heun")
    assert told["sigmas"] == ask("SigmaticSchedule", steps=6)["sigmas"][2:]
    assert sum(told["evaluations"]) == 7 and told["names"] == {"sampler": "sig_heun", "schedule": ""}
    joined = {"operation": "join"}
    both = ask("SigmaticEdit", inputs={"sigmas": {**low, "output": 0}, "sigmas_2": low}, **joined)
    assert both["sigmas"] == ask("SigmaticSchedule", steps=6)["sigmas"]
    assert "come from elsewhere" in _words(ask("SigmaticSplit")["assumes"])
    chain = schedule
    for _ in range(9):
        chain = {"node": "SigmaticEdit", "inputs": {"sigmas": chain}}
    assert "up to 8 nodes" in _refused(preview, **chain)


def test_a_new_node_is_plotted_by_what_it_declares(ask, new_node, preview):
    """By itself, behind and before others, as a half of a custom run, with its warnings; the page is told of it."""
    assert ask("Ramp", top=6.0)["sigmas"] == [6, 4.5, 3, 1.5, 0]
    schedule = {"node": "SigmaticSchedule", "values": {"steps": 6}}
    shaped = ask("Ramp", inputs={"shape": schedule}, top=10.0)
    of_schedule = ask("SigmaticSchedule", steps=6)["sigmas"]
    assert shaped["sigmas"] == pytest.approx([10 / of_schedule[0] * sigma for sigma in of_schedule], rel=1e-6)
    assert "it is steep" in _words(shaped["notes"])
    steep = {"node": "Ramp", "values": {"top": 10.0}}
    cut = ask("SigmaticSplit", inputs={"sigmas": steep}, at=1)
    assert cut["sigmas"] == [10, 7.5] and "it is steep" in _words(cut["notes"])
    run = ask("SigmaticSampler", beside=steep, sampler="sig_heun")
    assert run["sigmas"] == [10, 7.5, 5, 2.5, 0] and sum(run["evaluations"]) == 7
    assert ask("Ramp", beside={"node": "SigmaticSampler", "values": {"sampler": "sig_heun"}})["evaluations"]
    assert "top is 11" in _refused(preview, node="Ramp", values={"top": 11.0})
    told = json.loads(json.dumps(preview.plots()))["nodes"]["Ramp"]
    assert told == {"makes": "SIGMAS", "follows": ["shape"], "idle": ["name"], "kept": "", "recipe": False}


def test_a_node_hands_out_what_it_has_planned(pack, monkeypatch):
    """Whatever plan says is what execute does; so the plot, which shows the plan, cannot differ from the run."""
    import torch

    plans = pack.part("dropdowns.plan")
    levels = torch.tensor([5.0, 2.0, 0.0]), torch.tensor([2.0, 0.0])
    sampler = plans.Sampler("sig_heun", pack.part("dropdowns.lookup").sampler_entry("sig_heun"), {})
    wanted = plans.Plan(levels, sampler, "sig_karras", warnings=("as planned",))
    given = {"SigmaticSplit": {"sigmas": levels[0]}, "SigmaticEdit": {"sigmas": levels[0]}, "SigmaticText": {}}
    model = pack.run("SigmaticDemoModel", model="mixture")
    for name, links in {**given, "SigmaticSchedule": {"model": model}, "SigmaticUnsample": pack.links(batch=1)}.items():
        node = pack.nodes[name]
        monkeypatch.setattr(node, "plan", classmethod(lambda *_, **__: wanted))
        out = node.execute(**links).args
        expected = levels[1] if name == "SigmaticUnsample" else levels[0]
        assert torch.equal(out[1 if name == "SigmaticUnsample" else 0], expected), name
    monkeypatch.setattr(pack.nodes["SigmaticKSampler"], "plan", classmethod(lambda *_, **__: wanted))
    _, summary, *_ = pack.nodes["SigmaticKSampler"].execute(**pack.links(batch=1), seed=1, cfg=1.0).args
    for said in ("sampler: sig_heun", "steps: 2, sigma 5 to 0", "evaluations: 3", "note: as planned"):
        assert said in summary


def test_a_fitted_schedule_is_drawn_as_it_was_measured(ask, preview):
    kept = {"sampler": "sig_heun", "steps": 3, "cfg": 8.0, "latents": 4, "budget": 500, "sigmas": [14.0, 2.5, 0.4, 0]}
    widgets = {name: kept[name] for name in ("sampler", "steps")}
    told = ask("SigmaticFit", kept=kept, **widgets)
    assert told["sigmas"] == [14, 2.5, 0.4, 0] and sum(told["evaluations"]) == 5 and told["notes"] == []
    assert "Measured with other settings" in _words(ask("SigmaticFit", kept=kept, sampler="sig_euler")["notes"])
    fit = {"node": "SigmaticFit", "kept": kept}
    assert ask("SigmaticSampler", beside=fit, sampler="sig_euler")["sigmas"] == told["sigmas"]
    assert "Not measured yet" in _words(ask("SigmaticFit")["notes"])
    for wrong in ({"sigmas": "x"}, {"sigmas": [1, "x"]}, {"sigmas": [{}]}, [], {"sigmas": [1.0, 2.0, 0.5]}):
        assert _refused(preview, node="SigmaticFit", kept=wrong)


@pytest.mark.parametrize("node", TOOLS)
def test_a_tool_as_it_is_added_can_be_drawn(ask, node):
    assert len(ask(node)["sigmas"]) == {"SigmaticSplit": 11, "SigmaticEdit": 21, "SigmaticText": 11}[node]


@pytest.mark.parametrize("node", NODES)
def test_a_node_as_it_is_added_can_be_drawn(ask, node):
    told = ask(node)
    assert len(told["sigmas"]) == len(told["log_snr"]) == 21
    assert told["log_snr"][-1] is None, "infinity is no number of JSON"
    assert (told["evaluations"] is None) == (node == "SigmaticSchedule")
    assert "Stable Diffusion" in _words(told["assumes"])


@pytest.mark.parametrize(("model", "high"), [({}, 14.6), (FLOW, 1.0), ({"kind": "edm", "sigma_max": 80.0}, 80.0)])
def test_the_models_range_is_told_whatever_is_drawn(ask, model, high):
    told = ask("SigmaticSchedule", model=model, schedule="sig_drawn", points="0:0.9, 100:0.5", steps=4)
    assert told["sigmas"][0] == pytest.approx(0.9)
    assert told["range"][1] == pytest.approx(high, rel=0.01) and 0 < told["range"][0] < 0.1


def test_the_way_up_is_drawn(ask, pack):
    """The levels that Sigmatic Unsample runs through, what they cost, and no noise."""
    told = ask("SigmaticUnsample", sampler="sig_heun", steps=6)
    assert told["sigmas"] == sorted(told["sigmas"]) and len(told["sigmas"]) == 7
    assert sum(told["evaluations"]) == 12 and not any(told["noise"])
    back = (
        pack.nodes["SigmaticUnsample"].execute(**pack.links(batch=1), sampler="sig_heun", steps=6, check=False).args[1]
    )
    assert told["sigmas"][1:] == pytest.approx(back[:-1].flip(0).tolist(), rel=1e-6)
    assert "pays no attention" not in _words(told["notes"]), "it has no eta to pay attention to"


def test_the_schedules_of_a_comparison_are_drawn(ask, pack):
    """As many steps as the comparison gives each; one line for those that share it."""
    listed = "sig_euler\nsig_dpmpp_2m\nsig_heun / sig_linear\neuler / simple\nsig_euler / steps = 30\neuler / steps = 9"
    told = ask("SigmaticCompare", entries=listed, evaluations=12)
    assert [(line["schedule"], line["samplers"], len(line["sigmas"]) - 1) for line in told["lines"]] == [
        ("sig_karras", ["sig_euler", "sig_dpmpp_2m"], 12),
        ("sig_linear", ["sig_heun"], 6),
        ("sig_karras", ["sig_euler"], 30),
        ("sig_karras", ["euler"], 9),
    ]
    assert told["sigmas"] == told["lines"][0]["sigmas"] and told["evaluations"] is None
    assert "known only in the run: euler." in _words(told["notes"])
    many = ask("SigmaticCompare", entries="\n".join(["sig_euler"] * 9), evaluations=40)
    assert len(many["lines"]) == 1 and "6 more" in _words(many["notes"])
    assert ask("SigmaticCompare", entries="euler")["lines"] == []
    assert {len(line["sigmas"]) for line in ask("SigmaticCompare")["lines"]} == {21, 11, 61}, "the list it begins with"


def test_warnings_are_in_the_plot_and_not_in_the_log(ask, caplog):
    """A schedule that does not suit the model is told of before the run; no drawing writes to the log."""
    for node in ("SigmaticKSampler", "SigmaticSchedule"):
        assert "not for flow models" in _words(ask(node, model=FLOW, schedule="sig_karras")["notes"])
        assert "flow models" not in _words(ask(node, schedule="sig_karras")["notes"])
    assert not caplog.records


def test_what_is_assumed_is_said(ask):
    assert "sig_karras with 20 steps" in _words(ask("SigmaticSampler")["assumes"])
    told = ask(
        "SigmaticSampler", model=FLOW, beside={"node": "SigmaticSchedule", "values": {"steps": 9}}, sampler="sig_heun"
    )
    assert "flow model with shift 3" in _words(told["assumes"])
    assert len(told["evaluations"]) == 9
    both = ask("SigmaticSchedule", model=FLOW, beside={"values": {"sampler": "sig_heun"}}, steps=9)
    assert both["evaluations"] == told["evaluations"]
    assert "sig_heun pays no attention to eta." in _words(told["notes"])


@pytest.mark.parametrize(("model", "first"), [({}, 14.6), (FLOW, 1.0), ({"kind": "zsnr"}, 4518.6)])
def test_the_model_decides_the_range(ask, model, first):
    assert ask(model=model)["sigmas"][0] == pytest.approx(first, rel=0.01)
    edm = {"kind": "edm", "sigma_min": 0.01, "sigma_max": 80.0}
    assert ask(model=edm)["sigmas"][0] == pytest.approx(80, rel=1e-4)


DECIDED = [
    ({"node": "ModelSamplingSD3", "values": {"shift": 5.0}}, "flow", 5.0),
    ({"node": "ModelSamplingAuraFlow"}, "flow", 1.73),
    ({"node": "ModelSamplingFlux"}, "flux", math.exp(1.15)),
    ({"node": "ModelSamplingFlux", "values": {"width": 256, "height": 256}}, "flux", math.exp(0.5)),
    ({"node": "ModelSamplingDiscrete", "values": {"zsnr": True}}, "zsnr", 1.0),
    ({"node": "ModelSamplingContinuousEDM"}, "edm", 1.0),
    ({"node": "SigmaticDemoModel", "values": {"parametrisation": "flow"}}, "flow", 1.0),
    ({"node": "SigmaticDemoModel"}, "sd", 1.0),
    ({"files": ["sd3.5_large.safetensors"]}, "flow", 3.0),
    ({"files": ["wan2.2_t2v_14B.safetensors"]}, "flow", 8.0),
    ({"files": ["flux1-schnell.safetensors"]}, "flow", 1.0),
    ({"files": ["flux1-dev.safetensors"]}, "flux", math.exp(1.15)),
    ({"files": ["qwen_image_fp8.safetensors"]}, "flux", math.exp(1.15)),
    ({"files": ["hunyuan_video.safetensors"]}, "flow", 7.0),
    ({"files": ["svd_xt.safetensors"]}, "edm", 1.0),
    ({"files": ["sd_xl_base_1.0.safetensors"]}, "sd", 1.0),
    ({"files": ["swan.safetensors"]}, "sd", 1.0),
]


@pytest.mark.parametrize(("seen", "kind", "shift"), DECIDED)
def test_what_is_on_the_wires_decides_the_model(pack, ask, seen, kind, shift):
    found = pack.part("page.assumed").read(seen)
    assert found.kind == kind and found.shift == pytest.approx(shift, rel=1e-9)
    assert len(ask(model=seen)["sigmas"]) == 21


def test_the_page_is_told_which_nodes_decide(preview):
    """With exactly the widgets that the server then reads."""
    deciding = preview.plots()["deciding"]
    assert "SigmaticDemoModel" in deciding and "ModelSamplingFlux" in deciding
    for node, names in deciding.items():
        assert preview.assumed.read({"node": node, "values": {}})
        assert f"give {', '.join(names)}." in _refused(
            preview, node="SigmaticSampler", model={"node": node, "values": {"no": 1}}
        )


def test_the_hosts_own_names_show_their_levels(ask):
    told = ask(sampler="euler", schedule="simple", steps=5)
    assert len(told["sigmas"]) == 6 and told["evaluations"] is None
    assert "euler is not Sigmatic's" in _words(told["notes"])


def test_long_runs_are_drawn_without_their_table_or_refused(ask, preview):
    told = ask(steps=200)
    assert len(told["sigmas"]) == 201 and told["noise"] is None
    assert _refused(preview, node="SigmaticKSampler", values={"steps": 501}).startswith("steps is 501")
    assert "denoise" in _refused(preview, node="SigmaticKSampler", values={"steps": 20, "denoise": 0.01})
    assert ask(denoise=0.0)["sigmas"] == []


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"node": "KSampler"}, "node is 'KSampler'"),
        ({"node": ["SigmaticKSampler"]}, "node is"),
        ({"node": "SigmaticKSampler", "values": {"eta": -1}}, "eta is -1.0: give a number from 0 to 100"),
        ({"node": "SigmaticKSampler", "values": {"steps": 2.5}}, "steps is 2.5: give a whole number"),
        ({"node": "SigmaticKSampler", "values": {"steps": 10**400}}, "steps is"),
        ({"node": "SigmaticKSampler", "values": {"sampler": "sig_eulr"}}, "did you mean sig_euler"),
        ({"node": "SigmaticKSampler", "values": {"model": 1}}, "no widget 'model'"),
        ({"node": "SigmaticSampler", "values": [1]}, "values: give an object"),
        ({"node": "SigmaticSampler", "beside": {"eta": 1}}, "eta is not known"),
        ({"node": "SigmaticSampler", "beside": {"node": "SigmaticSampler"}}, "node is 'SigmaticSampler'"),
        ({"node": "SigmaticSchedule", "beside": {"values": {"eta": -1}}}, "eta is -1.0"),
        ({"node": "SigmaticSplit", "output": 2}, "output is 2"),
        ({"node": "SigmaticText", "output": 1}, "output is 1"),
        ({"node": "SigmaticText", "values": {"text": "1, x"}}, "text: "),
        ({"node": "SigmaticEdit", "values": {"operation": "join"}}, "sigmas_2: connect"),
        ({"node": "SigmaticEdit", "values": {"operation": "resample", "steps": 9000}}, "steps is 9000"),
        ({"node": "SigmaticEdit", "inputs": {"model": {}}}, "inputs: model is not known"),
        ({"node": "SigmaticUnsample", "values": {"sampler": "sig_ddpm"}}, "sampler is 'sig_ddpm'"),
        ({"node": "SigmaticUnsample", "values": {"steps": 9000}}, "steps is 9000"),
        ({"node": "SigmaticCompare", "values": {"entries": "nobody"}}, "entries, line 1: sampler is 'nobody'"),
        ({"node": "SigmaticCompare", "values": {"entries": "sig_euler / steps = 9", "denoise": 0.01}}, "denoise"),
        ({"node": "SigmaticSampler", "model": {"shift": 0}}, "model.shift is 0"),
        ({"node": "SigmaticSampler", "model": {"kind": "../x"}}, "model.kind is"),
        ({"node": "SigmaticSampler", "model": {"node": "Elsewhere"}}, "model.node is 'Elsewhere'"),
        ({"node": "SigmaticSampler", "model": {"node": "ModelSamplingSD3", "values": {"shift": "x"}}}, "model.shift"),
        ({"node": "SigmaticSampler", "model": {"node": "ModelSamplingFlux", "values": {"max_shift": 90}}}, "shift is"),
        ({"node": "SigmaticSampler", "model": {"files": 3}}, "model.files is 3"),
        ({"node": "SigmaticCompare", "values": {"reference": 9}}, "reference is 9"),
        ({"node": "SigmaticSampler", "path": "/"}, "path is not known: give node"),
        ({"node": "SigmaticSampler", "settings": 3}, "settings: give a list"),
        ({"node": "SigmaticSampler", "settings": [{}] * 5}, "settings: give a list"),
        ({"node": "SigmaticSampler", "settings": [{"rho": 0.0}]}, "rho is 0"),
        ({"node": "SigmaticSampler", "values": {"eta_curve": "50"}}, "eta_curve"),
        ({"node": "SigmaticSampler", "values": {"eta_curve": "0:1," * 999}}, "up to 2000 letters"),
        ({"node": "SigmaticSampler", "values": {"more": "__import__('os')"}}, "more"),
    ],
)
def test_wrong_requests_are_answered_in_words(preview, request_, said):
    assert said in _refused(preview, **request_)


def test_somebody_elses_broken_schedule_is_one_line(pack, preview, monkeypatch):
    import comfy.samplers

    def broken(ms, steps):
        raise KeyError("their own business")

    handler = comfy.samplers.SchedulerHandler(broken)
    monkeypatch.setitem(comfy.samplers.SCHEDULER_HANDLERS, "simple", handler)
    request = {"node": "SigmaticKSampler", "values": {"schedule": "simple"}}
    status, answer = preview.answer(json.dumps(request).encode())
    assert status == 422 and "KeyError" in answer["error"]


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just("sig_" * 3000),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
CURVES = st.text("0123456789:,.-; =e", max_size=40) | st.sampled_from(
    ["0:1," * 400, "order = 3; s_churn = 0:20", "restarts = 100", "sig_uni_pc / sig_linear\nsig_uni_pc"]
)
NUMBERS = st.integers(-(10**9), 10**9) | st.floats() | st.just(10**500)
TEXTS = ["eta_curve", "s_noise_curve", "more", "text", "points", "operation", "by", "at", "amount", "first_sigma"]
WIDGETS = [
    *TEXTS,
    "entries",
    "evaluations",
    "steps",
    "denoise",
    "eta",
    "s_noise",
    "rho",
    "start_at_step",
    "end_at_step",
    "cfg",
    "seed",
]
VALUES = st.dictionaries(
    st.sampled_from([*WIDGETS, "sampler", "schedule", "noise", "__class__"]), NUMBERS | ODD | CURVES
)
DECIDERS = ["ModelSamplingSD3", "ModelSamplingFlux", "ModelSamplingContinuousEDM", "ModelSamplingDiscrete", "x"]
MODELS = st.one_of(
    st.fixed_dictionaries({}, optional={"kind": st.sampled_from(["sd", "edm", "flow", 3]), "shift": NUMBERS}),
    st.fixed_dictionaries(
        {"node": st.sampled_from(DECIDERS) | ODD},
        optional={
            "values": st.dictionaries(
                st.sampled_from(["shift", "max_shift", "base_shift", "width", "sigma_max", "zsnr"]), NUMBERS | ODD
            )
        },
    ),
    st.fixed_dictionaries({"files": st.lists(st.text(max_size=40) | ODD, max_size=3)}),
)
KEPT = st.fixed_dictionaries(
    {}, optional={"sigmas": st.lists(NUMBERS | ODD, max_size=5) | ODD, "sampler": st.just("sig_heun") | ODD}
)
SOURCES = st.recursive(
    st.fixed_dictionaries({"node": st.sampled_from(NODES + TOOLS)}, optional={"values": VALUES, "output": NUMBERS}),
    lambda inner: st.fixed_dictionaries(
        {"node": st.sampled_from(TOOLS)},
        optional={"inputs": st.fixed_dictionaries({}, optional={"sigmas": inner, "sigmas_2": inner})},
    ),
    max_leaves=4,
)
BODIES = st.one_of(
    st.binary(max_size=200),
    ODD.map(lambda odd: json.dumps(odd).encode()),
    st.fixed_dictionaries(
        {"node": st.sampled_from(NODES + TOOLS + OTHERS) | ODD},
        optional={
            "values": VALUES | ODD,
            "beside": SOURCES | ODD,
            "inputs": st.dictionaries(st.sampled_from(["sigmas", "sigmas_2", "model"]), SOURCES) | ODD,
            "output": st.integers(-1, 2) | ODD,
            "kept": KEPT | ODD,
            "model": MODELS | ODD,
            "settings": st.lists(VALUES, max_size=5) | ODD,
            "more": ODD,
        },
    ).map(lambda body: json.dumps(body).encode()),
    st.sampled_from([b"[" * 16000, b'{"node":' * 2000, b"9" * 16000, b" " * 20000, b"\xff\xfe", b'"\\ud800"']),
)


def test_bad_bodies_never_break_it(preview):
    """Hundreds of them: a refusal in words or a proper answer, no longer than any other, and no memory kept."""
    held = []

    @settings(max_examples=5 * settings().max_examples, database=None, suppress_health_check=list(HealthCheck))
    @given(BODIES)
    def bombard(body):
        status, answer = preview.answer(body)
        assert status in (200, 400), answer
        text = json.dumps(answer, allow_nan=False)
        assert len(text) < (600 if status == 400 else 40_000)
        assert len(answer.get("evaluations") or ()) <= preview.ROWS

    preview.answer(b'{"node": "SigmaticKSampler"}')
    bombard()
    awkward = [b'{"node": "%s", "model": {"kind": "flow", "shift": %d}}' % (NODES[0].encode(), k) for k in range(1, 9)]
    tracemalloc.start()
    try:
        for round_ in range(3):
            for body in [*awkward, b'{"node": "x"}', b"[" * 9000] * (20 if round_ else 1):
                preview.answer(body)
            gc.collect()
            held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert held[2] - held[1] < 100_000


def test_restarts_and_churn_are_drawn_where_they_happen(ask):
    plain = ask("SigmaticSampler", sampler="sig_heun")
    again = ask("SigmaticSampler", sampler="sig_heun", more="restarts = 2; restart_min = 0.1; restart_max = 2")
    more = [a - b for a, b in zip(again["evaluations"], plain["evaluations"], strict=True)]
    assert set(more) == {0, 4}
    inside = [0.1 <= sigma <= 2.3 for sigma in plain["sigmas"][:-1]]
    assert all(extra == 0 for extra, hit in zip(more, inside, strict=True) if not hit)
    assert max(again["noise"]) > 1 and not any(plain["noise"])
    assert ask("SigmaticSampler", sampler="sig_heun", more="restarts = 50")["evaluations"] is None


OFFERED = [name for name in sigmatic.samplers.names() if not sigmatic.samplers.get(name).learned]


@pytest.mark.parametrize("sampler", OFFERED)
def test_the_longest_plot_is_complete(preview, ask, sampler):
    """Every step of the most that are drawn is there; with one more, no table is made. benchmarks/plots.py times it."""
    longest, longer = (ask(sampler="sig_" + sampler, steps=preview.ROWS + more) for more in (0, 1))
    assert len(longest["sigmas"]) == preview.ROWS + 1 and len(longer["sigmas"]) == preview.ROWS + 2
    if sigmatic.samplers.get(sampler).adaptive:
        assert longest["evaluations"] is None and "its own steps" in _words(longest["notes"])
    else:
        assert len(longest["evaluations"]) == len(longest["noise"]) == preview.ROWS and min(longest["evaluations"]) > 0
    assert longer["evaluations"] is longer["noise"] is None
    assert f"up to {preview.ROWS} steps" in _words(longer["notes"])


def test_the_longest_comparison_is_complete(ask):
    """As many lines as may be drawn, each with all its steps; the others are counted. benchmarks/plots.py times it."""
    names = ("karras", "linear", "exponential", "normal", "simple", "beta", "cosine", "laplace", "ddim_uniform")
    told = ask("SigmaticCompare", entries="\n".join(f"sig_uni_pc / sig_{name}" for name in names), evaluations=20)
    drawn = len(told["lines"])
    assert 5 <= drawn < len(names)
    assert [line["schedule"] for line in told["lines"]] == [f"sig_{name}" for name in names[:drawn]]
    assert all(len(line["sigmas"]) == len(line["log_snr"]) == 21 for line in told["lines"])
    assert f"{len(names) - drawn} more" in _words(told["notes"])


def test_the_list_of_samplers(preview):
    listed = preview.catalogue()
    names = [entry["name"] for entry in listed["samplers"]]
    assert sorted(names) == sorted(["sig_auto", *("sig_" + name for name in OFFERED)])
    assert names[0] == "sig_auto" and [entry["start"] for entry in listed["samplers"]].index(False) == 6
    assert all(entry["summary"] and entry["title"] for entries in listed.values() for entry in entries)
    json.dumps(listed, allow_nan=False)


@pytest.fixture
def client(pack):
    """client(method, path, body) -> (status, JSON) through the routes as a server has them."""
    from aiohttp import test_utils, web

    route = pack.part("page.routes")
    route._limit = route.Limit(route.RATE, route.BURST)

    def call(*requests):
        async def run():
            app = web.Application()
            app.add_routes(sys.modules["server"].PromptServer.instance.routes)
            async with test_utils.TestClient(test_utils.TestServer(app)) as session:
                answers = []
                for method, path, body in requests:
                    async with session.request(method, path, data=body) as reply:
                        answers.append((reply.status, await reply.json()))
                return answers

        return asyncio.run(run())

    return call


def test_the_routes_answer(client, pack):
    pack.part("page.routes").install()  # a second time changes nothing
    (table, listed, plots, far, wrong) = client(
        ("POST", "/sigmatic/table", b'{"node": "SigmaticKSampler"}'),
        ("GET", "/sigmatic/samplers", None),
        ("GET", "/sigmatic/plots", None),
        ("POST", "/sigmatic/table", b"x" * 10_000_000),
        ("POST", "/sigmatic/table", b"\x00"),
    )
    assert table[0] == 200 and len(table[1]["sigmas"]) == 21
    assert listed[0] == 200 and listed[1]["schedules"]
    assert plots[0] == 200 and set(NODES + TOOLS + OTHERS) == set(plots[1]["nodes"])
    assert far[0] == wrong[0] == 400
    assert "bytes" in far[1]["error"]


def test_too_many_requests_are_turned_away(client, pack):
    route = pack.part("page.routes")
    answers = client(*[("POST", "/sigmatic/table", b"0")] * (route.BURST + 40))
    assert {status for status, _ in answers} == {400, 429}
    limit = route.Limit(rate=2.0, burst=3)
    assert [limit.take(10.0) for _ in range(4)] == [True, True, True, False]
    assert [limit.take(11.0) for _ in range(3)] == [True, True, False]
