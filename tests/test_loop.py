"""What a run promises, for every sampler from its declaration alone."""

import pytest
import torch

import sigmatic
from sigmatic.demo.mixture import Mixture

NAMES = [n for n in sigmatic.samplers.names() if not sigmatic.samplers.get(n).adaptive]
SHAPE = (3, 4, 6)


class Model:
    """The mixture's denoiser, watching its calls."""

    def __init__(self, space="ve", shape=SHAPE):
        self.denoise = Mixture(shape).denoiser(space)
        self.calls = []

    def __call__(self, x, sigma, **extra_args):
        assert sigma.shape == (x.shape[0],)
        self.calls.append((x, x.clone(), sigma.clone(), extra_args))
        return self.denoise(x, sigma)


def start(space, batch=4, dtype=torch.float32, shape=SHAPE, steps=8):
    sigmas = sigmatic.schedulers.sigmas("karras", steps, space=space, sigma_max=0.98 if space == "flow" else None)
    x = Mixture(shape).noised(batch, float(sigmas[0]), space, seed=3)
    return x.to(dtype), sigmas


def run(name, model, x, sigmas, **options):
    return sigmatic.samplers.sample(name, full(name, model), x, sigmas, **{"disable": True, "seed": 7, **options})


def full(name, model):
    """The model with an unconditional prediction and a variance, for samplers that ask for them."""
    spec = sigmatic.samplers.get(name)

    def answer(x, sigma, **extra_args):
        denoised = model(x, sigma, **extra_args)
        return sigmatic.samplers.Output(denoised, denoised, torch.full_like(denoised, 0.5))

    return answer if spec.uncond or spec.learned else model


@pytest.mark.parametrize("name", NAMES)
def test_callback_and_calls(name, space):
    x, sigmas = start(space)
    model, reports = Model(space), []
    out = run(name, model, x, sigmas, space=space, callback=reports.append, extra_args={"cond": 5})
    assert out.shape == x.shape and out.dtype == x.dtype and torch.isfinite(out).all()
    assert [r["i"] for r in reports] == list(range(len(sigmas) - 1))
    for report, sigma in zip(reports, sigmas, strict=False):
        assert set(report) == {"x", "i", "sigma", "sigma_hat", "denoised"}
        assert report["sigma"] == sigma and report["x"].shape == report["denoised"].shape == x.shape
    assert len(model.calls) == sigmatic.samplers.table(name, sigmas, space=space).evaluations
    assert all(extra == {"cond": 5} for *_, extra in model.calls)
    firsts = [sigma[0] for _, _, sigma, _ in model.calls]
    assert all(any(sigma == first for first in firsts) for sigma in sigmas[:-1]), "the model sees the host's own sigmas"


@pytest.mark.parametrize("name", NAMES)
def test_nothing_handed_out_is_written_to(name, space):
    x, sigmas = start(space)
    before = x.clone()
    model, seen = Model(space), []
    kept = []

    def watch(report):
        kept.append((report["x"], report["x"].clone(), report["denoised"], report["denoised"].clone()))

    def keeping(x, sigma):
        out = model(x, sigma)
        seen.append((out, out.clone()))
        return out

    out = run(name, keeping, x, sigmas, space=space, callback=watch)
    assert torch.equal(x, before)
    assert all(torch.equal(then, now) for then, now, _, _ in model.calls)
    assert all(torch.equal(then, now) for then, now in seen)
    assert all(torch.equal(a, b) and torch.equal(c, d) for a, b, c, d in kept)
    out.add_(1)  # the result is the caller's own
    assert all(torch.equal(then, now) for then, now in seen)


@pytest.mark.parametrize("name", NAMES)
def test_an_item_of_a_batch_is_that_item_alone(name, space):
    x, sigmas = start(space, batch=8, dtype=torch.float64)  # the model's own rounding depends on the batch
    whole = run(name, Model(space), x, sigmas, space=space)
    alone = run(name, Model(space), x[3:4], sigmas, space=space, batch_index=[3])
    torch.testing.assert_close(alone[0], whole[3], rtol=1e-5, atol=1e-5)


def last_cut(name, sigmas, space):
    """Where a run to 0 may be cut last: some samplers make the steps before 0 another way, and must see it coming."""
    to_zero, open_end = (sigmatic.samplers.table(name, values, space=space).rows for values in (sigmas, sigmas[:-1]))
    same = [row == other for row, other in zip(to_zero, open_end, strict=False)]
    assert all(same[:4])
    return [*same, False].index(False)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("cut", [1, 4, 7])
