"""Guidance and detail on the embedded models: python benchmarks/guidance.py [--pictures]

Tables as docs/guidance.md has them: what an independent classifier reads, how colourful the pictures are and how much
of them lies outside of what pictures may be, for every way of guidance; and how much fine structure detail makes. With
--pictures it draws the two sheets of that page into docs/ instead.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

import sigmatic
from sigmatic.core.model import cfg as ways, thresholding
from sigmatic.core.model.detail import detailed
from sigmatic.demo import digits, sheet, tiles

MODELS = {"digits": digits.MODEL, "tiles": tiles.MODEL}
SCALES, STEPS = (3.0, 6.0, 9.0, 12.0), 16
EACH = {"digits": 4, "tiles": 2}  # pictures of every class
AMOUNTS = (-0.1, 0.0, 0.02, 0.05, 0.1, 0.2, 0.4)
SAMPLERS, DRAWN_BY = ("euler", "dpmpp_2m", "arc"), "dpmpp_2m"
DOCS = Path(__file__).resolve().parents[1] / "docs"


def guided(model, labels, scale, way, space, between=(0.0, 1.0)):
    """The denoiser of a run; `between`: shares of the run's time, outside of which the scale is 1."""
    both = model.guided(model.load(), labels, space=space, cfg=1.0, uncond=True)
    combine = ways.of(way, space)
    high, low = ends(space, between)

    def denoise(x, sigma, **_):
        cond, uncond = both(x, sigma)[:2]
        level = float(sigma[0])
        if space == "flow" and way == "cfg_zero_init" and level > 1 - ways.ZERO_INIT:
            return x
        return combine(cond, uncond, scale, x, sigma) if low < level <= high else cond

    return denoise


def ends(space, between):
    """Sigmas at two shares of the time of the models' run."""
    if space == "flow":
        return tuple(1 - share for share in between)
    table = sigmatic.schedulers.sigmas("normal", 1000)[:-1]
    return tuple(
        float("inf") if share == 0 else 0.0 if share == 1 else float(table[int(999 * share)]) for share in between
    )


def run(model, denoise, space, count, sampler=DRAWN_BY):
    sigmas = sigmatic.schedulers.sigmas("karras" if space == "ve" else "linear", STEPS, space=space)
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(count, model.colours, 32, 32, generator=generator) * sigmas[0]
    return sigmatic.samplers.sample(sampler, denoise, x, sigmas, space=space, disable=True)


def measures(model, x0, labels):
    """Recognised, colourfulness (of pictures within their range), share of values beyond the range."""
    share = (x0.clamp(model.low, model.high) - model.low) / (model.high - model.low)
    colour = (share.amax(1) - share.amin(1)).mean() if model.colours > 1 else share.std(dim=(1, 2, 3)).mean()
    wide = 0.1 * (model.high - model.low)
    beyond = ((x0 < model.low - wide) | (x0 > model.high + wide)).float().mean()
    hits = (model.classify(x0) == torch.tensor(labels)).float().mean()
    return float(hits), float(colour), float(beyond)


def fineness(x0):
    """The energy of the upper half of the frequencies beside all but the mean, averaged over pictures."""
    power = torch.fft.fft2(x0.double()).abs().square()
    place = torch.fft.fftfreq(32).abs()
    high = torch.maximum(place[:, None], place[None]) >= 0.25
    power[..., 0, 0] = 0
    return float((power * high).sum((1, 2, 3)).div(power.sum((1, 2, 3))).mean())


def draw(path, cells, rows, columns, title):
    """A labelled sheet, ten pictures a cell."""
    note = f"sig_{DRAWN_BY}, {STEPS} steps, the same seeds"
    walls = [[sheet.tiles(images, 10, 2) for images in row] for row in cells]
    sheet.contact_sheet(walls, rows, columns, title, note).quantize(256).save(path, optimize=True)


