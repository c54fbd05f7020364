"""Profiles in the host, on the stand-in: whose they are, how they are kept, and what goes by them."""

import asyncio
import importlib
import json
import logging
from dataclasses import replace

import pytest
import torch
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from sigmatic.profiles import Profile

RANGE = {
    "eps": {"space": "ve", "sigma_min": 0.0291675, "sigma_max": 14.614647},
    "flow": {"space": "flow", "sigma_min": 0.001, "sigma_max": 1.0},
}


NONE = "sig_fitted is sig_auto here: no profile is kept for this model: Sigmatic Fit Schedule makes one."


@pytest.fixture
def pack(user, pack):
    """All nodes on the stand-in, with a user directory of their own."""
    return pack


@pytest.fixture
def shelf(tmp_path):
    """Where profiles are."""
    return tmp_path / "sigmatic" / "profiles"


def model(pack, kind="eps", **more):
    return pack.run("SigmaticDemoModel", model="mixture", parametrisation=kind, **more)


def kept(pack, one=None, name="mine", cfg=1.0, kind="eps", **fields):
    """A profile that is kept for a model, without having been fitted."""
    files, marks = pack.part("running.profile_files"), pack.part("host.fingerprint")
    fields = {"p": 1.3, "data_std": 0.8, **fields}
    mark = marks.fingerprint(one, cfg) if one is not None else ""
    out = files.Kept(name, Profile(**{**RANGE[kind], **fields}), mark, "model", cfg)
    files.save(out)
    return out


def fit(pack, one, **inputs):
    """The node's result on a model, with its cheapest profile unless told otherwise."""
    nothing = pack.run("SigmaticDemoPrompt", digit="")
    links = {**pack.links(batch=1), "model": one, "positive": nothing}
    given = {"steps": 6, "cfg": 1.0, "budget": 90, "fit": "profile", **links, **inputs}
    return pack.whole("SigmaticFit", **given).args


def levels(pack, one, steps=6, **more):
    """What sig_fitted is in Sigmatic KSampler."""
    node = pack.nodes["SigmaticKSampler"]
    facts = pack.part("dropdowns.plan").ModelFacts.of(one)
    return node.plan(facts, **{"steps": steps, "sampler": "sig_arc", "schedule": "sig_fitted", "cfg": 1.0, **more})


def with_lora(one, strength=1.0, value=0.1):
    """A clone with a LoRA on its first weight, as the host keeps them."""
    out = one.clone()
    name = next(iter(dict(out.model.named_parameters())))
    out.patches = {
        **getattr(out, "patches", {}),
        name: [(strength, ("diff", (torch.full((4, 4), value),)), 1.0, None, None)],
    }
    return out


def by_name(pack, one, sampler, sigmas, options):
    """The run of Sigmatic KSampler's latent by the name of a sampler alone, as the host's own node does it."""
    host = importlib.import_module("comfy.sample")
    latent = pack.run("SigmaticDemoLatent", batch_size=2)["samples"]
    prompts = (pack.run("SigmaticDemoPrompt"), pack.run("SigmaticDemoPrompt", digit=""))
    sampler = type(sampler)(sampler.sampler_function, options)
    return host.sample_custom(one, host.prepare_noise(latent, 3), 1.0, sampler, sigmas, *prompts, latent, seed=3)


def test_fingerprints_do_not_collide_over_weights_guidance_lora_or_shift(pack):
    of = pack.part("host.fingerprint").fingerprint
    digits = pack.run("SigmaticDemoModel", model="digits", parametrisation="flow")
    changed = pack.run("SigmaticDemoModel", model="digits", parametrisation="flow")
    with torch.no_grad():
        next(changed.model.parameters()).mul_(1.001)
    shifted = digits.clone()
    sampling = importlib.import_module("comfy.model_sampling")
    ms = type("Advanced", (sampling.ModelSamplingDiscreteFlow, sampling.CONST), {})()
    ms.set_parameters(3.0)
    shifted.add_object_patch("model_sampling", ms)
    guided = digits.clone()
    guided.model_options["sampler_cfg_function"] = lambda given: given["cond"]
    models = [
        digits, changed, shifted, guided, with_lora(digits), with_lora(digits, 0.9), with_lora(digits, 1.0, 0.2),
        model(pack, "flow"), model(pack), pack.run("SigmaticDemoModel", model="digits", parametrisation="eps"),
    ]  # fmt: skip
    marks = [of(one, cfg) for one in models for cfg in (1.0, 1.05, 7.0)]
    assert len(set(marks)) == len(marks)


