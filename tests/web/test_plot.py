"""The plot on the nodes, in a real browser."""

NODES = ("SigmaticKSampler", "SigmaticSampler", "SigmaticSchedule")


def test_every_plotted_node_shows_its_plot(page):
    for i, kind in enumerate(NODES):
        node = page.add(kind, at=(60 + 400 * i, 100))
        assert "20 steps" in page.drawn(node)
        assert "Stable Diffusion" in page.says(node)


def test_eta_moves_the_plot_and_its_words(page):
    node = page.add("SigmaticKSampler")
    words, shape = page.drawn(node, "eta 1."), page.shape(node)
    page.set(node, "eta", 0.25)
    assert page.drawn(node, "eta 0.25") != words
    assert page.shape(node) != shape
