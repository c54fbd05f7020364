"""A run that was saved to a file goes on after a restart of the server, to the bit, with all samplers with a table."""

import shutil

import torch

import sigmatic

STEPS, CUT = 30, 10
NOT_SPLIT = ("dpm_adaptive", "rk_adaptive", "ddpm_learned")
"""Those without a table, and one that is in no list of the host."""
SAMPLERS = [f"sig_{name}" for name in sigmatic.samplers.names() if name not in NOT_SPLIT]


def _run(graph, host, sampler, links, latent, **given):
    values = {"steps": STEPS, "sampler": sampler, "schedule": "sig_karras", **given}
    return graph.sigmatic(*links, latent, host.info, **values)


def test_after_a_restart_the_rest_is_the_whole_runs(host, start, graph):
    *links, latent = graph.demo(batch=3)
    wholes, prefix = [], "runs/restart"
    for sampler in SAMPLERS:
        wholes.append(graph.save(_run(graph, host, sampler, links, latent)))
        first = _run(graph, host, sampler, links, latent, end_at_step=CUT, return_with_leftover_noise=True)
        graph.add("SigmaticSaveRun", latent=first, filename_prefix=f"{prefix}_{sampler}_")
    expected = host.latents(graph, *wholes)
    again = start()
    folder = again.base / "output" / "runs"
    folder.mkdir(parents=True)
    rest, ends = type(graph)(), []
    *links, _ = rest.demo()
    for sampler in SAMPLERS:
        (file,) = (host.base / "output" / "runs").glob(f"restart_{sampler}_*.safetensors")
        shutil.copy(file, folder)
        loaded = rest.add("SigmaticLoadRun", run=f"runs/{file.name}", pictures="2, 0", go_on_anyway=False)
        ends.append(rest.save(_run(rest, again, sampler, links, loaded, start_at_step=CUT, add_noise=False)))
    for sampler, whole, end in zip(SAMPLERS, expected, again.latents(rest, *ends), strict=True):
        assert torch.equal(end, whole[[2, 0]]), sampler
