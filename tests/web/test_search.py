"""What the search for nodes finds first, typed into its box after a double click on the canvas."""

import pytest


def found(page, word):
    """The first names in the list."""
    page.tab.mouse.dblclick(900, 600)
    box = page.tab.get_by_role("combobox").last
    box.wait_for()
    box.press_sequentially(word)
    options = page.tab.locator("[role=listbox] [role=option]:not(.p-autocomplete-input-chip)")
    options.filter(has_text="Sigmatic KSampler").first.wait_for()
    page.tab.wait_for_timeout(500)
    texts = options.all_inner_texts()
    page.tab.keyboard.press("Escape")
    page.tab.keyboard.press("Escape")
    return [text.replace("\xa0", "\n").strip().splitlines()[0].strip() for text in texts]


@pytest.fixture
def names(page):
    """Finds a word's first names; whatever is open then is closed."""
    yield lambda word: found(page, word)
    page.load()


def test_sigmatic_finds_what_people_start_with(page, names):
    assert names("sigmatic")[:2] == ["Sigmatic KSampler", "Sigmatic Recipe"]


def test_ksampler_finds_ours_right_after_comfyuis_own(page, names):
    """Those whose names begin with the word fit better; of the others ours is the first."""
    listed = names("ksampler")
    assert listed[:3] == ["KSampler", "KSamplerSelect", "Sigmatic KSampler"], listed


def test_the_lists_of_these_nodes_stay_as_the_server_has_them(page):
    """They are made anew when the page asks the server again."""
    page.js("async () => { await app.refreshComboInNodes(); }")
    node = page.add("SigmaticKSampler", at=(420, 60))
    page.drawn(node)
    kinds = "([id]) => __node(id).widgets.find(({ name }) => name === 'sampler').options.values.includes('sig_heun')"
    assert page.js(kinds, [node])
