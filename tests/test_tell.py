"""Warnings reach the page, under the node that is running, on the stand-in host."""

import importlib
import json
from contextlib import nullcontext
from types import SimpleNamespace

import pytest

import sigmatic


@pytest.fixture
def running(pack):
    """running(prompt, node) -> what is shown in the page from then on, while that node is running."""
    utils, server = importlib.import_module("comfy_execution.utils"), importlib.import_module("server")

    def begin(prompt, node, client="page"):
        utils.running = utils.ExecutionContext(prompt, node)
        server.PromptServer.instance.client_id = client
        server.SENT.clear()
        return server.SENT

    return begin


def test_a_warning_is_shown_under_the_node_that_runs_and_nothing_where_nothing_is_wrong(pack, running):
    shown = running("first", "7")
    pack.line(sampler="sig_lcm", cfg=8.0)
    ((node, text, client),) = shown
    assert (node, client) == ("7", "page") and "cfg is 8" in text and "sig_dpmpp_2m_sde" in text
    for prompt, node in (("second", "8"), ("third", "7")):
        shown = running(prompt, node)
        pack.line(sampler="sig_euler", cfg=2.0)
        assert shown == []


def test_warnings_of_one_node_are_shown_together_and_once(pack, running, caplog):
    """A schedule for other models and too much guidance; the same said twice is said once."""
    shown = running("first", "7")
    pack.line("flow", sampler="sig_lcm", cfg=8.0, steps=12, schedule="sig_karras")
    (_, text, _) = shown[-1]
    assert text.count("\n") == 1 and "cfg is 8" in text and "not for flow models" in text
    assert sum("not for flow models" in line for line in caplog.messages) == 1


@pytest.mark.parametrize(
    ("kind", "schedule", "instead"),
    [("flow", "karras", "sig_simple"), ("flow", "exponential", "sig_beta"), ("eps", "linear_quadratic", "sig_karras")],
)
def test_a_schedule_by_name_is_told_of_on_models_of_the_other_kind(pack, running, kind, schedule, instead):
    """In a host's node (its handler), in ours, in the summary; and not on the models that it is for."""
    hosts = importlib.import_module("comfy.samplers")
    for wrong, name in ((True, kind), (False, "eps" if kind == "flow" else "flow")):
        model = pack.run("SigmaticDemoModel", model="mixture", parametrisation=name)
        shown = running("handler", f"1 {name}")
        hosts.calculate_sigmas(model.get_model_object("model_sampling"), "sig_" + schedule, 4)
        assert [instead in text for _, text, _ in shown] == [True] * wrong
        shown = running("node", f"2 {name}")
        pack.run("SigmaticSchedule", model=model, schedule="sig_" + schedule, steps=4)
        assert [instead in text for _, text, _ in shown] == [True] * wrong
        prompt = pack.run("SigmaticDemoPrompt")
        links = {"model": model, "positive": prompt, "negative": prompt, "latent_image": pack.run("SigmaticDemoLatent")}
        given = {"seed": 1, "steps": 4, "cfg": 2.0, "sampler": "sig_euler", "schedule": "sig_" + schedule}
        shown = running("ksampler", f"3 {name}")
        summary = pack.nodes["SigmaticKSampler"].execute(**links, **given).args[1]
        assert [instead in text for _, text, _ in shown] == [True] * wrong
        assert summary.count(instead) == wrong


def test_a_setting_out_of_the_samplers_range_stands_in_the_summary(pack, running):
    prompt = pack.run("SigmaticDemoPrompt")
    links = {"positive": prompt, "negative": prompt, "latent_image": pack.run("SigmaticDemoLatent")}
    links["model"] = pack.run("SigmaticSettings", model=pack.run("SigmaticDemoModel"), more="max_order = 4")
    given = {"seed": 1, "steps": 6, "cfg": 2.0, "schedule": "sig_karras"}
    for sampler, left_out in (("sig_uni_pc", 1), ("sig_deis", 0)):
        shown = running("first", sampler)
        summary = pack.nodes["SigmaticKSampler"].execute(**links, **given, sampler=sampler).args[1]
        assert summary.count("left out for uni_pc: max_order is 4") == left_out
        assert len(shown) == left_out


