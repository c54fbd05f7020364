"""What a run costs before it is run, and whether it adds noise: by its table, or by a trial that answers at once."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..dropdowns.plan import ModelFacts, Sampler


def most_steps(price: Callable[[int], int], most: int, guess: int) -> int:
    """The largest number of steps up to `most` whose price, which grows with it, is at most `most`; 0 if none is.

    A good `guess` is found to be right by two calls of `price`.
    """
    low, high = 0, most

    def halves(steps: int) -> tuple[int, int]:
        return (steps, high) if price(steps) <= most else (low, steps - 1)

    for steps in (guess, guess + 1):
        low, high = halves(steps) if low < steps <= high else (low, high)
    while low < high:
        low, high = halves((low + high + 1) // 2)
    return low


def price(chosen: Sampler, model: ModelFacts) -> Callable[[Tensor], int]:
    """Evaluations of a run over sigmas: of a sampler of ours by its table, of another by a trial.

    The trial is on a model that answers at once.
    """
    configured: Any = chosen.on(model)
    if configured is not None:
        return lambda sigmas: configured.table(sigmas).evaluations
    sampler = chosen.build()

    def price(sigmas: Tensor) -> int:
        tried = _try(sampler, model, sigmas)
        return tried[1] if tried else len(sigmas) - 1  # one evaluation a step is assumed

    return price


def adds_noise(chosen: Sampler, model: ModelFacts, sigmas: Tensor) -> bool | None:
    """Whether a run over sigmas adds noise of its own; None where it finds its own steps, or a trial says nothing."""
    configured: Any = chosen.on(model)
    if configured is not None:
        table = configured.table(sigmas)
        return None if table is None else any(table.noise)
    sampler = chosen.build()
    tries = [_try(sampler, model, sigmas, seed) for seed in (0, 1)]
    return None if None in tries else not torch.equal(tries[0][0], tries[1][0])  # type: ignore[index]


def _try(sampler: Any, model: ModelFacts, sigmas: Tensor, seed: int = 0) -> tuple[Tensor, int] | None:
    """(where a run of a SAMPLER ends on a model that answers at once, its evaluations); None if it needs more."""
    trial = _Trial(model.model, model.sampling)
    x, extra = torch.ones(1, 4, 8, 8) * sigmas[:1], {"model_options": {}, "seed": seed, "denoise_mask": None}
    quiet = {"extra_args": extra, "callback": None, "disable": True}
    try:
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(seed)
            end = sampler.sampler_function(trial, x, sigmas.clone(), **quiet, **sampler.extra_options)
    except Exception:  # noqa: BLE001 - samplers of other packs may raise anything
        return None
    return end, trial.evaluations


class _Trial:
    """Stands where a sampler function looks for the model, at every depth; its prediction is the blandest there is."""

    def __init__(self, model: Any, ms: Any) -> None:
        self.model_patcher, self.model_sampling, self.inner_model = model, ms, self
        self.cfg, self.evaluations = 1.0, 0

    def __call__(self, x: Tensor, sigma: Tensor, model_options: Any = None, **_: Any) -> Tensor:
        self.evaluations += 1
        denoised = x / (1 + sigma.reshape(-1, *[1] * (x.ndim - 1)) ** 2)
        for function in (model_options or {}).get("sampler_post_cfg_function", ()):
            names = ("denoised", "uncond_denoised", "cond_denoised", "input")
            denoised = function({**dict.fromkeys(names, denoised), "sigma": sigma})
        return denoised
