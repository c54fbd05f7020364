"""Several streams in one latent: each comes out as its own run would, though the model is called once for all."""

import pytest
import torch

from sigmatic import samplers
from sigmatic.core import loop
from sigmatic.core.noise import kinds
from sigmatic.core.streams import Stream, own_level

PICTURE, SOUND = (4, 6, 6), (3, 10)
CUT, RATIO = 4 * 6 * 6, 4.0
"""As MiniMax H3 has it: shift 12 for the picture, 3 for its sound."""
TABLED = [n for n in samplers.names() if not samplers.get(n).adaptive and not samplers.get(n).learned]
BETWEEN = ("dpm_2", "dpm_2_ancestral", "dormand_prince", "midpoint", "ralston", "rk4")
"""Their calls between levels lie at shares of sigma, which is another place for each stream."""
AHEAD = ("dpm_2_ancestral", "dpmpp_2s_ancestral", "dpmpp_2s_ancestral_cfg_pp")
"""Where they look ahead depends on eta."""


def shifted(steps, shift):
    t = torch.linspace(1, 0, steps + 1, dtype=torch.float64)
    return shift * t / (1 + (shift - 1) * t)


def gaussian(x, sigma, mean, variance):
    """The exact prediction for data of one Gaussian on flow."""
    alpha = 1 - sigma
    return mean + alpha * variance / (alpha**2 * variance + sigma**2) * (x - alpha * mean)


def alone(mean, variance):
    """A stream by itself, with another prediction without the prompt."""

    def model(x, sigma):
        at = float(sigma[0])
        return loop.Output(gaussian(x, at, mean, variance), gaussian(x, at, 0.9 * mean, variance * 1.2))

    return model


MEANS = torch.linspace(-1, 1, CUT, dtype=torch.float64), torch.linspace(0.5, -2, 30, dtype=torch.float64)
PARTS = alone(MEANS[0], 0.3), alone(MEANS[1], 0.5)


def together(ratio, parts=PARTS):
    """Both in one: the sound is carried at `ratio` times its size on the picture's levels."""

    def model(x, sigma):
        own = own_level(float(sigma[0]), ratio, "flow")
        picture = parts[0](x[..., :CUT], sigma)
        sound = parts[1](x[..., CUT:] * own / float(sigma[0]), torch.full_like(sigma, own))
        return loop.Output(*(torch.cat([a, ratio * b], dim=-1) for a, b in zip(picture[:2], sound[:2], strict=True)))

    return model


def begin(dtype=torch.float64):
    return torch.randn(2, 1, CUT + 30, dtype=dtype, generator=torch.Generator().manual_seed(5))


def run(name, model, x, sigmas, **more):
    return samplers.sample(name, model, x, sigmas, space="flow", seed=3, disable=True, **more)


SECOND = {"batch_index": [1 << 32, (1 << 32) + 1]}  # the numbers of a second stream's noise


