"""How the pack behaves in a running ComfyUI: progress, Cancel, wrong input, and when something is broken."""

import shutil
import time
from pathlib import Path

import pytest

PACK = Path(__file__).resolve().parents[2]
OTHER_PACK = """
import comfy.samplers
import comfy.k_diffusion.sampling

def theirs(model, x, sigmas, extra_args=None, callback=None, disable=None):
    return x * 0 + 0.125

comfy.k_diffusion.sampling.sample_sig_euler = theirs
comfy.samplers.SAMPLER_NAMES.append("sig_euler")
comfy.samplers.SCHEDULER_HANDLERS["sig_karras"] = comfy.samplers.SCHEDULER_HANDLERS["simple"]
comfy.samplers.SCHEDULER_NAMES.append("sig_karras")
NODE_CLASS_MAPPINGS = {}
"""


def _works(host, graph):
    """A prompt of ours succeeds."""
    links = graph.demo()
    return host.latents(graph, graph.save(graph.ksampler(*links, sampler_name="sig_heun", seed=time.time_ns())))[0]


def _said(host):
    return [line for line in host.log.splitlines() if "Sigmatic:" in line]


def _copy(folder):
    """A copy of the pack as a user has it, without its tests and repository."""
    left_out = shutil.ignore_patterns(".*", "__pycache__", "tests", "benchmarks", "docs", "*.egg-info", "build")
    return Path(shutil.copytree(PACK, folder, ignore=left_out))


@pytest.mark.parametrize("sampler", ["sig_euler", "sig_heun", "sig_dpmpp_2m_sde"])
def test_progress_and_previews_advance_once_a_step(host, graph, sampler):
    graph.save(graph.sigmatic(*graph.demo(), host.info, sampler=sampler, steps=9, seed=time.time_ns()))
    messages, previews = host.watch(graph)
    reports = [(m["data"]["value"], m["data"]["max"]) for m in messages if m["type"] == "progress"]
    assert reports == [(i + 1, 9) for i in range(9)]
    assert previews == 9


@pytest.mark.parametrize("node", ["ksampler", "sigmatic"])
def test_cancel_stops_within_a_step_and_the_server_goes_on(host, graph, node):
    links, after = graph.demo(batch=2048), []
    if node == "ksampler":
        end = graph.ksampler(*links, steps=1000, seed=time.time_ns())
    else:
        end = graph.sigmatic(*links, host.info, sampler="sig_heun", steps=1000, seed=time.time_ns())
    graph.save(end)

    def cancel(message):
        if message["type"] == "progress":
            if message["data"]["value"] == 3:
                host.interrupt()
            elif message["data"]["value"] > 3:
                after.append(message["data"]["value"])

    messages, _ = host.watch(graph, cancel)
    assert messages[-1]["type"] == "execution_interrupted"
    assert len(after) <= 2, "the step that was under way, and what was on the wire"
    graph.clear()
    assert _works(host, graph).isfinite().all()


@pytest.mark.parametrize(
    ("node", "widget", "value"),
    [
        ("SigmaticKSampler", "steps", 0),
        ("SigmaticKSampler", "sampler", "sig_eulr"),
        ("SigmaticKSampler", "schedule", "sig_karas"),
        ("SigmaticKSampler", "eta", -1.0),
        ("SigmaticKSampler", "s_noise", -1.0),
        ("SigmaticKSampler", "rho", 0.0),
        ("SigmaticKSampler", "denoise", 1.5),
        ("KSampler", "sampler_name", "sig_eulr"),
        ("SigmaticDemoPrompt", "digit", "x"),
        ("SigmaticDemoPrompt", "digit", "37"),
        ("SigmaticSampler", "sampler", "sig_eulr"),
        ("SigmaticSchedule", "schedule", "sig_karas"),
        ("SigmaticDemoLatent", "batch_size", 0),
        ("SigmaticDemoModel", "parametrisation", "x0"),
    ],
)
def test_wrong_input_is_refused_by_name(host, graph, node, widget, value):
    links = graph.demo()
    if node in ("SigmaticSampler", "SigmaticSchedule"):
        sampler, sigmas = graph.add("SigmaticSampler", **host.defaults("SigmaticSampler")), graph.schedule(links[0])
        graph.save(graph.custom(*links, sampler, sigmas))
    else:
        graph.save(graph.ksampler(*links) if node == "KSampler" else graph.sigmatic(*links, host.info))
    name = next(name for name, entry in graph.items() if entry["class_type"] == node)
    graph[name]["inputs"][widget] = value
    prompt_id, refused = host.queue(graph)
    if refused:
        errors = [f"{error['message']} {error['details']}" for error in refused["node_errors"][name]["errors"]]
    else:  # 0.3.64 does not look whether a V3 node's dropdown has the name: the node itself does
        messages = host.wait(prompt_id)["status"]["messages"]
        errors = [data["exception_message"] for kind, data in messages if kind == "execution_error"]
    (error,) = errors
    assert widget in error
    graph.clear()
    assert _works(host, graph).isfinite().all()


