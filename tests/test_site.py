"""The site is built without a warning; every page and picture that it points at is there, and nothing is fetched."""

import html.parser
import os
import shutil
import subprocess
import sys
import urllib.parse
from pathlib import Path

import pytest

import sigmatic

ROOT = Path(__file__).resolve().parents[1]
pytest.importorskip("mkdocs", reason="no MkDocs: make .venv/docs")
pytest.importorskip("material", reason="no MkDocs: make .venv/docs")
if shutil.which("node") is None:
    pytest.skip("no node found: apt-get install nodejs", allow_module_level=True)
pytestmark = pytest.mark.xdist_group("site")  # it is built once


class Page(html.parser.HTMLParser):
    """What a page points at, shows and can be pointed at by."""

    def __init__(self, text):
        super().__init__()
        self.links, self.fetched, self.ids, self.pictures, self.plots = [], [], set(), 0, 0
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.ids.add(given.get("id"))
        self.pictures += tag == "img" and "material" not in given.get("src", "")
        self.plots += tag == "polyline"
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag in ("img", "script", "link") and given.get("rel") not in ("canonical", "prev", "next"):
            self.fetched.append(given.get("src") or given.get("href") or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """{path of the file: its page}, and the folder."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return {path: Page(path.read_text("utf-8")) for path in folder.rglob("*.html")}, folder


def _target(folder, path, link):
    """(file, anchor) that a link on the page of a file leads to; None for one to elsewhere."""
    parts = urllib.parse.urlsplit(link)
    if parts.scheme or parts.netloc:
        return None
    place = path if not parts.path else (path.parent / urllib.parse.unquote(parts.path)).resolve()
    if parts.path.startswith("/"):
        place = folder / parts.path.lstrip("/")
    return (place / "index.html" if place.is_dir() else place), parts.fragment


def test_every_link_leads_somewhere(site):
    pages, folder = site
    lost = []
    for path, page in pages.items():
        if path.name == "404.html":
            continue  # its links begin at the root of a server
        for link in [*page.links, *page.fetched]:
            target = _target(folder, path, link)
            if target is None:
                continue
            file, anchor = target
            known = pages[file].ids if anchor and file in pages else {anchor}
            if not file.is_file() or anchor not in known | {"__skip"}:
                lost.append((path.relative_to(folder).as_posix(), link))
    assert not lost, lost[:20]
    assert sum(len(page.links) for page in pages.values()) > 20 * len(pages)


def test_nothing_is_fetched_from_elsewhere(site):
    pages, _ = site
    assert not [link for page in pages.values() for link in page.fetched if "://" in link]


@pytest.mark.parametrize("noun", ["samplers", "schedulers"])
def test_every_method_has_a_page_with_its_plot(site, noun):
    pages, folder = site
    registry, name = getattr(sigmatic, noun), {"schedulers": "schedules"}.get(noun, noun)
    listed = pages[folder / name / "index.html"].links
    for spec in map(registry.get, registry.names()):
        page = pages[folder / name / spec.name / "index.html"]
        assert page.plots >= 1 or getattr(spec, "learned", False), f"{spec.name}: no plot"
        assert f"{spec.name}/" in listed, f"{spec.name}: no link from the list"


def test_every_node_has_a_page_with_its_picture(site):
    pages, folder = site
    names = [path.stem for path in (ROOT / "web" / "docs").glob("Sigmatic*.md")]
    assert len(names) >= 20
    for name in names:
        assert pages[folder / "nodes" / name / "index.html"].pictures >= 2, f"{name}: the logo is the only picture"
    assert pages[folder / "nodes" / "index.html"].pictures > len(names)


def test_the_reference_has_what_is_public(site):
    _, folder = site
    for module in ("samplers", "schedulers", "recipes", "profiles"):
        text = (folder / "api" / module / "index.html").read_text("utf-8")
        for name in getattr(sigmatic, module).__all__:
            made = getattr(getattr(sigmatic, module), name)
            if callable(made) and made.__module__.startswith("sigmatic") and made.__doc__:
                assert f'id="sigmatic.{module}.{name}"' in text, f"{module}.{name}"
