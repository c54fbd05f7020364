"""Sigmatic Compare on a stand-in host."""

import csv
import gc
import importlib
import io
import weakref

import pytest
import torch

import sigmatic


def compare(pack, entries, given=None, **inputs):
    """(sheet, latents, rows of the CSV)."""
    given = {"seed": 3, "evaluations": 12, "size": 32, **(given or pack.links()), **inputs}
    sheet, latents, text = pack.whole("SigmaticCompare", **{**given, "entries": entries}).args
    return sheet, latents["samples"], list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("kind", ["eps", "flow"])
def test_every_entry_is_the_run_of_a_ksampler(pack, kind):
    entries = "sig_euler\nsig_dpmpp_2m_sde / sig_exponential / eta=0.5; s_noise=1.02\neuler / simple"
    sheet, samples, rows = compare(pack, entries, pack.links(kind), cfg=2.0)
    usual = {"eps": "sig_karras", "flow": "sig_simple"}[kind]
    runs = [
        pack.line(kind, steps=12, cfg=2.0, **widgets)
        for widgets in (
            {"sampler": "sig_euler", "schedule": usual},
            {"sampler": "sig_dpmpp_2m_sde", "schedule": "sig_exponential", "eta": 0.5, "s_noise": 1.02},
            {"sampler": "euler", "schedule": "simple"},
        )
    ]
    assert torch.equal(samples, torch.cat(runs))
    assert [row["entry"] for row in rows][1:] == [
        "sig_dpmpp_2m_sde / sig_exponential / eta=0.5; s_noise=1.02", "euler / simple"
    ]  # fmt: skip
    apart = (runs[0].double() - runs[2].double()).square().mean().sqrt()
    assert float(rows[0]["rms"]) == pytest.approx(float(apart), rel=1e-5) and float(rows[2]["rms"]) == 0
    assert sheet.shape[0] == 1 and sheet.shape[3] == 3 and 0 <= sheet.min() < 0.1 and sheet.max() == 1


def test_every_sampler_stays_within_the_evaluations_and_takes_what_it_can(pack):
    names = [n for n in sigmatic.samplers.names() if not sigmatic.samplers.get(n).learned]
    _, _, rows = compare(pack, "\n".join(f"sig_{name}" for name in names), pack.links(batch=1))
    for name, row in zip(names, rows, strict=True):
        spec = sigmatic.samplers.get(name)
        assert 1 <= int(row["evaluations"]) <= 12, name
        if not spec.adaptive:
            more = sigmatic.schedulers.sigmas("karras", int(row["steps"]) + 1, sigma_min=0.03, sigma_max=14.6)
            assert sigmatic.samplers.table(name, more).evaluations > 12, f"{name}: one step more was affordable"


def test_a_strange_sampler_is_priced_by_a_trial(pack, monkeypatch):
    theirs = importlib.import_module("comfy.k_diffusion.sampling")
    calls = []

    def twice(model, x, sigmas, extra_args=None, callback=None, disable=None, strength=1.0):
        calls.append((x.shape, strength))
        model.inner_model.model_patcher.get_model_object("model_sampling")
        for sigma in sigmas[:-1]:
            for _ in range(2):
                x = model(x, sigma * x.new_ones(len(x)), **extra_args)
        sigmas[-1] = 0.001  # one of ComfyUI's own does that
        return x

    monkeypatch.setattr(theirs, "sample_twice", twice, raising=False)
    monkeypatch.setattr(theirs, "sample_needy", lambda model, x, sigmas, **_: 1 / 0, raising=False)
    names = importlib.import_module("comfy.samplers").SAMPLER_NAMES
    names.extend(["twice", "needy"])
    _, _, rows = compare(pack, "twice / simple / strength=2\nsig_euler", pack.links(batch=1), evaluations=13)
    assert (rows[0]["steps"], rows[0]["evaluations"]) == ("6", "12") and rows[1]["evaluations"] == "13"
    assert all(strength == 2 for _, strength in calls) and calls[-1][0] == (1, 1, 32, 32)
    with pytest.raises(ZeroDivisionError):  # its own run says what is wrong, its trial does not
        compare(pack, "needy")


def test_steps_of_a_line_and_the_reference(pack):
    _, _, rows = compare(
        pack, "# all of them\n\nsig_heun / steps=9\nsig_euler / sig_karras / rho=5; steps=3", reference=1
    )
    assert [row["steps"] for row in rows] == ["9", "3"] and rows[0]["evaluations"] == "17"
    assert float(rows[0]["rms"]) == 0 < float(rows[1]["rms"])
    with pytest.raises(ValueError, match=r"reference is 3: there are 2 entries"):
        compare(pack, "sig_euler\nsig_heun", reference=3)


