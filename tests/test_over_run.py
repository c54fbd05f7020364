"""Detail and guidance over the run, by Sigmatic Settings, on the stand-in host."""

import importlib
import math

import pytest
import torch
from fakehost.host import Pack, fake_host

from sigmatic import samplers

SAMPLERS = [n for n in samplers.names() if not samplers.get(n).learned and not samplers.get(n).uncond]


@pytest.fixture(scope="module")
def pack():
    """All nodes on the stand-in, for all tests of this file: none of them changes it."""
    with fake_host() as module:
        yield Pack(module)


class Watched:
    """A demo model whose calls are noted: (level, rows) of each."""

    def __init__(self, pack, kind, name="mixture"):
        self.pack, self.calls, self.channels = pack, [], 3 if name == "tiles" else 1
        self.model = pack.run("SigmaticDemoModel", model=name, parametrisation=kind)
        inner, kept = self.model.model, self.model.model.apply_model

        def apply_model(x, sigma, *more):
            self.calls.append((float(sigma[0]), len(x)))
            return kept(x, sigma, *more)

        inner.apply_model = apply_model

    def run(self, sampler, steps=6, cfg=2.0, **settings):
        model = self.pack.run("SigmaticSettings", model=self.model, **settings) if settings else self.model
        hosts, sample = importlib.import_module("comfy.samplers"), importlib.import_module("comfy.sample")
        sigmas = hosts.calculate_sigmas(model.get_model_object("model_sampling"), "sig_karras", steps)
        prompt, latent = self.pack.run("SigmaticDemoPrompt", digit=""), torch.zeros(2, self.channels, 32, 32)
        self.calls.clear()
        solver = hosts.KSAMPLER(hosts.sampler_object("sig_" + sampler).sampler_function, {})
        noise = sample.prepare_noise(latent, 5)
        return sample.sample_custom(
            model, noise, cfg, solver, sigmas, prompt, prompt, latent, callback=lambda *_: None, seed=5
        )


@pytest.mark.parametrize("kind", ["eps", "flow"])
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_hands_the_model_less_noise_and_keeps_its_own(pack, kind, sampler):
    """Lying Sigma at -0.05 and Detail Daemon at 0.5: sigma (1 - 0.05), at every call, between the steps too."""
    watched = Watched(pack, kind)
    plain = watched.run(sampler)
    levels = [level for level, _ in watched.calls]
    detailed = watched.run(sampler, detail="0.05")
    given = [level for level, _ in watched.calls]
    assert not torch.equal(detailed, plain) and detailed.isfinite().all()
    if not samplers.get(sampler).adaptive:  # which finds other steps
        assert given == pytest.approx([0.95 * level for level in levels], rel=1e-6)
    assert torch.equal(watched.run(sampler, detail="0"), plain)


@pytest.mark.parametrize(
    ("name", "kind", "sampler"), [("digits", "eps", "dpmpp_2m"), ("digits", "flow", "arc"), ("tiles", "flow", "uni_pc")]
)
def test_fine_structure_grows_with_the_amount(pack, name, kind, sampler):
    """The energy of the upper half of the frequencies, on both embedded models, with multistep samplers."""
    watched = Watched(pack, kind, name)
    energies = [fineness(watched.run(sampler, steps=6, cfg=1.0, detail=amount)) for amount in ("0", "0.1", "0.2")]
    assert energies[1] > 1.01 * energies[0] and energies[2] > 1.01 * energies[1], energies


def fineness(x0):
    power, place = torch.fft.fft2(x0.double()).abs().square(), torch.fft.fftfreq(32).abs()
    return float((power * (torch.maximum(place[:, None], place[None]) >= 0.25)).sum())


def test_detail_follows_a_curve_and_never_leaves_the_models_range(pack):
    watched = Watched(pack, "flow")
    watched.run("euler", detail="0:0, 50:0, 50:0.1, 100:0.1", steps=10)
    late = [level for level, _ in watched.calls]
    watched.run("euler", steps=10)
    shares = [a / b for a, (b, _) in zip(late, watched.calls, strict=True)]
    assert sorted({round(share, 5) for share in shares}) == [0.9, 1.0]
    assert shares == pytest.approx(sorted(shares, reverse=True), rel=1e-6)
    watched.run("euler", detail="-0.3")
    assert max(level for level, _ in watched.calls) == 1.0


