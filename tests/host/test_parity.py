"""Parity with ComfyUI's own functions, each host in its own Python: same denoiser, same noise, same numbers."""

import importlib.util
import json
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
_spec = importlib.util.spec_from_file_location("inhost", HERE.parents[1] / "benchmarks" / "inhost.py")
inhost = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(inhost)

HOSTS = inhost.hosts()


@pytest.mark.skipif(not HOSTS, reason="no ComfyUI found: put one with a venv inside at ~/comfy/ComfyUI")
@pytest.mark.parametrize("folder", HOSTS, ids=lambda p: p.name)
def test_parity(folder):
    done = inhost.run_inside(str(HERE / "parity.py"), folder, capture_output=True, text=True)
    cases = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(cases) > 50
    wrong = [c for c in cases if not isinstance(c["error"], float) or c["error"] > limit(c["case"])]
    assert not wrong, wrong


def limit(case: str) -> float:
    """1e-5 for a whole run in float32; schedules agree to float32's rounding of their steps."""
    if case.startswith("inexact"):
        return 1e-3
    return 2e-6 if case.startswith("schedule") else 1e-5
