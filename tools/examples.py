"""Writes example_workflows/: `python tools/examples.py`. What is in each is said here; tools/layout.py places it."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests")]
from examples_of_models import MODELS  # noqa: E402 - found by the line above
from layout import Flow, of_schema  # noqa: E402
from stock_nodes import STOCK  # noqa: E402

FOLDER = ROOT / "example_workflows"
PICTURE = (460, 340)
RUN = "Run"
BY_NAME = {"seed": 5, "cfg": 2.0, "schedule": "sig_karras"}


def kinds():
    """All types of nodes: ComfyUI's as written down, ours from their definitions on the stand-in host."""
    from fakehost.host import Pack, fake_host

    with fake_host() as module:
        return {**STOCK, **{name: of_schema(node) for name, node in Pack(module).nodes.items()}}


def _demo(flow, drawn, model="digits", batch=8, **latent):
    """The demo model with its prompts and latent: the links of a run."""
    made = flow.add(0, "Model", "SigmaticDemoModel", model=model)
    positive = flow.add(0, "Model", "SigmaticDemoPrompt", "Positive: what to draw", digit=drawn)
    negative = flow.add(0, "Model", "SigmaticDemoPrompt", "Negative: anything", digit="")
    empty = flow.add(0, "Model", "SigmaticDemoLatent", batch_size=batch, **latent)
    return {"model": (made, 0), "positive": (positive, 0), "negative": (negative, 0), "latent_image": (empty, 0)}


def _show(flow, latent, title, column=0, zoom=4):
    decoded = flow.add(column, "Pictures", "SigmaticDemoDecode", to={"samples": latent}, zoom=zoom)
    flow.add(column, "Pictures", "PreviewImage", title, box=PICTURE, to={"images": (decoded, 0)})


def _quickstart(flow):
    links = _demo(flow, "potion", "tiles")
    run = flow.add(0, RUN, "SigmaticKSampler", to=links, seed=(7, "randomize"), cfg=2.0)
    _show(flow, (run, 0), "Eight small pictures", zoom=8)


def _by_stock_node(flow):
    links = _demo(flow, "armour", "tiles")
    first = flow.add(0, RUN, "KSampler", "ComfyUI's KSampler", to=links, seed=5, cfg=2.0,
                     sampler_name="sig_dpmpp_2m_sde", scheduler="sig_karras")  # fmt: skip
    settings = flow.add(0, RUN, "SigmaticSettings", "Only for the second pass", to={"model": links["model"]},
                        eta=0.4, s_noise=0.97, rho=5.0)  # fmt: skip
    again = {**links, "model": (settings, 0), "latent_image": (first, 0)}
    second = flow.add(1, RUN, "KSampler", "The detail pass: names only", to=again, seed=6, steps=12, cfg=2.0,
                      sampler_name="sig_euler_ancestral", scheduler="sig_karras", denoise=0.6)  # fmt: skip
    _show(flow, (first, 0), "First pass")
    _show(flow, (second, 0), "Detail pass")


def _curves(flow):
    links = _demo(flow, "ring", "tiles")
    runs = [
        flow.add(i, RUN, "SigmaticKSampler", title, to=links, steps=24, sampler="sig_euler_ancestral", eta_curve=curve,
                 **BY_NAME)
        for i, (title, curve) in enumerate((("eta 1 all the way", ""), ("eta over the run", "0:0, 25:1.2, 60:1, 80:0")))
    ]  # fmt: skip
    _show(flow, (runs[0], 0), "The number")
    _show(flow, (runs[1], 0), "The curve")


def _split(flow):
    links = _demo(flow, "monster", "tiles")
    high = flow.add(0, RUN, "SigmaticKSampler", "High noise: steps 0 to 8", to=links, sampler="sig_euler_ancestral",
                    end_at_step=8, return_with_leftover_noise=True, **{**BY_NAME, "cfg": 3.0})  # fmt: skip
    low = flow.add(1, RUN, "SigmaticKSampler", "Low noise: steps 8 to 20", to={**links, "latent_image": (high, 0)},
                   sampler="sig_dpmpp_2m", start_at_step=8, add_noise=False, **{**BY_NAME, "cfg": 1.5})  # fmt: skip
    _show(flow, (high, 0), "Handed over: still noisy")
    _show(flow, (low, 0), "The result")