def test_a_fingerprint_is_the_models_alone(pack):
    """The same for another session's, with Sigmatic Settings on it, and while a LoRA is in its weights."""
    of = pack.part("host.fingerprint").fingerprint
    one, again = (pack.run("SigmaticDemoModel", model="digits", parametrisation="eps") for _ in range(2))
    told = pack.run("SigmaticSettings", model=again, eta=0.5, rho=3.0)
    assert of(one) == of(again) == of(told)
    before = of(one)
    name, weight = next((n, w) for n, w in one.model.named_parameters() if w.numel())
    one.backup = {name: type("Backup", (), {"weight": weight.detach().clone()})()}
    with torch.no_grad():
        weight.add_(1.0)
    assert of(one) == before


@pytest.mark.parametrize("kind", ["eps", "flow"])
def test_a_fit_is_kept_and_sig_fitted_goes_by_it(pack, kind, caplog):
    one = model(pack, kind)
    sigmas, text, carrying = fit(pack, one)
    files = pack.part("running.profile_files")
    (profile,) = files.all_kept().values()
    assert profile.whole and profile.cfg == 1.0 and profile.name in text and profile.profile.evaluations <= 90
    for steps in (4, 6, 9, 20, 50):
        wanted = profile.profile.sigmas(steps)
        assert torch.equal(levels(pack, one, steps).sigmas, wanted)
        assert torch.equal(levels(pack, carrying, steps).sigmas, wanted)
    assert torch.equal(sigmas, profile.profile.sigmas(6))
    again = fit(pack, model(pack, kind), budget=68)  # another session's
    assert torch.equal(again[0], sigmas) and "kept from before" in again[1] and len(files.all_kept()) == 1
    assert fit(pack, one, keep=False)[1].count("model evaluations")


def test_the_same_picture_by_our_ksampler_and_by_names_alone(pack):
    """Its last step too is the profile's, for up to as many steps as that says; also sig_auto is sig_arc then."""
    one = model(pack)
    kept(pack, one, integrates=8)
    host = importlib.import_module("comfy.samplers")
    plan = levels(pack, one)
    assert plan.sampler.options == {"last": "integrate"} and levels(pack, one, 9).sampler.options == {
        "last": "denoised"
    }
    assert levels(pack, one, sampler="sig_auto").sampler.ours == ("arc", {"last": "integrate"})
    assert "last" not in levels(pack, one, sampler="sig_dpmpp_2m").sampler.options
    wished = pack.run("SigmaticSettings", model=one, more="last = denoised")
    assert "last" not in levels(pack, wished).sampler.options
    by_default, integrated, plain, auto = (
        by_name(pack, one, host.sampler_object(name), plan.sigmas, options)
        for name, options in (
            ("sig_arc", {}), ("sig_arc", {"last": "integrate"}), ("sig_arc", {"last": "denoised"}), ("sig_auto", {}),
        )
    )  # fmt: skip
    ours = pack.line(model=one, sampler="sig_arc", schedule="sig_fitted", cfg=1.0)
    assert torch.equal(by_default, integrated) and torch.equal(auto, integrated)
    assert not torch.equal(plain, integrated) and torch.equal(ours, integrated)
    assert torch.equal(ours, pack.line(model=one, sampler="sig_auto", schedule="sig_fitted", cfg=1.0))


def test_without_a_profile_it_is_sig_auto_with_one_line(pack, caplog):
    one = model(pack)
    plan = levels(pack, one)
    assert torch.equal(plan.sigmas, levels(pack, one, schedule="sig_auto").sigmas)
    assert plan.warnings == (NONE,)
    kept(pack, one, cfg=7.0)
    assert "for cfg 7, and cfg is 1" in levels(pack, one).warnings[0]
    kept(pack, one, "other")
    assert levels(pack, one).warnings == () and "4 to 50" in levels(pack, one, 60).warnings[0]
    with caplog.at_level(logging.WARNING, "sigmatic"):
        pack.line(model=model(pack, "flow"), sampler="sig_arc", schedule="sig_fitted", cfg=1.0)
    assert [record.message for record in caplog.records if "sig_fitted" in record.message] == [f"Sigmatic: {NONE}"]


