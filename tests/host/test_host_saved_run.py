"""A run that was saved to a file goes on after a restart of the server, to the bit, with all samplers with a table."""

import shutil

import pytest
import torch
from test_saved_run import SPLIT

STEPS, CUT = 30, 10
SOME = ["dpmpp_2m", "dpmpp_3m_sde", "euler_ancestral", "ipndm", "sa_solver_pece", "uni_pc"]
"""Of one step and of many, with noise and without, with a prediction in between."""


def _run(graph, host, sampler, links, latent, **given):
    values = {"steps": STEPS, "sampler": f"sig_{sampler}", "schedule": "sig_karras", **given}
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
