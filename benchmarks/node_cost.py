"""What the pack costs in a ComfyUI: its import, Sigmatic KSampler beside the stock KSampler, Python in a step.

    python benchmarks/node_cost.py [--rounds 30] [--steps 20] [--host ComfyUI]

Runs in the host's own Python on the CPU. Stock and ours take turns on the digit model, so that other load on the
machine meets both; the least of each is compared, which is what load disturbs least. Its network is taken out and
answers at once: with it, what is looked for would be lost in its noise. Prints a JSON object.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import inhost


def imported():
    """(CPU seconds of the pack's import, the node classes by id): all that ComfyUI's loader asks of it."""
    begun = time.process_time()
    sigmatic = inhost.load_sigmatic()

    async def nodes():
        return await (await sigmatic.comfy_entrypoint()).get_node_list()

    listed = asyncio.run(nodes())
    seconds = time.process_time() - begun
    return seconds, {node.GET_SCHEMA().node_id: node for node in listed}


def taking_turns(rounds, **works):
    """The least CPU milliseconds of each of the works, called in turn."""
    least = dict.fromkeys(works, float("inf"))
    for _ in range(rounds):
        for name, work in works.items():
            begun = time.process_time()
            work()
            least[name] = min(least[name], 1e3 * (time.process_time() - begun))
    return least


def python_in_a_step(rounds):
    """Microseconds of a step on a latent so small that nothing but Python is left, with callback, by sampler.

    The difference of a long and a short run, over the steps between them; a model that returns its input costs nothing.
    """
    import torch

    sigmatic = inhost.load_sigmatic()
    x, seen = torch.zeros(1, 2), []

    def model(x, sigma, **_):
        return x

    def run(name, steps):
        sigmas = sigmatic.schedulers.sigmas("karras", steps)
        begun = time.process_time()
        sigmatic.samplers.sample(name, model, x, sigmas, callback=seen.append, disable=True, noise="gaussian")
        return time.process_time() - begun

    names = ("euler", "dpmpp_2m", "dpmpp_3m", "res_2m", "euler_ancestral", "dpmpp_2m_sde")
    found = {}
    for name in names:
        run(name, 200)
        short, long = (min(run(name, steps) for _ in range(rounds)) for steps in (20, 220))
        found[name] = 1e6 * (long - short) / 200
    return found


def inside(arguments):
    """In the host's Python."""
    host = inhost.load_host()
    import comfy_api.latest  # what a host has loaded before the first pack
    import server
    import torch

    import nodes as stock

    assert comfy_api.latest and server
    torch.set_num_threads(1)
    seconds, ours = imported()
    model = ours["SigmaticDemoModel"].execute(model="digits", parametrisation="eps")[0]
    model.model.diffusion_model.forward = lambda x, *_, **__: 0.1 * x
    positive, negative = (ours["SigmaticDemoPrompt"].execute(digit=d)[0] for d in ("3", ""))
    latent = ours["SigmaticDemoLatent"].execute(batch_size=1)[0]
    schema = ours["SigmaticKSampler"].GET_SCHEMA()
    values = {w.id: w.default for w in schema.inputs if getattr(w, "default", None) is not None}
    links = {"model": model, "positive": positive, "negative": negative, "latent_image": latent}
    values |= {
        "steps": arguments.steps,
        "cfg": 1.0,
        "seed": 5,
        "sampler": "sig_euler",
        "schedule": "sig_karras",
        **links,
    }
    stock_sampler = stock.KSampler()

    def by_stock(sampler, schedule):
        return stock_sampler.sample(model, 5, arguments.steps, 1.0, sampler, schedule, positive, negative, latent)

    assert "euler" in host.samplers.SAMPLER_NAMES
    cost = taking_turns(
        arguments.rounds,
        stock=lambda: by_stock("euler", "karras"),
        stock_by_name=lambda: by_stock("sig_euler", "sig_karras"),
        ours=lambda: ours["SigmaticKSampler"].execute(**values),
    )
    found = {
        "import_seconds": seconds,
        "ksampler_ms": cost,
        "fixed_cost_ms": cost["ours"] - cost["stock"],
        "ratio": cost["ours"] / cost["stock"],
        "step_us": python_in_a_step(arguments.rounds),
    }
    print(json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(inhost.main(__file__, __doc__, inside, rounds=30, steps=20))
