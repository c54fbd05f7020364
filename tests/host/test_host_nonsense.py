"""Nonsense in every input of every node: refused or failed with words, the server up, and the next prompt works."""

import json
import math

import pytest
import torch

WIDGETS = ("INT", "FLOAT", "STRING", "BOOLEAN", "COMBO")
CHEAP = {"operation": "scale", "at": 2.0, "steps": 2, "budget": 8, "latents": 1, "keep": False}
CHEAP |= {"axes": "sampler = sig_euler\nsteps = 2", "errors": False}
WITHOUT_RECIPE = {"steps": 4, "cfg": 2.0, "cfg_low": 2.0, "boundary": 1.0, "schedule": "sig_karras"}
"""Widgets of nodes that are put into the prompt with no more said about them."""


def small(graph, seed):
    """A prompt that works, alone in the graph; its output."""
    graph.clear()
    return graph.save(graph.ksampler(*graph.demo(), seed=seed, steps=4))


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
    early = {"end_at_step": 2, "return_with_leftover_noise": True}
    stopped = graph.sigmatic(model, positive, negative, latent, host.info, **early)
    graph.add("SigmaticSaveRun", latent=stopped, filename_prefix="runs/drill")
    file = next(host.base.rglob("drill_*.run.safetensors"), None)
    if file is None:  # what is to be loaded must be there before it is queued
        others = ("PreviewAny", "SaveLatent")
        host.run({one: entry for one, entry in graph.items() if entry["class_type"] not in others})
        file = next(host.base.rglob("drill_*.run.safetensors"))
    loaded = graph.add("SigmaticLoadRun", run=f"runs/{file.name}", pictures="", go_on_anyway=False)
    graph.add("PreviewAny", source=[loaded[0], 2])
    known = {"MODEL": model, "SIGMAS": sigmas, "SAMPLER": sampler, "LATENT": latent, "CONDITIONING": positive}
    for node in sorted(_ours(host) - {entry["class_type"] for entry in graph.values()}):
        given = {widget: value for widget, value in host.defaults(node).items() if value is not None}
        given |= {widget: value for widget, value in CHEAP.items() if widget in given}
        given |= WITHOUT_RECIPE if node == "SigmaticExpertsKSampler" else {}
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
    outputs = {"SaveLatent", "PreviewImage", "PreviewAny", "SigmaticSavePreset", "SigmaticSaveRun", "SigmaticSweep"}
    kept = {one: entry for one, entry in graph.items() if one in needs or entry["class_type"] not in outputs}
    return json.loads(json.dumps(kept))


def _bad_values(kind, options, widget):
    if widget == "filename_prefix":
        yield from ({}, "", "\0", "x" * 100000, "../../etc", "/etc/x", "a/../../b", "C:\\x")
    elif kind in ("INT", "FLOAT"):
        low, high = options["min"], options["max"]
        yield from (low - 1, high + 1, 10**30, math.nan, math.inf, -math.inf, "nan", "x", [], {}, None)
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
                for value in _bad_values(shape, rest[0] if rest else {}, widget):
                    prompt = _only(graph, places[node])
                    listens = {"schedule": "sig_drawn"} if widget == "points" else {}
                    prompt[places[node]]["inputs"].update({**listens, widget: value})
                    prompt_id, refused = host.queue(prompt)
                    waiting.append((f"{node}.{widget} = {str(value)[:30]!r}", prompt_id, refused, widget))
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
    assert torch.isfinite(host.latents(graph, small(graph, 77))[0]).all()


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
    assert torch.isfinite(host.latents(graph, small(graph, 78))[0]).all()


def _inputs(host, node, group):
    """(name, type) of the node's inputs."""
    for name, (kind, *_) in host.info[node]["input"].get(group, {}).items():
        yield name, "COMBO" if isinstance(kind, list) else kind


