"""The reference of the library: a page a module, which mkdocstrings makes of the docstrings."""

import os
from pathlib import Path

import site_plots

ROOT = site_plots.ROOT
MODULES = {
    "samplers": "sigmatic.samplers",
    "schedulers": "sigmatic.schedulers",
    "recipes": "sigmatic.recipes",
    "profiles": "sigmatic.profiles",
    "noise": "sigmatic.core.noise.kinds",
    "adapters": "sigmatic.core.model.adapters",
    "guidance": "sigmatic.core.model.guidance",
    "discrete": "sigmatic.core.model.discrete",
    "spec": "sigmatic.core.spec",
    "table": "sigmatic.core.table",
}


def pages() -> dict[str, str]:
    """{path in the site: Markdown}."""
    return {f"api/{name}.md": f"# {module}\n\n::: {module}\n" for name, module in MODULES.items()}


def nav() -> list:
    """The entries of the menu."""
    return [{module: f"api/{name}.md"} for name, module in MODULES.items()]


def searched(folder: Path) -> str:
    """A folder in which the package is found by its name, whatever this checkout is called."""
    if ROOT.name == "sigmatic":
        return str(ROOT.parent)
    link = folder / "sigmatic"
    folder.mkdir(parents=True, exist_ok=True)
    if not (link.is_symlink() and link.resolve() == ROOT.resolve()):
        link.unlink(missing_ok=True)
        os.symlink(ROOT, link, target_is_directory=True)
    return str(folder)
