"""Runs in a host's own Python: our samplers and schedules beside ComfyUI's functions. Prints one JSON line a case.

A case is {"case": name, "error": largest difference relative to the largest value}.
"""

import contextlib
import importlib
import itertools
import json
import sys
import unittest.mock
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
import inhost

host, sigmatic = inhost.load_host(), inhost.load_sigmatic()
import torch  # noqa: E402  (the host's own, found after its folder is on the path)

FLOW_LAW = ("euler_ancestral", "dpm_2_ancestral", "dpmpp_2s_ancestral")
# name, parameters, on flow too (there from sigma < 1: from 1, theirs moves the first sigma)
SAMPLERS = [
    ("euler", {}, True),
    ("heun", {}, True),
    ("dpmpp_2m", {}, True),
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
    ("res_2m", {}, True),
    *[("res_2m_ancestral", {"eta": eta}, False) for eta in (0.0, 0.5, 1.0)],
    ("exp_heun_2_x0", {}, True),
    *[("exp_heun_2_x0_sde", {"eta": eta}, True) for eta in (0.0, 0.5, 1.0)],
    ("lcm", {}, True),
    *[(name, {"s_churn": 15.0, "s_tmin": 0.1, "s_tmax": 8.0}, False) for name in ("euler", "heun", "dpm_2")],
    ("ipndm_v", {}, True),
    *[
        (name, {"eta": 0.7, "law": "flow"}, True)
        for name in ("euler_ancestral", "dpm_2_ancestral", "dpmpp_2s_ancestral")
    ],
    ("euler_cfg_pp", {}, True),
    *[("euler_ancestral_cfg_pp", {"eta": eta}, True) for eta in (0.0, 1.0)],
    ("dpmpp_2m_cfg_pp", {}, False),
    ("gradient_estimation_cfg_pp", {}, False),
    ("res_2m_cfg_pp", {}, False),
    *[("res_2m_ancestral_cfg_pp", {"eta": eta}, False) for eta in (0.0, 0.7)],
    *[(name, {"tau": tau}, True) for name in ("sa_solver", "sa_solver_pece") for tau in (0.0, 1.0)],
]
THEIR_NAME = {
    "res_2m": "res_multistep",
    "res_2m_cfg_pp": "res_multistep_cfg_pp",
    "res_2m_ancestral": "res_multistep_ancestral",
    "res_2m_ancestral_cfg_pp": "res_multistep_ancestral_cfg_pp",
}

FOREIGN_NOISE = [
    "euler_ancestral", "dpm_2_ancestral", "dpmpp_2s_ancestral", "dpmpp_sde", "dpmpp_2m_sde", "dpmpp_3m_sde", "lcm",
    "seeds_2", "seeds_3",
]  # fmt: skip


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
        if near(a, b):  # SEEDS-2 looks at the end of its step, and asks for what lies behind it
            return torch.zeros(self.shape)
        step, segments = next(
            (i, row.segments()) for i, row in enumerate(self.table.rows) if row.sigma_next < float(a) <= row.sigma
        )
        place = next((k for k, (x, y) in enumerate(segments) if near(x, a) and near(y, b)), None)
        if place is not None:
            return self.stretch(step, place)
        weights = self.table.rows[step].stages[-1].B
        if not any(weights):  # theirs draws for eta 0, too, and multiplies by 0
            return torch.zeros(self.shape)
        total = sum(w * self.stretch(step, k) for k, w in enumerate(weights))
        return total / sum(w * w for w in weights) ** 0.5

    @contextlib.contextmanager
    def churned(self):
        """While theirs runs, which takes the noise of its churn from torch.randn_like: the same stretches in turn."""
        steps = iter([i for i, row in enumerate(self.table.rows) if any(b > a for a, b in row.segments())])
        with unittest.mock.patch.object(torch, "randn_like", lambda x: self.stretch(next(steps), 0)):
            yield


def near(a, b) -> bool:
    return abs(float(a) - float(b)) < 1e-4 * a


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
    mixture = importlib.import_module("sigmatic.demo.mixture").Mixture(shape[1:])
    spec, exact = sigmatic.samplers.get(name), mixture.denoiser(space)

    def guided(x, sigma):
        return 0.9 * exact(x, sigma) + 0.1

    model = inhost.HostModel(guided if spec.uncond else exact, inhost.model_sampling(host, space), exact)
    function = getattr(host.K, "sample_" + THEIR_NAME.get(name, name))
    options = {key: value for key, value in params.items() if key != "law"}
    if spec.stochastic:
        options["noise_sampler"] = draws.theirs
    if "tau" in options:  # theirs: an interval as a function; ours: in its own default interval
        options["tau_func"] = lambda sigma: params["tau"] if 6.0 >= sigma >= 0.5 else 0.0
        del options["tau"]
    with draws.churned():
        theirs = function(model, x, sigmas, extra_args={"seed": 1}, disable=True, **options)
    both = (lambda x, sigma: sigmatic.samplers.Output(guided(x, sigma), exact(x, sigma))) if spec.uncond else exact
    ours = sigmatic.samplers.sample(name, both, x, sigmas, space=space, noise=draws.ours, disable=True, **params)
    report(f"{name} {params} {space}", ours, theirs)


