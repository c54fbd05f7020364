"""Tables: consistent by their own check, which finds what is wrong; priced, and refused where no run can follow."""

import dataclasses
import math

import pytest
import torch
from hypothesis import example, given, settings, strategies as st

import sigmatic
from sigmatic.core import policy, space as spaces, table as tables, verify

NAMES = [n for n in sigmatic.samplers.names() if not sigmatic.samplers.get(n).adaptive]
ODES = [name for name in NAMES if sigmatic.samplers.get(name).ode is not None]
STOCHASTIC = [name for name in NAMES if "eta" in sigmatic.samplers.get(name).defaults]


def twins():
    """(sampler with eta, the sampler that it is at eta 0): by their names, but for two."""
    yield from (("dpmpp_sde", "dpmpp_2s"), ("seeds_2", "dpmpp_2s"))
    for name in STOCHASTIC:
        for word in ("_ancestral", "_sde"):
            base = name.replace(word, "")
            if word in name and base in NAMES:
                yield name, base


def sigmas_for(space, steps=12):
    return sigmatic.schedulers.sigmas("karras", steps, space=space, sigma_max=0.98 if space == "flow" else None)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("schedule", ["karras", "simple", "ddim_uniform", "linear_quadratic"])
def test_tables_are_built_and_checked(name, schedule, space):
    for steps in (1, 2, 3, 7, 60):
        table = sigmatic.samplers.table(name, sigmatic.schedulers.sigmas(schedule, steps, space=space), space=space)
        assert len(table.rows) == steps and all(map(finite, table.rows))


def finite(row):
    """Whether all numbers of a row are."""
    return all(math.isfinite(c) for stage in row.stages for c in (stage.A, *stage.w, *stage.B, stage.p, stage.q))


@pytest.mark.parametrize("name", [n for n in NAMES if sigmatic.samplers.get(n).checked == "all"])
def test_a_wrong_coefficient_is_found(name, space):
    table = sigmatic.samplers.table(name, sigmas_for(space), space=space)
    i = len(table.rows) // 2
    row = table.rows[i]
    for k, stage in enumerate(row.stages):
        spoils = [stage._replace(A=stage.A * 1.01)] if stage.A else []
        spoils += [stage._replace(w=(w0 * 1.01, *rest)) for w0, *rest in [stage.w] if w0] if stage.w else []
        spoils += [stage._replace(B=(stage.B[0] * 1.01,))] if stage.B else []
        for spoilt in spoils:
            stages = (*row.stages[:k], spoilt, *row.stages[k + 1 :])
            rows = (*table.rows[:i], row._replace(stages=stages), *table.rows[i + 1 :])
            wrong = dataclasses.replace(table, rows=rows, history=sigmatic.samplers.get(name).history)
            with pytest.raises(ArithmeticError, match=f"step {i} "):
                verify.check(wrong)


@pytest.mark.parametrize("name", NAMES)
def test_evaluations_per_step_are_as_declared(name, space):
    spec = sigmatic.samplers.get(name)
    longest = {p.name: p.max for p in spec.params if p.name in ("max_order", "predictor_order", "order")}
    if "order" in longest and name in STOCHASTIC:
        longest["eta"] = 0.0
    # the highest order may ask for short steps
    sigmas = sigmas_for(space, 60 if "order" in longest else 12)[:-1]
    table = sigmatic.samplers.table(name, sigmas, space=space, **longest)
    per_row = [sum(stage.q != 0 for stage in row.stages) for row in table.rows]
    assert set(per_row[1:]) == {spec.evals_per_step} and per_row[0] <= spec.evals_per_step
    reach = max(
        len(s.w) - table.width * sum(q.q != 0 for q in row.stages[:k])
        for row in table.rows
        for k, s in enumerate(row.stages)
    )
    assert 0 <= spec.history * table.width - reach < table.width * spec.evals_per_step


@pytest.mark.parametrize("name", ODES)
def test_the_ode_is_free_of_noise(name, space):
    table = sigmatic.samplers.table(name, sigmas_for(space), space=space, **sigmatic.samplers.get(name).ode)
    assert table.noise == (0.0,) * len(table.rows)
    assert all(stage.B == () for row in table.rows for stage in row.stages)


@pytest.mark.parametrize(("name", "twin"), list(twins()))
def test_eta_zero_is_the_ode_twin(name, twin, space):
    sigmas, ode = sigmas_for(space), sigmatic.samplers.get(twin)
    clock = {"clock": "log_snr"} if "clock" in ode.defaults else {}  # that of all that add noise
    assert sigmatic.samplers.table(name, sigmas, space=space, eta=0.0).rows == (
        sigmatic.samplers.table(twin, sigmas, space=space, **clock).rows
    )


