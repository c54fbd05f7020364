"""Kinds of models and shapes of latents, each host in its own Python: the samplers arrive at the data."""

import pytest


@pytest.mark.slow
def test_kinds(cases):
    found = cases("kinds.py")
    assert len(found) > 200
    assert not [case for case in found if not right(case)]


def right(case: dict) -> bool:
    """Outside of the mask nothing changed; elsewhere the error falls with the steps, down to that of 8192 numbers."""
    if "same" in case:
        return case["same"]
    limit = max(0.05, 0.5 * abs(case["deviation"]))
    return case["finite"] and abs(case["mean"]) < 0.02 and abs(case["finer"]) < limit
