"""Votes between a plain and a bold way to land, and what they must not break; `arc` is the sampler that has them."""

import dataclasses

import pytest
import torch

import sigmatic
from sigmatic.core import table as tables
from sigmatic.core.vote import elect
from sigmatic.demo.mixture import Mixture

STEPS, SHAPE = 60, (2, 3)


def start(space, batch=5):
    ends = {"sigma_min": 1e-4, "sigma_max": 0.98 if space == "flow" else None}
    sigmas = sigmatic.schedulers.sigmas("arc", STEPS, space=space, **ends)
    return Mixture(SHAPE).noised(batch, float(sigmas[0]), space, seed=3).double(), sigmas.double()


def mixed(space):
    """The mixture's denoiser, exact for even items; for odd ones it jumps about, as no polynomial foresees."""
    exact = Mixture(SHAPE).denoiser(space)

    def model(x, sigma):
        jump = 0.01 * torch.sin(1e4 * sigma.log())[:, None, None]
        return exact(x, sigma) + jump * (torch.arange(len(x)) % 2)[:, None, None]

    return model


def run(model, x, sigmas, space, **options):
    return sigmatic.samplers.sample_with_state("arc", model, x, sigmas, space=space, disable=True, **options)


def test_every_item_goes_the_way_that_served_it():
    weights = torch.zeros(6, 3)
    weights[0, 1], weights[1, 2] = 1.4, 1.0  # the errors are 1.4 times the second, and the third slot
    weights[2:, 0] = torch.tensor([1.0, 10.0, 100.0, 1000.0])  # the four ways
    plain = torch.tensor([1.0, 1.0, 1.0, float("nan"), 1.0])[:, None]
    bold = torch.tensor([0.5, 2.0, 1.2, 0.5, float("inf")])[:, None]
    out, votes = elect(weights, [torch.ones(5, 1), plain, bold], None)
    assert out.flatten().tolist()[:3] == [10, 1, 10] and votes[:, 2].tolist() == [1, 0, 1, 0, 0]
    out, votes = elect(weights, [torch.ones(5, 1), torch.ones(5, 1), torch.full((5, 1), 1.24)], votes)
    assert out.flatten().tolist()[:3] == [1000, 1, 1000]  # 2 is not forgotten yet, in the second item
    slots = [torch.ones(1, 1), torch.ones(1, 1), torch.full((1, 1), 0.5)]
    votes = torch.tensor([[1.0, 1e4, 0.0]])
    went = []
    for _ in range(120):  # but in time
        votes = elect(weights, slots, votes)[1]
        went.append(votes[0, 2].item())
    assert went[0] == 0 and went[-1] == 1
    assert elect(weights, slots, torch.tensor([[1.0, 1e4, 0.0]]), memory=0.0)[1][0, 2] == 1


