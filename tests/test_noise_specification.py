"""Every number that is drawn, made once more from the published words alone, in plain Python: `core.noise.keys`."""

import itertools
import math
import re
from statistics import NormalDist

import numpy as np
import pytest
import torch

from sigmatic.core.noise import brownian, keys, kinds
from sigmatic.core.table import Draw

MASK = 2**64 - 1
SEED, ITEM = 42, 3
STRETCH = 2**63 + 9530 * 2**31 + 10240  # lam from -log 2 to 0, in leaves of 2^-10 from -10


def mixed(z):
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
    return z ^ z >> 31


def key(*fields):
    k = 0x9E3779B97F4A7C15
    for field in fields:
        k = mixed(k ^ field)
    return k


def words(k):
    a, b, c, w = mixed(k ^ 1), mixed(k ^ 2), mixed(k ^ 3), 1
    while True:
        word = a + b + w & MASK
        yield word
        w, a, b, c = w + 1, b ^ b >> 11, 9 * c & MASK, (c << 24 | c >> 40) + word & MASK


def parts(k, bits):
    return ((word >> at) % 2**bits for word in words(k) for at in range(0, 64, bits))


def normals(k, count):
    return [NormalDist().inv_cdf((part + 0.5) / 2**32) for part in itertools.islice(parts(k, 32), count)]


def rough_normals(k, count, m=1):
    places = range(4 * (m - 1), 4 * m)
    cells = ((27717**i * part + 40503 * i) % 2**16 for part in parts(k, 16) for i in places)
    return [NormalDist().inv_cdf((cell + 0.5) / 2**16) for cell in itertools.islice(cells, count)]


def node(n, count):
    """Of depth 8 and 12, each has the keys of the 15 nodes from it down; depth d has 2^(d - 1) nodes."""
    depth = n.bit_length()
    below = next((depth - first for first in (12, 8) if depth >= first), 0)
    k = key(SEED, 1, 0, ITEM, 0, n >> below)
    return torch.tensor(normals(k, count) if n < 16 else rough_normals(k, count, (1 << below) + n % (1 << below)))


def path(place, count):
    """W at `place` leaves from lam = -10."""
    left, right = 0, 2**15
    at_left, at_right = torch.zeros(count), math.sqrt(32) * node(0, count)
    n = 1
    while place not in (left, right):
        middle = (left + right) // 2
        at_middle = (at_left + at_right) / 2 + math.sqrt((right - left) / 1024 / 4) * node(n, count)
        n *= 2
        if place <= middle:
            right, at_right = middle, at_middle
        else:
            left, at_left, n = middle, at_middle, n + 1
    return at_left if place == left else at_right


def close(numbers, wanted, tolerance=1e-6):
    torch.testing.assert_close(numbers, torch.as_tensor(wanted, dtype=torch.float32), rtol=0, atol=tolerance)


def test_the_three_worked_numbers():
    lines = re.findall(r"place (\d.*?)  +key (0x[0-9a-f]{16})   (-?[\d.]+), (-?[\d.]+)\n", keys.__doc__)
    assert len(lines) == 3
    for place, name, *shown in lines:
        place = STRETCH if "2^63" in place else int(place)
        k = key(SEED, 1, 0, ITEM, 0, place)
        assert f"{k:#018x}" == name and keys.key(SEED, "step", 0, ITEM, 0, place) == k
        draw = rough_normals if 16 <= place < 2**62 else normals
        assert [f"{z:.6f}" for z in draw(k, 2)] == shown


@pytest.mark.parametrize(("number", "name"), [*enumerate(("initial", "step", "churn", "jump"))])
@pytest.mark.parametrize("visit", [0, 2])
def test_a_stretch_of_its_own(number, name, visit):
    source = kinds.gaussian(torch.empty(2, 65_536 + 7), SEED, [0, ITEM])
    z = source.draw(Draw(2.0, 1.0, visit, name))[1]
    for chunk, part in ((0, z[:9]), (1, z[65_536:])):
        close(part, normals(key(SEED, number, visit, ITEM, chunk, STRETCH), len(part)))


def test_a_stretch_shorter_than_a_leaf():
    sigmas = 1.0, 1.0 - 1e-5
    grid, start, end = brownian.stretch(*sigmas, "ve")
    assert grid == 1 and start == 10 * 2**20 and 0 < end - start < 2**10
    for kind in (kinds.gaussian, kinds.brownian):
        z = kind(torch.empty(1, 5), SEED, [ITEM])(*sigmas)[0]
        close(z, normals(key(SEED, 1, 0, ITEM, 0, 2**63 + 2**62 + 2**31 * start + end), 5))


@pytest.mark.parametrize("places", [(9530, 10240), (0, 1), (20000, 12345), (31000, 2**15)])
def test_the_path(places):
    source = kinds.brownian(torch.empty(1, 6), SEED, [ITEM])
    sigmas = [math.exp(10 - place / 1024) for place in places]
    wanted = (path(places[1], 6) - path(places[0], 6)) / math.sqrt(abs(places[1] - places[0]) / 1024)
    close(source(*sigmas)[0], wanted, 2e-5)


def test_the_start_of_a_run():
    """Its noise goes from sigma 1 to 0: the clock's end, which is lam = 22."""
    x = torch.empty(1, 4, 2, 2)
    close(
        kinds.initial(x, SEED, [ITEM]).flatten(), normals(key(SEED, 0, 0, ITEM, 0, 2**63 + 2**31 * 10240 + 2**15), 16)
    )


def rough(out, k, scale=1.0):
    out[:] = 0
    keys.add_bridge(out, k, [(8, 2 * scale)])


@pytest.mark.parametrize("draw", [keys.normals, rough])
def test_words_are_numpys_and_normals_are_their_quantiles(draw):
    """Of whole chunks, by numpy's SFC64 and quantiles in float64."""
    for k in (0, 7, MASK):
        generator = np.random.SFC64(0)
        state = generator.state
        state["state"]["state"][:] = mixed(k ^ 1), mixed(k ^ 2), mixed(k ^ 3), 1
        generator.state = state
        raw = generator.random_raw(65_536 // 2)
        assert raw[:3].tolist() == list(itertools.islice(words(k), 3))
        if draw is keys.normals:
            probabilities = (raw.view(np.uint32) + 0.5) / 2.0**32
        else:
            powers = [27717**i % 2**16 for i in range(4)]
            cells = raw[: 65_536 // 16].view(np.uint16).astype(int)[:, None] * powers + 40503 * np.arange(4)
            probabilities = (cells.ravel() % 2**16 + 0.5) / 2.0**16
        out = np.empty(65_536, dtype=np.float32)
        draw(out, k)
        wanted = torch.special.ndtri(torch.from_numpy(probabilities))
        assert (torch.from_numpy(out).double() - wanted).abs().max() < 4e-7
        draw(out, k, 0.25)
        assert (torch.from_numpy(out).double() - wanted / 4).abs().max() < 4e-7
