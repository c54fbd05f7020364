"""Sigmatic behind a broker: what a port to ComfyUI's sandboxed "Secure Nodes V2" would be. docs/porting.md explains.

There a pack never holds the model. A custom sampler is `async fn(broker, latent, sigmas)`, kept by
`ctx().closures.retain("custom_sampler", fn)`; the host runs the model behind `await broker.denoise(x, sigma)`. A
schedule is a provider named in the manifest: `provide(projection, steps, config) -> list of sigmas`.
"""

import asyncio
from typing import Any

import sigmatic
from sigmatic.samplers import Output

SPACES = {"sigma": "ve", "flow": "flow"}
"""By what broker.schedule_parameters() calls its parametrisation."""


class Sampler:
    """One of our samplers with its parameters, as a custom_sampler closure."""

    def __init__(self, name: str, seed: int = 0, batch_index: list[int] | None = None, **params: Any) -> None:
        self.name, self.seed, self.batch_index, self.params = name, seed, batch_index, params
        self.wants_uncond = sigmatic.samplers.get(name).uncond

    async def __call__(self, broker: Any, latent: Any, sigmas: Any) -> Any:
        """latent and sigmas as the host gives them -> the denoised latent.

        Our loop is plain Python: it runs in a thread, and each of its model calls waits for the broker's answer, which
        is made on the event loop. What the broker raises (an interrupt, say) comes out of the loop as it is.
        """
        parameters = await broker.schedule_parameters()
        space = SPACES[parameters["parameterization"]]
        loop = asyncio.get_running_loop()

        def wait_for(coroutine: Any) -> Any:
            return asyncio.run_coroutine_threadsafe(coroutine, loop).result()

        def model(x: Any, sigma: Any, **_: Any) -> Any:
            denoised, uncond = wait_for(broker.denoise(x, sigma[0], capture_uncond=self.wants_uncond))
            return Output(denoised, denoised if uncond is None else uncond) if self.wants_uncond else denoised

        def preview(step: dict[str, Any]) -> None:
            wait_for(broker.preview(step["i"], step["x"], step["sigma"], step["sigma_hat"], step["denoised"]))

        def run() -> Any:
            return sigmatic.samplers.sample(
                self.name,
                model,
                latent,
                sigmas,
                space=space,
                seed=self.seed,
                batch_index=self.batch_index,
                callback=preview,
                disable=True,
                **self.params,
            )

        return await asyncio.to_thread(run)


def provide(projection: dict[str, Any], steps: int, config: dict[str, Any]) -> list[float]:
    """A scheduler provider: `config` has the schedule's name and parameters, `projection` the model's facts."""
    params = dict(config)
    levels = sigmatic.schedulers.sigmas(
        params.pop("schedule"),
        steps,
        space=SPACES[projection["parameterization"]],
        sigma_min=projection.get("sigma_min"),
        sigma_max=projection.get("sigma_max"),
        model_sigmas=projection.get("sigmas"),
        **params,
    )
    return levels.tolist()


def manifest() -> dict[str, Any]:
    """What secure-nodes.json would say of the schedules."""
    providers = [{"name": f"sig_{name}", "config": {"schedule": name}} for name in sigmatic.schedulers.names()]
    return {"permissions": ["closures"], "scheduler_providers": providers}