def test_smooth_items_gain_and_rough_ones_stay_plain(space):
    x, sigmas = start(space, batch=32)
    model = mixed(space)
    _, state = run(model, x, sigmas[:41], space)
    assert state.votes[::2, 2].mean() > 0.8 and state.votes[1::2, 2].mean() < 0.2
    bold, plain = (run(model, x, sigmas, space, order=order)[0] for order in (6, 5))
    exact, fine = Mixture(SHAPE).denoiser(space), torch.cat([sigmas[:-1], sigmas.new_tensor([1e-5, 0.0])])
    best = sigmatic.samplers.sample("dormand_prince", exact, x, fine, space=space, disable=True)
    gains = [((out - best).flatten(1).norm(dim=1)).log() for out in (bold, plain)]
    assert (gains[0] - gains[1])[::2].mean().exp() < 0.7
    torch.testing.assert_close(bold[1::2], plain[1::2], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("adapt", ["off", "on"])
@pytest.mark.parametrize("cut", [20, 30, 31, 50, STEPS - 1])
def test_a_split_run_keeps_its_votes(cut, adapt, space):
    x, sigmas = start(space)
    whole, _ = run(mixed(space), x, sigmas, space, adapt=adapt)
    half, state = run(mixed(space), x, sigmas[: cut + 1], space, adapt=adapt)
    rest, _ = run(mixed(space), half, sigmas[cut:], space, state=state.to("cpu"), adapt=adapt)
    assert torch.equal(rest, whole)


@pytest.mark.parametrize("place", [30, 45, 50])
def test_a_step_to_nowhere_keeps_the_votes(place, space):
    x, sigmas = start(space)
    doubled = torch.cat([sigmas[: place + 1], sigmas[place:]])
    assert torch.equal(run(mixed(space), x, doubled, space)[0], run(mixed(space), x, sigmas, space)[0])


def test_noise_and_long_steps_end_a_vote():
    x, sigmas = start("ve")
    noisy = {"eta": lambda sigma: 1.0 if 0.5 < sigma < 2.0 else 0.0}
    table = sigmatic.samplers.table("arc_sde", sigmas, **noisy)
    voting = [row.stages[-1].vote is not None for row in table.rows]
    ends = [i for i in range(1, STEPS) if voting[i - 1] and not voting[i]]
    assert ends and any(voting[ends[0] :])  # votes, none, and votes again
    for at in (ends[0], ends[0] + 1):
        half = sigmatic.samplers.sample_with_state("arc_sde", mixed("ve"), x, sigmas[: at + 1], disable=True, **noisy)
        assert (half[1].votes is None) == (not voting[at - 1])


def test_nodes_too_close_to_tell_leave_the_vote_as_it_was(space):
    x, sigmas = start(space)
    close = sigmas[30] * torch.tensor([1.0, 0.9998, 0.9996, 0.9994])
    rough = torch.cat([sigmas[:30], close, sigmas[31:]])
    landings = [row.stages[-1] for row in sigmatic.samplers.table("arc", rough, space=space).rows]
    votes = [landing.vote for landing in landings if landing.vote]
    assert max(sum(map(abs, w)) for vote in votes for _, w in vote.errors) <= 50
    assert any(vote.errors[0] == (0.0, ()) for vote in votes)
    assert torch.isfinite(run(mixed(space), x, rough, space)[0]).all()


def test_an_item_votes_alone(space):
    x, sigmas = start(space)
    model = Mixture(SHAPE).denoiser(space)
    whole, votes = run(model, x, sigmas[:-1], space)
    alone, vote = run(model, x[2:3], sigmas[:-1], space)
    torch.testing.assert_close(alone[0], whole[2], rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(vote.votes[0], votes.votes[2], rtol=1e-3, atol=0)


def test_long_steps_are_not_voted_on(space):
    x, sigmas = start(space)
    long = sigmas[::5]
    rows = sigmatic.samplers.table("arc", long, space=space).rows
    assert not any(stage.vote for row in rows[:-1] for stage in row.stages)
    one, other = (run(mixed(space), x, long, space, order=order)[0] for order in (5, 6))
    assert torch.equal(one, other)


def test_a_wrong_weight_is_found_in_every_way(space):
    table = sigmatic.samplers.table("arc", start(space)[1], space=space)
    i = next(i for i, row in enumerate(table.rows) if row.stages[-1].vote)
    *before, landing = table.rows[i].stages
    spoil = lambda weights: (weights[0] + 0.01, weights[1])  # noqa: E731
    votes = [landing.vote._replace(errors=(spoil(landing.vote.errors[0]), landing.vote.errors[1]))]
    for k, way in enumerate(landing.vote.others):
        others = (*landing.vote.others[:k], spoil(way), *landing.vote.others[k + 1 :])
        votes.append(landing.vote._replace(others=others))
    for vote in votes:
        row = table.rows[i]._replace(stages=(*before, landing._replace(vote=vote)))
        rows = (*table.rows[:i], row, *table.rows[i + 1 :])
        with pytest.raises(ArithmeticError, match=f"step {i} "):
            tables.check(dataclasses.replace(table, rows=rows))
