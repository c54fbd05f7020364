"""What MkDocs asks for: the pages that are made from the code, and links from docs/ into the rest of the project."""

import os
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import site_library  # noqa: E402 - found by the line above
import site_methods  # noqa: E402
import site_nodes  # noqa: E402
import site_plots  # noqa: E402
from mkdocs.structure.files import File  # noqa: E402

ROOT = HERE.parents[1]
NOWHERE = "example.invalid"
WIDE = ("recipes.md", "quality.md", "samplers.md", "schedules.md")
LINK = re.compile(r"(\]\()([^)#\s]+)(#[^)\s]*)?\)")


def on_config(config):
    """The parts of the menu that are made, the address of the project, where the package is."""
    made = {
        "NODES": site_nodes.nav,
        "SAMPLERS": lambda: site_methods.nav("samplers"),
        "SCHEDULES": lambda: site_methods.nav("schedules"),
        "API": site_library.nav,
    }
    config.nav = _filled(config.nav, made)
    config.extra["repository"] = _address()
    if NOWHERE not in _address():
        config.repo_url = _address()
    python = config.plugins["mkdocstrings"].config["handlers"].setdefault("python", {})
    python["paths"] = [site_library.searched(ROOT / "build" / "package")]
    return config


def _filled(nav: list, made: dict) -> list:
    out = []
    for entry in nav:
        if isinstance(entry, str) and entry in made:
            out += made[entry]()
        elif isinstance(entry, dict):
            out.append({title: _filled(one, made) if isinstance(one, list) else one for title, one in entry.items()})
        else:
            out.append(entry)
    return out


def _address() -> str:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return re.search(r'^Repository = "(.+?)"', text, re.M)[1]


def on_files(files, config):
    """Everything that no file in docs/ holds."""
    made = {"index.md": (ROOT / "README.md").read_text(encoding="utf-8"), "plot.css": site_plots.styles()}
    made |= site_nodes.pages() | site_library.pages()
    made |= site_methods.pages("samplers") | site_methods.pages("schedules")
    for path, content in made.items():
        files.append(File.generated(config, path, content=content))
    for path, source in site_nodes.beside().items():
        files.append(File.generated(config, path, abs_src_path=str(source)))
    return files


def on_page_markdown(markdown, page, config, files):
    """Links that lead out of the site go to the project's address; names in the lists lead to their pages."""
    path = page.file.src_uri
    if path in ("samplers.md", "schedules.md"):
        markdown = site_methods.linked(path.removesuffix(".md"), markdown)
    if path in WIDE:
        page.meta["hide"] = ["toc"]
    if path == "recipes.md":
        markdown = markdown.replace("\n\n", f"\n\n{site_methods.recipes()}\n\n", 1)
    folder = ROOT if path == "index.md" else ROOT / "docs" / Path(path).parent

    def moved(link: re.Match) -> str:
        opening, target, anchor = link[1], link[2], link[3] or ""
        if target.startswith("repository:"):
            return f"{opening}{_blob(config, target.removeprefix('repository:'))}{anchor})"
        if "://" in target or target.startswith("mailto:"):
            return link[0]
        place = (folder / target).resolve()
        made = _page_of(place)
        if made:
            return f"{opening}{os.path.relpath(made, Path(path).parent)}{anchor})"
        if place.exists() and not place.is_relative_to(ROOT / "docs"):
            return f"{opening}{_blob(config, place.relative_to(ROOT).as_posix())}{anchor})"
        return link[0]

    return LINK.sub(moved, markdown)


def _page_of(place: Path) -> str | None:
    """The page of the site that a file of the project has become."""
    if place == ROOT / "README.md":
        return "index.md"
    if place.is_relative_to(ROOT / "docs"):
        return place.relative_to(ROOT / "docs").as_posix()
    if place.parent == site_nodes.HELP and place.suffix == ".md":
        return f"nodes/{place.name}"
    module = ".".join(("sigmatic", *place.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")
    names = [name for name, one in site_library.MODULES.items() if one == module]
    return f"api/{names[0]}.md" if names else None


def _blob(config, path: str) -> str:
    return f"{config.extra['repository']}/blob/HEAD/{path}"