def ten(model, x0):
    """Ten of the pictures, of all classes."""
    return model.to_images(x0[:: max(1, len(x0) // 10)][:10])


def draw_ways(path):
    """The ways of guidance on the tiles, flow, at the least and the largest scale."""
    model = MODELS["tiles"]
    labels = [k for k in range(model.classes) for _ in range(EACH["tiles"])]
    rows = {**{way: (way, (0.0, 1.0)) for way in ways.WAYS}, "20-80": ("plain", (0.2, 0.8))}
    scales = (SCALES[0], SCALES[-1])
    cells = [
        [ten(model, run(model, guided(model, labels, s, way, "flow", part), "flow", len(labels))) for s in scales]
        for way, part in rows.values()
    ]
    draw(path, cells, list(rows), [f"cfg {scale:g}" for scale in scales], "Ways of guidance: tiles, flow")


def draw_detail(path):
    """Amounts of detail on the tiles, VE."""
    model = MODELS["tiles"]
    labels = [k for k in range(model.classes) for _ in range(EACH["tiles"])]
    plain = model.guided(model.load(), labels, space="ve", cfg=model.guidance)
    cells = [[ten(model, run(model, with_detail(plain, amount, "ve"), "ve", len(labels)))] for amount in AMOUNTS]
    draw(path, cells, [f"detail {amount:g}" for amount in AMOUNTS], [""], "Detail: tiles, VE")


def with_detail(denoise, amount, space):
    """The denoiser, asked at a lower sigma."""
    return detailed(denoise, amount, space=space, sigma_max=None if space == "flow" else 14.6146)


def kept_within(model, labels, scale, way, space):
    """The denoiser under guidance, its predictions kept within the range of pictures."""
    return thresholding.thresholded(guided(model, labels, scale, "plain", space), way, model.low, model.high)


def draw_thresholding(path):
    """The ways of thresholding on the tiles, flow, at the least and the largest scale."""
    model = MODELS["tiles"]
    labels = [k for k in range(model.classes) for _ in range(EACH["tiles"])]
    scales = (SCALES[0], SCALES[-1])
    cells = [
        [ten(model, run(model, kept_within(model, labels, s, way, "flow"), "flow", len(labels))) for s in scales]
        for way in thresholding.WAYS
    ]
    draw(path, cells, list(thresholding.WAYS), [f"cfg {scale:g}" for scale in scales], "Thresholding: tiles, flow")


PICTURES = {
    "guidance-ways.png": draw_ways,
    "guidance-detail.png": draw_detail,
    "guidance-thresholding.png": draw_thresholding,
}


def guidance_table(names):
    for name in names:
        model = MODELS[name]
        labels = [k for k in range(model.classes) for _ in range(EACH[name])]
        for space in ("ve", "flow"):
            rows = [(way, (0.0, 1.0)) for way in ways.WAYS if space == "flow" or way != "cfg_zero_init"]
            for way, between in [*rows, ("plain", (0.2, 0.8))]:
                cells = []
                for scale in SCALES:
                    x0 = run(model, guided(model, labels, scale, way, space, between), space, len(labels))
                    cells.append("{:.0%} / {:.3f} / {:.1%}".format(*measures(model, x0, labels)))
                title = f"{way}" if between == (0.0, 1.0) else f"{way} in 20-80"
                print(f"| {name} {space} | {title} | " + " | ".join(cells) + " |", flush=True)


def threshold_table(names):
    for name in names:
        model = MODELS[name]
        labels = [k for k in range(model.classes) for _ in range(EACH[name])]
        for space in ("ve", "flow"):
            for way in thresholding.WAYS:
                cells = []
                for scale in SCALES:
                    x0 = run(model, kept_within(model, labels, scale, way, space), space, len(labels))
                    cells.append("{:.0%} / {:.3f} / {:.1%}".format(*measures(model, x0, labels)))
                print(f"| {name} {space} | {way} | " + " | ".join(cells) + " |", flush=True)


def detail_table(names):
    for name in names:
        model = MODELS[name]
        labels = [k for k in range(model.classes) for _ in range(EACH[name])]
        for space in ("ve", "flow"):
            denoise = model.guided(model.load(), labels, space=space, cfg=model.guidance)
            for sampler in SAMPLERS:
                cells = []
                for amount in AMOUNTS:
                    x0 = run(model, with_detail(denoise, amount, space), space, len(labels), sampler)
                    cells.append(f"{fineness(x0):.4f} ({measures(model, x0, labels)[0]:.0%})")
                print(f"| {name} {space} | {sampler} | " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", action="store_true", help="draw the pictures of docs/guidance.md instead")
    parser.add_argument("--only", choices=("guidance", "thresholding", "detail"))
    parser.add_argument("--models", nargs="+", choices=tuple(MODELS), default=list(MODELS))
    args = parser.parse_args()
    if args.pictures:
        for name, drawn in PICTURES.items():
            drawn(DOCS / name)
        return
    for what, table in (("guidance", guidance_table), ("thresholding", threshold_table), ("detail", detail_table)):
        if args.only in (None, what):
            table(args.models)


if __name__ == "__main__":
    main()