def test_a_plot_or_an_api_call_shows_nothing_in_the_page(pack, running, caplog):
    shown = running("first", "7", client=None)
    pack.line(sampler="sig_lcm", cfg=8.0)
    assert shown == [] and "cfg is 8" in caplog.text
    shown = running("second", "7")
    importlib.import_module("comfy_execution.utils").running = None
    pack.part("host.warnings").warn(["outside of a prompt"])
    assert shown == [] and "outside of a prompt" in caplog.text


@pytest.mark.parametrize(
    ("sampler", "scales", "told"),
    [("lcm", {"cfg": 8}, True), ("lcm", {"cfg": 1.0, "cfg1": 2.0, "cfg2": 7.0}, True), ("lcm", {"cfg": 2.0}, False),
     ("euler", {"cfg": 30.0}, False), ("euler_cfg_pp", {"cfg1": 7.0}, True), ("euler_cfg_pp", {}, False)],
)  # fmt: skip
def test_the_largest_scale_of_a_guider_counts(pack, sampler, scales, told):
    spec, sigmas = sigmatic.samplers.get(sampler), (9.0, 3.0, 0.0)
    guider = SimpleNamespace(model_patcher=pack.run("SigmaticDemoModel", model="mixture"), **scales)
    table = sigmatic.samplers.table(sampler, sigmas)
    notes = pack.part("running.mismatch").notes(spec, table, sigmas, SimpleNamespace(inner_model=guider), {})
    assert len(notes) == told and all("lower cfg" in note for note in notes)


@pytest.mark.parametrize(("part", "idle"), [((6, 6), 1), ((7, 3), 1), ((9, 10000), 1), ((2, 6), 0), ((0, 10000), 0)])
def test_a_part_without_steps_is_told_of(pack, running, part, idle):
    shown = running("first", "7")
    pack.line(sampler="sig_euler", cfg=2.0, start_at_step=part[0], end_at_step=part[1])
    assert sum("set start_at_step lower" in text for _, text, _ in shown) == idle


@pytest.mark.parametrize(("sigmas", "turn"), [((9.0, 3.0, 1.0, 2.0, 0.0), "step 2"), ((9.0, 3.0, 1.0, 0.0), None)])
def test_sigmas_that_turn_are_refused_with_the_place_to_cut_them(pack, sigmas, turn):
    refuse = pack.part("running.mismatch").refuse
    ms = pack.run("SigmaticDemoModel", model="mixture").get_model_object("model_sampling")
    with pytest.raises(ValueError, match=f"turn at {turn}.*Sigmatic Split Sigmas") if turn else nullcontext():
        refuse(ms, sigmas)


def test_a_model_without_levels_of_noise_is_refused_in_the_words_of_its_node(pack):
    nothing = SimpleNamespace(sigma_min=0.0, sigma_max=float("nan"), sigmas=None)
    for refuse in (pack.part("host.facts").levels, lambda ms: pack.part("running.mismatch").refuse(ms, (1.0, 0.0))):
        with pytest.raises(ValueError, match="shift 0 in ModelSamplingSD3"):
            refuse(nothing)


@pytest.mark.parametrize(("sampler", "cfg", "evaluations"), [("sig_heun", 1.0, 9), ("sig_euler", 3.0, 5)])
def test_the_page_is_told_what_a_run_has_done(pack, running, sampler, cfg, evaluations):
    running("first", "7")
    events = importlib.import_module("server").EVENTS
    events.clear()
    pack.line(sampler=sampler, cfg=cfg, steps=5)
    ((event, ran, client),) = events
    assert (event, client, ran["node"]) == ("sigmatic.ran", "page", "7")
    assert (ran["steps"], ran["evaluations"]) == (5, evaluations) and ran["seconds"] > 0
    assert ran["negative"] is (cfg != 1.0) and ran["levels"] is None and ran["rejected"] is None
    json.dumps(ran)
    running("second", "7", client=None)
    events.clear()
    pack.line(sampler=sampler, cfg=cfg, steps=5)
    assert events == []


def test_an_adaptive_run_tells_of_the_steps_that_it_chose(pack, running):
    running("first", "7")
    events = importlib.import_module("server").EVENTS
    events.clear()
    pack.line(sampler="sig_dpm_adaptive", cfg=2.0, steps=5)
    (_, ran, _) = events[-1]
    sigmas = ran["levels"]["sigmas"]
    assert len(sigmas) == ran["steps"] + 1 == len(ran["levels"]["log_snr"])
    assert sigmas == sorted(sigmas, reverse=True) and sigmas[-1] == 0 and ran["rejected"] >= 0
    json.dumps(ran, allow_nan=False)
