"""Parity with ComfyUI's own functions, each host in its own Python: same denoiser, same noise, same numbers."""


def test_parity(cases):
    found = cases("parity.py")
    assert len(found) > 50
    wrong = [case for case in found if not isinstance(case["error"], float) or case["error"] > limit(case["case"])]
    assert not wrong, wrong


def limit(case: str) -> float:
    """1e-5 for a whole run in float32; schedules agree to float32's rounding of their steps."""
    if case.startswith("inexact"):
        return 1e-3
    return 1e-6 if case.startswith("schedule") else 1e-5
