"""Runs in a host's own Python: detail, guidance over the run and its ways, beside the host's own nodes for them.

Prints one JSON line a case: {"case": name, "error": largest difference relative to the largest value, or a count}.
"""

import importlib
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
import inhost

host, sigmatic = inhost.load_host(), inhost.load_sigmatic()

import comfy.latent_formats  # noqa: E402 - the host is there only now
import comfy.patcher_extension  # noqa: E402
import comfy.sample  # noqa: E402
import comfy.samplers  # noqa: E402
import torch  # noqa: E402

adapter = importlib.import_module("sigmatic.nodes.running.host_functions")
demo = importlib.import_module("sigmatic.nodes.host.demo_model")
facts = importlib.import_module("sigmatic.nodes.host.facts")
record = importlib.import_module("sigmatic.nodes.running.record")
Settings = importlib.import_module("sigmatic.nodes.settings").SigmaticSettings
STEPS, SEED = 6, 3
torch.set_num_threads(1)
SAMPLERS = ("euler", "heun", "dpmpp_2m", "uni_pc", "dpmpp_2m_sde")


def report(case, ours, theirs):
    error = float((ours - theirs).abs().max() / theirs.abs().max())
    print(json.dumps({"case": case, "error": error}), flush=True)


def count(case, value, wanted):
    print(json.dumps({"case": f"{case}: {value} for {wanted}", "error": float(abs(value - wanted))}), flush=True)


class Run:
    """A run of one of our samplers on the digits; `rows`: what the network was asked for, `log`: its record."""

    def __init__(self, kind, negative=True):
        self.model, self.kind, self.negative = demo.build("digits", kind), kind, negative
        self.space = "flow" if kind == "flow" else "ve"
        self.rows, self.log = 0, None

    def settings(self, model=None, **given):
        return Settings.execute(model=model or self.model, **given).args[0]

    def __call__(self, model=None, cfg=6.0, sampler="euler", wrap=None, steps=STEPS):
        model = (model or self.model).clone()
        self.rows, self.log = 0, record.Record()
        model.set_model_unet_function_wrapper(self._counted)
        function = adapter.host_sampler(sampler, log=self.log)
        sigmas = adapter.model_levels(
            model.get_model_object("model_sampling"), "karras" if self.space == "ve" else "linear", steps
        )
        latent = torch.zeros(2, 1, 32, 32)
        noise = comfy.sample.prepare_noise(latent, SEED)
        token = torch.zeros(1, 1, len(demo.CLASSES))
        asked = token.clone()
        asked[..., 3] = 1.0
        solver = comfy.samplers.KSAMPLER(wrap(function) if wrap else function)
        guider = comfy.samplers.CFGGuider(model)
        if self.negative:
            guider.set_conds([[asked, {}]], [[token, {}]])
        else:
            guider.inner_set_conds({"positive": [[asked, {}]]})
        guider.set_cfg(cfg)
        return guider.sample(noise, latent, solver, sigmas, seed=SEED, disable_pbar=True)

    def _counted(self, apply, given):
        self.rows += len(given["cond_or_uncond"])
        return apply(given["input"], given["timestep"], **given["c"])


def override(model, cfg, start, end):
    """What CFG Override does (newer than 0.3.64), through the same wrapper of the host."""
    ms = model.get_model_object("model_sampling")
    high, low = ms.percent_to_sigma(start), ms.percent_to_sigma(end)

    def wrapper(executor, *args, **more):
        if not low <= float(args[1].flatten()[0]) <= high:
            return executor(*args, **more)
        guider = executor.class_obj
        before, guider.cfg = guider.cfg, cfg
        try:
            return executor(*args, **more)
        finally:
            guider.cfg = before

    clone = model.clone()
    clone.add_wrapper(comfy.patcher_extension.WrappersMP.PREDICT_NOISE, wrapper)
    return clone


def neutral(run):
    plain = run()
    report(f"equal {run.kind} nothing written", run(run.settings()), plain)
    report(f"equal {run.kind} 0 and plain", run(run.settings(detail="0", guidance="plain")), plain)
    report(f"equal {run.kind} its own cfg", run(run.settings(cfg_curve="0:6")), plain)
    report(f"equal {run.kind} taken back", run(run.settings(run.settings(detail=".1"), detail="0")), plain)
    report(f"equal {run.kind} constant cfg", run(run.settings(cfg_curve="0:3")), run(cfg=3.0))


def ranges(run):
    node = getattr(importlib.import_module("comfy_extras.nodes_custom_sampler"), "CFGOverride", None)
    for sampler in SAMPLERS:
        ours = run(run.settings(cfg_curve="25-75"), sampler=sampler)
        rows, spared, made = run.rows, run.log.spared, run.log.evaluations
        count(f"count {run.kind} {sampler} negative not asked", 2 * made - rows, spared)
        theirs = run(override(override(run.model, 1.0, 0.0, 0.25), 1.0, 0.75, 1.0), sampler=sampler)
        report(f"equal {run.kind} {sampler} override", ours, theirs)
        if node is not None:
            model = run.model
            for start, end in ((0.0, 0.25), (0.75, 1.0)):
                model = node.execute(model, 1.0, start, end).args[0]
            report(f"equal {run.kind} {sampler} their node", ours, run(model, sampler=sampler))
    both = run.settings(cfg_curve="0:9, 100:9, 25-75")
    report(f"equal {run.kind} points and range", run(both), run(run.settings(cfg_curve="25-75"), cfg=9.0))


