"""Dropdown entries on a stand-in host: how they get there, and the functions behind them."""

import asyncio
import importlib.util
import logging
import sys

import pytest
import torch

import sigmatic


@pytest.fixture
def hosts(nodes):
    """The stand-in's comfy.samplers."""
    return importlib.import_module("comfy.samplers")


@pytest.fixture
def functions(nodes):
    """The stand-in's comfy.k_diffusion.sampling."""
    return importlib.import_module("comfy.k_diffusion.sampling")


def _install(nodes):
    importlib.import_module(".dropdowns.register", nodes.__name__).install()


def test_every_sampler_and_schedule_gets_an_entry_in_the_live_lists(nodes, hosts, functions):
    before = hosts.SAMPLER_NAMES, list(hosts.SAMPLER_NAMES)
    _install(nodes)
    names = ["sig_auto"] + ["sig_" + n for n in sigmatic.samplers.names() if not sigmatic.samplers.get(n).learned]
    assert hosts.SAMPLER_NAMES is before[0] is hosts.KSampler.SAMPLERS
    names += importlib.import_module(".dropdowns.lookup", nodes.__name__).host_names()
    assert before[1] + names == hosts.SAMPLER_NAMES
    assert all(callable(getattr(functions, "sample_" + name)) for name in names)
    schedules = ["sig_auto", "sig_fitted", *("sig_" + name for name in sigmatic.schedulers.names())]
    assert ["simple", *schedules] == hosts.SCHEDULER_NAMES == list(hosts.SCHEDULER_HANDLERS)


def test_twice_is_once(nodes, hosts):
    _install(nodes)
    once = list(hosts.SAMPLER_NAMES), list(hosts.SCHEDULER_NAMES)
    _install(nodes)
    assert once[0] == hosts.SAMPLER_NAMES
    assert once[1] == hosts.SCHEDULER_NAMES


def test_lists_that_another_pack_has_parted_both_get_the_names(nodes, hosts):
    hosts.KSampler.SAMPLERS = [*hosts.SAMPLER_NAMES, "theirs"]
    _install(nodes)
    assert "sig_euler" in hosts.SAMPLER_NAMES
    assert "sig_euler" in hosts.KSampler.SAMPLERS


def test_a_taken_name_is_left_and_logged_in_one_line(nodes, hosts, functions, caplog):
    def theirs():
        """Another pack's."""

    theirs.__module__ = "other_pack"
    functions.sample_sig_euler = theirs
    hosts.SCHEDULER_HANDLERS["sig_karras"] = hosts.SchedulerHandler(theirs)
    with caplog.at_level(logging.WARNING, "sigmatic"):
        _install(nodes)
    assert functions.sample_sig_euler is theirs
    assert hosts.SCHEDULER_HANDLERS["sig_karras"].handler is theirs
    assert "sig_heun" in hosts.SAMPLER_NAMES
    (line,) = caplog.messages
    assert "sig_euler, sig_karras" in line
    assert "other_pack" in line
    install = importlib.import_module(".dropdowns.lookup", nodes.__name__)
    assert install.sampler_entry("sig_euler") is None
    assert install.sampler_entry("sig_heun") == ("heun", {})
    assert install.schedule_entry("sig_karras") is None


def test_a_second_clone_leaves_the_entries_of_the_first(nodes, functions, root, caplog, monkeypatch):
    _install(nodes)
    first = functions.sample_sig_euler
    spec = importlib.util.spec_from_file_location(
        "a_clone", root / "__init__.py", submodule_search_locations=[str(root)]
    )
    monkeypatch.setitem(sys.modules, "a_clone", importlib.util.module_from_spec(spec))
    try:
        with caplog.at_level(logging.WARNING, "sigmatic"):
            importlib.import_module("a_clone.nodes.dropdowns.register").install()
    finally:
        for name in [name for name in sys.modules if name.startswith("a_clone.")]:
            del sys.modules[name]
    assert functions.sample_sig_euler is first
    (line,) = caplog.messages
    assert "sigmatic.nodes" in line
    assert "more" in line


def test_the_functions_show_their_parameters(nodes, functions):
    import inspect

    _install(nodes)
    parameters = inspect.signature(functions.sample_sig_dpmpp_2m_sde).parameters
    assert list(parameters)[:6] == ["model", "x", "sigmas", "extra_args", "callback", "disable"]
    assert parameters["eta"].default == 1.0
    assert "eta" not in inspect.signature(functions.sample_sig_euler).parameters