def test_a_split_run_is_the_straight_run(name, cut, space):
    x, sigmas = start(space)
    cut = min(cut, last_cut(name, sigmas, space))
    straight = run(name, Model(space), x, sigmas, space=space)
    half, state = sigmatic.samplers.sample_with_state(
        name, full(name, Model(space)), x, sigmas[: cut + 1], space=space, seed=7, disable=True
    )
    rest = run(name, Model(space), half, sigmas[cut:], space=space, state=state)
    torch.testing.assert_close(rest, straight, rtol=1e-5, atol=1e-5)
    if sigmatic.samplers.get(name).history == 0:
        assert torch.equal(rest, run(name, Model(space), half, sigmas[cut:], space=space))


def test_a_state_of_another_run_is_refused():
    x, sigmas = start("ve")
    _, state = sigmatic.samplers.sample_with_state("dpmpp_2m", Model(), x, sigmas[:4], disable=True)
    model = Model()
    for name, begin, data, message in [
        ("dpmpp_3m_sde", 3, x, "sampler"),
        ("dpmpp_2m", 4, x, "sigma"),
        ("dpmpp_2m", 3, x[:2], "shape"),
    ]:
        with pytest.raises(ValueError, match=f"its {message} is"):
            run(name, model, data, sigmas[begin:], state=state)
    assert not model.calls


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(2, 5), (1, 4, 6, 8), (2, 3, 2, 4, 5), (1, 1, 40)])
def test_any_rank(name, shape, space):
    sigmas = sigmatic.schedulers.sigmas("karras", 3, space=space)
    x = torch.randn(shape) * sigmas[0]
    assert run(name, Model(space, shape[1:]), x, sigmas, space=space).shape == shape


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_dtype_in_is_dtype_out_and_state_is_float32(name, dtype):
    x, sigmas = start("ve", dtype=dtype)
    seen = []

    def model(x, sigma):
        seen.append(x.dtype)
        return x / (1 + sigma.to(x.dtype)[:, None, None, None] ** 2)

    out = run(name, model, x, sigmas)
    exact = run(name, lambda x, s: x / (1 + s[:, None, None, None] ** 2), x.float(), sigmas)
    assert out.dtype == dtype and set(seen) == {dtype}
    # The model itself rounds to dtype; single elements near 0 may be off by more than the whole.
    tolerance = {torch.float16: 5e-3, torch.bfloat16: 4e-2, torch.float64: 1e-5}[dtype]
    assert (out.float() - exact).norm() < tolerance * exact.norm()


@pytest.mark.parametrize("name", NAMES)
def test_memory_layout_does_not_matter(name):
    x, sigmas = start("ve")
    strided = x.transpose(1, 3).contiguous().transpose(1, 3)
    assert not strided.is_contiguous()
    torch.testing.assert_close(run(name, Model(), strided, sigmas), run(name, Model(), x, sigmas))


@pytest.mark.parametrize("name", NAMES)
def test_short_and_odd_schedules(name):
    x, sigmas = start("ve")
    model = Model()
    assert run(name, model, x, sigmas[:1]) is x and not model.calls
    assert torch.equal(run(name, model, x, [2.0, 2.0]), x) and not model.calls
    reports = []
    out = run(name, model, x, [2.0, 2.0, 1.0], callback=reports.append)
    assert [r["i"] for r in reports] == [0, 1] and torch.isfinite(out).all()
    torch.testing.assert_close(out, run(name, model, x, [2.0, 1.0]))


@pytest.mark.parametrize("name", [n for n in NAMES if not sigmatic.samplers.get(n).stochastic])
def test_there_and_back_again(name, space):
    """An ODE sampler runs up the schedule, too: what it un-does comes out again."""
    low, high = (0.05, 0.6) if space == "flow" else (0.05, 3.0)
    first = sigmatic.samplers.get(name).order == 1
    up = torch.logspace(*torch.tensor([low, high]).log10().tolist(), 800 if first else 400, dtype=torch.float64)
    clean = Mixture(SHAPE).noised(4, low, space, seed=5)
    noisy = run(name, Model(space), clean, up, space=space)
    back = run(name, Model(space), noisy, up.flip(0), space=space)
    assert (back - clean).abs().max() < (0.03 if first else 1e-3)
    assert (noisy - clean).abs().mean() > 0.1