def test_wrong_latent_is_an_error_in_words(host, graph):
    links = graph.demo()
    latent = graph.add("EmptyLatentImage", width=64, height=64, batch_size=1)
    graph.save(graph.sigmatic(*links[:3], latent, host.info))
    prompt_id, _ = host.queue(graph)
    entry = host.wait(prompt_id)
    assert entry["status"]["status_str"] == "error"
    (error,) = [data for kind, data in entry["status"]["messages"] if kind == "execution_error"]
    assert "latent_image" in error["exception_message"]
    assert "Sigmatic Demo Latent" in error["exception_message"]
    graph.clear()
    assert _works(host, graph).isfinite().all()


def test_a_name_clash_and_missing_weights_leave_everything_else(start, graph, tmp_path):
    other, pack = tmp_path / "other_pack", _copy(tmp_path / "pack")
    other.mkdir()
    (other / "__init__.py").write_text(OTHER_PACK)
    (pack / "demo" / "digits.safetensors").unlink(missing_ok=True)
    host = start(pack=pack, before=[other])
    clash, weights = sorted(_said(host), key=lambda line: "digits" in line)
    assert "ours of that name off: sig_euler, sig_karras" in clash
    assert "digits of Sigmatic Demo Model" in weights
    links = graph.demo()
    theirs, ours = graph.ksampler(*links), graph.ksampler(*links, sampler_name="sig_heun")
    theirs, ours = host.latents(graph, graph.save(theirs), graph.save(ours))
    assert (theirs == 0.125).all(), "their sampler is still theirs"
    assert ours.std() > 0.3
    graph.clear()
    graph.save(graph.ksampler(*graph.demo(model="digits")))
    status = host.wait(host.queue(graph)[0])["status"]
    assert status["status_str"] == "error"
    assert "choose the model mixture" in str(status["messages"])


def test_damaged_weights_and_a_second_clone_leave_everything_else(start, graph, tmp_path):
    pack = _copy(tmp_path / "pack")
    (pack / "demo" / "digits.safetensors").write_bytes(b"\xff" * 1000)
    host = start(pack=pack, before=[PACK])
    clash, weights = sorted(_said(host), key=lambda line: "digits" in line)
    assert "left as found" in clash
    assert "more" in clash
    assert "digits of Sigmatic Demo Model" in weights
    names = host.info["KSampler"]["input"]["required"]["sampler_name"][0]
    assert names.count("sig_euler") == 1
    assert _works(host, graph).isfinite().all()


def test_a_broken_file_of_ours_is_one_line(start, tmp_path):
    pack = _copy(tmp_path / "pack")
    (pack / "samplers" / "zz_mine.py").write_text("this is no Python")
    host = start(pack=pack)
    (line,) = _said(host)
    assert "zz_mine.py" in line
    assert "dropdown entries, the presets, the compare nodes, the experts nodes, the fit nodes" in line
    assert {"KSampler", "SigmaticDemoModel"} <= set(host.info)
