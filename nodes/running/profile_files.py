"""Profiles of models in the host's user directory: one small file each, named by a hash of the profile's name."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path

from ...core.files import write
from ...profiles import Profile
from ...profiles.profile import LARGEST, read
from ..host.user_files import check_name, folder, set_aside
from . import settings_on_model

VERSION = 1
MOST = 200  # profiles
_LETTERS = 200  # of a model's title and of a file's name
_FILES = 32


@dataclass(frozen=True)
class Kept:
    """A profile under a name, and which model it was fitted to.

    model: its `host.fingerprint` with the guidance; "" for one that was fitted elsewhere. title, files: of that model,
    for people and for the page, which sees no more of a model than its files' names. cfg: the guidance that it was
    fitted with, None where that is not known. whole: the fit was not broken off.
    """

    name: str
    profile: Profile
    model: str = ""
    title: str = ""
    cfg: float | None = None
    files: tuple[str, ...] = ()
    whole: bool = True

    def __str__(self) -> str:
        return self.name

    def as_text(self) -> str:
        """The JSON that `read_file` reads."""
        about = {key: value for key, value in asdict(self).items() if key not in ("name", "profile")}
        profile = json.loads(self.profile.as_text())
        return json.dumps({"version": VERSION, "name": self.name, **about, "profile": profile}, indent=1)


def shelf() -> Path:
    """The folder."""
    return folder() / "profiles"


def all_kept() -> dict[str, Kept]:
    """Every profile by its name, the newest last; a file that cannot be used is set aside, with a line in the log."""
    return {name: kept for name, (_, kept) in _shelved().items()}


def _shelved() -> Mapping[str, tuple[Path, Kept]]:
    stamps = []
    for path in shelf().glob("*.json"):
        with suppress(OSError):  # somebody has just deleted it
            about = path.stat()
            stamps.append((about.st_mtime_ns, str(path), about.st_size, about.st_ino))
    return _loaded(tuple(sorted(stamp for stamp in stamps if ".broken-" not in stamp[1])))


@lru_cache(maxsize=1)
def _loaded(stamps: tuple[tuple[int, str, int, int], ...]) -> Mapping[str, tuple[Path, Kept]]:
    there = {}
    for _, file, size, _ in stamps:
        path = Path(file)
        try:
            if size > 2 * LARGEST:
                raise ValueError(f"it is larger than {2 * LARGEST} bytes")
            kept = read_file(path.read_text(encoding="utf-8-sig"))
        except FileNotFoundError:
            continue
        except (ValueError, OSError) as error:
            set_aside(path, "a profile is off", error)
            continue
        there[kept.name] = path, kept
    return there


def names() -> list[str]:
    """The names of all profiles, in alphabetical order."""
    return sorted(all_kept())


def named(name: str) -> Kept:
    """The profile of this name; ValueError if there is none."""
    kept = all_kept().get(name)
    if kept is None:
        raise ValueError(f"there is no profile {str(name)[:80]!r}.")
    return kept


def riding(name: str) -> dict[str, Kept]:
    """The option that puts this profile on a MODEL; none for "auto". ValueError if it is not there."""
    return {} if name == "auto" else {settings_on_model.PROFILE: named(name)}


def of_model(mark: str) -> Kept | None:
    """The newest profile of the model with this fingerprint: with its guidance, or of any where it has none."""
    fitting = [kept for kept in all_kept().values() if mark in (kept.model, kept.model.partition("-")[0])]
    return fitting[-1] if mark and fitting else None


def read_file(text: str, name: str | None = None) -> Kept:
    """The profile in a file of ours, or in one that `python -m sigmatic fit` has saved, which has no name: then `name`.

    ValueError saying what is wrong.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"no JSON: {error}") from None
    if isinstance(data, dict) and "profile" not in data and name is not None:
        data = {"version": VERSION, "name": name, "profile": data}
    fields = set(Kept.__annotations__) | {"version"}
    if not isinstance(data, dict) or data.get("version") != VERSION or set(data) - fields:
        raise ValueError(f"give an object with version {VERSION} and {', '.join(sorted(fields - {'version'}))}")
    profile = read(json.dumps(data.get("profile")))
    if not all(math.isfinite(error) for table in (profile.error, profile.usual) for error in table.values()):
        raise ValueError("error and usual are no numbers")
    about = {key: data[key] for key in ("model", "title") if key in data}
    files, cfg, whole = data.get("files", []), data.get("cfg"), data.get("whole", True)
    texts = [*about.values(), *(files if isinstance(files, list) else [None])]
    if not all(isinstance(one, str) and len(one) <= _LETTERS for one in texts) or len(files) > _FILES:
        raise ValueError(f"model, title and files are texts of up to {_LETTERS} letters, {_FILES} files at most")
    number = isinstance(cfg, (int, float)) and not isinstance(cfg, bool) and math.isfinite(cfg)
    if not (number or cfg is None) or not isinstance(whole, bool):
        raise ValueError("cfg is a number or null, and whole true or false")
    return Kept(
        check_name(data.get("name", name)),
        profile,
        cfg=cfg if cfg is None else float(cfg),
        files=tuple(files),
        whole=whole,
        **about,
    )


def save(kept: Kept, *, replaces: bool = False) -> None:
    """Write a profile under its name. ValueError for a bad name, or one that another has and that it may not take."""
    check_name(kept.name)
    there = all_kept()
    if not replaces:
        require_free(kept.name)
    if kept.name not in there and len(there) >= MOST:
        raise ValueError(f"there are {MOST} profiles, which is the most: delete one first.")
    shelf().mkdir(parents=True, exist_ok=True)
    path = _shelved()[kept.name][0] if kept.name in there else _file(kept.name)
    write(path, kept.as_text())


def require_free(name: str) -> None:
    """ValueError unless a new profile may have this name."""
    if check_name(name) in all_kept():
        raise ValueError(f"name is {name!r}, which another profile has: choose a new name.")


def rename(name: str, new: str) -> None:
    """Give a profile a new name; ValueError if there is none, or the new name is taken."""
    save(replace(named(name), name=new))
    remove(name)


def remove(name: str) -> None:
    """Delete a profile; ValueError if there is none."""
    named(name)
    _shelved()[name][0].unlink(missing_ok=True)


def free_name(title: str, cfg: float) -> str:
    """A name that no profile has yet, from a model's title and the guidance."""
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in title).strip("-")
    base = "-".join(filter(None, f"{plain[:40] or 'model'}-cfg{cfg:g}".replace(".", "_").replace("+", "").split("-")))
    there, place = all_kept(), 2
    name = base
    while name in there:
        name, place = f"{base}-{place}", place + 1
    return name


def _file(name: str) -> Path:
    return shelf() / f"{hashlib.sha256(name.encode()).hexdigest()[:20]}.json"
