"""Lists of names that other packs copied from ComfyUI's when they loaded, before us or after us."""

import pytest
import torch
from servers import HERE, PACK

COPIED = HERE / "copied_lists"


def _options(info, node, widget):
    kind, *rest = info[node]["input"]["required"][widget]
    return kind if isinstance(kind, list) else rest[0]["options"]


@pytest.mark.parametrize("order", ["before", "after"])
def test_copied_lists_have_our_names_and_keep_their_own(start, order):
    """In place, behind what was there; presets come and go; a tuple and a list of their own are left alone."""
    host = start(pack=PACK, before=[COPIED]) if order == "before" else start(pack=COPIED, before=[PACK])
    host.post("/sigmatic/presets", {"name": "late", "schedule": {"schedule": "karras", "options": {"rho": 5}}})
    info = host.get("/object_info")
    stock = _options(info, "KSampler", "scheduler")
    ours = [name for name in stock if name.startswith("sig_")]
    assert "sig_karras" in ours and "sig_my_late" in ours
    for node in ("Copied", "InClass", "PerCall"):
        names = _options(info, node, "scheduler")
        assert set(ours) <= set(names) and len(set(names)) == len(names), node
        assert set(stock) <= set(names), node
    copied = _options(info, "Copied", "scheduler")
    assert copied[0] == "theirs_first" and copied.index("theirs_last") == len(copied) - 1 - (
        len(ours) if order == "before" else 1
    )
    assert "sig_heun" in _options(info, "Copied", "sampler")
    assert _options(info, "Few", "scheduler") == ["simple", "normal"]
    assert ("sig_karras" in _options(info, "Frozen", "scheduler")) == (order == "after")
    assert host.log.count("has lists of its own") == (order == "before")


def test_outputs_that_are_the_hosts_lists_link_to_ours_as_to_the_hosts(host, graph):
    links = graph.demo()
    names = graph.add("NamesOut", sampler="sig_heun", schedule="sig_karras")
    schedule = [names[0], 1]
    ends = [graph.ksampler(*links, sampler_name=names, scheduler=schedule)]
    ends += [graph.sigmatic(*links, host.info, sampler=names, schedule=schedule)]
    sampler = graph.add("SigmaticSampler", **{**host.defaults("SigmaticSampler"), "sampler": names})
    ends += [graph.custom(*links, sampler, graph.schedule(links[0], schedule))]
    stock, ours, custom = host.latents(graph, *[graph.save(end) for end in ends])
    assert torch.equal(stock, ours) and custom.isfinite().all()


def test_every_sampler_of_the_host_has_ours_by_its_name_where_it_is_the_same(host, graph):
    """The prefix before a name of theirs; and noise of theirs is none of ours, so without it the two are one."""
    names = host.info["KSampler"]["input"]["required"]["sampler_name"][0]
    links, ends = graph.demo(), []
    gpu = [(name + "_gpu", name) for name in ("dpmpp_sde", "dpmpp_2m_sde", "dpmpp_3m_sde")]
    for name, same in (("res_multistep", "res_2m"), ("res_multistep_cfg_pp", "res_2m_cfg_pp"), *gpu):
        assert names.count("sig_" + name) == 1
        ends += [graph.ksampler(*links, sampler_name="sig_" + one, cfg=1.0) for one in (name, same)]
    latents = host.latents(graph, *[graph.save(end) for end in ends])
    for one, two in zip(latents[::2], latents[1::2], strict=True):
        assert torch.equal(one, two)
    assert names.count("sig_dpmpp_2m_sde_heun") == 1