def test_one_that_rides_on_the_model_goes_first_and_must_be_for_its_range(pack):
    one = model(pack)
    kept(pack, one, "its")
    by_hand = kept(pack, None, "by_hand", cfg=None, p=0.6)
    carrying = pack.run("SigmaticSettings", model=one, profile="by_hand")
    assert torch.equal(levels(pack, carrying).sigmas, by_hand.profile.sigmas(6))
    assert not torch.equal(levels(pack, one).sigmas, by_hand.profile.sigmas(6))
    flow = kept(pack, None, "flow", kind="flow")
    assert flow.name == "flow"
    wrong = pack.run("SigmaticSettings", model=one, profile="flow")
    assert "another kind" in levels(pack, wrong).warnings[0]
    kept(pack, None, "far", sigma_max=90.0)
    far = pack.run("SigmaticSettings", model=one, profile="far")
    assert "another range" in levels(pack, far).warnings[0]
    assert pack.nodes["SigmaticSettings"].validate_inputs(profile="gone") is not True


def test_names_alone_find_it_and_the_guidance_by_the_caller(pack):
    """As the host's KSampler asks: with the MODEL and cfg among its own variables."""
    one = model(pack)
    profile = kept(pack, one, cfg=3.0)
    host = importlib.import_module("comfy.samplers")

    def ask(model, cfg):
        return host.calculate_sigmas(model.get_model_object("model_sampling"), "sig_fitted", 7)

    def ask_without(model):
        return host.calculate_sigmas(model.get_model_object("model_sampling"), "sig_fitted", 7)

    wanted = profile.profile.sigmas(7)
    assert torch.equal(ask(one, 3.0), wanted) and torch.equal(ask_without(one), wanted)
    assert not torch.equal(ask(one, 3.5), wanted)


def test_an_interrupt_keeps_what_is_fitted(pack, monkeypatch):
    """The next fit goes on to a whole one, and keeps what there is until it has more."""
    one, facts = model(pack), pack.part("host.facts")
    files = pack.part("running.profile_files")

    def stop_after(evaluations):
        left = [evaluations]

        def check():
            left[0] -= 1
            if left[0] < 0:
                raise InterruptedError

        monkeypatch.setattr(facts, "check_interrupt", check)

    stop_after(30)
    with pytest.raises(InterruptedError):
        fit(pack, one, budget=200)
    assert not files.all_kept()
    stop_after(150)
    with pytest.raises(InterruptedError):
        fit(pack, one, budget=200)
    (half,) = files.all_kept().values()
    assert not half.whole and 0 < half.profile.evaluations <= 150
    assert torch.equal(levels(pack, one).sigmas, half.profile.sigmas(6))
    stop_after(60)
    with pytest.raises(InterruptedError):
        fit(pack, one, budget=200)
    assert files.all_kept() == {half.name: half}
    stop_after(10**6)
    fit(pack, one, budget=200)
    (whole,) = files.all_kept().values()
    assert whole.whole and whole.name == half.name


def test_the_fit_for_one_number_of_steps_begins_at_the_profile(pack):
    one = model(pack)
    profile = kept(pack, one, levels={6: (14.614647, 5.0, 2.0, 0.9, 0.4, 0.1, 0.0)}, integrates=8)
    single = {"fit": "these steps", "sampler": "sig_arc", "budget": 0, "keep": False}
    carrying = fit(pack, one, **single)[2]
    assert torch.equal(levels(pack, carrying).sigmas, profile.profile.sigmas(6))
    runs = pack.part("measuring.fit_runs").ModelRuns(
        one, *[pack.run("SigmaticDemoPrompt", digit="")] * 2, 1.0, torch.zeros(1, 1, 32, 32), 4
    )
    begun = runs.starts(6)["fitted"]
    assert torch.equal(begun, profile.profile.sigmas(6))
    alike = [runs.run("sig_arc", begun, **options) for options in ({}, {"last": "denoised"})]
    assert torch.equal(*alike)  # as levels beside them are run, which are no profile's
    assert (
        fit(pack, model(pack, "flow"), fit="these steps", budget=0, keep=False)[2].model_options.get("sigmatic") is None
    )


