"""Hard days of a server: packs that clash, hundreds of prompts, Cancel at any moment, two clients."""

import json
import random
import threading
import time
from pathlib import Path

import pytest
import torch

PACK = Path(__file__).resolve().parents[2]
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
    said = [line for line in host.log.splitlines() if "Sigmatic:" in line and "lists of its own" not in line]
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
