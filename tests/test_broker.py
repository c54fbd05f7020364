"""All samplers and schedules behind a broker (tests/broker/adapter.py): the same bits as without one."""

import asyncio
import importlib.util
import json
from pathlib import Path

import pytest
import torch

import sigmatic
from sigmatic.demo.mixture import Mixture
from sigmatic.samplers import Output

FILE = Path(__file__).resolve().parent / "broker" / "adapter.py"
NAMES = [name for name in sigmatic.samplers.names() if not sigmatic.samplers.get(name).learned]


@pytest.fixture(scope="module")
def adapter():
    spec = importlib.util.spec_from_file_location("adapter", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Broker:
    """The host's side, as far as it is known: it alone has the model, and expands a scalar sigma to the batch."""

    def __init__(self, model, space, stop_at=None):
        self.model, self.space, self.stop_at = model, space, stop_at
        self.previews, self.evaluations = [], 0

    async def schedule_parameters(self):
        return {"parameterization": "sigma" if self.space == "ve" else "flow"}

    async def denoise(self, x, sigma, capture_uncond=False):
        await asyncio.sleep(0)  # the answer comes from elsewhere
        self.evaluations += 1
        if self.evaluations == self.stop_at:
            raise InterruptedError("the user has pressed Cancel")
        denoised = self.model(x, sigma.expand(len(x)))
        return denoised, (0.9 * denoised if capture_uncond else None)

    async def preview(self, step, x, sigma, sigma_hat, denoised):
        assert x.shape == denoised.shape
        self.previews.append(step)


def setting(space, steps=5):
    model = Mixture((3,)).denoiser(space)
    sigmas = sigmatic.schedulers.sigmas("karras" if space == "ve" else "simple", steps, space=space)
    x = torch.randn(2, 3) * sigmas[0]
    return model, x, sigmas


@pytest.mark.parametrize("name", NAMES)
def test_a_sampler_behind_the_broker_makes_the_same_bits(adapter, name, space):
    model, x, sigmas = setting(space)
    sampler = adapter.Sampler(name, seed=5, batch_index=[3, 1])
    broker = Broker(model, space)

    def direct(x, sigma, **_):
        denoised = model(x, sigma)
        return Output(denoised, 0.9 * denoised) if sampler.wants_uncond else denoised

    steps = []
    wanted = sigmatic.samplers.sample(
        name, direct, x, sigmas, space=space, seed=5, batch_index=[3, 1], callback=lambda step: steps.append(step["i"])
    )
    assert torch.equal(asyncio.run(sampler(broker, x, sigmas)), wanted)
    assert broker.previews == steps and steps


def test_parameters_go_through(adapter, space):
    model, x, sigmas = setting(space)
    got = asyncio.run(adapter.Sampler("dpmpp_2m_sde", seed=1, eta=0.3, s_noise=0.9)(Broker(model, space), x, sigmas))
    options = {"space": space, "seed": 1}
    assert torch.equal(got, sigmatic.samplers.sample("dpmpp_2m_sde", model, x, sigmas, eta=0.3, s_noise=0.9, **options))
    assert not torch.equal(got, sigmatic.samplers.sample("dpmpp_2m_sde", model, x, sigmas, **options))


def test_an_interrupt_comes_out_as_it_is(adapter):
    model, x, sigmas = setting("ve")
    broker = Broker(model, "ve", stop_at=3)
    with pytest.raises(InterruptedError, match="Cancel"):
        asyncio.run(adapter.Sampler("heun")(broker, x, sigmas))
    assert broker.evaluations == 3


def test_schedules_are_providers(adapter, space):
    listed = json.loads(json.dumps(adapter.manifest()))["scheduler_providers"]
    assert {one["name"] for one in listed} == {f"sig_{name}" for name in sigmatic.schedulers.names()}
    projection = {"parameterization": "sigma" if space == "ve" else "flow"}
    for one in listed:
        wanted = sigmatic.schedulers.sigmas(one["config"]["schedule"], 7, space=space).tolist()
        assert adapter.provide(projection, 7, one["config"]) == wanted


def test_the_adapter_is_a_days_work():
    assert FILE.read_text("utf-8").count("\n") <= 110