@pytest.mark.parametrize(
    ("inputs", "problem"),
    [
        ({"latents": 3}, "latents is 3"), ({"budget": 20}, "budget is 20"), ({"steps": 3}, "steps is 3"),
        ({"save_as": "a/b"}, "name is 'a/b'"), ({"save_as": "taken"}, "another profile has"),
        ({"fit": "all"}, "fit is 'all'"),
    ],
)  # fmt: skip
def test_what_no_profile_can_be_fitted_with_is_refused_before_the_first_call(pack, monkeypatch, inputs, problem):
    kept(pack, None, "taken")
    monkeypatch.setattr(pack.part("measuring.fit_runs").ModelRuns, "run_with", lambda *_: pytest.fail("it was run"))
    with pytest.raises(ValueError, match=problem):
        fit(pack, model(pack), **inputs)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '{"version": 2}', '{"version": 1, "name": "a", "profile": {}}', "9" * 300000]
)
def test_a_damaged_profile_is_set_aside_named_in_a_line_and_the_others_stay(pack, shelf, content, caplog):
    kept(pack, None, "fine")
    damaged = shelf / "0123456789abcdef0123.json"
    damaged.write_text(content)
    with caplog.at_level(logging.WARNING, "sigmatic"):
        assert list(pack.part("running.profile_files").all_kept()) == ["fine"]
    (line,) = [record.message for record in caplog.records]
    (aside,) = shelf.glob("*.broken-*.json")
    assert aside.read_text() == content and aside.name in line and damaged.name in line and not damaged.exists()
    assert list(pack.part("running.profile_files").all_kept()) == ["fine"]


def test_names_are_changed_and_taken_away(pack, shelf):
    files = pack.part("running.profile_files")
    one = kept(pack, model(pack))
    files.rename("mine", "yours")
    assert list(files.all_kept()) == ["yours"] and len(list(shelf.iterdir())) == 1
    other = kept(pack, None, "mine")
    for new in ("yours", "a/b"):
        with pytest.raises(ValueError, match="name is"):
            files.rename("mine", new)
    assert files.all_kept()["mine"] == other and files.all_kept()["yours"].profile == one.profile
    files.remove("mine")
    with pytest.raises(ValueError, match="no profile"):
        files.remove("mine")


def test_one_of_the_command_line_is_read_and_one_of_ours_is_as_it_was(pack, tmp_path):
    files = pack.part("running.profile_files")
    profile = Profile(**RANGE["flow"], p=1.2, evaluations=300)
    profile.save(tmp_path / "flow.json")
    read = files.read_file((tmp_path / "flow.json").read_text(), "flow")
    assert read == files.Kept("flow", profile)
    whole = kept(pack, model(pack), levels={5: (14.0, 6.0, 2.0, 1.0, 0.1, 0.0)}, error={6: 0.1}, usual={6: 0.2})
    assert files.read_file(whole.as_text()) == whole and json.loads(whole.as_text())["version"] == 1


def test_the_page_draws_sig_fitted_by_the_files_that_it_sees(pack):
    """And by name through Sigmatic Settings; a model without a profile as sig_auto, with a line."""
    files, answer = pack.part("running.profile_files"), pack.part("page.answer")
    profile = Profile(**RANGE["eps"], p=1.4)
    files.save(files.Kept("xl", profile, "0" * 20 + "-7", "sdxl", 7.0, ("sdxl.safetensors",)))

    def drawn(cfg=7.0, **more):
        values = {"sampler": "sig_arc", "schedule": "sig_fitted", "steps": 8, "cfg": cfg}
        status, reply = answer.answer(json.dumps({"node": "SigmaticKSampler", "values": values, **more}).encode())
        assert status == 200, reply
        return reply["sigmas"], [text for text, _ in reply["assumes"]]

    wanted = pytest.approx(profile.sigmas(8).tolist(), rel=1e-5)
    sigmas, words = drawn(model={"files": ["models/sdxl.safetensors"]})
    assert sigmas == wanted and "Levels of the profile {name}." in words
    assert drawn(settings=[{"profile": "xl"}])[0] == wanted
    for other in (
        {},
        {"model": {"files": ["sd15.safetensors"]}},
        {"cfg": 3.0, "model": {"files": ["sdxl.safetensors"]}},
    ):
        sigmas, words = drawn(**other)
        assert sigmas != wanted and any("without a profile" in word for word in words)


