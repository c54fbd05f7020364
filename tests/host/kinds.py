"""Every kind of model and shape of latent that the host has, through the host's own sampling, against known data.

Run inside a host (test_kinds.py does). The model knows data that is normal with mean 0.3 and deviation 0.5 in every
number, so a right sampler comes to that mean and deviation as its steps get smaller, whatever the kind.
"""

import importlib
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
import inhost

inhost.load_host()
sigmatic = inhost.load_sigmatic()

import comfy.model_base  # noqa: E402 - the host is there only now
import comfy.model_sampling  # noqa: E402
import comfy.sample  # noqa: E402
import comfy.samplers  # noqa: E402
import torch  # noqa: E402

adapter = importlib.import_module("sigmatic.nodes.running.host_functions")
demo = importlib.import_module("sigmatic.nodes.host.demo_model")
MEAN, DEVIATION, STEPS = 0.3, 0.5, 30
SAMPLERS = ("euler", "heun", "dpmpp_2m", "uni_pc", "ipndm", "euler_ancestral", "dpmpp_sde", "dpmpp_2m_sde", "er_sde",
            "seeds_2")  # fmt: skip
KINDS = ("EPS", "V_PREDICTION", "zsnr", "EDM", "V_PREDICTION_EDM", "FLOW", "FLUX", "FLOW_COSMOS", "V_PREDICTION_DDPM",
         "noise_scale", "STABLE_CASCADE", "FLOW_AV")  # fmt: skip
SHAPES = {"audio": (2, 8, 512), "picture": (2, 4, 32, 32), "video": (2, 4, 3, 24, 24), "packed": (2, 1, 8192)}


class Model(comfy.model_base.BaseModel):
    """Answers for the network: the mean of the data given the noisy latent."""

    def apply_model(self, x, t, *args, transformer_options=None, **more):
        """x (B, ...), t (B,) sigma -> x0."""
        ms = self.model_sampling
        sigma = t.reshape(-1, *[1] * (x.ndim - 1))
        alpha = 1 - sigma if isinstance(ms, comfy.model_sampling.CONST) else torch.ones_like(sigma)
        noise = sigma * getattr(ms, "noise_scale", 1.0)
        gain = alpha * DEVIATION**2 / (alpha**2 * DEVIATION**2 + noise**2)
        return MEAN + gain * (x - alpha * MEAN)


def build(kind):
    """A MODEL of the kind; None where this host has none."""
    types = comfy.model_base.ModelType
    own = {"zsnr": "V_PREDICTION", "noise_scale": "FLOW"}.get(kind, kind)
    if not hasattr(types, own):
        return None
    config = type("Config", (demo.DemoConfig,), {"sampling_settings": {"shift": 3.0 if "FLOW" in own else 1.0}})
    model = Model(config({"disable_unet_model_creation": True}), types[own], torch.device("cpu"))
    model.diffusion_model = torch.nn.Module()
    model.diffusion_model.dtype = torch.float32
    if kind == "zsnr":
        bases = (comfy.model_sampling.ModelSamplingDiscrete, comfy.model_sampling.V_PREDICTION)
        model.model_sampling = type("ModelSampling", bases, {})(zsnr=True)
    if kind == "noise_scale":
        if not hasattr(model.model_sampling, "noise_scale"):
            return None
        model.model_sampling.set_noise_scale(2.0)
    cpu = torch.device("cpu")
    return demo.comfy.model_patcher.ModelPatcher(model, cpu, cpu)


def run(model, name, shape, steps=STEPS, mask=None, latent=None, **fixed):
    """Latents (B, ...) made by our sampler with the host's sample_custom."""
    flow = isinstance(model.get_model_object("model_sampling"), comfy.model_sampling.CONST)
    sigmas = adapter.model_levels(model.get_model_object("model_sampling"), "simple" if flow else "karras", steps)
    sampler = comfy.samplers.KSAMPLER(adapter.host_sampler(name, **fixed))
    latent = torch.zeros(shape) if latent is None else latent
    noise, none = comfy.sample.prepare_noise(latent, 3), [[None, {}]]
    if mask is not None:
        sigmas = sigmas[STEPS // 3 :]
    return comfy.sample.sample_custom(
        model, noise, 1.0, sampler, sigmas, none, none, latent, noise_mask=mask, disable_pbar=True, seed=3
    )


def report(case, model, name, shape):
    """One line of JSON: how far mean and deviation are from the data's, and with three times the steps."""
    latent, finer = run(model, name, shape), run(model, name, shape, 3 * STEPS)
    finite = bool((latent + finer).isfinite().all()) and latent.shape == shape
    off = {"mean": float(finer.mean()) - MEAN, "deviation": float(latent.std()) / DEVIATION - 1}
    print(json.dumps({"case": case, "finite": finite, **off, "finer": float(finer.std()) / DEVIATION - 1}))


with torch.inference_mode():
    for kind in KINDS:
        model = build(kind)
        if model is None:
            continue
        for name in SAMPLERS:
            report(f"{kind} {name}", model, name, SHAPES["picture"])
    for kind in ("EPS", "FLOW"):
        model = build(kind)
        for label, shape in SHAPES.items():
            for name in ("euler", "dpmpp_2m_sde", "dpmpp_3m_sde", "er_sde"):
                report(f"{kind} {label} {name}", model, name, shape)
    for kind in ("EPS", "V_PREDICTION", "FLOW"):  # outside of a hard mask the latent stays, bit for bit
        model, shape = build(kind), (1, 4, 32, 32)
        mask, latent = torch.ones(1, 1, 32, 32), MEAN + DEVIATION * torch.randn(shape)
        mask[..., 16:] = 0.0
        for name in adapter.offered():
            out = run(model, name, shape, mask=mask, latent=latent)
            same = bool(torch.equal(out[..., 16:], latent[..., 16:])) and not torch.equal(out, latent)
            print(json.dumps({"case": f"mask {kind} {name}", "same": same}))
