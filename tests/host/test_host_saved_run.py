"""A run that was saved to a file goes on after a restart of the server, to the bit, with all samplers with a table."""

import shutil

import pytest
import torch

import sigmatic

STEPS, CUT = 30, 10
NOT_SPLIT = ("dpm_adaptive", "rk_adaptive", "ddpm_learned")
"""Those without a table, and one that is in no list of the host."""
SPLIT = [f"sig_{name}" for name in sigmatic.samplers.names() if name not in NOT_SPLIT]
SOME = ["sig_dpmpp_2m", "sig_dpmpp_3m_sde", "sig_euler_ancestral", "sig_ipndm", "sig_sa_solver_pece", "sig_uni_pc"]
"""Of one step and of many, with noise and without, with a prediction in between."""


def _run(graph, host, sampler, links, latent, **given):
    values = {"steps": STEPS, "sampler": sampler, "schedule": "sig_karras", **given}
    return graph.sigmatic(*links, latent, host.info, **values)


@pytest.mark.parametrize("samplers", [SOME, pytest.param(SPLIT, marks=pytest.mark.thorough)], ids=["some", "all"])
def test_after_a_restart_the_rest_is_the_whole_runs(host, start, graph, samplers):
    *links, latent = graph.demo(batch=3)
    wholes = []
    for sampler in samplers:
        wholes.append(graph.save(_run(graph, host, sampler, links, latent)))
        first = _run(graph, host, sampler, links, latent, end_at_step=CUT, return_with_leftover_noise=True)
        graph.add("SigmaticSaveRun", latent=first, filename_prefix=f"runs/{sampler}-restart")
    expected = host.latents(graph, *wholes)
    again = start()
    folder = again.base / "output" / "runs"
    folder.mkdir(parents=True)
    rest, ends = type(graph)(), []
    *links, _ = rest.demo()
    for sampler in samplers:
        (file,) = (host.base / "output" / "runs").glob(f"{sampler}-restart*.safetensors")
        shutil.copy(file, folder)
        loaded = rest.add("SigmaticLoadRun", run=f"runs/{file.name}", pictures="2, 0", go_on_anyway=False)
        ends.append(rest.save(_run(rest, again, sampler, links, loaded, start_at_step=CUT, add_noise=False)))
    for sampler, whole, end in zip(samplers, expected, again.latents(rest, *ends), strict=True):
        assert torch.equal(end, whole[[2, 0]]), sampler