def planned_levels(pack, text, model):
    """The levels of a list of one line on a MODEL."""
    (entry,) = pack.part("measuring.entries").read(text)
    known = pack.part("dropdowns.plan").ModelFacts.of(model)
    return pack.part("measuring.entries").within_budget(entry, known, 99, 1.0).sigmas


def test_a_schedule_is_told_what_is_said_even_where_that_is_the_default_of_the_widget(pack):
    model = pack.links()["model"]
    ms = model.get_model_object("model_sampling")
    levels = planned_levels(pack, "sig_euler / sig_polyexponential / rho=7; steps=6", model)
    assert torch.equal(levels, sigmatic.schedulers.sigmas("polyexponential", 6, model_sigmas=ms.sigmas, rho=7.0))


def test_a_drawn_schedule_is_written_as_in_its_widget(pack):
    model = pack.links()["model"]
    for points in ("0:14, 50:2, 100:0.1", "14, 2, 0.1"):
        levels = planned_levels(pack, f"sig_euler / sig_drawn / points = {points}; steps = 6", model)
        for told in ({"points": points}, {"more": f"points = {points}"}):
            wanted = pack.run("SigmaticSchedule", model=model, schedule="sig_drawn", steps=6, **told)
            assert torch.equal(levels, wanted)


def test_what_a_sampler_of_the_hosts_does_not_take_names_its_line(pack, monkeypatch):
    def picky(model, x, sigmas, extra_args=None, callback=None, disable=None, solver="heun"):
        if solver != "heun":
            raise ValueError("solver must be heun")
        return x

    theirs = importlib.import_module("comfy.k_diffusion.sampling")
    monkeypatch.setattr(theirs, "sample_picky", picky, raising=False)
    monkeypatch.setattr(importlib.import_module("comfy.samplers"), "SAMPLER_NAMES", ["sig_euler", "picky"])
    with pytest.raises(ValueError, match=r"^entries, line 2: solver must be heun"):
        compare(pack, "sig_euler\npicky / solver = midpoint")


def test_nothing_is_the_list_that_was_there(pack):
    read = pack.part("measuring.entries").read
    assert read("") == read(None) == read("# sig_euler\n") == read(pack.part("measuring.entries").DEFAULT)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("sig_euler\nsig_eulr", r"line 2: sampler is 'sig_eulr'.*did you mean sig_euler"),
        ("\nsig_euler / sig_karas", r"line 2: schedule is 'sig_karas'.*sig_karras"),
        ("sig_euler / sig_karras / eta=1", r"line 1: .*no parameter 'eta': give .*s_churn.*rho, steps"),
        ("sig_euler_ancestral / eta=-1", r"line 1: eta is -1"),
        ("sig_euler_ancestral / eta=0:1, 50:-1", r"line 1: eta is -1 at 50 percent"),
        ("sig_euler / sig_karras / rho=0:1, 9:2", r"line 1: rho cannot change"),
        ("euler_ancestral / eta=0:1, 9:2", r"line 1: .*no curves"),
        ("sig_euler / rho=3", r"line 1: .*no parameter 'rho'"),
        ("sig_euler / sig_karras / rho", r"line 1: 'rho' is no option"),
        ("sig_euler / steps=2.5", r"line 1: steps is 2.5: give a whole number from 1 to 10000"),
        ("sig_euler / steps=inf", r"line 1: steps is inf"),
        ("sig_euler / steps=0:5, 9:1", r"line 1: steps cannot change over the run: give a whole number"),
        ("euler_ancestral / eta=abc", r"line 1: eta is 'abc': give a number"),
        ("sig_euler / sig_karras / rho=1 / x", r"line 1: rho is '1 / x'"),
        ("sig_euler / rho=1 / sig_karras", r"line 1: write sampler / schedule"),
        ("/ sig_karras", r"line 1: sampler is ''"),
    ],
)
def test_a_mistake_names_its_line_before_anything_runs(pack, text, says, monkeypatch):
    host = importlib.import_module("comfy.sample")
    monkeypatch.setattr(host, "sample_custom", lambda *_, **__: pytest.fail("something ran"))
    with pytest.raises(ValueError, match="^entries, " + says):
        compare(pack, text)
    assert pack.nodes["SigmaticCompare"].validate_inputs(entries=text).startswith("entries, line")
    assert pack.nodes["SigmaticCompare"].validate_inputs(entries=None) is True


def test_what_is_too_dear_names_its_line(pack, monkeypatch):
    host = importlib.import_module("comfy.sample")
    monkeypatch.setattr(host, "sample_custom", lambda *_, **__: pytest.fail("something ran"))
    with pytest.raises(ValueError, match=r"^entries, line 2: sig_dpm_adaptive needs 10 evaluations or more.* is 5"):
        compare(pack, "sig_euler\nsig_dpm_adaptive", evaluations=5)
    with pytest.raises(ValueError, match="denoise is 0"):
        compare(pack, "sig_euler", denoise=0.0)


