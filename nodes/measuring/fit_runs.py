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
from ...core.schedule.fit import STARTS, fit
from ..dropdowns import lookup
from ..dropdowns.lookup import PREFIX, entry, sampler_entry
from ..host import facts
from ..inputs import options
from ..running import fitted, settings_on_model
from ..running.host_functions import choice_of, model_levels
from ..running.profile_files import Kept
from ..running.record import Record

EXACT = ("arc", "arc", 96)  # sampler, schedule and steps of the run that stands for the exact one
PROBED = 2  # model evaluations of `ModelRuns.probe`
_STILL = {"eta": 0.0}
_SEED = 0x5161  # of the starting noise: not one that a picture is likely to have


def exact_sampler() -> Any:
    """The SAMPLER of EXACT, whatever Sigmatic Settings are on the model (but for data_std)."""
    defaults = {key: value for key, value in samplers.get(EXACT[0]).defaults.items() if key != "data_std"}
    defaults |= {"corrector": "on", "last": "integrate"}  # with so many steps all of the last correction is right
    return lookup.sampler_by_name(PREFIX + EXACT[0], {**_STILL, **defaults}, log=Record(tries=True))


class ModelRuns:
    """Runs of a host's model from the same starting noises."""

    def __init__(self, model: Any, positive: Any, negative: Any, cfg: float, samples: Tensor, latents: int) -> None:
        if getattr(samples, "is_nested", False):
            raise ValueError("latent_image: picture and sound together cannot be measured; fit with the picture alone.")
        self.model, self.conditions, self.cfg = model, (positive, negative), cfg
        self.ms = facts.model_sampling(model)
        self.span = schedulers.span(**facts.levels(self.ms))
        self.empty = torch.zeros((latents, *samples.shape[1:]), dtype=torch.float32)
        self.noise = initial(self.empty, _SEED, list(range(latents)))

    def run(self, sampler: str, sigmas: Tensor, **options: Any) -> Tensor:
        """Where a run of the sampler over sigmas ends, (latents, ...)."""
        return self.run_with(lookup.sampler_by_name(sampler, {**_STILL, **options}, log=Record(tries=True)), sigmas)

    def run_with(self, sampler: Any, sigmas: Tensor) -> Tensor:
        """The same with a SAMPLER."""
        return comfy.sample.sample_custom(
            self.model,
            self.noise,
            self.cfg,
            sampler,
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
        """Where the exact solution ends, nearly."""
        _, schedule, steps = EXACT
        return self.run_with(exact_sampler(), model_levels(self.ms, schedule, steps))

    def options(self, sampler: str) -> dict[str, dict[str, str]]:
        """What a fit depends on beside the name: what is behind a preset, and Sigmatic Settings; nothing for most."""
        ours = sampler_entry(sampler)
        preset = {"preset": ours.name, **ours.preset} if ours and sampler != PREFIX + ours.name else {}
        riding = settings_on_model.of_model(self.model)
        given = {**preset, **{name: value for name, value in riding.items() if name != settings_on_model.PROFILE}}
        return {"options": {name: str(options.as_text(value)) for name, value in given.items()}} if given else {}

    def tables(self, sampler: str) -> Callable[[Tensor], Any] | None:
        """The table of a run over sigmas, of one of ours or of the host's of the same name; None for any other."""
        ours = sampler_entry(sampler)
        known = ours or entry(PREFIX + sampler)
        if known is None:
            return None
        choice: Any = choice_of(lookup.our_sampler(known, _STILL).sampler_function)
        return choice.on(self.ms, settings_on_model.of_model(self.model) if ours else {}).table

    def require_fittable(self, sampler: str) -> None:
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
        """Schedules to begin at: the levels of the model's profile, and ready-made ones."""
        starts = self.of_profile(steps)
        for name in STARTS:
            with suppress(ValueError):  # some need a table of sigmas that this model does not have
                starts[name] = model_levels(self.ms, name, steps)
        return starts

    def profile(self, steps: int | None = None) -> Kept | None:
        """The profile that sig_fitted goes by on this model, at this guidance, in so many steps."""
        settings = settings_on_model.of_model(self.model)
        return fitted.meant(self.model, self.ms, settings, cfg=self.cfg, steps=steps).kept

    def of_profile(self, steps: int) -> dict[str, Tensor]:
        """Its levels, by the name of the schedule; nothing where there is none."""
        kept = self.profile(steps)
        return {fitted.NAME: kept.profile.sigmas(steps)} if kept else {}

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
        best = fit(
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
