"""The model's answers are watched: at once on the CPU, without waiting on a GPU (here one that is played)."""

import pytest
import torch
from fakehost.host import Pack, fake_host

SIGMAS = (4.0, 3.0, 2.0, 1.0, 0.0)


@pytest.fixture(scope="module")
def pack():
    """All nodes on the stand-in, for all tests of this file: none of them changes it."""
    with fake_host() as module:
        yield Pack(module)


@pytest.mark.parametrize("at_once", [True, False])
def test_a_number_that_is_none_is_named(pack, at_once):
    sentinel = pack.part("host.watched_model").Sentinel
    sigmas, calls = (4.0, 3.0, 2.0, 1.0, 0.0), []

    def model(x, sigma):
        calls.append(1)
        return x * (float("nan") if len(calls) == 3 else 1.0)

    watch = sentinel(model, "heun", sigmas, at_once)
    with pytest.raises(RuntimeError, match=r"sig_heun: .*step 3 of 4, sigma 2\. The model made it"):
        for sigma in sigmas[:4]:
            watch(torch.ones(1, 4), torch.tensor([sigma]))
        watch.finish(torch.ones(1, 4))
    assert len(calls) == (3 if at_once else 4)
    for bad, place, says in ((float("inf"), 0, "started from"), (float("nan"), 2, "The sampler made it")):
        watch = sentinel(lambda x, sigma: x, "heun", sigmas, at_once)
        with pytest.raises(RuntimeError, match=says):
            for i, sigma in enumerate(sigmas[:4]):
                watch(torch.full((1, 4), bad if i == place else 1.0), torch.tensor([sigma]))
            watch.finish(torch.ones(1, 4))
    watch = sentinel(lambda x, sigma: x, "heun", sigmas, at_once)
    watch(torch.full((1, 4), 3e38), torch.tensor([4.0]))
    if at_once:
        assert watch.finish(torch.full((1, 4), 3e38)).isfinite().all(), "large is not infinite"
    with pytest.raises(RuntimeError, match="sampler"):
        watch.finish(torch.tensor([[1.0, float("nan")]]))


def test_a_sick_model_stops_the_run_in_words(pack):
    model = pack.run("SigmaticDemoModel", model="mixture")
    model.model.diffusion_model.forward = lambda x, t, **_: x * float("nan")
    with pytest.raises(RuntimeError, match=r"sampler sig_heun: .* step 1 of 6, sigma 14\.\d+\. The model made it"):
        pack.line(sampler="sig_heun", model=model)


class Queue:
    """A device that does its work when it is told to, in order: sums arrive late, and are something else before."""

    def __init__(self):
        self.work, self.done, self.waited = [], 0, 0

    def sums(self, x, out):
        """In the place of the sums on a GPU."""
        sums = Late(self, len(self.work) + 1)
        self.work.append(lambda: sums.values.extend([float(x.sum()), float(out.sum())]))
        return sums

    def run(self, count):
        """Do `count` pieces of work."""
        for _ in range(min(count, len(self.work) - self.done)):
            self.work[self.done]()
            self.done += 1


class Late:
    """Sums that are there when the queue has come to their place."""

    def __init__(self, queue, place):
        self.queue, self.place, self.values = queue, place, []

    def arrived(self):
        """Whether they are there; never waits."""
        return self.queue.done >= self.place

    def read(self):
        """Wait for them."""
        self.queue.waited += not self.arrived()
        self.queue.run(self.place - self.queue.done)
        return self.values


@pytest.fixture
def watched(pack):
    """watched(model, lag) -> (what a run on a device that lags so many evaluations behind raises, calls, waits)."""
    sentinel = pack.part("host.watched_model").Sentinel

    def run(model, lag, start=1.0):
        queue, calls = Queue(), []

        def counted(x, sigma):
            calls.append(queue.waited)
            queue.run(1 if len(calls) > lag else 0)
            return model(x, len(calls))

        watch = sentinel(counted, "heun", SIGMAS, at_once=False, sums=queue.sums)
        x, error = torch.full((1, 4), start), None
        try:
            for sigma in SIGMAS[:4]:
                x = watch(x, torch.tensor([sigma]))
            watch.finish(x)
        except RuntimeError as raised:
            error = str(raised)
        assert not any(calls), "the host waited for the device in the middle of the run"
        return error, len(calls), queue.waited

    return run


@pytest.mark.parametrize("lag", [0, 1, 2, 100])
def test_a_device_is_never_waited_for_before_the_end(watched, lag):
    """A healthy run passes however far the device lags behind: what has not arrived is not read."""
    error, calls, _ = watched(lambda x, call: x, lag)
    assert error is None and calls == 4


@pytest.mark.parametrize("lag", [0, 1, 2, 100])
def test_what_a_device_finds_late_is_named_all_the_same(watched, lag):
    """Step, sigma and who: the model at the second step; found as soon as the device says so."""
    error, calls, _ = watched(lambda x, call: x * (float("nan") if call == 2 else 1.0), lag)
    assert "sig_heun" in error and "step 2 of 4, sigma 3." in error and "The model made it" in error
    assert calls == min(4, max(3, 2 + lag))
    error, _, _ = watched(lambda x, call: x, lag, start=float("nan"))
    assert "step 1 of 4, sigma 4." in error and "started from" in error


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_nothing_waits(pack):
    """Under PyTorch's own check, which makes a synchronization an error."""
    sentinel = pack.part("host.watched_model").Sentinel
    for bad in (None, 2):
        calls, sigmas = [], [torch.tensor([sigma], device="cuda") for sigma in SIGMAS[:4]]

        def model(x, sigma, bad=bad, calls=calls):
            calls.append(1)
            return x * (float("nan") if len(calls) == bad else 1.0)

        watch, x, error = sentinel(model, "heun", SIGMAS, at_once=False), torch.ones(1, 4, device="cuda"), ""
        try:
            torch.cuda.set_sync_debug_mode("error")
            for sigma in sigmas:
                x = watch(x, sigma)
            torch.cuda.set_sync_debug_mode("default")
            watch.finish(x)
        except RuntimeError as raised:
            error = str(raised)
        finally:
            torch.cuda.set_sync_debug_mode("default")
        assert ("step 2 of 4, sigma 3. The model made it" in error) if bad else error == ""