def test_the_bar_goes_over_the_whole_grid(pack):
    seen = importlib.import_module("latent_preview").SEEN
    seen.clear()
    compare(pack, "sig_euler\nsig_heun", evaluations=7)
    assert seen == [(i, 11) for i in range(11)]


def test_cancel_keeps_what_is_done(pack, caplog, monkeypatch):
    """A line is known by its number of steps."""
    management, host = importlib.import_module("comfy.model_management"), importlib.import_module("comfy.sample")
    given, ran, stop, sample_custom = pack.links(), [], True, host.sample_custom

    def spied(model, noise, cfg, sampler, sigmas, *rest, **options):
        ran.append(len(sigmas) - 1)
        management.interrupted = stop and len(ran) == 3
        return sample_custom(model, noise, cfg, sampler, sigmas, *rest, **options)

    monkeypatch.setattr(host, "sample_custom", spied)
    entries = "sig_euler / steps=5\nsig_heun\nsig_dpmpp_2m"
    with pytest.raises(management.InterruptProcessingException):
        compare(pack, entries, given)
    assert "after 2 of 3 entries" in caplog.text and "sig_heun / sig_karras,6," in caplog.text
    stop = False
    samples = compare(pack, entries, given)[1]
    assert ran == [5, 6, 12, 12]
    assert torch.equal(samples, compare(pack, entries)[1]), "as if nothing had been kept"
    compare(pack, entries, given)
    compare(pack, entries + "\nsig_euler / steps=3", given)
    del ran[:]
    compare(pack, entries + "\nsig_euler / steps=3\nsig_lms / steps=4", given)
    assert ran == [4], "a line more runs only that"
    compare(pack, entries, given, seed=4)
    assert ran == [4, 5, 6, 12], "another seed runs all"
    prompt = [[given["positive"][0][0], {"area": 1}]]
    compare(pack, entries, {**given, "positive": prompt}, seed=4)
    compare(pack, entries, {**given, "positive": [[given["positive"][0][0], {"area": 2}]]}, seed=4)
    assert ran == [4, *[5, 6, 12] * 3], "and so does another prompt, of the same encoding"
    compare(pack, entries, {**given, "positive": [[given["positive"][0][0], {"area": 2}]]}, seed=4)
    assert len(ran) == 10, "one that was only wrapped anew is the same"


def latents_of(batch):
    """The latents of so many pictures that are alive anywhere, but for the noise that the stand-in shows to tests."""
    importlib.import_module("comfy.sample").last_noise = None
    gc.collect()
    return [kept for kept in gc.get_objects() if type(kept) is torch.Tensor and kept.shape == (batch, 1, 32, 32)]


@pytest.mark.parametrize("name", ["model", "positive", "latent_image"])
def test_results_are_kept_no_longer_than_what_they_were_made_of(pack, name):
    """The host forgets a node's inputs when they cannot be used again; until then a comparison can go on."""
    given = pack.links(batch=7)
    entries = "sig_euler\nsig_heun"
    compare(pack, entries, given)
    assert len(latents_of(7)) == 3, "the latent, and a result of each of two lines"
    compare(pack, "sig_heun", given)
    assert len(latents_of(7)) == 2, "of one list at the most"
    kept = weakref.ref(given["model"])
    del given[name]
    assert len(latents_of(7)) == (name != "latent_image")
    assert (kept() is None) == (name == "model")


def test_settings_on_the_model_are_heard(pack):
    given = pack.links()
    quiet = {**given, "model": pack.run("SigmaticSettings", model=given["model"], eta=0.0)}
    assert torch.equal(compare(pack, "sig_euler_ancestral", quiet)[1], compare(pack, "sig_euler", given)[1])


def test_pictures_come_from_the_vae_or_from_preview_colours(pack):
    class Vae:
        def decode(self, samples):
            video = samples.new_zeros(len(samples), 3, 8, 16, 3)
            video[:, 1] = 0.5
            return video

    results, model = pack.part("measuring.sheet"), pack.links()["model"]
    assert (results.decoder(model, Vae())(torch.zeros(2, 1, 3, 8, 8)) == 0.5).all(), "the middle of a video"
    latents = torch.rand(2, 1, 32, 32) * 2 - 1
    decoded = pack.run("SigmaticDemoDecode", samples={"samples": latents}, zoom=1)
    torch.testing.assert_close(results.decoder(model, None)(latents), decoded)
    model.model.latent_format.latent_rgb_factors = None
    with pytest.raises(ValueError, match=r"^vae: connect one"):
        results.decoder(model, None)
    assert results.sized(torch.zeros(32, 16, 3), 100).size == (48, 96)
    assert results.sized(torch.zeros(1024, 512, 3), 100).size == (50, 100)
