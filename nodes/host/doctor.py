"""`python -m sigmatic doctor`: whether a ComfyUI has what the pack needs, by reading its files. Nothing of it runs."""

from __future__ import annotations

import argparse
import ast
import re
from pathlib import Path

from . import needs


class Sources:
    """The source of a host, asked for modules and for names in them.

    A name counts as there where it is defined or imported at a module's top (in `if` and `try`, too), or in a class or
    one of its bases; what is made by calling something is taken to have whatever is asked of it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._trees: dict[str, ast.Module | None] = {}

    def has(self, module: str, name: str) -> bool:
        """As `needs.loaded`, without loading."""
        if not name:
            return self._tree(module) is not None
        return self._in_module(module, name.split("."))

    def _file(self, module: str) -> Path | None:
        base = self.folder.joinpath(*module.split("."))
        return next((p for p in (base / "__init__.py", base.with_suffix(".py")) if p.is_file()), None)

    def _tree(self, module: str) -> ast.Module | None:
        if module not in self._trees:
            file = self._file(module)
            try:
                self._trees[module] = file and ast.parse(file.read_text(encoding="utf-8"))
            except SyntaxError:  # newer Python than ours: nothing can be said of it but that it is there
                self._trees[module] = ast.Module([], [])
        return self._trees[module]

    def _in_module(self, module: str, path: list[str]) -> bool:
        """Whether module.path[0].path[1]... is there."""
        tree = self._tree(module)
        if tree is None:
            return False
        if not path or self._in_body(module, tree.body, path):
            return True
        return self._tree(f"{module}.{path[0]}") is not None and self._in_module(f"{module}.{path[0]}", path[1:])

    def _in_body(self, module: str, body: list[ast.stmt], path: list[str]) -> bool:
        return any(self._by(module, statement, path) for statement in _flat(body))

    def _by(self, module: str, statement: ast.stmt, path: list[str]) -> bool:
        """Whether this statement makes path[0], and that has the rest."""
        first, rest = path[0], path[1:]
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return statement.name == first
        if isinstance(statement, ast.ClassDef):
            return statement.name == first and (not rest or self._in_class(module, statement, rest))
        if isinstance(statement, (ast.Assign, ast.AnnAssign)):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            return any(isinstance(target, ast.Name) and target.id == first for target in targets)
        if isinstance(statement, ast.Import):
            return any((one.asname or one.name.split(".")[0]) == first for one in statement.names)
        if isinstance(statement, ast.ImportFrom):
            source = self._source(module, statement)
            for one in statement.names:
                if one.name == "*" and self._in_module(source, path):
                    return True
                if (one.asname or one.name) == first:
                    return self._tree(source) is None or self._in_module(source, [one.name, *rest])
        return False

    def _in_class(self, module: str, kind: ast.ClassDef, path: list[str]) -> bool:
        if self._in_body(module, kind.body, path):
            return True
        bases = [ast.unparse(base).split("[")[0].split(".") for base in kind.bases]
        return any(base != [kind.name] and self._in_module(module, [*base, *path]) for base in bases)

    def _source(self, module: str, statement: ast.ImportFrom) -> str:
        if not statement.level:
            return statement.module or ""
        file = self._file(module)
        package = module.split(".") if file and file.name == "__init__.py" else module.split(".")[:-1]
        package = package[: len(package) - statement.level + 1]
        return ".".join([*package, *filter(None, [statement.module])])


def _flat(body: list[ast.stmt]) -> list[ast.stmt]:
    """The statements of a body, those inside of `if`, `try` and `with` among them."""
    flat = []
    for statement in body:
        flat.append(statement)
        for inner in ("body", "orelse", "finalbody"):
            if isinstance(statement, (ast.If, ast.Try, ast.With)):
                flat += _flat(getattr(statement, inner, []))
        for handler in getattr(statement, "handlers", []):
            flat += _flat(handler.body)
    return flat


def version(folder: Path) -> str:
    """What the host calls itself, "of unknown version" where it does not say."""
    file = folder / "comfyui_version.py"
    match = re.search(r'__version__\s*=\s*"([^"]+)"', file.read_text(encoding="utf-8")) if file.is_file() else None
    return match[1] if match else "of unknown version"


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """--host."""
    parser.add_argument("--host", type=Path, required=True, metavar="PATH", help="a ComfyUI folder")
    parser.add_argument("--list", action="store_true", help="also list all that is needed")


def execute(args: argparse.Namespace, command: str) -> None:
    """Print what is lacking; ValueError, exit code 2, if the pack could do nothing there."""
    folder: Path = args.host
    if not (folder / "comfy").is_dir() or not (folder / "nodes.py").is_file():
        raise ValueError(f"--host: {folder} is no ComfyUI folder: give the one with comfy/ and nodes.py.")
    if args.list:
        for need in needs.NEEDS:
            print(f"{need}, since {need.since}: for {need.part or 'everything'}")
    lacking = needs.absent(Sources(folder).has)
    for one in lacking:
        print(one)
    if any(not one.need.part and not one.need.fallback for one in lacking):
        raise ValueError(f"ComfyUI {version(folder)} is not one that Sigmatic runs in (tried from {needs.OLDEST} on).")
    off = any(not one.need.fallback for one in lacking)
    print(f"ComfyUI {version(folder)}: Sigmatic runs in it" + (", without the parts named above." if off else "."))
