"""A real browser on ComfyUI's real page, in its old and new versions and both ways of drawing nodes."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from filelock import FileLock

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sigmatic" / "frontends"
OLDEST, MIDDLE, NEWEST = "1.27.10", "1.49.6", "1.58.1"
"""comfyui-frontend-package: that of ComfyUI 0.3.64, that of 0.33, the newest on PyPI."""
PAGES = [(OLDEST, "classic"), (MIDDLE, "classic"), (NEWEST, "classic"), (NEWEST, "vue")]
BETWEEN = PAGES[1:3]
"""Here run the tests that are marked `everywhere`, all with --thorough. Examples are opened on all there are anyway."""
NO_BROWSER = "no browser found: install Debian's chromium, or run `playwright install chromium`"
NO_FRONTEND = "ComfyUI's front end cannot be had from PyPI (offline?)"
FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
READY = "() => !!(window.app?.graph && app.canvas && LiteGraph.registered_node_types.SigmaticKSampler && \
app.extensionManager?.getSidebarTabs?.().some(({ id }) => id === 'sigmatic-browser'))"
DIALOG = "() => Boolean(document.querySelector('[role=dialog]'))"
NOT_OURS = ("Cannot read properties of undefined (reading 'id')",)  # 1.27.10 itself, on every load


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    """Say in one line, not in one a test, what is missing."""
    report = yield
    if report.skipped and any(why in str(report.longrepr) for why in (NO_BROWSER, NO_FRONTEND)):
        report.longrepr = (__file__, 1, report.longrepr[2])
    return report


def frontend(version):
    """The unpacked front end of that version, from the cache or PyPI."""
    static = CACHE / version / "comfyui_frontend_package" / "static"
    CACHE.mkdir(parents=True, exist_ok=True)
    with FileLock(CACHE / f"{version}.lock"):  # of several workers one fetches it
        if not (static / "index.html").exists():
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile"]
            command += ["--target", CACHE / version, f"comfyui-frontend-package=={version}"]
            if subprocess.run(command, check=False, timeout=300, capture_output=True).returncode:
                pytest.skip(NO_FRONTEND)
    return static


@pytest.fixture(scope="package")
def browser():
    """Chromium; ended with the tests of this folder, for Playwright keeps an event loop where others start theirs."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    with sync_api.sync_playwright() as playwright:
        names = ("chromium", "chromium-browser", "google-chrome", "chrome")
        found = next(filter(None, map(shutil.which, names)), playwright.chromium.executable_path)
        if not Path(found).exists():
            pytest.skip(NO_BROWSER)
        chromium = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def ports(browser):
    """{front end: port} of the test server."""
    versions = sorted({version for version, _ in PAGES})
    folders = [frontend(version) for version in versions]
    with subprocess.Popen(
        [sys.executable, HERE / "server.py", *folders], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        yield dict(zip(versions, json.loads(server.stdout.readline()), strict=True))
        server.terminate()


class Page:
    """A tab with ComfyUI's page, and shortcuts into it."""

    def __init__(self, browser, url, mode, settings=None):
        self.url, self.mode = url, mode
        self.errors = []
        self.context = browser.new_context(
            viewport={"width": 1400, "height": 900}, permissions=["clipboard-read", "clipboard-write"]
        )
        self.tab = self.context.new_page()
        self.tab.on("pageerror", lambda error: self.errors.append(str(error)))
        self.tab.set_default_timeout(20_000)
        self.settings(
            {
                "Comfy.TutorialCompleted": True,
                "Comfy.Workflow.Persist": False,
                "Comfy.VueNodes.Enabled": mode == "vue",
                **(settings or {}),
            }
        )
        self.load()

    def settings(self, values):
        """Set settings on the server."""
        for name, value in values.items():
            request = urllib.request.Request(f"{self.url}/api/settings/{name}", json.dumps(value).encode())
            request.add_header("Content-Type", "application/json")
            urllib.request.urlopen(request, timeout=10).read()

    def load(self):
        """Load the page (anew)."""
        self.tab.goto(self.url, wait_until="domcontentloaded", timeout=240_000)
        self.tab.wait_for_function(READY, timeout=240_000)
        empty = {"version": 0.4, "last_node_id": 0, "last_link_id": 0, "nodes": [], "links": [], "groups": []}
        self.js("(graph) => app.loadGraphData(graph)", empty)  # 1.27.10 has no workflow before
        self.until("() => app.extensionManager.workflow.activeWorkflow")
        self.js(HELPERS)

    def js(self, code, argument=None):
        """Run JavaScript in the page."""
        return self.tab.evaluate(code, argument)

    def until(self, code, argument=None):
        """Wait until a JavaScript expression is true."""
        self.tab.wait_for_function(code, arg=argument)

    def clear(self):
        """An empty graph at zoom 1."""
        self.js("() => { app.graph.clear(); app.canvas.ds.scale = 1; app.canvas.ds.offset = [0, 0]; }")
        self.until("() => !document.querySelector('.sigmatic-plot')")

    def add(self, kind, at=(80, 120), size=(340, 0), **widgets):
        """Add a node; return its id as text. A KSampler of ours has noise in its steps, unless told otherwise.

        No id comes twice while the page is open: 1.49.6 gives a new node the values of an earlier one of its id.
        """
        if kind == "SigmaticKSampler":
            widgets = {"sampler": "sig_dpmpp_2m_sde", "schedule": "sig_karras", **widgets}
        return self.js(
            """([kind, at, size, widgets]) => {
                const node = LiteGraph.createNode(kind);
                node.pos = at;
                window.__last = app.graph.last_node_id = Math.max(window.__last ?? 1000, app.graph.last_node_id);
                app.graph.add(node);
                window.__last = app.graph.last_node_id;
                for (const [name, value] of Object.entries(widgets)) {
                    const widget = node.widgets.find((one) => one.name === name);
                    widget.value = value;
                    widget.callback?.(value);
                }
                node.setSize([Math.max(size[0], node.size[0]), Math.max(size[1], node.computeSize()[1])]);
                return String(node.id);
            }""",
            [kind, list(at), list(size), widgets],
        )

    def set(self, node, name, value):
        """Set a widget as the page's own controls do."""
        self.js(
            """([id, name, value]) => {
                const widget = __node(id).widgets.find((one) => one.name === name);
                widget.value = value;
                widget.callback?.(value, app.canvas, __node(id));
            }""",
            [node, name, value],
        )

    def checkpoint(self):
        """Let the page note a state to come back to."""
        self.js(
            """() => { const tracker = app.extensionManager.workflow.activeWorkflow.changeTracker;
                (tracker.captureCanvasState ?? tracker.checkState).call(tracker); }"""
        )
        time.sleep(0.2)  # 1.58.1 takes what follows within 50 ms for part of the same change

    def says(self, node):
        """The description of the node's plot for those who cannot see it."""
        return self.js("(id) => __plot(id)?.querySelector('svg')?.getAttribute('aria-label') ?? ''", node)

    def shape(self, node):
        """What is drawn on the node."""
        return self.js("(id) => __plot(id)?.querySelector('svg')?.innerHTML ?? ''", node)

    def edit(self, node, curve):
        """Open the plot's editor on one of the node's curves."""
        self.drawn(node)
        self.js(
            """([id, curve]) => { const list = __plot(id).querySelector("select[aria-label^='Curve']");
                list.value = curve; list.dispatchEvent(new Event('change')); }""",
            [node, curve],
        )
        self.until("(id) => __plot(id).querySelector('.curve .picture svg')?.childElementCount > 2", node)
        self.js("() => app.canvas.setDirty(true, true)")
        self.tab.wait_for_timeout(300)

    def sink(self, node):
        """Put a node into a subgraph and go there; return its id in it. Only `load` leads out again."""
        if not self.js("() => Boolean(app.graph.convertToSubgraph)"):
            pytest.skip("no subgraphs in this front end")
        return self.js(SINK, node)

    def drawn(self, node, text=""):
        """Wait until the node's plot is in the page, says `text` and shows something."""
        shows = """([id, text]) => { const svg = __plot(id)?.querySelector('svg');
            return svg?.isConnected && svg.childElementCount > 3 && svg.getAttribute('aria-label').includes(text); }"""
        try:
            self.until(shows, [node, text])
        except Exception as error:
            box = self.js("(id) => JSON.stringify(__plot(id)?.getBoundingClientRect() ?? null)", node)
            raise AssertionError(f"no plot with {text!r}, but {self.says(node)!r} in {box}; {self.errors}") from error
        return self.says(node)


SINK = """(id) => { app.canvas.selectNode(__node(id)); app.graph.convertToSubgraph(app.canvas.selectedItems);
    const outer = app.graph._nodes.find((node) => node.subgraph);
    app.canvas.openSubgraph(outer.subgraph, outer);
    window.__node = (id) => app.canvas.graph._nodes.find((node) => String(node.id) === String(id));
    return String(outer.subgraph._nodes[0].id); }"""

EVERY_NODE = """async () => {
    // one node of each kind of ours, every widget at something else than it begins with; saved, and loaded again
    const other = (widget) => {
        const { value, options } = widget, list = options?.values;
        if (Array.isArray(list)) return list.find((one) => one !== value) ?? value;
        if (typeof value === 'boolean') return !value;
        if (typeof value === 'number') return value + 1 <= (options?.max ?? Infinity) ? value + 1 : value - 0.5;
        return widget.name + ' of mine';
    };
    const kinds = Object.keys(LiteGraph.registered_node_types).filter((kind) => kind.startsWith('Sigmatic'));
    const valued = ({ name, type }) => !['plot', 'results'].includes(name) && type !== 'button';
    const named = (node) =>
        (node.widgets ?? []).filter(valued).map(({ name, value }) => [name, value]);
    const before = {}, after = {};
    for (const [i, kind] of kinds.entries()) {
        const node = LiteGraph.createNode(kind);
        node.pos = [(i % 6) * 400, Math.floor(i / 6) * 700];
        app.graph.add(node);
        for (const widget of node.widgets ?? []) if (valued(widget)) widget.value = other(widget);
        before[kind] = named(node);
    }
    const saved = JSON.parse(JSON.stringify(app.graph.serialize()));
    const old = saved.nodes.find(({ type }) => type === 'SigmaticSchedule');
    const last = named(app.graph.getNodeById(old.id)).length - 1;
    old.widgets_values.length = last; // from before it had its last one
    before.SigmaticSchedule.at(-1)[1] = '';
    await app.loadGraphData(saved);
    for (const node of app.graph._nodes) after[node.type] = named(node);
    return [before, after];
}"""

HELPERS = """() => {
    window.__node = (id) => app.graph._nodes.find((node) => String(node.id) === String(id));
    window.__plot = (id) => __node(id)?.widgets?.find((widget) => widget.name === 'plot')?.element;
}"""


@pytest.fixture(
    scope="package",
    params=[pytest.param(page, marks=[pytest.mark.between] * (page in BETWEEN)) for page in PAGES],
    ids="-".join,
)
def opened(request, browser, ports):
    """A page that stays open for all tests of one front end."""
    version, mode = request.param
    page = Page(browser, f"http://127.0.0.1:{ports[version]}", mode)
    page.version = version
    yield page
    page.context.close()


@pytest.fixture(scope="package")
def hosts_opened(host, browser):
    """The page of a running host with the front end that it comes with, drawn on its canvas; open for all tests."""
    page = Page(browser, f"http://127.0.0.1:{host.port}", "classic")
    yield page
    page.context.close()


@pytest.fixture
def hosts_page(hosts_opened):
    """That page, with no dialog over it: 1.27.10 names the nodes that a workflow has and the host lacks in one."""
    if hosts_opened.js(DIALOG):
        hosts_opened.tab.keyboard.press("Escape")
        hosts_opened.until(f"() => !({DIALOG})()")
    return hosts_opened


@pytest.fixture
def page(opened):
    """That page with an empty graph; a test that leaves an error of ours behind has failed."""
    if opened.js(DIALOG):
        opened.load()  # what a failed test left open would fail those after it, too
    opened.js(HELPERS)
    opened.clear()
    opened.errors.clear()
    yield opened
    ours = [error for error in opened.errors if error not in NOT_OURS]
    assert not ours, ours


@pytest.fixture
def panel(page):
    """The sampler browser, open."""
    toggle = "() => app.extensionManager.sidebarTab.toggleSidebarTab('sigmatic-browser')"
    page.js(toggle)
    panel = page.tab.locator(".sigmatic-browser")
    panel.wait_for()
    yield panel
    page.js(toggle)


@pytest.fixture(scope="session")
def conftest():
    """This file, for what tests share."""
    return sys.modules[__name__]


@pytest.fixture(scope="session")
def doc_pictures(root):
    """tools/pictures.py: what keeps the pictures of the project, and knows the texts that they show."""
    spec = importlib.util.spec_from_file_location("sigmatic_pictures", root / "tools" / "pictures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
