"""No row leans on its memory beyond reason: uneven levels, repeated ones and near-repeated ones make no garbage."""

import numpy as np
import pytest
import torch

import sigmatic
from sigmatic.core.model.discrete import Discrete
from sigmatic.core.spread import deviation

S = sigmatic.samplers
NAMES = [name for name in S.names() if not S.get(name).adaptive and not S.get(name).learned]
KEEPING = [
    name for name in NAMES if S.get(name).models != "distilled"
]  # those for distilled models draw anew each step
APART = [0.0, "ulp", 1e-6, 1e-5, 1e-4, 1e-3]


def shifted(shift):
    """The levels of a flow model with that shift."""
    t = np.arange(1, 1001) / 1000
    return {"space": "flow", "model_sigmas": shift * t / (1 + (shift - 1) * t)}


def zero_snr():
    """Stable Diffusion's levels stretched to zero terminal SNR, as ComfyUI has them (Lin et al. 2305.08891)."""
    root = 1 / np.sqrt(1 + Discrete.stable_diffusion().sigmas ** 2)
    root = (root - root[-1]) * root[0] / (root[0] - root[-1])
    root[-1] = 4.8973451890853435e-08**0.5
    return {"model_sigmas": np.sqrt(1 / root**2 - 1)}


RANGES = {
    "sd": {},
    "zsnr": zero_snr(),
    "edm": {"sigma_min": 0.002, "sigma_max": 80.0},
    **{f"flow {shift}": shifted(shift) for shift in (1, 3, 6, 12)},
}


@pytest.mark.parametrize("place", RANGES)
@pytest.mark.parametrize("steps", [20, *(pytest.param(n, marks=pytest.mark.thorough) for n in (6, 10, 14, 30, 40, 60))])
def test_no_schedule_makes_noise_of_memory(place, steps):
    """Where Euler keeps the data's spread within a tenth, every sampler keeps it within a fifth."""
    space, seen = RANGES[place].get("space", "ve"), 0
    for schedule in sigmatic.schedulers.names():
        try:
            sigmas = sigmatic.schedulers.sigmas(schedule, steps, **RANGES[place])
        except ValueError:
            continue  # it needs a table that this range does not have
        if not 0.45 <= deviation(S.table("euler", sigmas, space=space)) <= 0.55:
            continue
        seen += 1
        for name in KEEPING:
            spread = deviation(S.table(name, sigmas, space=space))
            assert abs(spread - 0.5) <= 0.1, (name, schedule, spread)
    assert seen >= 3 or steps < 20


@pytest.mark.parametrize("place", ["sd", "edm", "flow 3"])
@pytest.mark.parametrize("steps", [4, 10])
def test_few_steps_on_any_schedule_make_a_run(place, steps):
    """Here schedules are at their most uneven: predictors and correctors of any order meet."""
    space = RANGES[place].get("space", "ve")
    for schedule in sigmatic.schedulers.names():
        try:
            sigmas = sigmatic.schedulers.sigmas(schedule, steps, **RANGES[place])
        except ValueError:
            continue  # as above
        assert all(np.isfinite(deviation(S.table(name, sigmas, space=space))) for name in NAMES), schedule


def cut(levels, place, apart):
    """`levels` with one more, just below the one at `place`; None where there is no room."""
    here = float(levels[place])
    below = float(np.nextafter(np.float32(here), np.float32(0))) if apart == "ulp" else here - apart
    return [*levels[: place + 1], below, *levels[place + 1 :]] if below > levels[place + 1] else None


@pytest.mark.parametrize("apart", APART)
@pytest.mark.parametrize("name", KEEPING)
def test_one_more_level_changes_nothing(name, apart, space):
    if space == "ve":
        levels = sigmatic.schedulers.sigmas("karras", 12, sigma_min=0.03, sigma_max=14.6).tolist()
    else:
        levels = sigmatic.schedulers.sigmas("simple", 12, **shifted(3)).tolist()
    plain, cuts = deviation(S.table(name, levels, space=space)), [cut(levels, i, apart) for i in range(1, 12)]
    found = [deviation(S.table(name, more, space=space)) for more in cuts if more]
    assert found == pytest.approx([plain] * len(found), rel=0.05)


UNEVEN = {
    "by hand": ("ve", [8.0, 5.0, 3.0, 2.9, 2.0, 1.3, 1.299, 0.7, 0.3]),
    **{
        f"{name}, shift 12": ("flow", sigmatic.schedulers.sigmas(name, 20, **shifted(12)).tolist())
        for name in ("normal", "beta")
    },
}


@pytest.mark.parametrize(
    "levels", ["by hand", "normal, shift 12", pytest.param("beta, shift 12", marks=pytest.mark.thorough)]
)
@pytest.mark.parametrize("name", KEEPING)
def test_a_run_in_parts_at_a_short_step_is_the_run(name, levels):
    """Which registers are left out does not depend on where the run was cut."""
    space, sigmas = UNEVEN[levels]
    sigmas = torch.tensor(sigmas, dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(3, 4, dtype=torch.float64, generator=generator) * sigmas[0]

    def model(x, sigma):
        denoised = torch.tanh(x / (0.3 + sigma[:, None]))
        return S.Output(denoised, 0.8 * denoised)

    def run(x, sigmas, state=None):
        return S.sample_with_state(name, model, x, sigmas, space=space, state=state, seed=3, disable=True)

    whole, _ = run(x, sigmas)
    falls = name.startswith("sa_solver") and sigmas[-1] == 0  # its orders do, in the last steps: a part does not know
    for place in range(1, len(sigmas) - (4 if falls else 1)):
        part, state = run(x, sigmas[: place + 1])
        torch.testing.assert_close(run(part, sigmas[place:], state)[0], whole, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", KEEPING)
def test_even_levels_are_left_alone(name, space):
    """Even in log-SNR every row sees all that its sampler remembers, and no step is short."""
    top = {"sigma_max": 0.98} if space == "flow" else {}
    sigmas = sigmatic.schedulers.sigmas("exponential", 16, space=space, **top)[:-1]
    rows, history = S.table(name, sigmas, space=space).rows, S.get(name).history
    assert all(row.leaves for row in rows)
    if history and not S.get(name).group_size:
        made = [sum(stage.q != 0 for row in rows[:i] for stage in row.stages) for i in range(len(rows))]
        assert [row.used for row in rows] == [min(history, seen) for seen in made]
