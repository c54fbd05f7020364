"""A schedule fitted to a model beats the ready-made ones on noise that it has not seen."""

import math

import pytest
import torch

import sigmatic
from sigmatic.core.schedule import fit as fitting
from sigmatic.demo import digits
from sigmatic.demo.mixture import Mixture

BEATEN = ("karras", "normal", "simple")  # the usual one and the models' own
STEPS = [6, 10, *(pytest.param(n, marks=pytest.mark.thorough) for n in (8, 15))]
QUICK = [("dpmpp_2m", 6)]  # on the digits
ALL = [(solver, steps) for solver in ("euler", "dpmpp_2m") for steps in (6, 8, 10, 15)]


class Runs:
    """Runs of one model from `count` starting noises, and where exact runs from them end."""

    def __init__(self, model, shape, space, count, seed, fine=60):
        self.model, self.space = model, space
        noise = torch.randn((count, *shape), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        self.noise = noise
        course = sigmatic.schedulers.sigmas("kl_optimal" if space == "ve" else "cosine", fine, space=space)
        self.goal = self.run("heun", course, torch.float64)

    def run(self, solver, sigmas, dtype=torch.float32):
        """Where the solver ends."""
        x = (self.noise * float(sigmas[0])).to(dtype)
        return sigmatic.samplers.sample(solver, self.model, x, sigmas, space=self.space, disable=True)

    def error(self, solver, sigmas):
        """The median over the noises of the root-mean-square error."""
        return (self.run(solver, sigmas).double() - self.goal).flatten(1).square().mean(1).sqrt().median().item()

    def fit(self, solver, steps, budget, starts=fitting.STARTS, **options):
        """A fit on these noises."""
        known = {name: sigmatic.schedulers.sigmas(name, steps, space=self.space).tolist() for name in starts}
        span = sigmatic.schedulers.span(space=self.space)
        return fitting.fit(lambda s: self.run(solver, s), self.goal, known, span, budget=budget, **options)

    def ready_made(self, name, steps):
        """A schedule by name."""
        return sigmatic.schedulers.sigmas(name, steps, space=self.space)


def mixture(space, count=32, seed=1):
    """Runs of the mixture in the shape of the demo's latents."""
    exact = Mixture(shape=(1, 32, 32), seed=0)
    return Runs(exact.denoiser(space), exact.shape, space, count, seed)


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("solver", ["euler", "dpmpp_2m"])
def test_the_fit_beats_ready_made_schedules_on_the_mixture(space, solver, steps):
    known, unseen = mixture(space), mixture(space, count=96, seed=2)
    found = known.fit(solver, steps, budget=45 * steps)
    ours = unseen.error(solver, torch.tensor(found.sigmas))
    best = min(unseen.error(solver, unseen.ready_made(name, steps)) for name in BEATEN)
    assert ours < (0.9 if solver == "euler" else 0.5) * best


@pytest.mark.slow
@pytest.mark.parametrize(
    ("solver", "steps"),
    [pytest.param(*case, marks=() if case in QUICK else pytest.mark.thorough) for case in ALL],
)
def test_the_fit_beats_ready_made_schedules_on_the_digits(space, solver, steps):
    def runs(count, seed):
        model = digits.denoiser([i % 10 for i in range(count)], space=space)
        return Runs(model, (1, 32, 32), space, count, seed, fine=40)

    known, unseen = runs(5, 1), runs(12, 2)
    found = known.fit(solver, steps, budget=40 * steps)
    ours = unseen.error(solver, torch.tensor(found.sigmas))
    assert ours < min(unseen.error(solver, unseen.ready_made(name, steps)) for name in BEATEN)


def test_the_budget_is_kept_and_reported():
    runs = mixture("ve", count=4)
    for budget in (0, 77, 200):
        spent = []
        found = runs.fit("dpmpp_2m", 6, budget, report=spent.append)
        assert found.evaluations == spent[-1] <= max(budget, 6 * len(fitting.STARTS))
        assert spent == sorted(spent)
    assert found.error <= found.start_error


def test_starts_leave_room_for_a_round_of_the_search():
    runs = mixture("ve", count=4)
    found = runs.fit("dpmpp_2m", 15, 25 * 15)  # all starts would leave 14 runs, of 15 that a round takes
    assert found.evaluations == 25 * 15
    assert found.error < 0.5 * found.start_error


def test_without_budget_the_best_start_is_taken():
    runs = mixture("flow", count=4)
    found = runs.fit("euler", 6, 0)
    assert found.sigmas == pytest.approx(runs.ready_made(found.start, 6).tolist(), rel=1e-5)
    assert (
        found.error
        == found.start_error
        == pytest.approx(runs.error("euler", runs.ready_made(found.start, 6)), rel=1e-3)
    )


def test_what_comes_out_is_a_schedule(space):
    runs = mixture(space, count=3)
    span = sigmatic.schedulers.span(space=space)
    for steps in (1, 2, 3, 20):
        found = torch.tensor(runs.fit("dpmpp_2m", steps, 30 * steps).sigmas)
        assert len(found) == steps + 1 and (found.diff() < 0).all() and found[-1] == 0
        assert found[0].item() == pytest.approx(span.sigma_max) and found[-2].item() >= span.sigma_min * (1 - 1e-6)


def test_the_optimum_of_a_problem_that_is_known():
    """The best place to stop at on the way is found where a run ends nowhere near if it stops elsewhere."""
    span = sigmatic.schedulers.span()
    wanted = torch.tensor([3.0, 1.0, 0.2]).log()

    def trial(sigmas):
        off = sigmas[1:-1].log() - wanted
        return torch.stack([off, off.roll(1) + off.square()])

    starts = {name: sigmatic.schedulers.sigmas(name, 4).tolist() for name in ("karras", "linear")}
    found = fitting.fit(trial, torch.zeros(2, 3), starts, span, budget=200)
    assert [math.log(sigma) for sigma in found.sigmas[1:-1]] == pytest.approx(wanted.tolist(), abs=2e-3)
    assert found.start == "karras"


def test_starts_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="starts: give one schedule or more, all of the same number of steps"):
        fitting.fit(lambda s: s, torch.zeros(1, 1), {"a": [2, 1, 0], "b": [2, 0]}, sigmatic.schedulers.span(), budget=1)
    with pytest.raises(ValueError, match="starts"):
        fitting.fit(lambda s: s, torch.zeros(1, 1), {}, sigmatic.schedulers.span(), budget=1)
