"""The numbers and the two pictures of docs/choosing.md, from the digit model: python benchmarks/choosing.py

Twenty digits, cfg 2, always the same noise. Distances are root mean squares over pixels, in per cent of the range from
black to white. Prints the tables in Markdown; with --pictures it draws the contact sheets into docs/ instead.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from pathlib import Path

import inhost
import torch

DOCS = Path(__file__).resolve().parents[1] / "docs"
LABELS = list(range(10)) * 2
USUAL = {"ve": "karras", "flow": "simple"}
BUDGETS = (6, 10, 20, 40)  # model evaluations
ODE = ("euler", "heun", "dpmpp_2m", "uni_pc", "ipndm", "gradient_estimation")
SETTLING = ("euler", "dpmpp_2m", "euler_ancestral", "dpmpp_2m_sde", "dpmpp_3m_sde")
DOUBLED = (10, 20, 40)
SCHEDULED = (8, 12, 20)
SCHEDULES = {
    "ve": ("beta", "karras", "simple", "sgm_uniform", "normal", "exponential", "ays", "linear"),
    "flow": ("beta", "simple", "sgm_uniform", "linear", "linear_quadratic", "normal", "karras", "exponential"),
}
SHEETS = {
    "choosing-steps.png": ["euler", "heun", "dpmpp_2m", "uni_pc", "--steps", "3", "5", "8", "12", "20", "40"],
    "choosing-noise.png": ["euler", "dpmpp_2m", "euler_ancestral", "dpmpp_2m_sde", "--steps", "10", "20", "40", "80"],
}


def drawn(sampler: str, steps: int, space: str, schedule: str | None = None) -> torch.Tensor:
    """The twenty digits."""
    from sigmatic import samplers, schedulers
    from sigmatic.core.noise import kinds
    from sigmatic.demo import digits

    sigmas = schedulers.sigmas(schedule or USUAL[space], steps, space=space)
    x = kinds.initial(torch.empty(len(LABELS), 1, 32, 32), 0) * sigmas[0]
    model = digits.denoiser(LABELS, space=space, cfg=digits.GUIDANCE)
    return samplers.sample(sampler, model, x, sigmas, space=space, seed=0, disable=True)


def apart(a: torch.Tensor, b: torch.Tensor) -> str:
    return f"{100 * (a - b).pow(2).mean().sqrt().item() / 2:.1f}"


def show(title: str, heads: list, rows: dict) -> None:
    print(f"\n{title}\n\n| | {' | '.join(map(str, heads))} |\n{'|---' * (len(heads) + 1)}|")
    for name, cells in rows.items():
        print(f"| `{name}` | {' | '.join(cells)} |", flush=True)


def tables() -> None:
    from sigmatic import samplers

    for space in USUAL:
        settled = drawn("heun", 100, space)
        rows = {}
        for name in ODE:
            each = samplers.get(name).evals_per_step
            rows[name] = [apart(drawn(name, n // each, space), settled) for n in BUDGETS]
        show(f"Distance to the settled picture, {space}, {USUAL[space]}", [f"{n} calls" for n in BUDGETS], rows)
        rows = {
            name: [apart(drawn("dpmpp_2m", n, space, name), settled) for n in SCHEDULED] for name in SCHEDULES[space]
        }
        show(f"dpmpp_2m, distance to the settled picture, {space}", [f"{n} steps" for n in SCHEDULED], rows)
    rows = {}
    for name in SETTLING:
        made = [drawn(name, n, "ve") for n in (*DOUBLED, 2 * DOUBLED[-1])]
        rows[name] = [apart(a, b) for a, b in itertools.pairwise(made)]
    show("Change of the picture from n steps to 2n", [f"{n} to {2 * n}" for n in DOUBLED], rows)


def pictures() -> int:
    """The two sheets, with few colours: they are grey but for the letters."""
    from PIL import Image, PngImagePlugin

    from sigmatic.demo import cli

    for name, parts in SHEETS.items():
        path = DOCS / name
        if code := cli.main(["demo", "--digits", "2", "3", "8", "--out", str(path), "--samplers", *parts]):
            return code
        with Image.open(path) as drawn_sheet:
            facts = PngImagePlugin.PngInfo()
            facts.add_text("sigmatic", drawn_sheet.info["sigmatic"])
            small = drawn_sheet.convert("RGB").quantize(32)
        small.save(path, optimize=True, pnginfo=facts)
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", action="store_true", help="draw the contact sheets into docs/")
    arguments = parser.parse_args()
    inhost.load_sigmatic()
    sys.exit(pictures() if arguments.pictures else tables())
