"""Detail and guidance over the run in a real ComfyUI, beside the nodes that it has for that."""


def test_guidance_and_detail_are_those_of_the_hosts_nodes(cases):
    """Bit-equal where nothing is set and where the host's node does the same; 1e-5 for a run by another formula."""
    found = cases("guided.py")
    assert len(found) > 50
    wrong = [case for case in found if not case["error"] <= (1e-5 if case["case"].startswith("near") else 0.0)]
    assert not wrong, wrong
