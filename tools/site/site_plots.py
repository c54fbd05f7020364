"""The plots of the site: what the server answers to the page, drawn by the page's own code, run by node."""

import importlib
import json
import math
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DRAW = Path(__file__).with_name("draw.mjs")
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "benchmarks")]
import inhost  # noqa: E402 - found by the line above
from fakehost.host import Pack, fake_host  # noqa: E402

STEPS, SIZE = 12, {"width": 440, "height": 240}
MODELS = {"ve": ("Stable Diffusion", {}), "flow": ("a flow model, shift 3", {"kind": "flow", "shift": 3})}
"""In words, and as the page describes a model that it cannot see."""
USUAL = {"ve": "sig_karras", "flow": "sig_linear"}


def sigmatic():
    """This checkout as the package `sigmatic`."""
    return inhost.load_sigmatic()


def answers(requests: dict) -> dict:
    """{key: the server's answer} for {key: (node, values, space)}; without those that the node does not offer."""
    sigmatic()
    made = {}
    with fake_host() as module:
        answer = Pack(module).part("page.answer").answer
        for key, (node, values, space) in requests.items():
            asks = {"node": node, "values": values, "model": MODELS[space][1]}
            status, reply = answer(json.dumps(asks).encode())
            if status == 200:
                made[key] = reply
            elif "which is not there" not in reply["error"]:
                raise ValueError(f"{key}: {reply['error']}")
    return made


def drawn(replies: dict, axis: str = "log") -> dict:
    """{key: {"svg": the drawing, "says": what it says in words}} of answers."""
    jobs = [{"answer": reply, "axis": axis, **SIZE} for reply in replies.values()]
    return dict(zip(replies, json.loads(_node(json.dumps(jobs))), strict=True))


def styles() -> str:
    """The page's own style sheet, in the colours of the site."""
    return _node("", "css")


def _node(text: str, *arguments: str) -> str:
    node = shutil.which("node")
    if node is None:
        raise RuntimeError("no node found, which draws the plots: install Node.js 18 or later")
    done = subprocess.run([node, DRAW, *arguments], input=text, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        raise RuntimeError(f"the plots cannot be drawn: {done.stderr[-2000:]}")
    return done.stdout


def of_samplers() -> dict:
    """{(name, space): drawing} of every sampler that ComfyUI's lists have."""
    names = sigmatic().samplers.names()
    run = {"steps": STEPS}
    asks = {
        (name, space): ("SigmaticKSampler", {**run, "sampler": f"sig_{name}", "schedule": USUAL[space]}, space)
        for name in names
        for space in MODELS
    }
    return drawn(answers(asks))


def of_schedules() -> dict:
    """{(name, space): drawing} of every schedule, over the range of a model that it suits."""
    registry = sigmatic().schedulers
    asks = {
        (name, space): ("SigmaticSchedule", {"steps": STEPS, "schedule": f"sig_{name}"}, space)
        for name in registry.names()
        for space in registry.get(name).spaces
    }
    return drawn(answers(asks))


def of_recipes(names: tuple[str, ...]) -> dict:
    """A drawing of the levels of several recipes, each at its own number of steps."""
    recipes, level = sigmatic().recipes, importlib.import_module("sigmatic.core.space").level
    lines = []
    for recipe in map(recipes.get, names):
        sigmas = recipes.sigmas(recipe.name, recipe.steps).tolist()
        space = "flow" if sigmas[0] <= 1 else "ve"
        snr = [2 * level(sigma, space).lam for sigma in sigmas]
        finite = [value if math.isfinite(value) else None for value in snr]
        named = {"schedule": recipe.title, "samplers": [recipe.sampler]}
        lines.append({**named, "sigmas": sigmas, "log_snr": finite})
    empty = dict.fromkeys(("evaluations", "noise", "eta", "s_noise", "switch"))
    reply = {**lines[0], **empty, "lines": lines, "notes": [], "assumes": [], "names": {"sampler": "", "schedule": ""}}
    return drawn({"recipes": reply}, axis="snr")["recipes"]


def figure(drawing: dict, title: str) -> str:
    """HTML of a drawing under its title."""
    return (
        f'<figure class="sigmatic-plot"><b>{title}</b>{drawing["svg"]}'
        f"<figcaption>{drawing['says'].replace('<', '&lt;')}</figcaption></figure>"
    )
