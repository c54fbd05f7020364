"""Sigmatic Save Run and Load Run, and parts of batches that go on: the rest is the whole run's, to the bit."""

import pytest
import safetensors.torch
import torch
from fakehost.host import Pack, fake_host

import sigmatic

CUT, STEPS = 3, 7
NOT_SPLIT = ("dpm_adaptive", "rk_adaptive", "ddpm_learned")  # no table; no sampler in the host's lists
SPLIT = [name for name in sigmatic.samplers.names() if name not in NOT_SPLIT]


@pytest.fixture(scope="module")
def pack():
    """All nodes on the stand-in, for all tests of this file: none of them changes it."""
    with fake_host() as module:
        yield Pack(module)


@pytest.fixture(autouse=True)
def output(monkeypatch, tmp_path):
    """The folder of the host's outputs, a new one for each test."""
    monkeypatch.setenv("SIGMATIC_TEST_USER", str(tmp_path))
    return tmp_path / "output"


class Runs:
    """A KSampler, with what all of its runs have in common."""

    def __init__(self, pack, sampler="sig_dpmpp_2m_sde", kind="eps", **given):
        prompt = pack.run("SigmaticDemoPrompt")
        self.pack, model = pack, pack.run("SigmaticDemoModel", model="mixture", parametrisation=kind)
        self.common = {"model": model, "positive": prompt, "negative": prompt, "seed": 3, "steps": STEPS, "cfg": 2.0}
        self.common |= {"sampler": sampler, "schedule": "sig_karras", **given}
        self.start = pack.run("SigmaticDemoLatent", batch_size=4)

    def __call__(self, latent=None, **given):
        node = self.pack.nodes["SigmaticKSampler"]
        return node.execute(**{**self.common, "latent_image": latent or self.start, **given}).args[0]

    def first(self, latent=None):
        return self(latent, end_at_step=CUT, return_with_leftover_noise=True)

    def rest(self, latent, **given):
        return self(latent, **{"start_at_step": CUT, "add_noise": False, **given})

    def saved(self, latent):
        (name,) = self.pack.nodes["SigmaticSaveRun"].execute(latent).args
        return name

    def loaded(self, name, **given):
        return self.pack.nodes["SigmaticLoadRun"].execute(name, **given).args[0]


@pytest.mark.parametrize("kind", ["eps", "flow"])
@pytest.mark.parametrize("name", SPLIT)
def test_through_a_file_the_rest_is_the_whole_runs(pack, name, kind):
    run = Runs(pack, "sig_" + name, kind)
    whole = run()["samples"]
    file = run.saved(run.first())
    assert torch.equal(run.rest(run.loaded(file))["samples"], whole)
    some = run.rest(run.loaded(file, pictures="2, 0"))["samples"]
    assert torch.equal(some, whole[[2, 0]]), "in another batch, in another order"


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("name", ["sig_euler_ancestral", "sig_dpmpp_3m_sde", "sig_sa_solver", "sig_res_2s"])
def test_on_another_dtype_too(pack, name, dtype):
    run = Runs(pack, name)
    run.start = {**run.start, "samples": run.start["samples"].to(dtype)}
    whole, first = run()["samples"], run.first()
    loaded = run.loaded(run.saved(first))
    assert loaded["samples"].dtype == first["samples"].dtype
    assert torch.equal(run.rest(loaded)["samples"], whole)


@pytest.mark.parametrize("name", ["sig_dpmpp_2m_sde", "sig_sa_solver", "sig_uni_pc"])
def test_some_pictures_of_a_batch_go_on_with_their_memory(pack, name, caplog):
    """As LatentFromBatch cuts them out, and LatentBatch puts them together: both copy what they do not know."""
    run = Runs(pack, name)
    whole, first = run()["samples"], run.first()
    cut = {**first, "samples": first["samples"][1:3], "batch_index": [1, 2]}
    assert torch.equal(run.rest(cut)["samples"], whole[1:3])
    last = {**first, "samples": first["samples"][3:], "batch_index": [3]}
    both = {**last, "samples": torch.cat([last["samples"], cut["samples"]]), "batch_index": [3, 1, 2]}
    assert torch.equal(run.rest(both)["samples"], whole[[3, 1, 2]])
    assert not caplog.messages


def test_a_mask_and_what_is_outside_of_it_travel_along(pack):
    run = Runs(pack)
    mask = torch.zeros(4, 1, 32, 32)
    mask[..., :16] = 1
    masked = {"samples": torch.randn(4, 1, 32, 32), "noise_mask": mask}
    whole = run(masked)["samples"]
    file = run.saved(run.first(masked))
    assert torch.equal(run.rest(run.loaded(file))["samples"], whole)
    assert torch.equal(run.rest(run.loaded(file, pictures="1"))["samples"], whole[[1]])


