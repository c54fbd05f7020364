"""Settings on the MODEL, curves in widgets and split runs, on the stand-in host."""

import importlib
import logging

import pytest
import torch
from fakehost.host import Pack, fake_host

import sigmatic


@pytest.fixture(scope="module")
def pack():
    """All nodes on the stand-in, for all tests of this file: none of them changes it."""
    with fake_host() as module:
        yield Pack(module)


def _demo(pack, kind="eps"):
    return pack.run("SigmaticDemoModel", model="mixture", parametrisation=kind)


def _by_name(pack, model, sampler="sig_euler_ancestral", schedule="sig_karras", steps=6, options=None):
    """What a node does that takes only names: the host's own calls and nothing else. `options` of the SAMPLER."""
    hosts, sample = importlib.import_module("comfy.samplers"), importlib.import_module("comfy.sample")
    sigmas = hosts.calculate_sigmas(model.get_model_object("model_sampling"), schedule, steps)
    prompt = pack.run("SigmaticDemoPrompt")
    latent = torch.zeros(2, 1, 32, 32)
    noise = sample.prepare_noise(latent, 5)
    sampler = hosts.KSAMPLER(hosts.sampler_object(sampler).sampler_function, options or {})
    return sample.sample_custom(
        model, noise, 2.0, sampler, sigmas, prompt, prompt, latent, callback=lambda *_: None, seed=5
    )


@pytest.mark.parametrize("kind", ["eps", "v", "flow"])
def test_a_node_that_takes_only_names_obeys(pack, kind):
    model = _demo(pack, kind)
    still = pack.run("SigmaticSettings", model=model, eta=0.0)
    assert torch.equal(_by_name(pack, still), _by_name(pack, model, "sig_euler"))
    assert not torch.equal(_by_name(pack, model), _by_name(pack, model, "sig_euler")), "the model itself is untouched"
    half = pack.run("SigmaticSettings", model=model, rho=3.0)
    hosts = importlib.import_module("comfy.samplers")
    ms = half.get_model_object("model_sampling")
    space = "flow" if kind == "flow" else "ve"
    assert torch.equal(
        hosts.calculate_sigmas(ms, "sig_karras", 5),
        sigmatic.schedulers.sigmas("karras", 5, model_sigmas=ms.sigmas, rho=3.0, space=space),
    )


def test_widgets_left_alone_say_nothing(pack):
    model = _demo(pack)
    same = pack.run("SigmaticSettings", model=model)
    assert torch.equal(_by_name(pack, same), _by_name(pack, model))
    assert pack.part("running.settings_on_model").of_model(same) == {}


def test_of_two_settings_the_later_wins_setting_by_setting(pack):
    first = pack.run("SigmaticSettings", model=_demo(pack), eta=0.25, rho=3.0, noise="pink")
    both = pack.run("SigmaticSettings", model=first, eta=0.75, batch_index=4)
    settings = pack.part("running.settings_on_model")
    assert settings.of_model(both) == {"eta": 0.75, "rho": 3.0, "noise": "pink", "batch_index": 4}
    assert settings.of_model(first) == {"eta": 0.25, "rho": 3.0, "noise": "pink"}
    assert settings.of_schedule(both.get_model_object("model_sampling")) == {"rho": 3.0}
    assert settings.of_model(both.clone()) == settings.of_model(both), "a LoRA node's clone keeps them"


def test_the_models_own_sampling_object_is_left_alone(pack):
    model = _demo(pack)
    ms = model.get_model_object("model_sampling")
    twin = pack.run("SigmaticSettings", model=model, rho=3.0).get_model_object("model_sampling")
    assert twin is not ms and type(twin) is type(ms) and torch.equal(twin.sigmas, ms.sigmas)
    module = torch.nn.Module()  # as the host's are
    module.register_buffer("sigmas", torch.ones(3))
    model.add_object_patch("model_sampling", module)
    copy = pack.run("SigmaticSettings", model=model, rho=3.0).get_model_object("model_sampling")
    copy.register_buffer("sigmas", torch.zeros(3))
    of_schedule = pack.part("running.settings_on_model").of_schedule
    assert module.sigmas.sum() == 3 and of_schedule(copy) == {"rho": 3.0} and of_schedule(module) == {}


