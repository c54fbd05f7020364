"""On a GPU a run never waits for the device: the model's next call is queued while the last one is still computed."""

import pytest
import torch

import sigmatic

S = sigmatic.samplers
NAMES = [name for name in S.names() if not S.get(name).adaptive]  # adaptive ones look at their errors, once a try


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("name", NAMES)
def test_no_run_waits_for_the_device(name, space):
    sigmas = sigmatic.schedulers.sigmas("karras", 8, space=space, sigma_max=0.98 if space == "flow" else None)
    spec = S.get(name)

    def model(x, sigma):
        denoised = x * 0.5
        return S.Output(denoised, denoised, torch.zeros_like(x)) if spec.uncond or spec.learned else denoised

    def run(x):
        return S.sample(name, model, x, sigmas, space=space, seed=1, callback=lambda _: None, disable=True)

    x = torch.zeros(2, 4, 16, 16, device="cuda")
    run(x)  # what is done once (tables, streams, pinned memory) may wait
    before = torch.cuda.get_sync_debug_mode()
    torch.cuda.set_sync_debug_mode("error")
    try:
        run(x)
    finally:
        torch.cuda.set_sync_debug_mode(before)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_thresholding_does_not_wait_either():
    from sigmatic.core.model.thresholding import dynamic

    x = torch.randn(2, 3, 64, 64, device="cuda")
    dynamic(x)
    before = torch.cuda.get_sync_debug_mode()
    torch.cuda.set_sync_debug_mode("error")
    try:
        kept = dynamic(x)
    finally:
        torch.cuda.set_sync_debug_mode(before)
    assert kept.abs().max() <= 1
