"""Draw docs/icon.png (400 x 400) and docs/banner.png (1260 x 540, 21:9) for ComfyUI's registry: python tools/icon.py

They show what the plot on the nodes shows: noise levels that fall step by step, on a log scale, a curve a schedule.
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import sigmatic

ROOT = Path(__file__).resolve().parents[1]
BACK, GRID, INK = (24, 26, 32), (44, 48, 58), (236, 238, 244)
CURVES = {"karras": (122, 162, 255), "normal": (255, 158, 100), "arc": (130, 225, 170)}
STEPS, LOW, HIGH = 10, 0.03, 14.6  # Stable Diffusion's range: what most users' plots span
FINE = 4  # drawn so many times larger, then scaled down: smooth edges


def _curve(name: str) -> np.ndarray:
    levels = sigmatic.schedulers.sigmas(name, STEPS, sigma_min=LOW, sigma_max=HIGH)[:-1]
    heights = np.log(levels.double().numpy() / LOW) / np.log(HIGH / LOW)
    return np.stack([np.arange(STEPS) / (STEPS - 1), heights], axis=1)


def _plot(draw: ImageDraw.ImageDraw, box: tuple[float, float, float, float], width: float) -> None:
    left, top, right, bottom = box
    for k in range(5):
        y = top + (bottom - top) * k / 4
        draw.line([(left, y), (right, y)], GRID, round(width / 3))
    for name, colour in CURVES.items():
        points = [(left + (right - left) * x, bottom - (bottom - top) * y) for x, y in _curve(name)]
        draw.line(points, colour, round(width), joint="curve")
        for x, y in points:
            draw.ellipse([x - width * 1.4, y - width * 1.4, x + width * 1.4, y + width * 1.4], colour)


def icon() -> Image.Image:
    """The plot alone, with round corners."""
    side = 400 * FINE
    image = Image.new("RGBA", (side, side))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle([0, 0, side - 1, side - 1], side * 0.16, BACK)
    _plot(draw, (side * 0.15, side * 0.17, side * 0.85, side * 0.83), side * 0.022)
    return image.resize((400, 400), Image.Resampling.LANCZOS)


def banner() -> Image.Image:
    """The plot beside the name."""
    width, height = 1260 * FINE, 540 * FINE
    image = Image.new("RGB", (width, height), BACK)
    draw = ImageDraw.Draw(image)
    _plot(draw, (width * 0.56, height * 0.16, width * 0.94, height * 0.84), height * 0.014)
    name, line = ImageFont.load_default(height * 0.2), ImageFont.load_default(height * 0.062)
    draw.text((width * 0.06, height * 0.30), "Sigmatic", INK, name)
    draw.text((width * 0.064, height * 0.56), "Samplers and noise schedules", (170, 176, 190), line)
    draw.text((width * 0.064, height * 0.65), "for ComfyUI and Python", (170, 176, 190), line)
    return image.resize((1260, 540), Image.Resampling.LANCZOS)


def main() -> None:
    """Write both; a palette of 128 colours is as good and a quarter of the size."""
    icon().quantize(128).save(ROOT / "docs" / "icon.png", optimize=True)
    banner().quantize(128).save(ROOT / "docs" / "banner.png", optimize=True)


if __name__ == "__main__":
    main()