def test_widgets_beat_settings_and_settings_beat_the_samplers_own(pack):
    model = pack.run("SigmaticSettings", model=_demo(pack), eta=0.0)
    links = {"sampler": "sig_euler_ancestral", "model": model}
    assert torch.equal(pack.line(**links), pack.line(sampler="sig_euler"))
    assert torch.equal(pack.line(**links, eta=0.5), pack.line(sampler="sig_euler_ancestral", eta=0.5))


def test_schedule_settings_that_were_lost_are_one_line_in_the_log(pack, caplog):
    model = pack.run("SigmaticSettings", model=_demo(pack), eta=0.5, rho=3.0)
    sampling = importlib.import_module("comfy.model_sampling")
    later = model.clone()
    later.add_object_patch("model_sampling", type("MS", (sampling.Discrete, sampling.EPS), {})())
    with caplog.at_level(logging.WARNING, "sigmatic"):
        _by_name(pack, model)
        assert not caplog.messages
        _by_name(pack, later)
    (line,) = caplog.messages
    assert "rho 3" in line and "after ModelSamplingSD3" in line and "eta" not in line


def test_a_setting_that_does_not_fit_a_sampler_is_left_out_with_a_line(pack, caplog):
    model = pack.run("SigmaticSettings", model=_demo(pack), more="solver_type = heun")
    heun = sigmatic.samplers.get("dpmpp_2m_sde")
    assert "heun" in next(p for p in heun.params if p.name == "solver_type").choices
    with caplog.at_level(logging.WARNING, "sigmatic"):
        plain = _by_name(pack, _demo(pack), "sig_er_sde")
        assert torch.equal(_by_name(pack, model, "sig_er_sde"), plain)
        assert not torch.equal(
            _by_name(pack, model, "sig_dpmpp_2m_sde"), _by_name(pack, _demo(pack), "sig_dpmpp_2m_sde")
        )
    (line,) = caplog.messages
    assert "er_sde" in line and "solver_type" in line


def test_curves_in_percent_follow_the_model_at_hand(pack):
    settings = pack.run("SigmaticSettings", model=_demo(pack), eta_curve="0:1, 50:1, 50:0, 100:0")
    ms = settings.get_model_object("model_sampling")
    middle = pack.part("host.facts").sigma_at(ms, 50)
    sigmas = importlib.import_module("comfy.samplers").calculate_sigmas(ms, "sig_karras", 6)
    assert sigmas[0] > middle > sigmas[-2], "on for a part of the run, and off for the rest"
    by_hand = _by_name(pack, _demo(pack), options={"eta": lambda sigma: float(sigma > middle)})
    assert torch.equal(_by_name(pack, settings), by_hand)


def test_noise_between_two_percents_only(pack):
    model = _demo(pack)
    never = pack.run("SigmaticSettings", model=model, start_percent=99.0)
    assert torch.equal(_by_name(pack, never), _by_name(pack, model, "sig_euler"))
    early = pack.run("SigmaticSettings", model=model, end_percent=50.0)
    by_curve = pack.run("SigmaticSettings", model=model, eta_curve="0:1, 50:1, 50:0")
    assert torch.equal(_by_name(pack, early), _by_name(pack, by_curve))
    assert not torch.equal(_by_name(pack, early), _by_name(pack, model))


def test_curves_in_the_nodes_with_widgets(pack):
    constant = pack.line(sampler="sig_euler_ancestral", eta_curve="0:0.5, 100:0.5", eta=7.0)
    assert torch.equal(constant, pack.line(sampler="sig_euler_ancestral", eta=0.5))
    model, prompt = _demo(pack), pack.run("SigmaticDemoPrompt")
    sampler = pack.run("SigmaticSampler", sampler="sig_euler_ancestral", s_noise_curve="0:0")
    sigmas = pack.run("SigmaticSchedule", model=model, steps=5)
    sample, latent = importlib.import_module("comfy.sample"), torch.zeros(1, 1, 32, 32)
    run = [prompt, prompt, latent]
    kw = {"callback": lambda *_: None, "seed": 5}
    still = sample.sample_custom(model, torch.randn(1, 1, 32, 32), 2.0, sampler, sigmas, *run, **kw)
    assert still.isfinite().all()