@pytest.mark.parametrize(
    "change",
    [{"seed": 4}, {"sampler": "sig_dpmpp_2m"}, {"eta": 0.5}, {"start_at_step": 2}, {"add_noise": True}, "model"],
)
def test_what_does_not_go_on_from_it_is_refused_with_a_way_out(pack, change, caplog):
    run = Runs(pack)
    file = run.saved(run.first())
    if change == "model":
        change = {"model": pack.model("Flux", "flux1-dev.safetensors", kind="eps")}
    word = {"start_at_step": "sigma", "eta": "params"}.get(*change, next(iter(change)))
    with pytest.raises(ValueError, match=rf"saved run: .*{word}.*go_on_anyway"):
        run.rest(run.loaded(file), **change)
    assert not caplog.messages
    run.rest(run.loaded(file, go_on_anyway=True), **change)
    assert len(caplog.messages) == (change.keys() != {"model"}), "another model alone loses no memory"


def test_a_latent_that_was_changed_since_is_refused(pack):
    run = Runs(pack)
    latent = run.loaded(run.saved(run.first()))
    with pytest.raises(ValueError, match=r"changed since.*go_on_anyway"):
        run.rest({**latent, "samples": latent["samples"] * 1.0001})


def test_only_what_can_go_on_is_saved(pack, output):
    run = Runs(pack)
    first = run.first()
    for latent in (run.start, run(), {**first, "samples": first["samples"] + 1}):
        with pytest.raises(ValueError, match="latent: no run stopped here"):
            run.saved(latent)
    assert not list(output.rglob("*.safetensors"))


def test_files_are_numbered_and_listed_the_newest_first(pack, output):
    run = Runs(pack)
    first = run.first()
    names = [run.saved(first) for _ in range(2)]
    assert names == ["runs/sigmatic_00001_.run.safetensors", "runs/sigmatic_00002_.run.safetensors"]
    (choice, *_) = pack.nodes["SigmaticLoadRun"].define_schema().inputs
    assert sorted(choice.given["options"]) == names
    assert pack.nodes["SigmaticLoadRun"].validate_inputs(names[0]) is True
    assert "run" in pack.nodes["SigmaticLoadRun"].validate_inputs("../../secret.run.safetensors")
    with pytest.raises(ValueError, match="run"):
        run.loaded("../../secret.run.safetensors")
    (output / names[0]).touch()
    assert {file.name for file in output.rglob("*")} == {"runs", *(name[5:] for name in names)}, "no half-written file"


@pytest.mark.parametrize("text", ["4", "-1", "0,,1", "all", "1.5"])
def test_pictures_that_there_are_not(pack, text):
    run = Runs(pack)
    with pytest.raises(ValueError, match=r"pictures is .* 0 to 3"):
        run.loaded(run.saved(run.first()), pictures=text)


def _flipped(data):
    return data[:-5] + bytes([data[-5] ^ 1]) + data[-4:]


def _newer(data):
    return data.replace(b'{\\"version\\": 1', b'{\\"version\\": 9', 1)


@pytest.mark.parametrize(
    "damage",
    [lambda data: b"", lambda data: data[:-100], _flipped, _newer, lambda data: b"\xff" * 64,
     lambda data: safetensors.torch.save({"x": torch.zeros(1)})],
)  # fmt: skip
def test_a_damaged_file_is_refused_in_words_and_left_alone(pack, output, damage):
    run = Runs(pack)
    file = output / run.saved(run.first())
    damaged = damage(file.read_bytes())
    file.write_bytes(damaged)
    with pytest.raises(ValueError, match=r"sigmatic_00001_.run.safetensors is damaged, or no run"):
        run.loaded(f"runs/{file.name}")
    assert file.read_bytes() == damaged


@pytest.mark.parametrize("kind", ["eps", "flow"])
def test_denoised_is_the_picture_that_the_model_saw_last(pack, kind):
    """In a run of Euler's from there: x goes straight to it."""
    run = Runs(pack, "sig_euler", kind)
    node, given = pack.nodes["SigmaticKSampler"], {**run.common, "latent_image": run.start}
    latent, _, look, _ = node.execute(**given, end_at_step=2, return_with_leftover_noise=True).args
    done, _, last, _ = node.execute(**given).args
    assert torch.allclose(done["samples"], last["samples"], atol=1e-5), "Euler's last step ends in what it saw"
    assert set(look) == {"samples"} and not torch.equal(look["samples"], latent["samples"])
    assert not torch.equal(look["samples"], last["samples"])
    kept = node.execute(**given, start_at_step=STEPS).args[2]
    assert torch.equal(kept["samples"], run.start["samples"]), "no step, nothing seen"
