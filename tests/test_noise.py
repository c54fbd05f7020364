"""Noise: what it depends on and what it does not, and that it is noise."""

import itertools
import math
import subprocess
import sys

import numpy as np
import pytest
import torch

import sigmatic
from sigmatic.core.noise import keys, kinds

SIGMAS = [float(s) for s in sigmatic.schedulers.sigmas("karras", 20)[:-1]]
PAIRS = list(itertools.pairwise(SIGMAS))


def test_stretches_and_streams_are_independent():
    x = torch.empty(2, 200_000)
    draws = [kinds.gaussian(x, 1)(a, b) for a, b in PAIRS[:4]]
    draws += [kinds.gaussian(x, 1, stream=stream)(2.0, 1.0) for stream in keys.STREAMS]
    draws += [kinds.gaussian(x, seed)(2.0, 1.0) for seed in (2, 2**32 + 1, 2**63)]
    rows = torch.cat(draws)
    correlation = torch.corrcoef(rows) - torch.eye(len(rows))
    assert correlation.abs().max() < 0.015


def test_neighbouring_keys_are_independent():
    """Seeds, items and the other fields that differ by one share nothing, nor do chunks of one item."""
    fields = itertools.product(range(4), keys.STREAMS, range(2), range(4), range(2), range(4))
    made = [keys.key(*field) for field in fields]
    assert len(set(made)) == len(made)
    bits = np.array([[key >> k & 1 for k in range(64)] for key in made])
    flips = np.abs(np.diff(bits, axis=0)).mean()
    assert flips == pytest.approx(0.5, abs=0.03)
    z = kinds.gaussian(torch.empty(1, 4 * keys.CHUNK), 3)(2.0, 1.0).reshape(4, -1)
    assert (torch.corrcoef(z) - torch.eye(4)).abs().max() < 0.02


@pytest.mark.parametrize(("one", "other"), [*itertools.combinations(range(6), 2)])
def test_fields_of_a_key_do_not_add_up(one, other):
    """A key is no sum: 1 more in one field is not 1 more in another."""

    def key(at):
        numbers = [1 + (k == at) for k in range(6)]
        return keys.key(numbers[0], list(keys.STREAMS)[numbers[1]], *numbers[2:])

    assert key(one) != key(other)


def test_all_64_bits_of_a_seed_count():
    x = torch.empty(1, 64)
    drawn = [kinds.gaussian(x, seed)(2.0, 1.0) for seed in (5, 5 + 2**32, 5 + 2**40, 5 + 2**63)]
    assert all(not torch.equal(a, b) for a, b in itertools.combinations(drawn, 2))


@pytest.mark.parametrize("shape", [(8, 40), (8, 4, 16, 16), (3, 70_000)])
def test_an_item_does_not_depend_on_its_batch(shape):
    whole = kinds.gaussian(torch.empty(shape), 7)(2.0, 1.0)
    alone = kinds.gaussian(torch.empty(1, *shape[1:]), 7, [2])(2.0, 1.0)
    assert torch.equal(whole[2], alone[0])


def test_order_and_number_of_draws_do_not_matter():
    x = torch.empty(1, 50)
    forward = {pair: kinds.gaussian(x, 1)(*pair) for pair in PAIRS}
    draw = kinds.gaussian(x, 1)
    for pair in reversed(PAIRS):
        assert torch.equal(draw(*pair), forward[pair])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_numbers_do_not_depend_on_the_dtype(dtype):
    exact = kinds.gaussian(torch.empty(2, 30), 1)(2.0, 1.0)
    other = kinds.gaussian(torch.empty(2, 30, dtype=dtype), 1)(2.0, 1.0)
    assert torch.equal(other.float(), exact)
    assert other.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)


@pytest.mark.parametrize("way", [0.0, math.inf])
def test_a_rounding_error_of_sigma_changes_nothing(way, space):
    x = torch.empty(1, 8)
    draw = kinds.gaussian(x, 1, space=space)
    sigmas = sigmatic.schedulers.sigmas("karras", 20, space=space)[:-1].numpy()
    moved = np.nextafter(sigmas, np.float32(way)).clip(max=1.0 if space == "flow" else np.inf)
    same = [
        torch.equal(draw(*map(float, pair)), draw(*map(float, other)))
        for pair, other in zip(itertools.pairwise(sigmas), itertools.pairwise(moved), strict=True)
    ]
    assert all(same)


