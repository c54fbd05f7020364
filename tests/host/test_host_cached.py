"""Samplers under the host's own caches, EasyCache and LazyCache, in a real ComfyUI."""


def test_no_answer_from_memory_gets_into_a_samplers_memory(cases):
    """With no more calls than ComfyUI's Euler: no farther off than that, and at most .8 of where nothing is done."""
    found = cases("cached.py")
    assert len(found) == 32
    for case in found:
        ours, _, eulers = case["calls"]
        assert ours <= eulers < 20, case
        assert case["ours"] <= case["euler"] and case["ours"] <= 0.8 * case["without"], case
