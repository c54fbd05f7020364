"""Families of models on each host, in its own Python: what sig_auto recognises."""


def test_every_family_gets_its_recipe(cases):
    found = cases("families.py")
    assert len(found) > 100
    assert not [case for case in found if case["got"] != case["wanted"] or not case["fine"]]