def _look_then_finish(flow):
    links = _demo(flow, "potion", "tiles")
    first = flow.add(0, RUN, "SigmaticKSampler", "Eight to step 6 of 20", to=links, seed=11, cfg=2.0,
                     sampler="sig_dpmpp_2m_sde", schedule="sig_karras", end_at_step=6,
                     return_with_leftover_noise=True)  # fmt: skip
    flow.add(0, RUN, "SigmaticSaveRun", "For another day", to={"latent": (first, 0)})
    two = flow.add(1, RUN, "LatentFromBatch", "Which two", to={"samples": (first, 0)}, batch_index=2, length=2)
    rest = flow.add(1, RUN, "SigmaticKSampler", "Only these are finished", to={**links, "latent_image": (two, 0)},
                    seed=11, cfg=2.0, sampler="sig_dpmpp_2m_sde", schedule="sig_karras", start_at_step=6,
                    add_noise=False)  # fmt: skip
    _show(flow, (first, 2), "What they are going to be", zoom=8)
    _show(flow, (rest, 0), "The two", 1, zoom=8)


def _inpainting(flow):
    links = _demo(flow, "3")
    values = {**BY_NAME, "sampler": "sig_dpmpp_2m_sde"}
    first = flow.add(0, RUN, "SigmaticKSampler", "A picture to change: threes", to=links, **values)
    nothing = flow.add(0, "Mask", "SolidMask", "Nothing", value=0.0)
    half = flow.add(0, "Mask", "SolidMask", "The lower half", height=16)
    both = flow.add(0, "Mask", "MaskComposite", to={"destination": (nothing, 0), "source": (half, 0)}, y=16)
    masked = flow.add(0, "Mask", "SetLatentNoiseMask", to={"samples": (first, 0), "mask": (both, 0)})
    eight = flow.add(0, "Mask", "SigmaticDemoPrompt", "Positive: what to put there", digit="8")
    wires = {**links, "positive": (eight, 0), "latent_image": (masked, 0)}
    again = flow.add(0, "Again", "SigmaticKSampler", "Only where the mask is", to=wires,
                     **{**values, "seed": 9, "cfg": 3.0})  # fmt: skip
    _show(flow, (first, 0), "Before")
    _show(flow, (again, 0), "After: upper halves as they were")


def _fitted(flow):
    links = _demo(flow, "2")
    fit = flow.add(
        0, "Schedules", "SigmaticFit", to=links, sampler="sig_dpmpp_2m", steps=4, cfg=2.0, latents=4, budget=200
    )
    ready = flow.add(0, "Schedules", "SigmaticSchedule", "A ready-made schedule", to={"model": links["model"]}, steps=4)
    sampler = flow.add(0, "Schedules", "SigmaticSampler", sampler="sig_dpmpp_2m")
    for i, (sigmas, title) in enumerate(((fit, "4 fitted steps"), (ready, "4 Karras steps"))):
        wires = {**links, "sampler": (sampler, 0), "sigmas": (sigmas, 0)}
        run = flow.add(0, RUN, "SamplerCustom", title, to=wires, noise_seed=5, cfg=2.0)
        _show(flow, (run, 0), title, i)


def _comparison(*entries, **values):
    def fill(flow):
        links = _demo(flow, "3")
        sheet = flow.add(0, "Compare", "SigmaticCompare", to=links, entries="\n".join(entries), **values)
        flow.add(0, "Pictures", "PreviewImage", "The sheet", box=(700, 760), to={"images": (sheet, 0)})

    return fill


def _sweep(flow):
    links = _demo(flow, "3", batch=2)
    sweep = flow.add(0, "Sweep", "SigmaticSweep", to=links, axes="\n".join(_AXES), name="example")
    flow.add(0, "Pictures", "PreviewImage", "The sheet", box=(700, 760), to={"images": (sweep, 0)})


_AXES = ("sampler = sig_euler, sig_dpmpp_2m, sig_arc", "schedule = sig_karras, sig_arc", "steps = 4, 6, 10",
         "seed = 0:2", "cfg = 2", "skip sampler = sig_euler; steps = 4")  # fmt: skip
