"""Runs in a host's own Python: our samplers and schedules beside ComfyUI's functions. Prints one JSON line a case.

A case is {"case": name, "error": largest difference relative to the largest value}.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
import inhost

host, sigmatic = inhost.load_host(), inhost.load_sigmatic()
import torch  # noqa: E402  (the host's own, found after its folder is on the path)

# name, parameters, on flow too (there from sigma < 1: from 1, theirs moves the first sigma)
SAMPLERS = [
    ("euler", {}, True),
    ("heun", {}, True),
    ("dpmpp_2m", {}, False),
    ("euler_ancestral", {"eta": 1.0}, False),
    ("euler_ancestral", {"eta": 0.5}, False),
    ("euler_ancestral", {"eta": 1.0, "s_noise": 0.7}, False),
    *[("dpmpp_2m_sde", {"eta": eta}, True) for eta in (0.0, 0.5, 1.0)],
    *[("dpmpp_2m_sde", {"eta": eta, "solver_type": "heun"}, True) for eta in (0.0, 1.0)],
    *[("dpmpp_3m_sde", {"eta": eta}, True) for eta in (0.0, 0.5, 1.0)],
    ("dpm_2", {}, True),
    ("lms", {}, True),
    ("ipndm", {}, True),
    ("gradient_estimation", {}, True),
    ("dpm_2_ancestral", {"eta": 0.7}, False),
    ("dpmpp_2s_ancestral", {"eta": 0.7}, False),
    *[("dpmpp_sde", {"eta": eta}, True) for eta in (0.0, 0.5, 1.0)],
    *[("seeds_2", {"eta": eta}, True) for eta in (0.0, 0.5, 1.0)],
    *[("seeds_3", {"eta": eta}, True) for eta in (0.0, 1.0)],
    ("res_2m", {}, False),
    ("lcm", {}, True),
]
THEIR_NAME = {"res_2m": "res_multistep"}


class Draws:
    """Normals for every stretch, the same for both sides: known by the step they lie in and their place in it."""

    def __init__(self, table, shape, generator):
        self.table, self.shape, self.generator, self.made = table, shape, generator, {}
        self.starts = {row.sigma: i for i, row in enumerate(table.rows)}

    def stretch(self, step: int, place: int):
        """The normals of one stretch."""
        if (step, place) not in self.made:
            self.made[step, place] = torch.randn(self.shape, generator=self.generator)
        return self.made[step, place]

    def ours(self, a: float, b: float):
        """Asked stretch by stretch."""
        for i, row in enumerate(self.table.rows):
            if (a, b) in row.segments():
                return self.stretch(i, row.segments().index((a, b)))
        raise KeyError((a, b))

    def theirs(self, a, b):
        """Asked for one stretch, or for a whole step that has two (DPM++ SDE): then their sum, weighed as in it."""
        step, segments = next(
            (i, row.segments()) for i, row in enumerate(self.table.rows) if row.sigma_next < float(a) <= row.sigma
        )
        place = next((k for k, (x, y) in enumerate(segments) if near(x, a) and near(y, b)), None)
        if place is not None:
            return self.stretch(step, place)
        weights = self.table.rows[step].stages[-1].B
        total = sum(w * self.stretch(step, k) for k, w in enumerate(weights))
        return total / sum(w * w for w in weights) ** 0.5


def near(a: float, b) -> bool:
    return abs(a - float(b)) < 1e-4 * a


def report(case: str, ours, theirs) -> None:
    error = ((ours - theirs).abs().max() / theirs.abs().max()).item()
    print(json.dumps({"case": case, "error": error}))


def compare_sampler(name: str, params: dict, space: str) -> None:
    generator = torch.Generator().manual_seed(0)
    high = {"sigma_max": 0.98} if space == "flow" else {}
    sigmas = sigmatic.schedulers.sigmas("karras", 20, space=space, **high)
    shape = (2, 4, 8, 8)
    x = torch.randn(shape, generator=generator) * sigmas[0]
    draws = Draws(sigmatic.samplers.table(name, sigmas, space=space, **params), shape, generator)
    import importlib

    mixture = importlib.import_module("sigmatic.demo.mixture").Mixture(shape[1:])
    model = inhost.HostModel(mixture.denoiser(space), inhost.model_sampling(host, space))
    function = getattr(host.K, "sample_" + THEIR_NAME.get(name, name))
    options = dict(params)
    if sigmatic.samplers.get(name).stochastic:
        options["noise_sampler"] = draws.theirs
    theirs = function(model, x, sigmas, extra_args={"seed": 1}, disable=True, **options)
    ours = sigmatic.samplers.sample(name, model, x, sigmas, space=space, noise=draws.ours, disable=True, **params)
    report(f"{name} {params} {space}", ours, theirs)


def compare_comfy_noise() -> None:
    """noise="comfy" against what the host draws by itself."""
    import inspect

    sigmas = sigmatic.schedulers.sigmas("karras", 12)
    x = torch.randn((2, 4, 8, 8), generator=torch.Generator().manual_seed(0)) * sigmas[0]
    later = "+= 1" in inspect.getsource(host.K.default_noise_sampler)  # since 0.7 the seed moves by one on the CPU
    model = inhost.HostModel(lambda x, sigma: x * 0.5, inhost.model_sampling(host, "ve"))
    for name, seed in (("dpmpp_2m_sde", 5), ("dpmpp_3m_sde", 2**40 + 1), ("euler_ancestral", 5)):
        theirs = seed if later or name.endswith("_sde") else seed + 1
        theirs = getattr(host.K, "sample_" + name)(model, x, sigmas, extra_args={"seed": theirs}, disable=True)
        ours = sigmatic.samplers.sample(name, model, x, sigmas, seed=seed, noise="comfy", disable=True)
        report(f"comfy noise {name}", ours, theirs)


def compare_schedules() -> None:
    """Every schedule that the host has too; where theirs is wrong, the part of it that is right."""
    for space in ("ve", "flow"):
        sampling = inhost.model_sampling(host, space)
        for name in ("karras", "exponential", "normal", "simple", "sgm_uniform", "beta", "linear_quadratic"):
            for steps in (1, 5, 20, 33):
                compare_levels(name, steps, space, host.samplers.calculate_sigmas(sampling, name, steps))
        for steps in (1, 5, 20, 40):  # theirs begins one stride below the model's range, and only divisors of 1000 fit
            theirs = host.samplers.calculate_sigmas(sampling, "ddim_uniform", steps)
            theirs[0] = sampling.sigmas[-1]
            compare_levels("ddim_uniform", steps, space, theirs)
    sampling = inhost.model_sampling(host, "ve")
    low, high = float(sampling.sigma_min), float(sampling.sigma_max)
    for steps in (2, 5, 20, 33):  # not for 1, nor on flow models, where they take sigma for sigma / (1 - sigma)
        compare_levels("kl_optimal", steps, "ve", host.samplers.calculate_sigmas(sampling, "kl_optimal", steps))
        laplace = host.K.get_sigmas_laplace(steps, low, high, 0.3, 0.6)
        compare_levels("laplace", steps, "ve", torch.cat([laplace, torch.zeros(1)]), mu=0.3, beta=0.6)
        poly = host.K.get_sigmas_polyexponential(steps, low, high, 1.7)
        compare_levels("polyexponential", steps, "ve", poly, rho=1.7)
        theirs = host.K.get_sigmas_vp(steps)  # has ends of its own
        compare_levels("vp", steps, "ve", theirs, sigma_min=float(theirs[-2]), sigma_max=float(theirs[0]))


def compare_levels(name: str, steps: int, space: str, theirs, **options) -> None:
    table = {"model_sigmas": inhost.model_sampling(host, space).sigmas}
    ours = sigmatic.schedulers.sigmas(name, steps, space=space, **table, **options)
    case = f"schedule {name} {steps} {space}"
    if ours.shape != theirs.shape:
        print(json.dumps({"case": case, "error": f"{len(ours)} against {len(theirs)} sigmas"}))
    else:
        report(case, ours[:-1] / theirs[:-1], torch.ones(steps))


def compare_ays() -> None:
    """Their node, whose numbers are rounded where ours are computed."""
    import importlib

    node = importlib.import_module("comfy_extras.nodes_align_your_steps").AlignYourStepsScheduler
    for name, model in (("ays", "SD1"), ("ays_sdxl", "SDXL"), ("ays_svd", "SVD")):
        for steps in (1, 4, 10, 25):
            (theirs,) = node().get_sigmas(model, steps, 1.0)
            ends = {"sigma_min": 0.002, "sigma_max": 700.0} if model == "SVD" else {"sigma_min": 0.0291671582}
            compare_levels(name, steps, "ve", theirs, **ends)


with torch.inference_mode():
    for name, params, flow in SAMPLERS:
        compare_sampler(name, params, "ve")
        if flow:
            compare_sampler(name, params, "flow")
    compare_comfy_noise()
    compare_schedules()
    compare_ays()