def _failure(host, prompt):
    """What the host says of a prompt that it refuses or that fails; None if it succeeds."""
    prompt_id, refused = host.queue(prompt)
    if refused:
        return json.dumps(refused)
    entry = host.wait(prompt_id)
    failed = [data["exception_message"] for kind, data in entry["status"]["messages"] if kind == "execution_error"]
    return failed[0] if failed else None


def test_every_input_that_is_missing_or_of_a_wrong_type_is_named(host, graph):
    """Links and widgets alike. What is optional may be left out, but for what the node's other values ask for."""
    places = _whole(host, graph)
    for node, place in places.items():
        for name, kind in _inputs(host, node, "required"):
            prompt = _only(graph, place)
            del prompt[place]["inputs"][name]
            assert name in (_failure(host, prompt) or ""), f"{node} without {name}"
            if kind not in WIDGETS and kind != "*":
                other = "SigmaticNoise" if kind != "NOISE" else "SigmaticSampler"
                prompt = _only(graph, place)
                prompt[place]["inputs"][name] = [places[other], 0]
                assert name in (_failure(host, prompt) or ""), f"{node}.{name} of a wrong type"
    host.run(graph)
    assert torch.isfinite(host.latents(graph, small(graph, 81))[0]).all()


@pytest.mark.parametrize("shape", ["0 1 32 32", "1 1 0 32", "1 1 32 0", "0 1 0 0"])
def test_an_empty_latent_is_named(host, graph, shape):
    """No pictures, or pictures without pixels, in every node of ours that takes a latent, and in the host's own."""
    places = _whole(host, graph)
    empty = graph.add("AnyLatent", shape=shape)
    found = {}
    for node, place in places.items():
        for name in [name for group in ("required", "optional") for name, kind in _inputs(host, node, group)
                     if kind == "LATENT"]:  # fmt: skip
            prompt = _only(graph, place)
            prompt[empty[0]] = graph[empty[0]]
            prompt[place]["inputs"][name] = empty
            found[f"{node}.{name}"] = (name, _failure(host, prompt))
    graph.clear()
    model, positive, negative, _ = graph.demo()
    empty = graph.add("AnyLatent", shape=shape)
    graph.save(graph.ksampler(model, positive, negative, empty))
    found["KSampler.latent_image"] = ("latent", _failure(host, graph))
    assert len(found) >= 5
    assert not {where: said for where, (name, said) in found.items() if name not in (said or "")}
    assert torch.isfinite(host.latents(graph, small(graph, 82))[0]).all()


def test_a_million_steps_are_refused_or_answered(host, graph):
    """By the widget, by the text, by denoise (of 10000 steps or of very little noise) and by the stock nodes."""
    model, *links = graph.demo()
    cases = {
        "steps": graph.sigmatic(model, *links, host.info, steps=10**6),
        "denoise": graph.sigmatic(model, *links, host.info, steps=10, denoise=1e-9),
        "steps is": graph.ksampler(model, *links, steps=10, denoise=1e-9, scheduler="sig_simple"),
    }
    schedules = {
        "steps": graph.add("SigmaticSchedule", **{**host.defaults("SigmaticSchedule"), "model": model, "steps": 10**6}),
        "text": graph.add("SigmaticText", text=" ".join(str(10 - i / 200000) for i in range(10**6))),
    }
    sampler = graph.add("SigmaticSampler", **{**host.defaults("SigmaticSampler"), "sampler": "sig_euler"})
    ends = [*cases.items(), *((word, graph.custom(model, *links, sampler, one)) for word, one in schedules.items())]
    ends.append((None, graph.sigmatic(model, *links, host.info, steps=2, denoise=2e-6)))
    for word, end in ends:
        place = graph.save(end)
        said = _failure(host, {name: entry for name, entry in graph.items() if name in _needed(graph, place)})
        assert said is None if word is None else word in (said or ""), f"{word}: {said}"
    assert torch.isfinite(host.latents(graph, small(graph, 83))[0]).all()


def _needed(graph, name):
    """The node and all that it is made from."""
    found = {name}
    for value in graph[name]["inputs"].values():
        found |= _needed(graph, value[0]) if isinstance(value, list) else set()
    return found
