"""What the browser finds things by: models of recipes, ends that are real names, sketches that are pictures."""

import json

import pytest


@pytest.fixture
def catalogue(pack):
    return pack.part("page.answer").catalogue()


def test_every_name_in_an_end_is_there(pack):
    purposes, registries = (
        pack.part("page.purposes"),
        (pack.part("page.answer").samplers, pack.part("page.answer").schedulers),
    )
    for end, lists in purposes.ENDS.items():
        for names, registry in zip(lists, registries, strict=True):
            assert set(names.split()) <= set(registry.names()), end


def test_what_recipes_use_is_found_by_their_models(catalogue):
    by_name = {entry["name"]: entry for entry in catalogue["samplers"]}
    assert {"flux", "sdxl", "video"} <= set(by_name["sig_euler"]["purposes"])
    assert "turbo" in by_name["sig_lcm"]["purposes"] and "Wan 2.1" in by_name["sig_uni_pc_bh2"]["recipes"]
    assert "flux" not in by_name["sig_rk4"]["purposes"]
    assert set(by_name["sig_auto"]["recipes"]) > set(by_name["sig_euler"]["recipes"])
    for kind in ("flux", "sdxl", "sd", "video", "turbo", "anime", "few steps", "sharp", "calm"):
        for entries in catalogue.values():
            assert any(kind in entry["purposes"] for entry in entries), kind


def test_sketches_show_what_the_declaration_says(catalogue):
    json.dumps(catalogue, allow_nan=False)
    for entry in catalogue["samplers"]:
        sketch = entry["sketch"]
        if sketch is None:
            assert entry["name"] == "sig_auto" or entry["adaptive"]
            continue
        assert len(sketch["noise"]) == len(sketch["evaluations"]) == len(sketch["levels"]) - 1
        assert any(sketch["noise"]) == bool(entry["stochastic"]), entry["name"]
        assert all(0 <= height <= 1 for height in (*sketch["levels"], *sketch["noise"]))
    levels = {entry["name"]: entry["sketch"]["levels"] for entry in catalogue["schedules"] if entry["sketch"]}
    for name, heights in levels.items():
        assert heights == sorted(heights, reverse=True) and heights[0] == 1 and heights[-1] == 0, name
    assert len({tuple(heights) for heights in levels.values()}) > 0.7 * len(levels)
