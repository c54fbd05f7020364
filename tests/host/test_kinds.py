"""Kinds of models and shapes of latents, each host in its own Python: the samplers arrive at the data."""

import importlib.util
import json
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
_spec = importlib.util.spec_from_file_location("inhost", HERE.parents[1] / "benchmarks" / "inhost.py")
inhost = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(inhost)

HOSTS = inhost.hosts()


@pytest.mark.slow
@pytest.mark.skipif(not HOSTS, reason="no ComfyUI found: put one with a venv inside at ~/comfy/ComfyUI")
@pytest.mark.parametrize("folder", HOSTS, ids=lambda p: p.name)
def test_kinds(folder):
    done = inhost.run_inside(str(HERE / "kinds.py"), folder, capture_output=True, text=True)
    cases = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(cases) > 200
    assert not [c for c in cases if not right(c)]


def right(case: dict) -> bool:
    """Outside of the mask nothing changed; elsewhere the error falls with the steps, down to that of 8192 numbers."""
    if "same" in case:
        return case["same"]
    limit = max(0.05, 0.5 * abs(case["deviation"]))
    return case["finite"] and abs(case["mean"]) < 0.02 and abs(case["finer"]) < limit
