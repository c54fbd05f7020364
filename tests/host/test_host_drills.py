"""Hard days of a server: packs that clash, hundreds of prompts, Cancel at any moment, nonsense in every widget."""

import json
import math
import random
import threading
import time
from pathlib import Path

import pytest
import torch

PACK = Path(__file__).resolve().parents[2]
WIDGETS = ("INT", "FLOAT", "STRING", "BOOLEAN", "COMBO")
CHEAP = {"operation": "scale", "at": 2.0, "steps": 2, "budget": 8, "latents": 1, "keep": False}
"""Widgets of nodes that are put into the prompt with no more said about them."""
OTHERS = {
    "reloads": """
import importlib
import comfy.k_diffusion.sampling as K
import comfy.samplers as S
def sample_theirs_reloads(model, x, sigmas, extra_args=None, callback=None, disable=None):
    return x * 0
K.sample_theirs_reloads = sample_theirs_reloads
S.KSampler.SAMPLERS.append("theirs_reloads")
importlib.reload(K)
NODE_CLASS_MAPPINGS = {}
""",
    "reassigns": """
import comfy.k_diffusion.sampling as K
import comfy.samplers as S
K.sample_theirs_reassigns = K.sample_euler
S.SAMPLER_NAMES = S.SAMPLER_NAMES + ["theirs_reassigns"]
S.KSampler.SAMPLERS = S.KSampler.SAMPLERS + ["theirs_reassigns"]
S.SCHEDULER_HANDLERS["theirs_reassigns"] = S.SCHEDULER_HANDLERS["simple"]
S.SCHEDULER_NAMES = S.SCHEDULER_NAMES + ["theirs_reassigns"]
S.KSampler.SCHEDULERS = S.KSampler.SCHEDULERS + ["theirs_reassigns"]
NODE_CLASS_MAPPINGS = {}
""",
    "copies": """
import comfy.samplers as S
class CopiedNames:
    names = list(S.KSampler.SAMPLERS)
    INPUT_TYPES = classmethod(lambda cls: {"required": {"sampler_name": (cls.names,)}})
    RETURN_TYPES, FUNCTION, CATEGORY = (names,), "pick", "test"
    def pick(self, sampler_name):
        return (sampler_name,)
NODE_CLASS_MAPPINGS = {"CopiedNames": CopiedNames}
""",
    "takes": """
import comfy.k_diffusion.sampling as K
import comfy.samplers as S
def theirs(model, x, sigmas, extra_args=None, callback=None, disable=None):
    return x * 0 + 0.125
K.sample_sig_euler = theirs
for names in (S.SAMPLER_NAMES, S.KSampler.SAMPLERS):
    if "sig_euler" not in names:
        names.append("sig_euler")
NODE_CLASS_MAPPINGS = {}
""",
}


def _packs(folder):
    for name, code in OTHERS.items():
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(code)
    return [folder / name for name in OTHERS]


@pytest.mark.slow
@pytest.mark.parametrize("order", ["first", "last"])
def test_packs_that_reload_reassign_copy_and_take(start, graph, tmp_path, order):
    others = _packs(tmp_path)
    host = start(pack=PACK, before=others) if order == "first" else start(pack=others, before=[PACK])
    names = host.info["KSampler"]["input"]["required"]["sampler_name"][0]
    schedules = host.info["KSampler"]["input"]["required"]["scheduler"][0]
    assert {"theirs_reloads", "theirs_reassigns", "euler", "dpmpp_2m"} <= set(names)
    assert {"theirs_reassigns", "karras", "sig_karras"} <= set(schedules)
    assert names.count("sig_heun") == names.count("sig_euler") == 1
    said = [line for line in host.log.splitlines() if "Sigmatic:" in line]
    assert len(said) == (order == "first"), said
    links = graph.demo()
    ends = [graph.ksampler(*links, sampler_name=name) for name in ("sig_euler", "sig_heun", "sig_dpmpp_2m_sde")]
    ends += [graph.ksampler(*links, sampler_name="theirs_reassigns", scheduler="theirs_reassigns")]
    ends += [graph.sigmatic(*links, host.info, sampler="sig_heun")]
    selected = graph.add("KSamplerSelect", sampler_name="sig_heun")
    basic = graph.add("BasicScheduler", model=links[0], scheduler="sig_karras", steps=8, denoise=1.0)
    ends += [graph.custom(*links, selected, basic)]
    theirs, heun, sde, reassigned, ours, custom = host.latents(graph, *[graph.save(end) for end in ends])
    assert (theirs == 0.125).all(), "the name is theirs, whoever came first: we take nothing back"
    assert torch.equal(heun, ours)
    for latent in (sde, reassigned, custom):
        assert latent.isfinite().all() and latent.std() > 0.3
    saved = {"name": "after", "sampler": {"sampler": "euler_ancestral", "options": {"eta": 0}}}
    host.post("/sigmatic/presets", saved)
    graph.clear()
    end = graph.ksampler(*graph.demo(), sampler_name="sig_my_after")
    assert host.latents(graph, graph.save(end))[0].isfinite().all()


