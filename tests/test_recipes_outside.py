"""Every recipe's levels against the publisher's own construction, as diffusers has it, to 1e-6 of the range."""

import importlib.util

import pytest
import torch
from recipe_oracles import ORACLES, scheduler as diffusers_scheduler

import sigmatic

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("diffusers") is None, reason="needs: pip install diffusers"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # theirs, with today's numpy
]
STEPS = (4, 5, 7, 8, 10, 16, 20, 28, 30, 40, 50)
SIZES = ((512, 512), (768, 1344), (1024, 1024), (1328, 1328), (832, 480), (2048, 1152))
FRAMES = (1, 25, 97)


@pytest.mark.parametrize("name", sorted(ORACLES))
def test_levels_are_the_publishers(name):
    recipe = sigmatic.recipes.get(name)
    sizes = SIZES if recipe.tokens else SIZES[:1]
    frames = FRAMES if "frames" in recipe.depends_on else FRAMES[:1]
    for steps in STEPS:
        for width, height in sizes:
            for count in frames:
                theirs = torch.as_tensor(ORACLES[name](steps, width, height, count)).double()
                ours = sigmatic.recipes.sigmas(name, steps, width=width, height=height, frames=count).double()
                assert ours.shape == theirs.shape, (steps, width, height, count)
                error = ((ours - theirs).abs() / theirs.clamp(min=1.0)).max()
                assert error <= 1e-6, (steps, width, height, count, float(error))


class Gaussian:
    """The velocity of a flow model whose data are normal with mean .3 and deviation .5, as a network would give it."""

    def velocity(self, x, sigma):
        gain = (1 - sigma) * 0.25 / ((1 - sigma) ** 2 * 0.25 + sigma**2)
        x0 = 0.3 + gain * (x - (1 - sigma) * 0.3)
        return (x - x0) / sigma

    def denoiser(self, x, sigma):
        """x0, as our samplers want it."""
        level = sigma.reshape(-1, 1)
        return x - level * self.velocity(x, level)


@pytest.mark.parametrize("name", ["flux_dev", "flux2_dev", "qwen_image", "sd3"])
@pytest.mark.parametrize("steps", [8, 28])
def test_a_whole_run_is_diffusers_run(name, steps):
    """FlowMatchEulerDiscreteScheduler's own loop over the levels of the pipeline, with the same noise."""
    recipe, model = sigmatic.recipes.get(name), Gaussian()
    solver = diffusers_scheduler("FlowMatchEulerDiscreteScheduler")
    theirs = noise = torch.randn(2, 64, generator=torch.Generator().manual_seed(1))
    solver.set_timesteps(sigmas=[float(sigma) for sigma in ORACLES[name](steps, 1024, 1024, 1)[:-1]])
    for t, sigma in zip(solver.timesteps, solver.sigmas, strict=False):
        theirs = solver.step(model.velocity(theirs, sigma), t, theirs).prev_sample
    sigmas = sigmatic.recipes.sigmas(name, steps)
    ours = sigmatic.samplers.sample(recipe.sampler, model.denoiser, noise, sigmas, space="flow", **recipe.settings)
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("steps", "run"), [(10, 10), (30, 28)])
def test_a_run_of_wan_is_diffusers_uni_pc(steps, run):
    """Whole with 10 steps. With 14 and more our guard leaves the oldest prediction out of the last step but one, since
    it lies too close to the next for so long a step (core/memory.py): the same up to there.
    """
    recipe, model = sigmatic.recipes.get("wan21"), Gaussian()
    solver = diffusers_scheduler(
        "UniPCMultistepScheduler", prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=5.0
    )
    solver.set_timesteps(steps)
    theirs = noise = torch.randn(2, 64, generator=torch.Generator().manual_seed(1))
    for t, sigma in list(zip(solver.timesteps, solver.sigmas, strict=False))[:run]:
        theirs = solver.step(model.velocity(theirs, sigma), t, theirs).prev_sample
    sigmas = sigmatic.recipes.sigmas("wan21", steps)[: run + 1]
    ours = sigmatic.samplers.sample(recipe.sampler, model.denoiser, noise, sigmas, space="flow", **recipe.settings)
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)
