"""A saved workflow loads as it was, in every front end."""


def test_every_node_loads_every_value_unshifted(page, conftest):
    before, after = page.js(conftest.EVERY_NODE)
    assert after == before and len(before) >= 18