def test_a_part_that_fails_is_one_log_line_and_the_rest_stands(nodes, caplog, monkeypatch):
    demo = importlib.import_module(".demo", nodes.__name__)
    monkeypatch.setattr(demo.SigmaticDemoPrompt, "define_schema", classmethod(lambda cls: 1 / 0))
    with caplog.at_level(logging.WARNING, "sigmatic"):
        found = asyncio.run(nodes.extension().get_node_list())
    names = {node.__name__ for node in found}
    assert names > {"SigmaticKSampler", "SigmaticSampler", "SigmaticSettings"} and not any("Demo" in n for n in names)
    (line,) = [line for line in caplog.messages if "demo nodes" in line]
    assert "ZeroDivisionError" in line


def test_the_schedule_handlers_follow_the_model(nodes, hosts):
    _install(nodes)
    sampling = importlib.import_module("comfy.model_sampling")
    for kind in (sampling.EPS, sampling.CONST):
        ms = type("MS", (sampling.Discrete, kind), {})()
        sigmas = hosts.calculate_sigmas(ms, "sig_karras", 7)
        assert sigmas.dtype == torch.float32
        assert len(sigmas) == 8
        assert sigmas[-1] == 0
        torch.testing.assert_close(sigmas[0], ms.sigma_max)
        torch.testing.assert_close(sigmas[-2], ms.sigma_min)


def test_the_noise_scale_of_the_model_multiplies_s_noise(pack):
    function = pack.part("running.host_functions").host_sampler("euler_ancestral")

    def run(scale, s_noise, seed):
        model = pack.run("SigmaticDemoModel", model="mixture", parametrisation="flow")
        model.get_model_object("model_sampling").noise_scale = scale

        def denoiser(x, sigma, **_):
            return x

        denoiser.inner_model = type("Guider", (), {"model_patcher": model})()
        sigmas = torch.tensor([0.9, 0.5, 0.1])
        return function(denoiser, torch.zeros(1, 1, 32, 32), sigmas, extra_args={"seed": seed}, s_noise=s_noise)

    scaled = run(2.5, 0.5, None)
    assert scaled.std() > 0 and torch.equal(scaled, run(1.0, 1.25, 0)), "and no seed is seed 0"
    assert not torch.equal(scaled, run(1.0, 0.5, None))


def test_cancel_is_seen_before_every_evaluation(pack):
    management = importlib.import_module("comfy.model_management")
    calls = []
    model = pack.run("SigmaticDemoModel", model="mixture")

    def denoiser(x, sigma, **_):
        calls.append(1)
        management.interrupted = len(calls) == 3
        return x * 0

    denoiser.inner_model = type("Guider", (), {"model_patcher": model})()
    function = pack.part("running.host_functions").host_sampler("heun")
    with pytest.raises(management.InterruptProcessingException):
        function(denoiser, torch.zeros(1, 1, 32, 32), torch.tensor([9.0, 6.0, 4.0, 2.0, 0.0]))
    assert len(calls) == 3


def test_image_to_image_flow_takes_no_noise(pack):
    sampling = importlib.import_module("comfy.model_sampling")
    ms = type("MS", (sampling.Discrete, sampling.IMG_TO_IMG_FLOW), {})()

    def model(x, sigma, **_):
        return x * 0

    model.model_sampling = ms
    function = pack.part("running.host_functions").host_sampler("euler_ancestral")
    given = torch.zeros(1, 1, 32, 32), torch.tensor([0.9, 0.5, 0.0])
    with pytest.raises(ValueError, match="eta"):
        function(model, *given)
    assert function(model, *given, eta=0.0).shape == given[0].shape


def test_a_rounding_error_above_one_is_one(pack):
    host, sampling = pack.part("host.facts"), importlib.import_module("comfy.model_sampling")
    flow, eps = (type("MS", (sampling.Discrete, kind), {})() for kind in (sampling.CONST, sampling.EPS))
    above = torch.tensor([1.0000001, 0.5])
    assert host.at_most_one(above, flow)[0] == 1
    assert host.at_most_one(above, eps) is above


def test_a_model_without_model_sampling_is_refused_in_words(pack):
    with pytest.raises(ValueError, match="model_sampling"):
        pack.part("host.facts").model_sampling(object())