def _small(graph, seed, sampler="sig_dpmpp_2m_sde", **more):
    graph.clear()
    return graph.save(graph.ksampler(*graph.demo(), seed=seed, steps=4, sampler_name=sampler, **more))


@pytest.mark.slow
def test_two_hundred_prompts_leave_nothing_behind(host, graph):
    """Memory and lists stay as they are, and the first prompt gives the first picture again."""
    first, before = host.latents(graph, _small(graph, 1))[0], host.get("/object_info")["KSampler"]
    marks = []
    for i in range(200):
        sampler = ("sig_dpmpp_2m_sde", "sig_heun", "sig_er_sde", "sig_euler_ancestral")[i % 4]
        _small(graph, 100 + i, sampler)
        host.run(graph)
        if i % 50 == 49:
            marks.append(host.rss())
    assert marks[-1] - marks[0] < 16, f"MB after 50, 100, 150, 200 prompts: {marks}"
    assert host.get("/object_info")["KSampler"] == before
    assert torch.equal(host.latents(graph, _small(graph, 1))[0], first)


@pytest.mark.slow
def test_twenty_interrupts_at_any_moment(host, graph):
    first = host.latents(graph, _small(graph, 1))[0]
    dice = random.Random(0)
    for i in range(20):
        graph.clear()
        links = graph.demo(batch=64)
        end = graph.sigmatic(*links, host.info, seed=1000 + i, steps=200, sampler="sig_heun")
        graph.save(end)
        prompt_id, errors = host.queue(graph)
        assert prompt_id, errors
        time.sleep(dice.uniform(0.0, 0.3))
        deadline = time.monotonic() + 60
        while not host.get(f"/history/{prompt_id}"):
            host.interrupt()
            time.sleep(0.02)
            assert time.monotonic() < deadline
    assert torch.equal(host.latents(graph, _small(graph, 1))[0], first)


