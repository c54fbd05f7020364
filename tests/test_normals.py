"""The numbers that are drawn are normal: moments, the whole distribution, tails; what rough ones are short of."""

import itertools
import math

import numpy as np
import pytest
import torch

import sigmatic
from sigmatic.core.noise import keys, kinds
from sigmatic.core.noise.parallel import each

X = torch.empty(4, 500_000)


def of_steps(steps):
    """A step of a run on the path, from the middle of it."""
    sigmas = sigmatic.schedulers.sigmas("exponential", steps)[steps // 2 : steps // 2 + 2].tolist()
    return kinds.brownian(X, 1)(*sigmas)


DRAWS = {
    "initial": lambda: kinds.initial(X, 1),
    "gaussian": lambda: kinds.gaussian(X, 1)(2.0, 1.0),
    "churn": lambda: kinds.gaussian(X, 1, stream="churn")(1.0, 2.0),
    **{f"brownian {steps}": lambda steps=steps: of_steps(steps) for steps in (4, 20, 100, 1000, 5000)},
}


@pytest.mark.parametrize("draw", DRAWS)
def test_normals_are_normal(draw):
    z = DRAWS[draw]().double().flatten()
    n = len(z)
    for power, wanted, spread in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96), (6, 15, 10170)):
        assert (z**power).mean().item() == pytest.approx(wanted, abs=4.5 * math.sqrt(spread / n)), power
    for limit in (1.0, 2.0, 3.0, 3.4, 4.0, 4.4):
        beyond = math.erfc(limit / math.sqrt(2)) / 2
        for share in ((z > limit).double().mean().item(), (z < -limit).double().mean().item()):
            assert share == pytest.approx(beyond, abs=4.5 * math.sqrt(beyond / n)), limit
    assert 4.6 < z.abs().max() < 6.5


@pytest.mark.parametrize("draw", DRAWS)
def test_the_whole_distribution(draw):
    """Kolmogorov and Smirnov: further from the normal's than this is one true sample in a thousand."""
    z = DRAWS[draw]().double().flatten().sort().values
    share = torch.special.ndtr(z)
    places = torch.arange(len(z) + 1, dtype=torch.float64) / len(z)
    furthest = torch.maximum((share - places[:-1]).max(), (places[1:] - share).max())
    assert furthest.item() * math.sqrt(len(z)) < 1.95


def rough(out, k, j=8):
    """B(j / 16) of a bridge, as unit normals."""
    out[:] = 0
    keys.add_bridge(out, k, [(j, 16 / math.sqrt(j * (16 - j)))])


def test_what_rough_normals_are_short_of():
    """They are 65,536 equally likely numbers: no further from the normal than half a share, the outermost at 4.3."""
    z = np.empty((32, keys.CHUNK), dtype=np.float32)
    for k, row in enumerate(z):
        rough(row, k)
    points, counts = np.unique(z.reshape(-1, 4), axis=0, return_counts=True)
    assert counts.max() < 30  # 8 are expected; e^-8 of them do not come at all
    assert len(points) == pytest.approx(65_536 * (1 - math.exp(-8)), abs=25)
    for values in map(np.unique, points.T):
        share = torch.special.ndtr(torch.from_numpy(values).double()).numpy()
        assert np.abs((share * 65_536) % 1 - 0.5).max() < 0.01  # the middles of cells
        assert 4.0 < values[-1] < 4.4 and -4.4 < values[0] < -4.0


def distance(z):
    """Kolmogorov's, of each column of z (n, m), from the normal distribution."""
    share, places = torch.special.ndtr(z.sort(dim=0).values), torch.arange(len(z) + 1, dtype=torch.float64) / len(z)
    return torch.maximum((share - places[:-1, None]).amax(0), (places[1:, None] - share).amax(0))


def test_bridges_are_nearly_those_of_normals():
    """All changes between two sixteenths, at all points of the lattice: nearer than as many independent draws are."""
    ends = [torch.zeros(65_536, 4, dtype=torch.float64)] * 17
    ends[1:16] = [torch.from_numpy(keys._bridge(j).view(np.float32).reshape(-1, 4)).double() for j in range(1, 16)]
    pairs = [(i, j) for i, j in itertools.combinations(range(17), 2) if j - i < 16]
    changes = [(ends[j] - ends[i]) / math.sqrt((j - i) * (16 - j + i) / 256) for i, j in pairs]
    far = torch.cat([distance(change) for change in changes])
    independent = distance(torch.randn(65_536, 100, dtype=torch.float64))
    assert far.max() < 3.7e-3 < independent.max() and far.mean() < 1.3e-3 < independent.mean() / 2
    assert max((change.var(0) - 1).abs().max() for change in changes) < 2.3e-3
    for j in range(1, 16):  # the four of one look-up
        assert (torch.corrcoef(ends[j].T) - torch.eye(4, dtype=torch.float64)).abs().max() < 4e-3


def test_four_rough_normals_together_are_nearly_normal():
    """A sum of the four in any direction; as many independent draws are further from the normal in some of them."""
    points = torch.from_numpy(keys._bridge(8).view(np.float32).reshape(-1, 4)).double() * 2
    independent = torch.randn(points.shape, dtype=torch.float64)
    directions = torch.nn.functional.normalize(torch.randn(200, 4, dtype=torch.float64), dim=1).T
    far, further = distance(points @ directions), distance(independent @ directions)
    assert far.mean() < further.mean() / 2 and far.max() < further.max()


@pytest.mark.parametrize("draw", [keys.normals, rough])
def test_neighbours_know_nothing_of_each_other(draw):
    """The words of one key are cut into two or four numbers; none tells of another, up to fourth moments."""
    z = np.empty((16, keys.CHUNK), dtype=np.float32)
    for k, row in enumerate(z):
        draw(row, k)
    fours = torch.from_numpy(z).double().view(-1, 4)
    bound = 5 * math.sqrt(1 / len(fours))
    for a, b, c in itertools.permutations(fours.T, 3):
        for moment in (a * b, a * b * c, a**2 * b / 2, a * b * c**2 / 2, a * b**3 / 4):
            assert abs(moment.mean().item()) < bound
        assert abs((a**2 * b**2).mean().item() - 1) < 3 * bound


@pytest.mark.parametrize("size", [1, 3, 4, 5, 1000])
@pytest.mark.parametrize("draw", [keys.normals, rough])
def test_normals_of_any_size(size, draw):
    z, more = np.full(size, np.nan, dtype=np.float32), np.empty(1001, dtype=np.float32)
    draw(z, 5)
    draw(more, 5)
    assert np.array_equal(z, more[:size])


@pytest.mark.parametrize("kind", ["gaussian", "brownian"])
def test_threads_do_not_matter(kind):
    x, threads = torch.empty(3, 150_000), torch.get_num_threads()
    drawn = []
    try:
        for count in (1, 4):
            torch.set_num_threads(count)
            source = kinds.KINDS[kind](x, 1)
            drawn.append([source(a, b) for a, b in ((3.0, 2.0), (2.0, 1.0), (0.5, 0.3))])
    finally:
        torch.set_num_threads(threads)
    assert all(torch.equal(one, four) for one, four in zip(*drawn, strict=True))


def test_what_goes_wrong_on_a_thread_is_told():
    def work(k):
        if k == 5:
            raise ZeroDivisionError(k)

    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(4)
        with pytest.raises(ZeroDivisionError):
            each(work, [(k,) for k in range(9)])
    finally:
        torch.set_num_threads(threads)
