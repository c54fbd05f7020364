"""The Brownian path: a path indeed, the same for all schedules, items, and orders of looking."""

import itertools
import math
import tracemalloc
from functools import partial

import pytest
import torch
from hypothesis import assume, given, settings, strategies as st

import sigmatic
from sigmatic.core.noise import brownian, keys, kinds

LEAF = brownian.LEAF


def levels(steps, space="ve", name="karras"):
    return [float(s) for s in sigmatic.schedulers.sigmas(name, steps, space=space)[:-1]]


def time_of(path, sigma):
    """Where the path is looked at: the clock, clamped and snapped, from -10."""
    return round((min(path.clock(sigma), 22) + 10) / LEAF) * LEAF


def increments(path, sigmas):
    """The un-normalised increments W(t') - W(t) over neighbouring sigmas, float64."""
    return [
        path(a, b).double() * math.sqrt(abs(time_of(path, b) - time_of(path, a))) for a, b in itertools.pairwise(sigmas)
    ]


@pytest.mark.parametrize("steps", [20, 200, 1000])
def test_increments_are_unit_normals(steps):
    sigmas = levels(steps, name="exponential")
    path = kinds.brownian(torch.empty(1, max(1000, 2_000_000 // steps)), 1)
    z = torch.stack([path(a, b).flatten() for a, b in itertools.pairwise(sigmas)]).double()
    assert z.var().item() == pytest.approx(1, abs=0.01)
    assert (z**4).mean().item() / z.var().item() ** 2 == pytest.approx(3, abs=0.05)
    assert abs((z[1:] * z[:-1]).mean().item()) < 0.01
    assert abs((z[2:] * z[:-2]).mean().item()) < 0.01


@settings(max_examples=30, deadline=None)
@given(times=st.lists(st.floats(0.001, 80), min_size=2, max_size=12, unique=True), seed=st.integers(0, 2**64 - 1))
def test_any_partition_sums_to_the_whole(times, seed):
    sigmas = sorted(times, reverse=True)
    x = torch.empty(1, 50)
    path = kinds.brownian(x, seed)
    places = [round(time_of(path, s) / LEAF) for s in sigmas]
    sigmas = [s for k, s in enumerate(sigmas) if places.index(places[k]) == k]
    assume(len(sigmas) > 1)
    (whole,) = increments(kinds.brownian(x, seed), [sigmas[0], sigmas[-1]])
    assert (sum(increments(path, sigmas)) - whole).abs().max() < 1e-5 * max(1, whole.abs().max())


def test_twenty_and_forty_steps_follow_one_path(space):
    x = torch.empty(2, 100)
    fine = levels(39, space)
    coarse = fine[::2]
    of_fine, of_coarse = (increments(kinds.brownian(x, 1, space=space), s) for s in (fine, coarse))
    for k, whole in enumerate(of_coarse):
        torch.testing.assert_close(of_fine[2 * k] + of_fine[2 * k + 1], whole, rtol=0, atol=1e-5)


def test_order_of_looking_does_not_matter():
    x = torch.empty(2, 100)
    pairs = list(itertools.pairwise(levels(20)))
    straight = kinds.brownian(x, 1)
    expected = {pair: straight(*pair) for pair in pairs}
    jumping = kinds.brownian(x, 1)
    for pair in [*pairs[::3], *pairs[::-1], *pairs]:
        assert torch.equal(jumping(*pair), expected[pair])


def test_the_way_up_is_the_way_down_reversed():
    path = kinds.brownian(torch.empty(1, 100), 1)
    assert torch.equal(path(2.0, 1.0), -path(1.0, 2.0))


def test_an_item_is_itself_in_any_batch():
    pairs = list(itertools.pairwise(levels(8)))
    whole, alone = kinds.brownian(torch.empty(5, 3, 40), 1), kinds.brownian(torch.empty(1, 3, 40), 1, [3])
    for pair in pairs:
        assert torch.equal(whole(*pair)[3], alone(*pair)[0])


def test_items_seeds_and_streams_are_independent():
    x = torch.empty(2, 100_000)
    rows = [kinds.brownian(x, seed)(2.0, 1.0) for seed in (1, 2, 2**32 + 1)]
    rows += [kinds.brownian(x, 1, stream=stream)(2.0, 1.0) for stream in ("churn", "jump")]
    rows += [kinds.gaussian(x, 1)(2.0, 1.0)]
    z = torch.cat(rows)
    assert (torch.corrcoef(z) - torch.eye(len(z))).abs().max() < 0.015


@pytest.mark.parametrize("kind", ["gaussian", "brownian", "pink"])
def test_inference_mode_does_not_matter(kind):
    """ComfyUI runs in inference mode; what is kept inside of it serves outside, too."""
    x = torch.empty(2, 4, 256, 256)
    pairs = list(itertools.pairwise(levels(4)))
    with torch.inference_mode():
        inside = [kinds.KINDS[kind](x, 1)(*pair) for pair in pairs[:1]]
        path = kinds.KINDS[kind](x, 1)
        inside += [path(*pair) for pair in pairs[1:]]
    outside = kinds.KINDS[kind](x, 1)
    assert all(torch.equal(outside(*pair), z) for pair, z in zip(pairs, inside, strict=True))


def test_chunks_are_independent():
    """An item of many chunks is no copy of the first; a longer one begins with the numbers of a shorter."""
    z = kinds.brownian(torch.empty(1, keys.CHUNK + 1000), 1)(2.0, 1.0).flatten()
    assert abs((z[:1000] * z[keys.CHUNK :]).mean().item()) < 0.15
    assert torch.equal(kinds.brownian(torch.empty(1, 777), 1)(2.0, 1.0).flatten(), z[:777])


def test_both_ends_are_finite(space):
    path = kinds.brownian(torch.empty(1, 64), 1, space=space)
    top = 1.0 if space == "flow" else 1e6
    for pair in [(top, 0.5), (0.5, 0.0), (top, 0.0), (0.0, 0.5)]:
        z = path(*pair)
        assert torch.isfinite(z).all() and 0.5 < z.std() < 1.6


def test_a_step_shorter_than_a_leaf_has_noise_of_its_own():
    path = kinds.brownian(torch.empty(1, 20_000), 1)
    a, b, c = 1.0, 1.0 - 1e-5, 1.0 - 2e-5
    first, second = path(a, b).flatten(), path(b, c).flatten()
    assert first.std().item() == pytest.approx(1, abs=0.02)
    assert abs((first * second).mean().item()) < 0.03


@pytest.mark.parametrize("towards", [0.0, math.inf])
def test_a_rounding_error_of_sigma_changes_nothing(towards, space):
    path = kinds.brownian(torch.empty(1, 16), 1, space=space)
    sigmas = torch.tensor(levels(20, space))
    moved = torch.nextafter(sigmas, torch.tensor(towards)).clamp(max=1.0 if space == "flow" else 100.0)
    for pair, other in zip(itertools.pairwise(sigmas.tolist()), itertools.pairwise(moved.tolist()), strict=True):
        assert torch.equal(path(*pair), path(*other))


def test_memory_is_bounded():
    """Beside what it hands out, a path keeps no more than 10 latents, however long the run is."""
    x = torch.empty(1, 4 * keys.CHUNK)
    warm = kinds.brownian(x, 1)
    for pair in itertools.pairwise(levels(50)):
        warm(*pair)  # what is made once, such as tables
    del warm
    tracemalloc.start()
    path = kinds.brownian(x, 2)
    for pair in itertools.pairwise(levels(50)):
        path(*pair)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    latents = kept / (4 * x.numel())
    assert 1 < latents < 10.2


@pytest.mark.parametrize("name", [n for n in sigmatic.samplers.names() if n.endswith("_sde")])
def test_sde_samplers_ask_for_it(name):
    assert sigmatic.samplers.get(name).noise == "brownian"
    x, sigmas = torch.ones(1, 30), torch.tensor(levels(5))
    own, named, other = (
        sigmatic.samplers.sample(name, lambda x, s: x * 0.5, x, sigmas, noise=kind, disable=True)
        for kind in (None, "brownian", "gaussian")
    )
    assert torch.equal(own, named) and not torch.equal(own, other)


def itself(chunk, place, item=0):
    return keys.key(5, "step", 0, item, chunk, place)


@pytest.mark.parametrize(
    "make", [brownian.Path, lambda *about: brownian.DevicePath(*about, torch.device("cpu"))], ids=["CPU", "device"]
)
def test_two_ways_to_keep_a_path(make):
    """One keeps its way, one looks from the root each time: both add up, and have the covariance min(s, t)."""
    size, places = 200_000, [0, 9000, 12000, 12001, 12345, 20000, 7]
    path, steps = make(size, [itself, partial(itself, item=1)]), []
    for start, end in itertools.pairwise([*places, 12000, 9000]):
        out = torch.empty(2, size)
        path.increment(out, start, end)
        steps.append(out.double() * math.sqrt(abs(end - start) * LEAF))
    w = torch.stack(steps[: len(places) - 1]).cumsum(0)
    torch.testing.assert_close(w[-1] + steps[-2], w[1], rtol=0, atol=1e-5)
    torch.testing.assert_close(w[1] + steps[-1], w[0], rtol=0, atol=1e-5)
    times = torch.tensor(places[1:]).double() * LEAF
    expected = torch.minimum(times[:, None], times[None]) / (times[:, None] * times[None]).sqrt()
    for of_item in w.unbind(1):
        unit = of_item / times[:, None].sqrt()
        torch.testing.assert_close(unit @ unit.T / size, expected, rtol=0, atol=0.015)
    assert abs((w[1, 0] * w[1, 1]).mean().item()) < 0.015 * times[1]


def test_where_noise_is_made():
    x = torch.empty(1, 8)
    assert torch.equal(kinds.brownian(x, 1, device="same")(2.0, 1.0), kinds.brownian(x, 1)(2.0, 1.0))
    with pytest.raises(ValueError, match="device is 'gpu'"):
        kinds.gaussian(x, 1, device="gpu")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("make", [kinds.gaussian, kinds.brownian])
def test_on_a_gpu(make):
    x = torch.empty(2, 100_000, device="cuda")
    z = make(x, 1, device="same")(2.0, 1.0)
    assert z.is_cuda and z.std().item() == pytest.approx(1, abs=0.02)
    assert torch.equal(make(x[1:], 1, [1], device="same")(2.0, 1.0)[0], z[1])