@pytest.mark.parametrize("name", [n for n in NAMES if sigmatic.samplers.get(n).stochastic])
def test_noise_is_drawn_once_for_every_stretch(name, space):
    x, sigmas = start(space)
    asked = []

    def noise(sigma, sigma_next):
        asked.append((sigma, sigma_next))
        return torch.ones_like(x)

    run(name, Model(space), x, sigmas, space=space, noise=noise)
    assert asked == [pair for row in sigmatic.samplers.table(name, sigmas, space=space).rows for pair in row.segments()]
    whole = "tau_start" not in sigmatic.samplers.get(name).defaults  # which is an interval of noise
    assert len(set(asked)) == len(asked) >= (len(sigmas) - 2 if whole else 1)
    asked.clear()
    run(name, Model(space), x, sigmas, space=space, noise=noise, **(sigmatic.samplers.get(name).ode or {"s_noise": 0}))
    run(name, Model(space), x, sigmas, space=space, noise=noise, s_noise=0.0)
    assert asked == []


@pytest.mark.parametrize(("name", "twin"), [("euler_ancestral", "euler"), ("dpmpp_2m_sde", "dpmpp_2m")])
def test_eta_zero_is_the_ode_bit_for_bit(name, twin, space):
    x, sigmas = start(space)
    clock = {"clock": "log_snr"} if twin == "dpmpp_2m" else {}  # that of all that add noise
    ode = run(twin, Model(space), x, sigmas, space=space, **clock)
    assert torch.equal(run(name, Model(space), x, sigmas, space=space, eta=0.0), ode)


@pytest.mark.parametrize("name", [n for n in NAMES if sigmatic.samplers.get(n).stochastic])
def test_seeds(name):
    x, sigmas = start("ve")
    one, same, other = (run(name, Model(), x, sigmas, seed=seed) for seed in (1, 1, 2**32 + 1))
    assert torch.equal(one, same) and not torch.equal(one, other)


BAD = [
    ({"name": "dpmpp_2mm"}, ValueError, "did you mean"),
    ({"x": torch.ones(3)}, ValueError, r"\(B, ...\)"),
    ({"x": torch.ones(0, 3)}, ValueError, r"\(B, ...\)"),
    ({"x": torch.ones(2, 3, dtype=torch.long)}, TypeError, "floating-point"),
    ({"x": [1.0]}, TypeError, "floating-point"),
    ({"sigmas": torch.tensor([])}, ValueError, "empty"),
    ({"sigmas": torch.tensor([1.0, float("nan")])}, ValueError, r"sigmas\[1\]"),
    ({"sigmas": torch.tensor([1.0, 3.0, 2.0])}, ValueError, "both up and down"),
    ({"space": "vp"}, ValueError, "space"),
    ({"seed": -1}, ValueError, "seed is -1"),
    ({"seed": 2**64}, ValueError, "seed"),
    ({"seed": 0.5}, ValueError, "seed"),
    ({"batch_index": [0]}, ValueError, "batch_index"),
    ({"batch_index": [0, -1]}, ValueError, "batch_index"),
    ({"batch_index": [0.5, 1]}, ValueError, "batch_index"),
    ({"batch_index": 2}, ValueError, "batch_index"),
    ({"noise": "white"}, ValueError, "noise is 'white'"),
    ({"noise": sigmatic.noise.gaussian(torch.ones(1, 3), 0)}, ValueError, r"noise is for an x of shape \(1, 3\)"),
    ({"sigmas": None}, TypeError, "sigmas is None"),
    ({"sigmas": torch.ones(1, 2).numpy()}, ValueError, "sigmas has shape"),
    ({"state": "the last one"}, TypeError, "state is str"),
    ({"eta": -0.1}, ValueError, "eta is -0.1"),
    ({"s_noise": -1}, ValueError, "s_noise"),
    ({"etta": 1}, ValueError, "etta"),
]


@pytest.mark.parametrize(("change", "error", "message"), BAD)
def test_bad_input_is_refused_before_the_first_model_call(change, error, message):
    calls = []

    def model(x, sigma):
        calls.append(1)
        return x

    given = {"name": "euler_ancestral", "model": model, "x": torch.ones(2, 3), "sigmas": torch.tensor([2.0, 1.0, 0.0])}
    with pytest.raises(error, match=message):
        sigmatic.samplers.sample(**{**given, **change}, disable=True)
    assert not calls


@pytest.mark.parametrize("name", ["heun", "dpmpp_3m_sde", "dpm_adaptive"])
def test_what_a_model_returns_has_the_shape_of_x_or_is_refused(name):
    x, sigmas = start("ve")
    for shape in [(), (4, 6), (1, *SHAPE), (4, 1, 1, 6)]:  # one picture for all, say
        told = run(name, lambda x, sigma, shape=shape: torch.zeros(shape), x, sigmas)
        assert torch.equal(told, run(name, lambda x, sigma: torch.zeros_like(x), x, sigmas))
    for shape in [(8, *SHAPE), (2, *x.shape), (4, 6, 4, 6)]:
        with pytest.raises(ValueError, match="model returned shape"):
            run(name, lambda x, sigma, shape=shape: torch.zeros(shape), x, sigmas)
    with pytest.raises(TypeError, match="model returned NoneType"):
        run(name, lambda x, sigma: None, x, sigmas)


