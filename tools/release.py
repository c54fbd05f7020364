"""Before a release: put the repository's address in, and look whether all that is published says the same.

python tools/release.py --address https://github.com/owner/name   # once, when there is one
python tools/release.py --tag v0.2.0                              # what the publishing workflows run first
"""

import argparse
import re
import sys
from pathlib import Path
from typing import Any

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
NOWHERE = "https://example.invalid/sigmatic"  # a name that can never be registered (RFC 2606)
PATHS = {
    ("project", "urls", "Repository"): "",
    ("project", "urls", "Documentation"): "/tree/HEAD/docs",
    ("project", "urls", "Issues"): "/issues",
    ("project", "urls", "Changelog"): "/blob/HEAD/CHANGELOG.md",
    ("tool", "comfy", "Icon"): "/raw/HEAD/docs/icon.png",
    ("tool", "comfy", "Banner"): "/raw/HEAD/docs/banner.png",
}
"""Every place in pyproject.toml with the repository's address, and what follows it there."""


def read(root: Path = ROOT) -> dict[str, Any]:
    """pyproject.toml."""
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))


def value(project: dict[str, Any], path: tuple[str, ...]) -> str:
    """What stands there, "" for nothing."""
    for key in path:
        project = project.get(key, {})
    return project if isinstance(project, str) else ""


def put_address(address: str, root: Path = ROOT) -> None:
    """Write the repository's `address` in place of the one that is there. ValueError if it is none."""
    if not re.fullmatch(r"https://[\w.-]+/[\w.-]+/[\w.-]*[\w-]", address) or address.endswith(".git"):
        raise ValueError(f"--address: got {address!r}; give https://HOST/OWNER/NAME, no .git or slash behind it")
    file = root / "pyproject.toml"
    before = value(read(root), ("project", "urls", "Repository"))
    file.write_text(file.read_text(encoding="utf-8").replace(f'"{before}', f'"{address}'), encoding="utf-8")


def problems(root: Path = ROOT, tag: str | None = None) -> list[str]:
    """What keeps this tree from being consistent and, with a `tag`, from being published under it."""
    project = read(root)
    version = project["project"]["version"]
    address = value(project, ("project", "urls", "Repository"))
    wrong = [
        f"pyproject.toml: {'.'.join(path)} is {value(project, path)!r}, not {address + rest!r}"
        for path, rest in PATHS.items()
        if value(project, path) != address + rest
    ]
    init = (root / "__init__.py").read_text(encoding="utf-8")
    if f'__version__ = "{version}"' not in init:
        wrong.append(f"__init__.py: __version__ is not pyproject's {version}")
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        wrong.append(f"pyproject.toml: version {version!r} is not X.Y.Z, which the registry wants")
    news = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    if f"## [{version}]" not in news:
        wrong.append(f"CHANGELOG.md: says nothing of {version}")
    if tag is None:
        return wrong
    if tag != f"v{version}":
        wrong.append(f"the tag is {tag}, the version {version}: the tag would be v{version}")
    if address == NOWHERE:
        wrong.append("pyproject.toml: no address yet; python tools/release.py --address https://github.com/OWNER/NAME")
    if not re.search(rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$", news, re.M):
        wrong.append(f"CHANGELOG.md: {version} has no date (## [{version}] - YYYY-MM-DD)")
    return wrong


def main() -> int:
    """Exit code 1 with a line for each problem."""
    parser = argparse.ArgumentParser(description="Put the address in, or check a release.")
    parser.add_argument("--address", help="the repository's, https://HOST/OWNER/NAME: written to pyproject.toml")
    parser.add_argument("--tag", help="check that this tree can be published under the tag")
    args = parser.parse_args()
    if args.address:
        put_address(args.address)
    wrong = problems(tag=args.tag)
    print(
        "\n".join(wrong) or f"sigmatic {read()['project']['version']}: ready", file=sys.stderr if wrong else sys.stdout
    )
    return int(bool(wrong))


if __name__ == "__main__":
    raise SystemExit(main())