@pytest.mark.parametrize("name", [n for n in NAMES if "clock" in sigmatic.samplers.get(n).defaults])
def test_in_log_sigma_a_flow_run_steps_as_on_ve(name):
    sigmas = sigmas_for("flow")
    flow, snr = (sigmatic.samplers.table(name, sigmas, space="flow", clock=c).rows for c in ("log_sigma", "log_snr"))
    assert flow == sigmatic.samplers.table(name, sigmas, space="ve").rows != snr
    both = [sigmatic.samplers.table(name, sigmas_for("ve"), clock=c).rows for c in ("log_sigma", "log_snr")]
    assert both[0] == both[1]


@pytest.mark.parametrize("name", STOCHASTIC)
def test_eta_is_continuous_at_zero_even_from_flow_one(name):
    sigmas = sigmatic.schedulers.sigmas("linear", 10, space="flow")
    assert sigmas[0] == 1
    small = sigmatic.samplers.table(name, sigmas, space="flow", eta=1e-6)
    assert max(small.noise) < 1e-2


@pytest.mark.parametrize("name", [n for n in NAMES if sigmatic.samplers.get(n).clock == "lam"])
def test_the_first_row_from_flow_one(name):
    """At alpha = 0 a log-SNR step is A = sigma'/sigma, w = alpha', one evaluation; the next step sees no history."""
    sigmas = sigmatic.schedulers.sigmas("linear", 4, space="flow")
    spec = sigmatic.samplers.get(name)
    params = {**(spec.ode or {}), **({"clock": "log_snr"} if "clock" in spec.defaults else {})}
    first, second, third, _ = sigmatic.samplers.table(name, sigmas, space="flow", **params).rows
    w = first.stages[-1].w
    assert (first.stages[-1].A, w[0], any(w[1:])) == (0.75, 0.25, False) and len(first.stages) == 2
    width = 2 if spec.uncond else 1
    reaches = [len(row.stages[-1].w) - width * (len(row.stages) - 1) for row in (second, third)]
    assert reaches[0] <= 0 and (reaches[1] > 0) == (spec.history > 0)


@pytest.mark.parametrize("name", [n for n in NAMES if not sigmatic.samplers.get(n).integrates_to_zero])
def test_the_last_row_is_the_prediction(name, space):
    landing = sigmatic.samplers.table(name, sigmas_for(space), space=space).rows[-1].stages[-1]
    assert (landing.A, landing.w, landing.B) == (0.0, (1.0,), ())


@given(
    a=st.floats(1e-3, 100),
    ratio=st.floats(1e-3, 1 - 1e-6),
    eta=st.floats(0, 5),
    law=st.sampled_from([policy.ancestral, policy.sde]),
    space=st.sampled_from(["ve", "flow"]),
)
def test_policies_keep_to_their_range(a, ratio, eta, law, space):
    high, low = spaces.at_rho(a, space), spaces.at_rho(a * ratio, space)
    d = law(high, low, eta)
    assert 0 <= d <= 1
    assert law(high, low, 0.0) == 1.0 and policy.deviation(low, 1.0) == 0.0
    if law is policy.ancestral and eta == 1:
        assert d == pytest.approx(ratio, rel=1e-6)


@pytest.mark.parametrize("law", [policy.ancestral, policy.sde])
def test_eta_one_is_the_ddpm_posterior(law, space):
    """rho_down = rho'^2 / rho (beta-tilde of DDPM) at eta = 1, for both laws."""
    a, b = spaces.at_rho(3.0, space), spaces.at_rho(1.0, space)
    assert law(a, b, 1.0) * b.rho == pytest.approx(b.rho**2 / a.rho)


def test_identity_steps_cost_nothing():
    table = sigmatic.samplers.table("dpmpp_2m", [4.0, 2.0, 2.0, 1.0, 0.0])
    assert table.evaluations == 3
    assert table.rows[1].stages == (tables.Stage(2.0, 1.0),)
    assert len(table.rows[2].stages[-1].w) == 2  # history reaches across


BAD_SIGMAS = [
    ([], "empty"),
    ([1.0, float("nan")], r"sigmas\[1\]"),
    ([float("inf"), 1.0], r"sigmas\[0\]"),
    ([1.0, -0.5], r"sigmas\[1\]"),
    ([1.0, 2.0, 1.5], "both up and down"),
    ([0.0, 1.0], "start at 0"),
]


@pytest.mark.parametrize(("sigmas", "message"), BAD_SIGMAS)
def test_bad_sigmas_are_refused(sigmas, message):
    with pytest.raises(ValueError, match=message):
        sigmatic.samplers.table("euler", sigmas)


def test_flow_sigmas_end_at_one():
    with pytest.raises(ValueError, match="from 1 to 0"):
        sigmatic.samplers.table("euler", [14.6, 1.0, 0.0], space="flow")
    with pytest.raises(ValueError, match="space is 'vp'"):
        sigmatic.samplers.table("euler", [1.0, 0.0], space="vp")
    with pytest.raises(ValueError, match="one-dimensional"):
        sigmatic.samplers.table("euler", torch.ones(2, 2))