@pytest.mark.parametrize("kind", ["eps", "flow"])
@pytest.mark.parametrize("sampler", ["euler", "heun", "dpmpp_2m_sde", "euler_cfg_pp"])
def test_outside_of_a_range_the_negative_is_not_asked(pack, kind, sampler):
    watched = Watched(pack, kind)
    plain = watched.run(sampler, steps=12)
    rows = [rows for _, rows in watched.calls]
    assert set(rows) == {4}
    watched.run(sampler, steps=12, cfg_curve="30-60")
    some = [rows for _, rows in watched.calls]
    inside = [k for k, rows in enumerate(some) if rows == 4]
    assert 0 < len(inside) < len(some) and inside == list(range(inside[0], inside[-1] + 1)) and set(some) == {2, 4}
    assert torch.equal(watched.run(sampler, steps=12, cfg_curve="0:2"), plain)
    assert torch.equal(watched.run(sampler, steps=12, cfg_curve="0-100"), plain)
    alone = watched.run(sampler, steps=12, cfg_curve="0:1")
    assert {rows for _, rows in watched.calls} == {2}
    twin = sampler.removesuffix("_cfg_pp")
    assert torch.equal(alone, watched.run(twin, steps=12, cfg=1.0))


def test_cfg_zero_init_keeps_still_at_the_start_of_flow_models_only(pack):
    watched = Watched(pack, "flow")
    watched.run("euler", steps=12)
    levels = [level for level, _ in watched.calls]
    watched.run("euler", steps=12, guidance="cfg_zero_init")
    assert [level for level, _ in watched.calls] == [level for level in levels if level <= 0.96] != levels
    watched = Watched(pack, "eps")
    watched.run("euler", steps=12, guidance="cfg_zero_init")
    assert len(watched.calls) == 12


def test_the_summary_and_the_plot_say_what_is_spared(pack):
    model = pack.run(
        "SigmaticSettings", model=pack.run("SigmaticDemoModel", model="mixture"), cfg_curve="20-80", detail=".05"
    )
    prompt, latent = pack.run("SigmaticDemoPrompt"), {"samples": torch.zeros(1, 1, 32, 32)}
    values = {"sampler": "sig_dpmpp_2m", "schedule": "sig_karras", "steps": 10, "cfg": 4.0}
    links = {"model": model, "positive": prompt, "negative": prompt, "latent_image": latent}
    text = pack.nodes["SigmaticKSampler"].execute(seed=1, **links, **values).args[1]
    request = {"node": "SigmaticKSampler", "values": values, "settings": [{"cfg_curve": "20-80", "detail": ".05"}]}
    answer = pack.part("page.answer").describe(request)
    assert set(answer["cfg"]) == {1.0, 4.0} and set(answer["detail"]) == {0.05}
    spared = answer["cfg"].count(1.0)
    assert f"evaluations: 10, {spared} of them without the negative" in text
    assert "cfg 20-80" in text and "detail 0.05" in text
    said = [values for text, values in answer["notes"] if "negative prompt is not asked" in text]
    assert said == [{"n": spared, "all": 10}]


@pytest.mark.parametrize(("widget", "text", "word"), [
    ("detail", "lots", "no number"), ("detail", "0.9", "out of range"), ("detail", "0:0.1, x", "no point"),
    ("detail", "nan", "out of range"), ("cfg_curve", "80-20", "low to high"), ("cfg_curve", "0:-1", "out of range"),
    ("cfg_curve", "10-20, 30-40", "give one"), ("cfg_curve", "20 to 80", "no point"), ("cfg_curve", "7", "no point"),
])  # fmt: skip
def test_bad_texts_are_refused_by_name_before_anything_is_queued(pack, widget, text, word):
    node = pack.part("settings").SigmaticSettings
    problem = node.validate_inputs(**{widget: text})
    assert problem.startswith(f"{widget}: ") and word in problem
    with pytest.raises(ValueError, match=f"^{widget}: "):
        pack.run("SigmaticSettings", model=pack.run("SigmaticDemoModel", model="mixture"), **{widget: text})
    with pytest.raises(ValueError, match="guidance is 'more'"):
        pack.run("SigmaticSettings", model=pack.run("SigmaticDemoModel", model="mixture"), guidance="more")


