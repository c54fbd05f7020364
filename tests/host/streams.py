"""Picture and sound in one latent, through the host's own sampling: each comes out as it would by itself.

Run inside a host (test_host_streams.py does). The model carries its sound at four times its size on the levels of the
picture, as MiniMax H3 does; its data are normal, so that the network is a formula.
"""

import importlib
import json
import math
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
import inhost

inhost.load_host()
sigmatic = inhost.load_sigmatic()

import comfy.model_base  # noqa: E402 - the host is there only now
import comfy.sample  # noqa: E402
import comfy.samplers  # noqa: E402
import torch  # noqa: E402

adapter = importlib.import_module("sigmatic.nodes.running.host_functions")
facts = importlib.import_module("sigmatic.nodes.host.facts")
settings = importlib.import_module("sigmatic.nodes.running.settings_on_model")
demo = importlib.import_module("sigmatic.nodes.host.demo_model")
warnings = importlib.import_module("sigmatic.nodes.host.warnings")
record = importlib.import_module("sigmatic.nodes.running.record")
PICTURE, SOUND, SHIFT, RATIO = (1, 4, 2, 8, 8), (1, 8, 20), 12.0, 4.0
SAMPLERS = ("euler", "dpmpp_2m", "euler_ancestral", "dpmpp_2m_sde", "res_2m_sde", "er_sde", "uni_pc", "lms")


def gaussian(x, sigma, mean, variance):
    alpha = 1 - sigma
    return mean + alpha * variance / (alpha**2 * variance + sigma**2) * (x - alpha * mean)


class Network(comfy.model_base.BaseModel):
    """Answers for the network: picture and sound know nothing of each other."""

    def audio_scale(self):
        return RATIO

    def apply_model(self, x, t, *args, transformer_options=None, **more):
        sigma = float(t.max())
        if x.shape[1:] == torch.Size(PICTURE[1:]):
            return gaussian(x, sigma, 0.4, 0.3)
        if x.shape[1:] == torch.Size(SOUND[1:]):
            return gaussian(x, sigma, -1.0, 0.5)
        cut, rho = math.prod(PICTURE[1:]), sigma / (1 - sigma) / RATIO if sigma < 1 else math.inf
        its = 1.0 if sigma == 1 else rho / (1 + rho)
        sound = gaussian(x[..., cut:] * its / sigma, its, -1.0, 0.5)
        return torch.cat([gaussian(x[..., :cut], sigma, 0.4, 0.3), RATIO * sound], dim=-1)


def build(shift=SHIFT, **options):
    config = type("Config", (demo.DemoConfig,), {"sampling_settings": {"shift": shift}})
    model = Network(config({"disable_unet_model_creation": True}), comfy.model_base.ModelType.FLOW, torch.device("cpu"))
    model.diffusion_model = torch.nn.Module()
    model.diffusion_model.dtype = torch.float32
    cpu = torch.device("cpu")
    patcher = demo.comfy.model_patcher.ModelPatcher(model, cpu, cpu)
    return settings.apply(patcher, options, patcher.get_model_object("model_sampling")) if options else patcher


def run(model, name, start, latent, log=None, **fixed):
    ms = model.get_model_object("model_sampling")
    sigmas = adapter.model_levels(ms, "simple", 8)
    sampler = comfy.samplers.KSAMPLER(adapter.host_sampler(name, log=log, **fixed))
    none = [[None, {}]]
    return comfy.sample.sample_custom(model, start, 1.0, sampler, sigmas, none, none, latent, disable_pbar=True, seed=3)


def report(case, right, **more):
    print(json.dumps({"case": case, "right": bool(right), **more}))