JUMPS = {"restarts": 1, "restart_min": 0.1, "restart_max": 2.0}


@pytest.mark.parametrize(("name", "params"), [("euler", JUMPS), ("dpmpp_sde", {}), ("dpm_adaptive", {"eta": 1.0})])
def test_noise_of_another_dtype_will_do(name, params):
    x, sigmas = start("ve")

    def draws(dtype):
        maker = torch.Generator().manual_seed(0)
        return lambda sigma, sigma_next: torch.randn(x.shape, generator=maker).to(dtype)

    out = run(name, Model(), x, sigmas, noise=draws(torch.float64), **params)
    assert torch.equal(out, run(name, Model(), x, sigmas, noise=draws(torch.float32), **params))
    with pytest.raises(TypeError, match="noise returned NoneType"):
        run(name, Model(), x, sigmas, noise=lambda sigma, sigma_next: None, **params)


def test_a_state_serves_a_run_of_another_dtype():
    x, sigmas = start("ve", dtype=torch.float64)
    half, state = sigmatic.samplers.sample_with_state("dpmpp_3m", Model(), x, sigmas[:5], disable=True)
    wide = run("dpmpp_3m", Model(), half, sigmas[4:], state=state)
    torch.testing.assert_close(run("dpmpp_3m", Model(), half.float(), sigmas[4:], state=state), wide.float())


def test_errors_of_the_model_come_out_unchanged():
    class Interrupt(Exception):
        pass

    def model(x, sigma):
        raise Interrupt

    with pytest.raises(Interrupt):
        sigmatic.samplers.sample("euler", model, torch.ones(1, 2), [1.0, 0.0], disable=True)


def test_memory_is_history_plus_stages_plus_two():
    """Latents alive at any model call: history + stages + 2 (the caller's own x not counted)."""
    import gc
    import weakref

    gc.collect()
    gc.freeze()  # what other tests left is not looked through at each call
    for name in NAMES:
        spec, alive, most, own = sigmatic.samplers.get(name), [], 0, torch.ones(1, 9)

        def watched(tensor, alive=alive):
            alive.append(weakref.ref(tensor))
            return tensor

        def model(x, sigma, watched=watched, alive=alive, own=own):
            nonlocal most
            watched(x)
            out = watched(x * 0.5)
            gc.collect()
            most = max(most, len({id(t) for ref in alive if (t := ref()) is not None and t is not own}))
            return out

        sigmas = sigmatic.schedulers.sigmas("karras", 6)
        sigmatic.samplers.sample(name, full(name, model), own, sigmas, disable=True)
        assert most <= spec.history + spec.evals_per_step + 2, name
    gc.unfreeze()


@pytest.mark.parametrize("name", NAMES)
def test_a_table_made_before_is_the_run(name, space):
    """Whole, and from a state on: nothing is built a second time, and nothing comes out otherwise."""
    x, sigmas = start(space)
    params = {"s_noise": 0.9} if "s_noise" in sigmatic.samplers.get(name).defaults else {}
    table = sigmatic.samplers.table(name, sigmas, space=space, **params)
    made = run(name, Model(space), x, sigmas, space=space, table=table)
    assert torch.equal(made, run(name, Model(space), x, sigmas, space=space, **params))
    half, state = sigmatic.samplers.sample_with_state(
        name, full(name, Model(space)), x, sigmas[:4], space=space, seed=7, disable=True, **params
    )
    rest = sigmatic.samplers.table(name, sigmas[3:], space=space, state=state, **params)
    again = run(name, Model(space), half, sigmas[3:], space=space, table=rest, state=state)
    assert torch.equal(again, run(name, Model(space), half, sigmas[3:], space=space, state=state, **params))


def test_a_table_of_another_run_is_refused():
    x, sigmas = start("ve")
    _, state = sigmatic.samplers.sample_with_state("dpmpp_2m", Model(), x, sigmas[:4], disable=True)
    model, table = Model(), sigmatic.samplers.table("dpmpp_2m", sigmas)
    late = sigmatic.samplers.table("dpmpp_2m", sigmas[3:])
    for values, options, message in [
        (sigmas[:-1], {"table": table}, "of another run"),
        (sigmas[3:], {"table": late, "state": state}, "of another run"),
        (sigmas, {"table": table, "restarts": 2}, "restarts too"),
    ]:
        with pytest.raises(ValueError, match=message):
            run("dpmpp_2m", model, x, values, **options)
    assert not model.calls