def compare_inexact() -> None:
    """Where theirs is not quite the method. ER-SDE: their integral is a sum of 200 points.

    UniPC: they run it to sigma .001 in place of 0, and turn its order down in the last steps; both are taken out here.
    """
    mixture = importlib.import_module("sigmatic.demo.mixture").Mixture((4, 8, 8))
    unipc = importlib.import_module("comfy.extra_samplers.uni_pc")
    full = sigmatic.schedulers.sigmas("karras", 20)
    x = torch.randn((2, 4, 8, 8), generator=torch.Generator().manual_seed(0)) * full[0]
    model = inhost.HostModel(mixture.denoiser(), inhost.model_sampling(host, "ve"))
    options = {"extra_args": {"seed": 1}, "disable": True}
    zero = {"noise_sampler": lambda a, b: torch.zeros_like(x)}
    for name, sigmas, theirs, own in (
        ("deis", full, host.K.sample_deis(model, x, full, **options), {}),
        ("er_sde", full, host.K.sample_er_sde(model, x, full, **options, **zero), {"s_noise": 0.0}),
        ("uni_pc", full[:-1], _steady_unipc(unipc, model, x, full[:-1], "bh1"), {}),
        ("uni_pc_bh2", full[:-1], _steady_unipc(unipc, model, x, full[:-1], "bh2"), {}),
    ):
        ours = sigmatic.samplers.sample(name, model, x, sigmas, disable=True, **own)
        report(f"{'inexact ' * (name == 'er_sde')}{name}", ours, theirs)


def _steady_unipc(unipc, model, x, sigmas, variant: str):
    """Their UniPC at its full order to the end."""
    sample = unipc.UniPC.sample

    def steady(self, *args, **options):
        return sample(self, *args, **{**options, "lower_order_final": False})

    with unittest.mock.patch.object(unipc.UniPC, "sample", steady):
        return unipc.sample_unipc(model, x.clone(), sigmas, extra_args={}, disable=True, variant=variant)


def compare_adaptive() -> None:
    """DPM adaptive, from sigma_max to sigma_min: theirs stops there."""
    mixture = importlib.import_module("sigmatic.demo.mixture").Mixture((4, 8, 8))
    x = torch.randn((1, 4, 8, 8), generator=torch.Generator().manual_seed(0)) * 14.6
    model = inhost.HostModel(mixture.denoiser(), inhost.model_sampling(host, "ve"))
    for order in (2, 3):
        options = {"order": order, "rtol": 0.01, "atol": 0.002}
        theirs = host.K.sample_dpm_adaptive(model, x, 0.03, 14.6, disable=True, **options)
        ours = sigmatic.samplers.sample("dpm_adaptive", model, x, [14.6, 0.03], disable=True, **options)
        report(f"dpm_adaptive {order}", ours, theirs)
    theirs = host.K.sample_dpm_fast(model, x, 0.03, 14.6, 10, disable=True)  # 3 + 3 + 3 + 1 steps
    ours = sigmatic.samplers.sample("dpm_fast", model, x, fast_levels(10), disable=True)
    report("dpm_fast", ours, theirs)


def fast_levels(n: int) -> list[float]:
    """The levels that ComfyUI's dpm_fast evaluates at, for n = 1 more than a multiple of 3."""
    groups = n // 3 + 1
    ends = [14.6 * (0.03 / 14.6) ** (k / groups) for k in range(groups + 1)]
    inner = [a * (b / a) ** (j / 3) for a, b in itertools.pairwise(ends[:-1]) for j in range(3)]
    return [*inner, ends[-2], ends[-1]]


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


def compare_foreign_noise() -> None:
    """A noise sampler of another pack, new normals at every call: the host's samplers and ours call alike."""
    import importlib

    function_of = importlib.import_module("sigmatic.nodes.running.host_functions").host_sampler
    sigmas = sigmatic.schedulers.sigmas("karras", 12)
    x = torch.randn((2, 4, 8, 8), generator=torch.Generator().manual_seed(0)) * sigmas[0]
    model = inhost.HostModel(lambda x, sigma: x * 0.5, inhost.model_sampling(host, "ve"))
    for name in FOREIGN_NOISE:
        ends = []
        for function in (getattr(host.K, "sample_" + name), function_of(name)):
            generator = torch.Generator().manual_seed(1)

            def draws(a, b, generator=generator):
                return torch.randn(x.shape, generator=generator)

            ends.append(function(model, x, sigmas, extra_args={"seed": 1}, disable=True, noise_sampler=draws))
        report(f"foreign noise {name}", *reversed(ends))


def compare_schedules() -> None:
    """Every schedule that the host has too; where theirs is wrong, the part of it that is right."""
    for space in ("ve", "flow"):
        sampling = inhost.model_sampling(host, space)
        for name in ("karras", "exponential", "normal", "simple", "sgm_uniform", "beta", "linear_quadratic"):
            for steps in (1, 5, 20, 33):
                compare_levels(name, steps, space, host.samplers.calculate_sigmas(sampling, name, steps))
        for steps in (20, 57, 80):
            theirs = host.samplers.beta_scheduler(sampling, steps, 0.5, 0.7)
            compare_levels("beta57", steps, space, theirs)
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
        if not hasattr(host.K, "sample_" + THEIR_NAME.get(name, name)):
            continue  # younger than this host
        if params.get("law") != "flow":
            compare_sampler(name, params, "ve")
        if flow:
            compare_sampler(name, params, "flow")
    compare_inexact()
    compare_adaptive()
    compare_comfy_noise()
    compare_foreign_noise()
    compare_schedules()
    compare_ays()