def test_of_two_settings_the_later_wins(pack):
    model = pack.run("SigmaticDemoModel", model="mixture")
    of_model = pack.part("running.settings_on_model").of_model
    first = pack.run("SigmaticSettings", model=model, detail="0.1", cfg_curve="20-80", guidance="apg")
    second = pack.run("SigmaticSettings", model=first, detail="0", guidance="plain")
    given = of_model(second)
    assert given["detail"] == 0 and given["guidance"] == "plain" and str(given["cfg"]) == "20-80"
    assert of_model(pack.run("SigmaticSettings", model=model)) == {}
    assert math.isclose(of_model(first)["detail"], 0.1)


@pytest.mark.parametrize(("name", "kind"), [("digits", "eps"), ("tiles", "flow")])
def test_thresholding_keeps_pictures_of_pixels_within_their_range(pack, name, kind):
    watched = Watched(pack, kind, name)
    low, high = watched.model.model.latent_format.sigmatic_range
    plain = watched.run("dpmpp_2m", cfg=14.0, steps=4)
    assert name == "tiles" or plain.min() < low or plain.max() > high
    for way in ("static", "dynamic"):
        kept = watched.run("dpmpp_2m", cfg=14.0, steps=4, thresholding=way)
        assert kept.min() >= low - 1e-4 and kept.max() <= high + 1e-4
    assert torch.equal(watched.run("dpmpp_2m", cfg=14.0, steps=4, thresholding="none"), plain)
    both = watched.run("dpmpp_2m", cfg=14.0, steps=4, thresholding="static", guidance="apg")
    assert both.min() >= low - 1e-4 and both.max() <= high + 1e-4


def test_thresholding_leaves_latents_alone_and_says_so(pack, monkeypatch, caplog):
    watched = Watched(pack, "eps")
    plain = watched.run("euler")

    class Latents:
        latent_channels = 16
        spacial_downscale_ratio = 8

    monkeypatch.setattr(watched.model.model, "latent_format", Latents(), raising=False)
    assert torch.equal(watched.run("euler", thresholding="dynamic"), plain)
    assert "works on latents" in caplog.text and "thresholding dynamic was left out" in caplog.text
    with pytest.raises(ValueError, match="thresholding is 'clip'"):
        pack.run("SigmaticSettings", model=watched.model, thresholding="clip")


def test_sounds_noise_rides_on_the_model_and_is_checked_by_name(pack):
    model = pack.run("SigmaticDemoModel", model="mixture")
    of_model = pack.part("running.settings_on_model").of_model
    given = of_model(pack.run("SigmaticSettings", model=model, eta_audio=0.0, s_noise_audio=0.8))
    assert given == {"eta_audio": 0.0, "s_noise_audio": 0.8}
    for name in given:
        with pytest.raises(ValueError, match=f"^{name} is -0.5"):
            pack.run("SigmaticSettings", model=model, **{name: -0.5})
    sound = pack.part("running.streams").of_sound
    ms = model.get_model_object("model_sampling")
    assert sound(samplers.get("euler_ancestral"), {}, ms) == {"eta": 0.0}
    assert sound(samplers.get("sa_solver"), {"eta_audio": 0.5}, ms) == {"tau": 0.5}
    assert sound(samplers.get("er_sde"), {}, ms) == {"solver_type": "ode"}
    assert sound(samplers.get("euler"), {"eta_audio": 0.5, "s_noise_audio": 0.5}, ms)["s_noise"] == 0.5
    assert sound(samplers.get("lcm"), {}, ms) == {}