def test_the_routes_list_hand_out_take_in_rename_and_delete(pack):
    one = kept(pack, model(pack), error={6: 0.1}, usual={6: 0.2}, evaluations=80)
    wire = {"Content-Type": "application/json"}

    async def session(steps):
        app = web.Application()
        app.add_routes(importlib.import_module("server").PromptServer.instance.routes)
        async with TestClient(TestServer(app)) as client:
            path = "/sigmatic/profiles"
            replies = [await client.request(method, path + query, data=b, headers=h) for method, query, b, h in steps]
            return [(reply.status, await reply.json()) for reply in replies]

    def post(body, headers=wire):
        return "POST", "", body if isinstance(body, (bytes, str)) else json.dumps(body), headers

    bare = Profile(**RANGE["flow"]).as_text()
    answers = asyncio.run(session([
        ("GET", "", None, {}), ("GET", "?name=mine", None, {}), ("GET", "?name=gone", None, {}),
        post({"name": "mine", "rename": "yours"}), post({"name": "other", "text": bare}),
        post({"text": one.as_text()}),
        post({"text": one.as_text()}), post({"name": "a/b", "text": bare}), post({"name": "x", "text": "{}"}),
        post("["),
        post({}), post({"text": bare}, {"Content-Type": "text/plain"}), post(b" " * 300000),
        ("DELETE", "?name=mine", None, {}), ("DELETE", "?name=mine", None, {}),
    ]))  # fmt: skip
    wanted = [200, 200, 404, 200, 200, 200, 400, 400, 400, 400, 400, 415, 413, 200, 400]
    assert [status for status, _ in answers] == wanted
    (listed,) = answers[0][1]["profiles"]
    assert listed["name"] == "mine" and listed["cfg"] == 1.0 and listed["ratios"] == {"6": 0.5} and listed["whole"]
    assert answers[1][1] == json.loads(one.as_text())
    assert [profile["name"] for profile in answers[13][1]["profiles"]] == ["other", "yours"]
    files = pack.part("running.profile_files").all_kept()
    assert files["yours"].model == one.model and files["other"].model == ""


def test_sigmatic_recipe_says_that_there_is_a_profile_and_carries_one(pack):
    one, links = model(pack), {"recipe": "auto", "steps": 0}
    node = pack.nodes["SigmaticRecipe"]
    assert "profile" not in node.execute(one, **links).args[5]
    kept(pack, one)
    assert "There is a profile of this model: mine." in node.execute(one, **links).args[5]
    other = kept(pack, None, "other", cfg=None, p=0.7)
    carrying = node.execute(one, **links, profile="other").args[0]
    assert torch.equal(levels(pack, carrying).sigmas, other.profile.sigmas(6))
    with pytest.raises(ValueError, match="no profile"):
        node.execute(one, **links, profile="gone")


def test_a_node_that_goes_by_a_profile_is_run_again_when_it_has_changed(pack):
    files, one = pack.part("running.profile_files"), model(pack)
    first = kept(pack, one)

    def marks():
        return [
            pack.nodes[name].fingerprint_inputs(**given)
            for name, given in (
                ("SigmaticKSampler", {"sampler": "sig_arc", "schedule": "sig_fitted"}),
                ("SigmaticSettings", {"profile": "mine"}),
                ("SigmaticKSampler", {"sampler": "sig_arc", "schedule": "sig_arc"}),
            )
        ]

    before = marks()
    files.save(replace(first, profile=replace(first.profile, p=0.9)), replaces=True)
    assert [old == new for old, new in zip(before, marks(), strict=True)] == [False, False, True]
