"""Every recipe's levels against the publisher's own construction, as diffusers has it, to 1e-6 of the range."""

import importlib.util

import pytest
import torch
from recipe_oracles import ORACLES

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
