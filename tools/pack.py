"""Build what ComfyUI's registry would hand out: python tools/pack.py FILE.zip

The files that git tracks, less those that .comfyignore names: `comfy node pack` packs the same ones.
"""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def packed(root: Path = ROOT) -> list[str]:
    """The files of the packed node, relative to the pack's folder."""
    left_out = set(_listed(root, "--cached", "--ignored", "--exclude-from=.comfyignore"))
    return [name for name in _listed(root, "--cached") if name not in left_out and (root / name).is_file()]


def _listed(root: Path, *flags: str) -> list[str]:
    listing = subprocess.run(["git", "ls-files", "-z", *flags], cwd=root, check=True, capture_output=True, text=True)
    return sorted(filter(None, listing.stdout.split("\0")))


def pack(target: Path, root: Path = ROOT) -> None:
    """Write the zip."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in packed(root):
            archive.write(root / name, name)


if __name__ == "__main__":
    (argument,) = sys.argv[1:]
    pack(Path(argument))
    print(f"{argument}: {len(packed())} files, {Path(argument).stat().st_size / 1e6:.1f} MB")