@pytest.mark.parametrize("steps", [4, 8, 20])
@pytest.mark.parametrize("name", [name for name in TABLED if name not in BETWEEN])
def test_each_stream_is_its_own_run(name, steps):
    x, levels = begin(), shifted(steps, 12)
    streams = Stream(PICTURE), Stream(SOUND, RATIO)
    out = run(name, together(RATIO), x, levels, streams=streams)
    picture = run(name, PARTS[0], x[..., :CUT], levels)
    sound = run(name, PARTS[1], x[..., CUT:], shifted(steps, 3), **SECOND)
    torch.testing.assert_close(out[..., :CUT], picture, atol=1e-5, rtol=0)
    torch.testing.assert_close(out[..., CUT:] / RATIO, sound, atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", BETWEEN)
def test_calls_between_levels_leave_a_stream_its_solution(name):
    """The sound then goes by the picture's levels, and comes out right with more steps all the same."""
    x, ode = begin(), samplers.get(name).ode or {}
    errors = []
    for steps in (32, 64):
        levels = shifted(steps, 12)[1:-1]
        streams = Stream(PICTURE), Stream(SOUND, RATIO, ode)
        out = run(name, together(RATIO), x, levels, streams=streams, **ode)[..., CUT:]
        here, there = (own_level(float(sigma), RATIO, "flow") for sigma in (levels[0], levels[-1]))
        # A Gaussian's exact solution keeps (x - alpha m) over its spread.
        begun = x[..., CUT:] * here / levels[0] - (1 - here) * MEANS[1]
        spread = [((1 - sigma) ** 2 * 0.5 + sigma**2) ** 0.5 for sigma in (here, there)]
        exact = (1 - there) * MEANS[1] + begun * spread[1] / spread[0]
        errors.append((out * there / levels[-1] - exact).square().mean().sqrt())
    assert errors[1] < 0.6 * errors[0] and errors[1] < 1e-3


@pytest.mark.parametrize("name", [name for name in TABLED if samplers.get(name).ode and name not in AHEAD])
def test_a_stream_may_be_without_noise(name):
    x, levels, ode = begin(), shifted(12, 12), samplers.get(name).ode
    streams = Stream(PICTURE), Stream(SOUND, RATIO, ode)
    out = run(name, together(RATIO), x, levels, streams=streams)
    picture = run(name, PARTS[0], x[..., :CUT], levels)
    sound = run(name, PARTS[1], x[..., CUT:], shifted(12, 3), **ode)
    torch.testing.assert_close(out[..., :CUT], picture, atol=1e-5, rtol=0)
    torch.testing.assert_close(out[..., CUT:] / RATIO, sound, atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", AHEAD)
def test_where_looks_ahead_depend_on_eta_streams_share_it(name):
    streams = Stream(PICTURE), Stream(SOUND, 1.0, {"eta": 0.0})
    (part,) = samplers.table(name, shifted(8, 12), space="flow", streams=streams).others
    assert not part.free


def test_strength_of_noise_is_a_streams_own():
    x, levels = begin(), shifted(10, 12)
    streams = Stream(PICTURE), Stream(SOUND, RATIO, {"s_noise": 0.5, "eta": 0.4})
    out = run("euler_ancestral", together(RATIO), x, levels, streams=streams, eta=0.9)
    sound = run("euler_ancestral", PARTS[1], x[..., CUT:], shifted(10, 3), s_noise=0.5, eta=0.4, **SECOND)
    torch.testing.assert_close(out[..., CUT:] / RATIO, sound, atol=1e-5, rtol=0)
    streams = Stream(PICTURE), Stream(SOUND, RATIO, {"eta": 1.0})
    quiet = run("euler_ancestral", together(RATIO), x, levels, streams=streams, eta=0.0)
    picture = run("euler", PARTS[0], x[..., :CUT], levels)
    torch.testing.assert_close(quiet[..., :CUT], picture, atol=1e-6, rtol=0)


def test_noise_has_the_shape_of_its_stream():
    x, levels = begin(torch.float32), shifted(6, 12)
    pink = kinds.KINDS["pink"](x[..., :CUT].reshape(2, *PICTURE), 3, space="flow")
    streams = Stream(PICTURE), Stream(SOUND, RATIO, noise="gaussian")
    out = run("euler_ancestral", together(RATIO), x, levels, streams=streams, noise="pink")
    flat = run("euler_ancestral", PARTS[0], x[..., :CUT], levels, noise=lambda a, b: pink(a, b).reshape(2, 1, CUT))
    torch.testing.assert_close(out[..., :CUT], flat, atol=1e-5, rtol=0)
    with pytest.raises(ValueError, match="height, width"):
        run("euler_ancestral", together(RATIO), x, levels, streams=(streams[0], Stream(SOUND, RATIO)), noise="pink")


@pytest.mark.parametrize("name", ["euler", "dpmpp_2m", "res_2m_sde", "dpmpp_2m_cfg_pp", "uni_pc", "heun", "arc"])
def test_runs_in_parts_are_one(name):
    x, levels = begin(torch.float32), shifted(20, 12)
    streams = Stream(PICTURE), Stream(SOUND, RATIO, samplers.get(name).ode or {})
    whole = run(name, together(RATIO), x, levels, streams=streams)
    for cut in (3, 10):
        middle, state = samplers.sample_with_state(
            name, together(RATIO), x, levels[: cut + 1], space="flow", seed=3, disable=True, streams=streams
        )
        out = run(name, together(RATIO), middle, levels[cut:], state=state, streams=streams)
        assert torch.equal(out, whole), cut


def test_streams_like_the_first_change_no_bit_of_it():
    x, levels = begin(torch.float32), shifted(9, 3)
    for name in TABLED:
        plain = run(name, together(1.0), x, levels, noise="gaussian", streams=(Stream((1, CUT)), Stream(SOUND)))
        alone_ = run(name, PARTS[0], x[..., :CUT], levels, noise="gaussian")
        torch.testing.assert_close(plain[..., :CUT], alone_, atol=0, rtol=0)


def test_what_does_not_fit_is_refused():
    x, levels = begin(), shifted(4, 12)
    for streams, word in (
        ((Stream(PICTURE), Stream((3, 11))), "144 [+] 33 numbers"),
        ((Stream(PICTURE), Stream(SOUND, 0.0)), "scale"),
        ((Stream(PICTURE, 2.0), Stream(SOUND)), r"streams\[0\]"),
        ((Stream(PICTURE), Stream(SOUND, 1.0, {"ete": 1.0})), "ete"),
    ):
        with pytest.raises(ValueError, match=word):
            run("euler_ancestral", together(1.0), x, levels, streams=streams)
    with pytest.raises(ValueError, match="chooses its steps"):
        run("dpm_adaptive", together(RATIO), x, levels, streams=(Stream(PICTURE), Stream(SOUND, RATIO)))
    table = samplers.table("euler", levels, space="flow")
    with pytest.raises(ValueError, match="streams"):
        run("euler", together(1.0), x, levels, streams=(Stream(PICTURE), Stream(SOUND)), table=table)
