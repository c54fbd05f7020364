"""ComfyUI's own ODE samplers and schedules, called as its KSampler calls them, at a number of model evaluations."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import inhost
import torch
from torch import Tensor

# Those equal to a listed one are left out: ddim and euler_ancestral (euler), dpm_2_ancestral (dpm_2), dpmpp_sde and
# seeds_2 (dpmpp_2s_ancestral), dpmpp_2m_cfg_pp and the like. Samplers with noise run with none.
SAMPLERS = (
    *("euler", "heun", "heunpp2", "dpm_2", "lms", "dpm_fast", "dpmpp_2s_ancestral", "dpmpp_2m", "dpmpp_2m_sde"),
    *("dpmpp_2m_sde_heun", "dpmpp_3m_sde", "ipndm", "ipndm_v", "deis", "res_multistep", "gradient_estimation"),
    *("er_sde", "seeds_2", "seeds_3", "sa_solver", "sa_solver_pece", "uni_pc", "uni_pc_bh2"),
)
SCHEDULES = (
    *("simple", "sgm_uniform", "karras", "exponential", "ddim_uniform", "beta", "normal", "linear_quadratic"),
    "kl_optimal",
)
NO_NOISE = {
    "er_sde": {"noise_scaler": lambda rho: rho, "s_noise": 0.0},
    "sa_solver": {"tau_func": lambda sigma: 0.0},
    "sa_solver_pece": {"tau_func": lambda sigma: 0.0},
}


class Builtins:
    """The samplers and schedules of a loaded host on one kind of model (`sampling`: its model_sampling object)."""

    def __init__(self, host, sampling) -> None:
        self.host, self.sampling, self._steps = host, sampling, {}

    def sample(self, name: str, model, x: Tensor, sigmas: Tensor) -> Tensor:
        """Run the host's function `name`; x at sigmas[0]."""
        model = inhost.HostModel(model, self.sampling)
        options = {"extra_args": {"seed": 0}, "disable": True}
        if name.startswith("uni_pc"):
            from comfy.extra_samplers import uni_pc

            # It computes in float32 only.
            model.denoise = lambda x, sigma, inner=model.denoise: inner(x.double(), sigma.double()).to(x)
            out = uni_pc.sample_unipc(model, x.float(), sigmas.float(), variant=name[7:] or "bh1", **options)
            return out.to(x)
        function = getattr(self.host.K, "sample_" + name)
        if name == "dpm_fast":
            low = sigmas[-2] if sigmas[-1] == 0 else sigmas[-1]
            return function(model, x, low, sigmas[0], len(sigmas) - 1, **options)
        takes = inspect.signature(function).parameters
        options.update(NO_NOISE.get(name, {"eta": 0.0} if "eta" in takes else {}))
        if "noise_sampler" in takes:
            options["noise_sampler"] = lambda sigma, sigma_next: torch.zeros_like(x)
        return function(model, x, sigmas, **options)

    def sigmas(self, name: str, schedule: str, steps: int) -> Tensor:
        """As KSampler makes them: for some samplers one step more and the last but one sigma dropped."""
        dropped = name in self.host.samplers.KSampler.DISCARD_PENULTIMATE_SIGMA_SAMPLERS
        sigmas = self.host.samplers.calculate_sigmas(self.sampling, schedule, steps + dropped).double()
        return torch.cat([sigmas[:-2], sigmas[-1:]]) if dropped else sigmas

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Every sampler on every schedule."""
        for name in SAMPLERS:
            yield from ((name, schedule) for schedule in self.host.samplers.SCHEDULER_NAMES if schedule in SCHEDULES)

    def most(self, name: str, schedule: str, evaluations: int) -> Tensor | None:
        """The sigmas of the most steps that `evaluations` buy; None if there is no such run."""
        for steps in range(evaluations + 1, 0, -1):
            try:
                sigmas = self.sigmas(name, schedule, steps)
                if not sigmas.isfinite().all():
                    continue
                cost = self._cost(name, len(sigmas), bool(sigmas[-1] == 0))
            except (IndexError, ValueError, ZeroDivisionError):
                continue  # too few steps for this sampler or schedule
            if cost <= evaluations:
                return sigmas
        return None

    def _cost(self, name: str, levels: int, to_zero: bool) -> int:
        """Model calls of a run over so many levels."""
        key = name, levels, to_zero
        if key not in self._steps:
            calls = []
            sigmas = torch.linspace(0.9, 0.1, levels)
            sigmas[-1] = 0.0 if to_zero else 0.1
            self.sample(name, lambda x, sigma: calls.append(1) or x * 0.5, torch.ones(1, 1, 1, 1), sigmas)
            self._steps[key] = len(calls)
        return self._steps[key]