def test_two_clients_at_once(host, graph):
    """Each gets its own pictures, the same as alone."""
    graphs = {}
    for seed in range(12):
        node = _small(graph, 50 + seed, ("sig_dpmpp_3m_sde", "sig_ipndm")[seed % 2])
        graphs[seed] = (type(graph)(json.loads(json.dumps(graph))), node)
    queued, lock = {}, threading.Lock()

    def client(name, seeds):
        for seed in seeds:
            answer = host.queue(graphs[seed][0], name)
            with lock:
                queued[seed] = answer

    threads = [threading.Thread(target=client, args=(f"client{k}", range(k, 12, 2))) for k in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    together = []
    for seed in range(12):
        entry = host.wait(queued[seed][0])
        assert entry["status"]["status_str"] == "success"
        together.append(host.saved(entry["outputs"][graphs[seed][1]]))
    for seed in range(12):
        end = _small(graph, 50 + seed, ("sig_dpmpp_3m_sde", "sig_ipndm")[seed % 2])
        assert torch.equal(host.latents(graph, end)[0], together[seed])


def _ours(host):
    return {name for name in host.info if name.startswith("Sigmatic")}


def _whole(host, graph):
    """A prompt with every node of ours in it, all at their defaults: {class: (name, inputs)}."""
    model, positive, negative, latent = graph.demo()
    settings = graph.add("SigmaticSettings", **{**host.defaults("SigmaticSettings"), "model": model})
    end = graph.sigmatic(settings, positive, negative, latent, host.info)
    sampler = graph.add("SigmaticSampler", **host.defaults("SigmaticSampler"))
    sigmas = graph.add("SigmaticSchedule", **{**host.defaults("SigmaticSchedule"), "model": model, "steps": 4})
    noise = graph.add("SigmaticNoise", **host.defaults("SigmaticNoise"))
    custom = graph.custom(model, positive, negative, latent, sampler, sigmas, noise)
    links = {"model": model, "positive": positive, "negative": negative, "latent_image": custom}
    back = graph.add("SigmaticUnsample", **{**host.defaults("SigmaticUnsample"), "steps": 4, **links})
    image = graph.add("SigmaticDemoDecode", samples=end, zoom=1)
    info = graph.add("SigmaticSamplerInfo", sampler=sampler, sigmas=sigmas, model=settings)
    graph.add("PreviewAny", source=info)
    graph.add("PreviewImage", images=image)
    graph.save(back)
    preset = {**host.defaults("SigmaticSavePreset"), "name": "drill", "replace": True}
    preset |= {"sampler": "sig_euler_ancestral", "schedule": "sig_karras"}
    graph.add("SigmaticSavePreset", **preset)
    known = {"MODEL": model, "SIGMAS": sigmas, "SAMPLER": sampler, "LATENT": latent, "CONDITIONING": positive}
    for node in sorted(_ours(host) - {entry["class_type"] for entry in graph.values()}):
        given = {widget: value for widget, value in host.defaults(node).items() if value is not None}
        given |= {widget: value for widget, value in CHEAP.items() if widget in given}
        entry = host.info[node]["input"]
        for widget, (kind, *_) in {**entry.get("required", {}), **entry.get("optional", {})}.items():
            given |= {widget: known[kind]} if isinstance(kind, str) and kind in known else {}
        graph.add("PreviewAny", source=graph.add(node, **given))
    return {entry["class_type"]: name for name, entry in graph.items() if entry["class_type"].startswith("Sigmatic")}


def _only(graph, name):
    """A copy of the prompt with those outputs alone that need the node `name`."""
    needs = {name}
    for _ in graph:
        linked = {one for one, entry in graph.items() if any(isinstance(v, list) and v[0] in needs
                                                              for v in entry["inputs"].values())}  # fmt: skip
        needs |= linked
    outputs = {"SaveLatent", "PreviewImage", "PreviewAny", "SigmaticSavePreset"}
    kept = {one: entry for one, entry in graph.items() if one in needs or entry["class_type"] not in outputs}
    return json.loads(json.dumps(kept))


def _bad_values(kind, options):
    if kind in ("INT", "FLOAT"):
        low, high = options["min"], options["max"]
        yield from (low - 1, high + 1, math.nan, math.inf, "x", [], {}, None)
    elif kind == "COMBO":
        yield from ("no such name", 3, [], None)
    elif kind == "STRING":
        yield from ({}, "\0", "x" * 100000, "../../etc", "0:1, 1", "½")
    else:
        yield from ("perhaps", [], None)


@pytest.mark.slow
def test_nonsense_in_every_widget_of_every_node(host, graph):
    """Refused or failed with words, never a dead server, and the next prompt works."""
    places = _whole(host, graph)
    assert set(places) == _ours(host), "a node is missing here"
    host.run(graph)
    silent, crude, waiting = [], [], []
    for node in sorted(places):
        for group in ("required", "optional"):
            for widget, (kind, *rest) in host.info[node]["input"].get(group, {}).items():
                shape = "COMBO" if isinstance(kind, list) else kind
                if shape not in WIDGETS:
                    continue
                for value in _bad_values(shape, rest[0] if rest else {}):
                    prompt = _only(graph, places[node])
                    prompt[places[node]]["inputs"][widget] = value
                    prompt_id, refused = host.queue(prompt)
                    waiting.append((f"{node}.{widget} = {str(value)[:30]!r}", prompt_id, refused, widget))
                if group == "required":
                    prompt = _only(graph, places[node])
                    del prompt[places[node]]["inputs"][widget]
                    assert widget in str(host.queue(prompt)[1]), f"{node}.{widget} missing"
    for what, prompt_id, refused, widget in waiting:
        if refused:
            crude += [what] if widget not in json.dumps(refused) else []
        elif prompt_id:
            entry = host.wait(prompt_id)
            failed = [data for kind, data in entry["status"]["messages"] if kind == "execution_error"]
            if entry["status"]["status_str"] == "success":
                silent.append(what)
            elif failed[0]["exception_type"] not in ("ValueError", "RuntimeError", "TypeError"):
                crude.append(f"{what}: {failed[0]['exception_type']} {failed[0]['exception_message']}")
    assert not crude, "\n".join(crude)
    allowed = ("bool", "perhaps", "[]", "{}", "None", "3'")  # the host turns these into values of the widget's type
    assert not [what for what in silent if not any(word in what for word in allowed)], "\n".join(silent)
    host.run(graph)
    assert torch.isfinite(host.latents(graph, _small(graph, 77))[0]).all()


def test_nonsense_from_the_library_of_nodes(host, graph):
    """Levels and latents of other nodes that no run can follow: an error in words each."""
    model, positive, negative, latent = graph.demo()
    sampler = graph.add("SigmaticSampler", **host.defaults("SigmaticSampler"))
    schedule = graph.schedule(model)
    flipped = graph.add("FlipSigmas", sigmas=schedule)
    prompt = graph.custom(model, positive, negative, latent, sampler, flipped)
    graph.save(prompt)
    entry = host.wait(host.queue(graph)[0])
    (error,) = [data for kind, data in entry["status"]["messages"] if kind == "execution_error"]
    assert "eta" in error["exception_message"] and "Set eta to 0" in error["exception_message"]
    assert torch.isfinite(host.latents(graph, _small(graph, 78))[0]).all()
