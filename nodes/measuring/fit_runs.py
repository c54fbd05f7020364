"""What a schedule is fitted by: runs of the user's own model from the same starting noises, and their exact end."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import comfy.sample
import comfy.utils
import torch
from torch import Tensor

from ... import samplers, schedulers
from ...core.noise.kinds import initial
from ...core.schedule import fit as fitting
from ..dropdowns import lookup
from ..dropdowns.lookup import PREFIX, entry, sampler_entry
from ..host import facts
from ..inputs import options
from ..running import settings_on_model as on_model
from ..running.host_functions import choice_of, model_levels, table_of

EXACT = ("arc", "arc", 96)  # sampler, schedule and steps of the run that stands for the exact one
PROBED = 2  # model evaluations of `Bench.probe`
_STILL = {"eta": 0.0}
_SEED = 0x5161  # of the starting noise: not one that a picture is likely to have


class Bench:
    """Runs of a host's model from the same starting noises."""

    def __init__(self, model: Any, positive: Any, negative: Any, cfg: float, samples: Tensor, latents: int) -> None:
        if getattr(samples, "is_nested", False):
            raise ValueError("latent_image: picture and sound together cannot be measured; fit with the picture alone.")
        self.model, self.conditions, self.cfg = model, (positive, negative), cfg
        self.ms = facts.model_sampling(model)
        self.span = schedulers.span(**facts.levels(self.ms))
        self.empty = torch.zeros((latents, *samples.shape[1:]), dtype=torch.float32)
        self.noise = initial(self.empty, _SEED, list(range(latents)))

    def run(self, sampler: str, sigmas: Tensor, **said: Any) -> Tensor:
        """Where a run of the sampler over sigmas ends, (latents, ...); `said`: its options."""
        chosen = lookup.sampler_by_name(sampler, {**_STILL, **said})
        return comfy.sample.sample_custom(
            self.model,
            self.noise,
            self.cfg,
            chosen,
            sigmas,
            *self.conditions,
            self.empty,
            disable_pbar=True,
            seed=_SEED,
        )

    def probe(self) -> Tensor:
        """A run of two steps, to know the model by."""
        middle = schedulers.sigmas("kl_optimal", PROBED, **facts.levels(self.ms))
        middle[1] = min(1.0, 0.5 * self.span.sigma_max)
        return self.run(PREFIX + "euler", middle)

    def exact(self) -> Tensor:
        """Where the exact solution ends, nearly, whatever Sigmatic Settings say of the sampler (but for data_std)."""
        name, schedule, steps = EXACT
        whole = {param.name: param.default for param in samplers.get(name).params if param.name != "data_std"}
        return self.run(PREFIX + name, model_levels(self.ms, schedule, steps), **whole)

    def told(self, sampler: str) -> dict[str, dict[str, str]]:
        """What is behind a preset, and what Sigmatic Settings say: nothing for most."""
        own = sampler_entry(sampler)
        preset = {"preset": own.name, **own.preset} if own and sampler != PREFIX + own.name else {}
        said = {**preset, **on_model.of_model(self.model)}
        return {"told": {name: str(options.as_text(value)) for name, value in said.items()}} if said else {}

    def tables(self, sampler: str) -> Callable[[Tensor], Any] | None:
        """The table of a run over sigmas, of one of ours or of the host's of the same name; None for any other."""
        own = sampler_entry(sampler)
        known = own or entry(PREFIX + sampler)
        if known is None:
            return None
        choice: Any = choice_of(lookup.our_sampler(known, _STILL).sampler_function)
        params = choice.params(choice.told(on_model.of_model(self.model) if own else {}, {}), self.ms)
        return lambda sigmas: table_of(choice.spec, sigmas.tolist(), self.span.space, params)

    def insist(self, sampler: str) -> None:
        """ValueError for a sampler that no schedule can be fitted to."""
        tables = self.tables(sampler)
        if tables is None:
            return
        table = tables(model_levels(self.ms, *EXACT[1:]))
        if table is None:
            raise ValueError(f"sampler {sampler}: it finds its own steps, so no schedule can be fitted to it.")
        if any(table.noise):
            raise ValueError(f"sampler {sampler}: it adds noise at every step, so its runs end nowhere in particular.")

    def price(self, sampler: str) -> Callable[[Tensor], int]:
        """Model evaluations of a run over sigmas; one a step for samplers that are not known here."""
        tables = self.tables(sampler)
        return (lambda sigmas: tables(sigmas).evaluations) if tables else (lambda sigmas: len(sigmas) - 1)

    def starts(self, steps: int) -> dict[str, Tensor]:
        """Ready-made schedules to begin at."""
        found = {}
        for name in fitting.STARTS:
            with suppress(ValueError):  # some ask for a table that this model does not have
                found[name] = model_levels(self.ms, name, steps)
        return found

    def fit(self, sampler: str, steps: int, budget: int) -> dict[str, Any]:
        """The schedule and what it brings, as JSON values."""
        starts = self.starts(steps)
        price, first = self.price(sampler), EXACT[-1]  # arc evaluates once a step
        total = first + max(budget, sum(map(price, starts.values())))
        bar = comfy.utils.ProgressBar(total)

        def report(spent: int) -> None:
            facts.check_interrupt()
            bar.update_absolute(first + spent, total)

        target = self.exact()
        report(0)
        best = fitting.fit(
            lambda sigmas: self.run(sampler, sigmas),
            target,
            {name: sigmas.tolist() for name, sigmas in starts.items()},
            self.span,
            budget=budget,
            price=price,
            report=report,
        )
        bar.update_absolute(total, total)
        return {
            "sigmas": list(best.sigmas), "error": best.error, "start": best.start, "start_error": best.start_error,
            "evaluations": first + best.evaluations,
        }  # fmt: skip