def compare(nested):
    noise = [torch.randn(shape, generator=torch.Generator().manual_seed(k)) for k, shape in enumerate((PICTURE, SOUND))]
    both, empty = nested(noise), nested([torch.zeros(PICTURE), torch.zeros(SOUND)])
    for name in SAMPLERS:
        picture, sound = run(build(), name, both, empty).unbind()
        ode = sigmatic.samplers.get(name).ode or {}
        alone = (
            run(build(), name, noise[0], torch.zeros(PICTURE)),
            run(build(SHIFT / RATIO), name, noise[1], torch.zeros(SOUND), **ode),
        )
        # process_latent_out of a real model divides the sound by the scale; this one leaves it carried
        off = float((picture - alone[0]).abs().max()), float((sound / RATIO - alone[1]).abs().max())
        report(f"{name}: picture and quiet sound as alone", max(off) < 1e-4, off=off)
    quiet = run(build(), "euler_ancestral", both, empty).unbind()
    for option in ({"eta_audio": 1.0}, {"eta_audio": 0.5, "s_noise_audio": 0.3}):
        loud = run(build(**option), "euler_ancestral", both, empty).unbind()
        same = torch.equal(loud[0], quiet[0])
        report(f"{option} is heard in the sound alone", same and not torch.equal(loud[1], quiet[1]))
    for name in ("dpmpp_2s_ancestral", "dpm_adaptive"):
        log = record.Record()
        run(build(eta_audio=0.3), name, both, empty, log, **({"eta": 0.5} if name == "dpm_adaptive" else {}))
        report(f"{name}: a note", any("eta_audio 0.3 left out" in note for note in log.notes), notes=log.notes)
    log = record.Record()
    run(build(eta_audio=0.3), "euler_ancestral", both, empty, log)
    report("no note where it is done", not log.notes, notes=log.notes)
    pink = run(build(), "euler_ancestral", both, empty, noise="pink").unbind()
    alone = run(build(), "euler_ancestral", noise[0], torch.zeros(PICTURE), noise="pink")
    report("pink noise has the picture's shape", (pink[0] - alone).abs().max() < 1e-4)


def batches(nested):
    """A picture of a batch is the same by itself: its place is known again by the picture's noise."""
    empty = nested([torch.zeros((3, *PICTURE[1:])), torch.zeros((3, *SOUND[1:]))])
    three = run(build(eta_audio=0.5), "euler_ancestral", comfy.sample.prepare_noise(empty, 3), empty).unbind()
    one = nested([torch.zeros(PICTURE), torch.zeros(SOUND)])
    noise = comfy.sample.prepare_noise(one, 3, [2])
    alone = run(build(eta_audio=0.5), "euler_ancestral", noise, one).unbind()
    off = float((three[0][2:] - alone[0]).abs().max())
    report("the third of a batch by itself", off < 1e-5, off=off)


def parts(nested):
    """Four steps and four, through the node and through a file, are eight."""
    importlib.import_module("sigmatic.nodes.dropdowns.register").install()
    Node = importlib.import_module("sigmatic.nodes.ksampler").SigmaticKSampler
    file = importlib.import_module("sigmatic.nodes.running.run_file")
    none, latent = [[None, {}]], {"samples": nested([torch.zeros(PICTURE), torch.zeros(SOUND)])}
    for name in ("dpmpp_2m", "res_2m_sde", "uni_pc"):
        chosen = {"sampler": f"sig_{name}", "schedule": "sig_simple", "steps": 8, "cfg": 1.0, "seed": 3}
        chosen |= {"model": build(), "positive": none, "negative": none}
        outputs = Node.execute(latent_image=latent, **chosen).args
        whole, seen = (outputs[k]["samples"].unbind() for k in (0, 2))
        report(f"{name}: what the model saw last", all(a.shape == b.shape for a, b in zip(seen, whole, strict=True)))
        first = Node.execute(latent_image=latent, end_at_step=4, return_with_leftover_noise=True, **chosen).args[0]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "half.run.safetensors"
            file.save(path, first)
            for half, how in ((first, "node"), (file.load(path), "file")):
                out = Node.execute(latent_image=half, start_at_step=4, add_noise=False, **chosen).args[0]["samples"]
                right = all(map(torch.equal, out.unbind(), whole))
                report(f"{name} in two parts by {how}", right)


with torch.inference_mode():
    try:
        from comfy.nested_tensor import NestedTensor
    except ImportError:
        log, flat = record.Record(), torch.zeros(1, 1, 64)
        run(build(eta_audio=0.3), "euler_ancestral", flat, flat, log)
        report("a host without such latents: a note", "eta_audio 0.3 left out" in str(log.notes), notes=log.notes)
    else:
        compare(NestedTensor)
        batches(NestedTensor)
        parts(NestedTensor)
