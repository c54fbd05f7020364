"""Picture and sound in one latent, on each host in its own Python."""

import pytest


@pytest.mark.slow
def test_streams(cases):
    found = cases("streams.py")
    assert found
    assert not [case for case in found if not case["right"]]