def ways(run):
    if run.kind != "flow":
        rescale = importlib.import_module("comfy_extras.nodes_model_advanced").RescaleCFG
        (theirs,) = rescale().patch(run.model, 0.7)
        report(f"near {run.kind} rescale", run(run.settings(guidance="rescale")), run(theirs))
    apg = importlib.import_module("comfy_extras.nodes_apg").APG
    radius = 15 * (1024 / 65536) ** 0.5
    theirs = apg.execute(run.model, 0.0, radius, -0.5).args[0]  # whose scale is one less than the paper's
    report(f"near {run.kind} apg", run(run.settings(guidance="apg"), cfg=7.0), run(theirs, cfg=6.0))
    if run.kind == "flow":
        run(run.settings(guidance="cfg_zero_init"))
        count("count flow first call not made", run.log.evaluations, STEPS - 1)


def within(run):
    plain = run(cfg=14.0)
    report(f"equal {run.kind} thresholding none", run(run.settings(thresholding="none"), cfg=14.0), plain)
    count(f"count {run.kind} beyond the range", int((plain.abs() > 1.001).any()), 1)
    for sampler in SAMPLERS:
        for way in ("static", "dynamic"):
            kept = run(run.settings(thresholding=way), cfg=14.0, sampler=sampler)
            count(f"count {run.kind} {sampler} {way}", int((kept.abs() > 1.001).sum()), 0)
    seen = []
    model = run.model.clone()
    model.set_model_sampler_post_cfg_function(
        lambda args: (seen.append(args["denoised"].abs().max()), args["denoised"])[1]
    )
    run(run.settings(model, thresholding="static", guidance="rescale"), cfg=14.0)
    count(f"count {run.kind} others go on from within", int(max(seen) > 1.0), 0)
    form = run.model.model.latent_format
    run.model.model.latent_format = comfy.latent_formats.SD15()
    try:
        count(f"count {run.kind} latents", int(torch.equal(run(run.settings(thresholding="dynamic")), run())), 1)
        run(run.settings(thresholding="dynamic"))
        count(f"count {run.kind} latents said", sum("works on latents" in note for note in run.log.notes), 1)
        radiance = getattr(comfy.latent_formats, "ChromaRadiance", None)
        values = facts.range_of_pixels(run.model)
        count(f"count {run.kind} SD has no range", int(values is None), 1)
        if radiance:
            run.model.model.latent_format = radiance()
            count(
                f"count {run.kind} Chroma Radiance is of pixels",
                int(facts.range_of_pixels(run.model) == (-1.0, 1.0)),
                1,
            )
    finally:
        run.model.model.latent_format = form


def others(run):
    seen = []

    def after(args):
        seen.append(args["denoised"])
        return args["denoised"] + 0.01

    model = run.model.clone()
    model.set_model_sampler_post_cfg_function(after)
    run(run.settings(model, guidance="apg"))
    first = seen[0]
    seen.clear()
    run(model)
    count(f"count {run.kind} others go on from ours", float(not torch.equal(first, seen[0])), 1)
    model = run.model.clone()
    model.set_model_sampler_cfg_function(lambda args: args["cond"])
    report(f"equal {run.kind} others combine", run(run.settings(model, guidance="apg")), run(model))
    count(f"count {run.kind} said so", sum("guidance apg was left out" in note for note in run.log.notes) or 1, 1)
    alone = run(run.settings(cfg_curve="0:1"), sampler="euler_cfg_pp")
    count(f"count {run.kind} cfg++ without the negative", run.rows, STEPS)
    count(f"count {run.kind} cfg++ says nothing", len(run.log.notes), 0)
    report(f"equal {run.kind} cfg++ at 1 is plain", alone, run(cfg=1.0))
    lonely = Run(run.kind, negative=False)
    report(
        f"equal {run.kind} no negative",
        lonely(lonely.settings(cfg_curve="0:5", guidance="apg"), cfg=1.0),
        lonely(cfg=1.0),
    )
    lonely(lonely.settings(cfg_curve="0:5"), cfg=1.0)
    count(f"count {run.kind} no negative said", sum("cfg_curve" in note for note in lonely.log.notes), 1)


def lying(amount):
    """Lying Sigma Sampler's and Detail Daemon's way: around the sampler, the model hears sigma (1 - amount(sigma))."""

    def wrap(function):
        def sample(model, x, sigmas, **given):
            class Lying:
                inner_model = model.inner_model

                def __getattr__(self, name):
                    return getattr(model, name)

                def __call__(self, x, sigma, **more):
                    return model(x, sigma * max(1e-6, 1.0 - amount(float(sigma.max()))), **more)

            return function(Lying(), x, sigmas, **given)

        return sample

    return wrap


def details(run):
    ms = run.model.get_model_object("model_sampling")
    high, low = ms.percent_to_sigma(0.2), ms.percent_to_sigma(0.8)
    for sampler in SAMPLERS:
        ours = run(run.settings(detail="0.05"), sampler=sampler)
        report(f"near {run.kind} {sampler} detail", ours, run(sampler=sampler, wrap=lying(lambda sigma: 0.05)))
    ours = run(run.settings(detail="20:0, 20:0.05, 80:0.05, 80:0"), sampler="dpmpp_2m")
    theirs = run(sampler="dpmpp_2m", wrap=lying(lambda sigma: 0.05 if low <= sigma <= high else 0.0))
    report(f"near {run.kind} detail in a range", ours, theirs)


with torch.inference_mode():
    for kind in ("eps", "flow"):
        for part in (neutral, ranges, ways, within, others, details):
            part(Run(kind))
