"""Draws the examples' square pictures: `python tools/thumbnails.py [NAME ...]` (after tools/examples.py).

What runs as it is, is run in a ComfyUI, found as the host tests find theirs; its last picture is taken. Those for large
models show what their recipe does: the levels of its run.
"""

import io
import json
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests")]
import servers  # noqa: E402 - found by the line above
from icon import BACK, FINE, GRID, INK  # noqa: E402

import sigmatic  # noqa: E402

FOLDER, SIDE = ROOT / "example_workflows", 512
RECIPES = {
    "SDXL": ("SDXL", ["sdxl"]), "Flux": ("Flux", ["flux_dev"]), "Flux 2": ("Flux.2", ["flux2_dev"]),
    "Qwen-Image": ("Qwen-Image", ["qwen_image"]), "Z-Image": ("Z-Image", ["z_image_turbo"]),
    "Wan": ("Wan 2.2", ["wan22_t2v"]), "Wan in two stages": ("Wan 2.2, two stages", ["wan22_t2v"]),
    "LTX-Video": ("LTX", ["ltxv"]),
}  # fmt: skip
COLOURS = [(122, 162, 255), (255, 158, 100), (130, 225, 170)]


def of_run(host, name):
    """The last sheet that the workflow shows, or four of its last pictures, square."""
    workflow = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    outputs = host.run(servers.prompts.to_prompt(workflow, host.info))
    shown = [image for output in outputs.values() for image in output.get("images", ())]
    pictures = [picture.convert("RGB") for picture in host.pictures(shown)]
    if pictures[-1].width != pictures[-1].height or len(pictures) < 4:
        side = min(pictures[-1].size)
        return pictures[-1].crop((0, 0, side, side)).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    image, half = Image.new("RGB", (SIDE, SIDE)), SIDE // 2
    for k, picture in enumerate(pictures[-4:]):
        image.paste(picture.resize((half, half), Image.Resampling.NEAREST), (k % 2 * half, k // 2 * half))
    return image


def of_recipe(title, recipes):
    """The levels of the recipes' runs, falling from the top."""
    side = SIDE * FINE
    image = Image.new("RGB", (side, side), BACK)
    draw = ImageDraw.Draw(image)
    left, top, right, bottom = side * 0.1, side * 0.34, side * 0.9, side * 0.9
    for k in range(5):
        y = top + (bottom - top) * k / 4
        draw.line([(left, y), (right, y)], GRID, round(side * 0.004))
    for name, colour in zip(recipes, COLOURS, strict=False):
        levels = sigmatic.recipes.sigmas(name, sigmatic.recipes.get(name).steps).double().numpy()
        shares = (levels / levels[0]) ** (1.0 if levels[0] <= 1 else 0.4)
        points = [
            (left + (right - left) * i / (len(levels) - 1), bottom - (bottom - top) * s) for i, s in enumerate(shares)
        ]
        draw.line(points, colour, round(side * 0.012), joint="curve")
        for x, y in points:
            radius = side * 0.014
            draw.ellipse([x - radius, y - radius, x + radius, y + radius], colour)
    size = min(side * 0.14, side * 1.5 / len(title))
    draw.text((left, side * 0.12), title, INK, ImageFont.load_default(size))
    return image.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def save(name, picture):
    """As a JPEG of less than 100 kB."""
    for quality in range(92, 40, -6):
        data = io.BytesIO()
        picture.save(data, "JPEG", quality=quality)
        if data.tell() < 100_000:
            break
    (FOLDER / f"{name}.jpg").write_bytes(data.getvalue())


def main():
    """Those that are named, or all of them."""
    installed = servers.inhost.hosts()
    if not installed:
        raise SystemExit(servers.HOW)
    names = sys.argv[1:] or sorted(path.stem for path in FOLDER.glob("*.json"))
    for name in names:
        if name in RECIPES:
            save(name, of_recipe(*RECIPES[name]))
    with tempfile.TemporaryDirectory() as folder:
        host = servers.Host(installed[0], Path(folder) / "b")
        try:
            for name in names:
                if name not in RECIPES:
                    save(name, of_run(host, name))
        finally:
            host.stop()


if __name__ == "__main__":
    main()