def test_tiny_steps_have_noise_of_their_own():
    """Steps shorter than a leaf of the grid must not share numbers, or a long run's noise would add up wrongly."""
    sigmas = [float(s) for s in sigmatic.schedulers.sigmas("exponential", 40_000)[100:110]]
    draw = kinds.gaussian(torch.empty(1, 32), 1)
    drawn = [draw(a, b) for a, b in itertools.pairwise(sigmas)]
    assert all(not torch.equal(a, b) for a, b in itertools.combinations(drawn, 2))


def test_ends_are_finite(space):
    draw = kinds.gaussian(torch.empty(1, 32), 1, space=space)
    assert torch.isfinite(draw(1.0, 0.0)).all() and torch.isfinite(draw(0.0, 1.0)).all()
    for bad in (-1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="from 0 up"):
            draw(1.0, bad)


def test_levels_may_be_tensors_that_change():
    x, sigma = torch.zeros(1, 8), torch.tensor(4.0)
    for kind in (kinds.gaussian, kinds.brownian):
        draw = kind(x, 0)
        first = draw(sigma, torch.tensor(0.5)).clone()
        sigma.mul_(0.5)
        assert torch.equal(draw(sigma, torch.tensor(0.5)), kind(x, 0)(2.0, 0.5))
        sigma.mul_(2)
        assert torch.equal(draw(sigma, torch.tensor(0.5)), first)


def test_what_noise_cannot_be_made_for():
    for x in ("latent", torch.zeros(()), torch.zeros(0, 4)):
        with pytest.raises(ValueError, match=r"give a tensor \(B"):
            kinds.brownian(x, 0)


def test_torchs_defaults_do_not_matter():
    code = """
import torch, sigmatic
x = torch.ones(1, 3, 2, 8, 8)  # a video: some kinds are for those alone
def run(kind):
    model = lambda x, sigma: x / (1 + sigma[:, None, None, None, None] ** 2)
    return sigmatic.samplers.sample("euler_ancestral", model, x, [4.0, 1.0, 0.0], noise=kind, disable=True)
kinds = sigmatic.noise.KINDS
torch.set_default_dtype(torch.bfloat16)
with torch.device("meta"):  # from which no number comes back
    made = [run(kind) for kind in kinds]
torch.set_default_dtype(torch.float32)
assert all(torch.equal(out, run(kind)) for out, kind in zip(made, kinds, strict=True))
"""
    subprocess.run([sys.executable, "-c", code], check=True)  # a new process, which has made no table yet


def test_the_global_generator_is_left_alone():
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    kinds.gaussian(torch.empty(1, 200_000), 1)(2.0, 1.0)
    assert torch.equal(torch.rand(4), expected)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_the_device_does_not_matter():
    here = kinds.gaussian(torch.empty(2, 1000), 1)(2.0, 1.0)
    there = kinds.gaussian(torch.empty(2, 1000, device="cuda"), 1)(2.0, 1.0)
    assert there.is_cuda and torch.equal(there.cpu(), here)


def test_a_restart_draws_new_numbers_from_our_own_noise_objects():
    x = torch.ones(1, 400) * 3
    source, drawn = kinds.gaussian(x, 3), []

    class Listening(type(source)):
        def draw(self, draw):
            drawn.append(super().draw(draw))
            return drawn[-1]

    source.__class__ = Listening
    sigmas = [3.0, 2.0, 1.0, 0.1, 0.0]
    sigmatic.samplers.sample(
        "euler_ancestral", lambda x, s: x * 0.5, x, sigmas, noise=source, restarts=2, restart_min=0.1, disable=True
    )
    assert len(drawn) > 6
    assert all(not torch.equal(a, b) for i, a in enumerate(drawn) for b in drawn[:i])
