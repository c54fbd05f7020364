"""benchmarks/regret.py on the engine of sweeps: the same lines as in one process, also where it was stopped."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from servers import HOW, inhost

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ray")]
ROOT = Path(__file__).resolve().parents[1]


def regret(kept, cells, *more):
    """{file: its bytes} after so many cells of the mixture."""
    command = [sys.executable, "benchmarks/regret.py", "--only", "mixture-1-flow", "--kept", str(kept)]
    env = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    run = subprocess.run(
        [*command, "--cells", str(cells), *more], cwd=ROOT, capture_output=True, text=True, timeout=900, env=env
    )
    assert run.returncode == 0, run.stderr[-3000:]
    return {path.name: path.read_bytes() for path in kept.glob("*.jsonl")}


@pytest.mark.thorough
def test_workers_on_ray_write_the_same_lines(tmp_path):
    pytest.importorskip("ray", reason="needs the extra sweep")
    if not inhost.hosts():
        pytest.skip(HOW)
    alone = regret(tmp_path / "alone", 9, "--stage", "screen")
    (lines,) = alone.values()
    assert lines.count(b"\n") == 9 and b"[" in lines
    regret(tmp_path / "ray", 4, "--stage", "screen", "--ray", "--workers", "2")
    assert regret(tmp_path / "ray", 5, "--stage", "screen", "--ray", "--workers", "2") == alone