@pytest.mark.parametrize("name", [n for n in NAMES if sigmatic.samplers.get(n).stochastic])
def test_noise_on_the_way_up_is_refused(name):
    ode = sigmatic.samplers.get(name).ode
    way_out = [f"Set {p} to {value or 0}" for p, value in (ode or {}).items()]
    with pytest.raises(ValueError, match="|".join(way_out) or "only can on the way down"):
        sigmatic.samplers.table(name, [0.1, 1.0])
    if ode:
        assert sigmatic.samplers.table(name, [0.1, 1.0], **ode).noise == (0.0,)


def test_churn_on_the_way_up_is_refused():
    with pytest.raises(ValueError, match=r"s_churn is above 0: .* Set s_churn to 0"):
        sigmatic.samplers.table("euler", [0.1, 1.0], s_churn=5.0)


@pytest.mark.parametrize("name", NAMES)
def test_unknown_and_bad_params_are_refused(name):
    with pytest.raises(ValueError, match="no parameter 'etta'"):
        sigmatic.samplers.table(name, [1.0, 0.0], etta=1)
    for param in sigmatic.samplers.get(name).params:
        with pytest.raises(ValueError, match=param.name):
            sigmatic.samplers.table(name, [1.0, 0.0], **{param.name: -1.0})


@pytest.mark.parametrize("name", STOCHASTIC)
@pytest.mark.parametrize("eta", [0.3, 1.7, 5.0])
def test_every_eta_is_consistent(name, eta, space):
    sigmas = sigmatic.schedulers.sigmas("linear" if space == "flow" else "karras", 9, space=space)
    assert max(sigmatic.samplers.table(name, sigmas, space=space, eta=eta).noise) > 0


@settings(max_examples=50)
@example(values=[1e-4, math.nextafter(1e-4, 1)], name="ddpm_large", s_noise=1.0)
@given(
    values=st.lists(st.floats(2**-13, 200, width=32), min_size=2, max_size=12, unique=True),
    name=st.sampled_from(NAMES),
    s_noise=st.floats(0, 2),
)
def test_any_falling_list_has_a_table(values, name, s_noise):
    params = {"s_noise": s_noise} if sigmatic.samplers.get(name).stochastic else {}
    table = sigmatic.samplers.table(name, sorted(values, reverse=True), **params)
    assert table.evaluations >= len(table.rows)


@pytest.mark.parametrize("name", ODES)
def test_up_to_flow_one(name):
    """Rising to sigma = 1, where lam ends: finite rows."""
    params = sigmatic.samplers.get(name).ode
    table = sigmatic.samplers.table(name, [0.05, 0.3, 0.6, 0.9, 1.0], space="flow", **params)
    assert all(map(finite, table.rows))
    assert not any(table.noise)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("space", "sigmas"),
    [
        ("flow", [0.99999, 0.9999, 0.5, 0.1, 0.0]),
        ("ve", [1e5, 1e4, 5.0, 0.1, 0.0]),
        ("flow", [1.0, 0.999999, 0.9999, 0.5, 0.0]),
        ("ve", [3e4, 2.5e4, 10.0, 0.5, 0.0]),
    ],
)
def test_levels_before_noise_starts(name, space, sigmas):
    table = sigmatic.samplers.table(name, sigmas, space=space)
    for row in table.rows:
        assert max(len(stage.B) for stage in row.stages) == len(row.segments())


@pytest.mark.parametrize("name", STOCHASTIC)
@pytest.mark.parametrize("eta", [20.0, 100.0])
def test_the_largest_eta(name, eta, space):
    sigmas = [80.0, 10.0, 0.3, 0.01, 0.0] if space == "ve" else [1.0, 0.9, 0.2, 0.01, 0.0]
    assert max(sigmatic.samplers.table(name, sigmas, space=space, eta=eta).noise) > 0


def test_a_table_that_is_no_number_is_refused():
    row = tables.Row(2.0, 1.0, (tables.Stage(1.0, math.nan),))
    with pytest.raises(ArithmeticError):
        verify.check(tables.Table((row,), "ve"))


@pytest.mark.slow
@pytest.mark.parametrize("last", [16, pytest.param(60, marks=pytest.mark.thorough)])
@pytest.mark.parametrize("name", NAMES)
def test_every_step_count_is_finite(name, space, last):
    for steps in range(1, last + 1):
        table = sigmatic.samplers.table(name, sigmatic.schedulers.sigmas("simple", steps, space=space), space=space)
        assert all(map(finite, table.rows))


@pytest.mark.parametrize("schedule", ["logsnr_uniform", "karras", "arc"])
def test_arc_never_magnifies_what_a_network_rounds(schedule, space):
    for steps in (6, 50, 400):  # the last step to 0 is 70 times as long as those before it
        sigmas = sigmatic.schedulers.sigmas(schedule, steps, space=space)
        rows = sigmatic.samplers.table("arc", sigmas, space=space).rows
        assert max(sum(map(abs, row.stages[-1].w)) for row in rows) < 60