_SAMPLERS = ("sig_euler", "sig_dpmpp_2m", "sig_uni_pc", "sig_heun", "sig_euler_ancestral", "sig_dpmpp_sde",
             "sig_dpmpp_2m_sde", "sig_dpmpp_2m / sig_karras / steps = 60")  # fmt: skip
_OVER_STEPS = [
    f"{sampler} / sig_karras / steps = {steps}"
    for sampler in ("sig_euler", "sig_euler_ancestral", "sig_dpmpp_2m_sde")
    for steps in (8, 16, 32, 64)
]
DEMOS = [
    ("01 Quickstart", "Sigmatic in one minute",
     "Press Run: eight small pictures by a tiny model that comes with Sigmatic. Nothing is downloaded.\n"
     "sig_auto is what the model's recipe wants. Choose sig_euler_ancestral and drag eta: the plot shows what every "
     "step will do before it is done.", _quickstart),
    ("Settings by name", "Settings for nodes that take names",
     "Press Run. Detailers and upscalers take a MODEL and two names. Sigmatic Settings puts eta, s_noise and rho on "
     "the MODEL, and every sig_ name that is used with it hears them. Put your detailer in the place of the second "
     "KSampler.", _by_stock_node),
    ("Curves", "Curves",
     "Press Run: the same seed twice. On the right eta is a curve: none at the start, so that the composition stays "
     "the seed's; most in the middle; none in the last fifth, so that the picture ends clean.", _curves),
    ("Eta sweep", "Eta sweep",
     "Press Run: the same eight digits with more and more fresh noise. At eta 0 they are those of sig_euler, to the "
     "last bit. The first row is the reference: the difference says how far the others are.",
     _comparison(*(f"sig_euler_ancestral / sig_karras / eta = {eta:g}" for eta in (0, 0.25, 0.5, 0.75, 1, 1.25)),
                 seed=7, cfg=2.0, evaluations=20, reference=1, size=96)),
    ("Sampler comparison", "Sampler comparison",
     "Press Run: one row a sampler, all from the same noise, none with more than 10 model evaluations. The last row "
     "has 60 steps; the others are measured against it. Edit the list: only lines that are new are run again.",
     _comparison(*_SAMPLERS, seed=7, cfg=2.0, evaluations=10, size=96)),
    ("Ancestral SDE ODE", "Ancestral, SDE and ODE over steps",
     "Press Run: three kinds of sampler at 8, 16, 32 and 64 steps. sig_euler settles on one picture. sig_dpmpp_2m_sde "
     "settles, too: its noise is one path. sig_euler_ancestral draws new noise in every step.",
     _comparison(*_OVER_STEPS, seed=11, cfg=2.0, evaluations=20, size=64)),
    ("Sweep", "Sweep with a report",
     "Press Run: every combination of the axes on this model, each kept when it is done. Then press Open the report: "
     "error against model evaluations, and what nothing beats. Add a value and run again: only what is new is run.",
     _sweep),
    ("Split high and low noise", "Split: high and low noise",
     "Press Run: one run in two nodes. The first makes the coarse shape with noise and much cfg, the second finishes "
     "without noise and with less of it. Both have the same steps and schedule.", _split),
    ("Look then finish", "Look, then finish some",
     "Press Run: eight pictures stop at step 6 of 20, and `denoised` shows what they are going to be. Two go on, and "
     "end as they would have in one run of all eight. Sigmatic Save Run keeps the eight, for Sigmatic Load Run.",
     _look_then_finish),
    ("Inpainting", "Inpainting",
     "Press Run: eight threes, whose lower halves are drawn again as those of eights. Every sampler of Sigmatic keeps "
     "the rest to the last bit.", _inpainting),
    ("Fitted schedule", "Fitted schedule",
     "Press Run: Sigmatic Fit Schedule measures which four amounts of noise suit this model and sampler best. The "
     "result is kept. Below it, four steps of sig_karras.", _fitted),
]  # fmt: skip


def flows():
    """All example workflows."""
    known = kinds()
    for name, title, text, fill in (*DEMOS, *MODELS):
        flow = Flow(name, title, text, known)
        fill(flow)
        yield flow


if __name__ == "__main__":
    import importlib

    importlib.import_module("conftest")  # this checkout as the package `sigmatic`
    for made in flows():
        made.write(FOLDER)