@pytest.mark.parametrize(
    ("node", "given", "says"),
    [
        ("SigmaticSettings", {"eta_curve": "0:1; 2"}, r"eta_curve: .*percent:value"),
        ("SigmaticSettings", {"eta_curve": "0:1000"}, r"eta is 1000 at 0 percent: .*0 to 100"),
        ("SigmaticSettings", {"s_noise_curve": "0:-1"}, r"s_noise is -1 at 0 percent"),
        ("SigmaticSettings", {"more": "etta = 1"}, r"more: .*'etta'.*did you mean eta"),
        ("SigmaticSettings", {"more": "eta"}, r"more: 'eta' is no option"),
        ("SigmaticSettings", {"more": "solver_type = 0:1"}, r"more: solver_type"),
        ("SigmaticSettings", {"more": "eta = many"}, r"more: eta is 'many': give a number from 0 to 100\.$"),
        ("SigmaticSettings", {"more": "solver_type = Heun"}, r"'Heun': give one of .*heun.*, or one of .*reverse_sde"),
        ("SigmaticSettings", {"eta": 1e9}, "eta is 1000000000"),
        ("SigmaticSettings", {"eta": float("nan")}, "eta is nan"),
        ("SigmaticSettings", {"rho": 0.0}, "rho is 0"),
        ("SigmaticSettings", {"noise": "loud"}, "noise is 'loud'"),
        ("SigmaticSettings", {"start_percent": 60.0, "end_percent": 40.0}, "start_percent is 60"),
        ("SigmaticSettings", {"model": object()}, "model_sampling"),
        ("SigmaticSampler", {"eta_curve": "x"}, "eta_curve"),
        ("SigmaticSampler", {"more": "order == 3"}, "more"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(pack, node, given, says):
    links = {"model": _demo(pack)} if node == "SigmaticSettings" else {}
    with pytest.raises(ValueError, match=says):
        pack.run(node, **{**links, **given})
    texts = {name: value for name, value in given.items() if name in ("eta_curve", "s_noise_curve", "more")}
    if texts and node == "SigmaticSettings":
        refused = pack.nodes[node].validate_inputs(**texts)
        assert isinstance(refused, str)
        assert pack.nodes[node].validate_inputs() is True


SPECS = [sigmatic.samplers.get(name) for name in sigmatic.samplers.names()]
WITH_MEMORY = ["sig_" + spec.name for spec in SPECS if spec.history and not spec.alias_of and not spec.learned]


@pytest.mark.parametrize("kind", ["eps", "flow"])
def test_any_split_of_a_run_is_the_run(pack, kind):
    """Bit for bit, for every sampler with a memory."""
    model, prompt = _demo(pack, kind), pack.run("SigmaticDemoPrompt")
    node = pack.nodes["SigmaticKSampler"]
    common = {"model": model, "seed": 3, "steps": 8, "cfg": 2.0, "schedule": "sig_karras"}
    common |= {"positive": prompt, "negative": prompt}

    def run(latent, sampler, **given):
        return node.execute(**common, sampler=sampler, latent_image=latent, **given).args[0]

    start = pack.run("SigmaticDemoLatent", batch_size=1)
    for sampler in ("sig_euler_ancestral", *WITH_MEMORY):
        whole = run(start, sampler)
        assert set(whole) == {"samples"}
        for cut in (1, 4):
            first = run(start, sampler, end_at_step=cut, return_with_leftover_noise=True)
            rest = run(first, sampler, start_at_step=cut, add_noise=False)
            assert torch.equal(rest["samples"], whole["samples"]), (sampler, cut)
            assert set(rest) == {"samples"}


@pytest.mark.parametrize("change", ["samples", "seed", "sampler", "eta", "start", "add_noise", "version"])
def test_a_continuation_of_something_else_forgets_with_one_line(pack, caplog, change):
    model, prompt = _demo(pack), pack.run("SigmaticDemoPrompt")
    given = {"model": model, "seed": 3, "steps": 8, "cfg": 2.0, "sampler": "sig_dpmpp_2m_sde", "schedule": "sig_karras"}
    given |= {"positive": prompt, "negative": prompt, "eta": 0.5}
    node = pack.nodes["SigmaticKSampler"]
    start = pack.run("SigmaticDemoLatent", batch_size=1)
    first = node.execute(**given, latent_image=start, end_at_step=4, return_with_leftover_noise=True).args[0]
    rest = {"start_at_step": 4, "add_noise": False}
    changed = {"seed": {"seed": 4}, "sampler": {"sampler": "sig_dpmpp_2m"}, "eta": {"eta": 0.25}}
    changed |= {"start": {"start_at_step": 3}, "add_noise": {"add_noise": True}}
    given |= {**rest, **changed.get(change, {})}
    if change == "samples":
        first = {**first, "samples": first["samples"] * 1.0001}
    if change == "version":
        first = {**first, "sigmatic_state": {**first["sigmatic_state"], "version": 99}}
    plain = {"samples": first["samples"]}
    with caplog.at_level(logging.WARNING, "sigmatic"):
        out = node.execute(**given, latent_image=first).args[0]
    lines = [line for line in caplog.messages if "without its memory" in line]
    assert len(lines) == (change != "version")
    assert torch.equal(out["samples"], node.execute(**given, latent_image=plain).args[0]["samples"])


def test_the_summary_says_what_was_done(pack):
    prompt = pack.run("SigmaticDemoPrompt")
    links = {"model": _demo(pack), "positive": prompt, "negative": prompt}
    links["latent_image"] = pack.run("SigmaticDemoLatent", batch_size=1)
    given = {"seed": 3, "steps": 6, "cfg": 2.0, "sampler": "sig_heun", "schedule": "sig_karras"}
    text = pack.nodes["SigmaticKSampler"].execute(**links, **given).args[1]
    assert text.splitlines() == [
        "sampler: sig_heun", "schedule: sig_karras", "seed: 3", "cfg: 2.0", "denoise: 1.0",
        "steps: 6, sigma 14.5881 to 0", "evaluations: 11",
    ]  # fmt: skip
    noisy = pack.nodes["SigmaticKSampler"].execute(
        **links, **{**given, "sampler": "sig_euler_ancestral"}, eta_curve="0:1, 100:0.5"
    )
    assert "sig_euler_ancestral (eta 0:1, 100:0.5, s_noise 1)" in noisy.args[1]
    theirs = pack.nodes["SigmaticKSampler"].execute(**links, **{**given, "sampler": "euler"}, eta_curve="0:1")
    assert "sampler: euler" in theirs.args[1] and "note: euler is ComfyUI's own" in theirs.args[1]


def test_what_does_not_go_together_is_said_with_a_way_out(pack, caplog):
    guard, samplers = pack.part("running.mismatch"), sigmatic.samplers
    sigmas = (14.0, 5.0, 1.0, 0.0)
    model = type("Wrapped", (), {"inner_model": None})()
    guider = type("Guider", (), {"cfg": 8.0, "conds": {"positive": [], "negative": []}})()
    guider.model_patcher = _demo(pack)
    model.inner_model = guider

    def said(name, levels=sigmas, **options):
        table = samplers.table(name, levels)
        return guard.notes(samplers.get(name), table, levels, model, {"model_options": options})

    assert said("heun") == said("dpmpp_2m") == said("dpm_2") == []
    (windows,) = said("dpm_2", context_handler=object())
    assert "sig_dpm_2" in windows and "sig_dpmpp_2m" in windows
    assert said("heun", context_handler=object()) == [], "both of Heun's evaluations are at the schedule's levels"
    (adaptive,) = guard.notes(
        samplers.get("rk_adaptive"), None, sigmas, model, {"model_options": {"context_handler": object()}}
    )
    assert "sig_rk_adaptive" in adaptive
    (burnt,) = said("lcm")
    assert "cfg is 8" in burnt and "sig_dpmpp_2m_sde" in burnt[:50], "the way out first: the page shows little more"
    (vivid,) = guard.notes(samplers.get("euler_cfg_pp"), None, sigmas, model, {})
    assert "cfg is 8" in vivid and "lower cfg to 1 to 2" in vivid[:50]
    (above,) = said("euler", (80.0, 5.0, 0.0))
    assert "start at 80" in above and "Sigmatic Schedule" in above
    guider.cfg, guider.model_patcher = 1.0, _demo(pack, "flow")
    flow = {"model_sigmas": guider.model_patcher.get_model_object("model_sampling").sigmas, "space": "flow"}
    for schedule, fits in (("simple", True), ("beta", True), ("karras", False), ("exponential", False)):
        levels = tuple(sigmatic.schedulers.sigmas(schedule, 20, **flow).tolist())
        found = guard.notes(samplers.get("euler"), None, levels, model, {})
        assert found == [] if fits else "sig_simple" in found[0], schedule
        assert guard.notes(samplers.get("euler"), None, levels[-6:], model, {}) == [], "a detailer's last steps"
    with caplog.at_level(logging.WARNING, "sigmatic"):
        pack.line(sampler="sig_lcm", cfg=8.0)
    assert sum("sig_lcm" in line for line in caplog.messages) == 1


def test_the_info_is_the_table_of_what_will_be_run(pack):
    model = _demo(pack)
    sigmas = pack.run("SigmaticSchedule", model=model, steps=4)
    sampler = pack.run("SigmaticSampler", sampler="sig_dpmpp_sde", eta=0.5)
    text = pack.run("SigmaticSamplerInfo", sampler=sampler, sigmas=sigmas, model=model)
    table = sigmatic.samplers.table("dpmpp_sde", sigmas, eta=0.5)
    assert "sampler: sig_dpmpp_sde (eta 0.5" in text and "between the schedule's levels" in text
    assert f"evaluations: {table.evaluations}" in text and "model: ve" in text
    rows = [line.split() for line in text.splitlines()[-4:]]
    assert [float(row[1]) for row in rows] == pytest.approx([float(s) for s in sigmas[:-1]], rel=1e-4)
    assert [float(row[3]) for row in rows] == pytest.approx(table.noise, rel=1e-4)
    assert sum(int(row[4]) for row in rows) == table.evaluations
    still = pack.run("SigmaticSettings", model=model, eta=0.0)
    assert "eta 0.5" in pack.run("SigmaticSamplerInfo", sampler=sampler, sigmas=sigmas, model=still)
    by_name = importlib.import_module("comfy.samplers").sampler_object("sig_euler_ancestral")
    quiet = pack.run("SigmaticSamplerInfo", sampler=by_name, sigmas=sigmas, model=still)
    assert "(eta 0, s_noise 1)" in quiet and [line.split()[3] for line in quiet.splitlines()[-4:]] == ["0"] * 4
    theirs = importlib.import_module("comfy.samplers").sampler_object("euler")
    assert "not one of Sigmatic's" in pack.run("SigmaticSamplerInfo", sampler=theirs, sigmas=sigmas)


def test_the_info_prices_a_model_at_its_own_pace(pack):
    """That of its last run, whatever settings it had; not at another model's, which may be ten times as fast."""
    model, sigmas = _demo(pack), torch.tensor([9.0, 3.0, 0.0])
    sampler = pack.run("SigmaticSampler", sampler="sig_heun")

    def priced(**link):
        return "pace of the last run" in pack.run("SigmaticSamplerInfo", sampler=sampler, sigmas=sigmas, **link)

    assert not priced(model=model)
    pack.line(sampler="sig_heun", model=pack.run("SigmaticSettings", model=model, eta=0.5))
    assert priced(model=model) and priced(model=model.clone())
    assert not priced(model=_demo(pack)) and not priced()


def test_the_info_needs_the_model_for_percents_only(pack):
    sigmas = torch.tensor([0.9, 0.5, 0.0])
    curved = pack.run("SigmaticSampler", sampler="sig_euler_ancestral", eta_curve="0:1, 50:0")
    with pytest.raises(ValueError, match="connect the model"):
        pack.run("SigmaticSamplerInfo", sampler=curved, sigmas=sigmas)
    plain = pack.run("SigmaticSampler", sampler="sig_euler_ancestral")
    assert "model: taken for flow" in pack.run("SigmaticSamplerInfo", sampler=plain, sigmas=sigmas)
    assert "steps: 0" in pack.run("SigmaticSamplerInfo", sampler=plain, sigmas=torch.empty(0))


@pytest.mark.parametrize("kind", ["eps", "v", "flow"])
def test_unsampling_comes_back(pack, kind):
    model, prompt = _demo(pack, kind), pack.run("SigmaticDemoPrompt")
    picture = {"samples": pack.line(kind, batch=1, sampler="sig_heun", steps=20)}
    links = {"model": model, "positive": prompt, "negative": prompt, "latent_image": picture}
    errors = []
    for steps in (20, 40):
        noise, sigmas, report = pack.nodes["SigmaticUnsample"].execute(**links, steps=steps, cfg=1.0).args
        assert noise["samples"].isfinite().all() and sigmas[-1] == 0 and len(sigmas) == steps + 1
        errors.append(float(report.split("rms error ")[1].split()[0]))
    assert errors[0] < 0.02 and errors[1] < errors[0] * (0.4 if kind == "flow" else 0.9)
    x = noise["samples"] * (1 - sigmas[0] if kind == "flow" else 1 / sigmas[0])
    assert 0.8 < float(x.std()) < 1.2, "what comes out is noise"
    assert not pack.nodes["SigmaticUnsample"].execute(**links, steps=4, check=False).args[2].count("rms")
