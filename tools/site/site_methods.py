"""A page for every sampler and every schedule, made from its declaration; and links to it from the lists."""

import inspect
import re
import textwrap
from pathlib import Path

import site_plots

ROOT = site_plots.ROOT
PAPER = re.compile(r"arXiv:(\d{4}\.\d{4,5})")
FAMILIES = {
    "one-step": "One step at a time", "multistep": "Multistep", "sde": "SDE", "ancestral": "Ancestral",
    "cfg++": "CFG++", "adaptive": "Adaptive", "distilled": "For distilled models",
}  # fmt: skip


def registry(noun: str):
    """The samplers or the schedules."""
    package = site_plots.sigmatic()
    return package.samplers if noun == "samplers" else package.schedulers


def pages(noun: str) -> dict[str, str]:
    """{path in the site: Markdown} of all samplers, or of all schedules."""
    specs = [registry(noun).get(name) for name in registry(noun).names()]
    plots = site_plots.of_samplers() if noun == "samplers" else site_plots.of_schedules()
    return {f"{noun}/{spec.name}.md": page(noun, spec, plots) for spec in specs}


def nav(noun: str) -> list:
    """The entries of the menu: samplers by family."""
    specs = [registry(noun).get(name) for name in registry(noun).names()]
    if noun == "schedules":
        return [{spec.title: f"{noun}/{spec.name}.md"} for spec in specs]
    return [
        {heading: [{spec.title: f"{noun}/{spec.name}.md"} for spec in specs if spec.family == family]}
        for family, heading in FAMILIES.items()
    ]


def page(noun: str, spec, plots: dict) -> str:
    """One sampler or schedule: what it is for, its plot, its facts, its formula, its parameters."""
    shown = [
        site_plots.figure(plots[spec.name, space], f"On {label}")
        for space, (label, _) in site_plots.MODELS.items()
        if (spec.name, space) in plots
    ]
    missing = "It is in the library only: it asks the model for more than ComfyUI's models give."
    name = f"`sig_{spec.name}` in ComfyUI, `{spec.name}` in the library." if shown else f"`{spec.name}`. {missing}"
    out = [f"# {spec.title}", "", name, "", spec.summary, ""]
    out += ['<div class="plots">', *shown, "</div>", ""] if shown else []
    out += [*_facts(noun, spec), *_formula(spec), *_parameters(spec), *_use(noun, spec)]
    return "\n".join(out) + "\n"


def _facts(noun: str, spec) -> list[str]:
    rows = []
    if noun == "samplers":
        models = "distilled ones" if spec.models == "distilled" else "any"
        rows += [
            ("family", FAMILIES[spec.family]),
            ("order", spec.order),
            ("model evaluations a step", "as many as it takes" if spec.adaptive else spec.evals_per_step),
            ("fresh noise", f"yes, {spec.noise}" if spec.stochastic else "none by itself"),
            ("models", models + (f", cfg up to {spec.most_cfg:g}" if spec.most_cfg else "")),
        ]
    else:
        rows += [("models", " and ".join({"ve": "eps, v, EDM", "flow": "flow"}[space] for space in spec.spaces))]
    alias = getattr(spec, "alias_of", None)
    rows += [("another name of", f"[{alias}]({alias}.md)")] if alias else []
    rows += [("source", PAPER.sub(r"[arXiv:\1](https://arxiv.org/abs/\1)", spec.reference))]
    code = Path(inspect.getsourcefile(inspect.unwrap(spec.build))).resolve()
    where = code.relative_to(ROOT.resolve()).as_posix()
    rows += [("code", f"[{where}](repository:{where})")]
    return ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows), ""]


def _formula(spec) -> list[str]:
    """What its docstring says beyond the summary."""
    said = inspect.cleandoc(spec.build.__doc__ or "").partition("\n\n")[2].strip()
    if not said:
        return []
    width = 96  # so that a line fits a page
    lines = [
        line for part in said.splitlines() for line in (textwrap.wrap(part, width, subsequent_indent="  ") or [""])
    ]
    return ["## How it goes", "", "```text", *lines, "```", ""]


def _parameters(spec) -> list[str]:
    if not spec.params:
        return []
    rows = [
        f"| `{param.name}` | {param.help} | {'nothing' if param.default == '' else param.default} | {param.allowed} |"
        for param in spec.params
    ]
    return ["## Parameters", "", "| name | what it does | default | allowed |", "|---|---|---|---|", *rows, ""]


def _use(noun: str, spec) -> list[str]:
    flag = "--sampler" if noun == "samplers" else "--schedule"
    if noun == "samplers":
        call = f'sigmatic.samplers.sample("{spec.name}", model, x, sigmas, seed=1)'
    else:
        space = "" if "ve" in spec.spaces else ', space="flow"'
        call = f'sigmatic.schedulers.sigmas("{spec.name}", 20{space})'
    shell = ["```sh", f"python -m sigmatic sample {flag} {spec.name}", "```", ""]
    learned = getattr(spec, "learned", False)  # the embedded networks predict no variance
    return ["## Try it", "", *([] if learned else shell), "```python", "import sigmatic", "", call, "```", ""]


def linked(noun: str, text: str) -> str:
    """The list of all: each name a link to its page, which has the parameters and the source."""
    known = set(registry(noun).names())
    lines = []
    for line in text.splitlines():
        if line.startswith("|"):
            line = "|".join(line.split("|")[:-3]) + "|"  # no cell of these lists holds a bar of its own
        row = re.match(r"\| `(\w+)` \|", line)
        if row and row[1] in known:
            line = f"| [`{row[1]}`]({noun}/{row[1]}.md) |" + line[row.end() :]
        lines.append(line)
    return "\n".join(lines) + "\n"


def recipes() -> str:
    """A plot of some recipes' levels over each other."""
    drawing = site_plots.of_recipes(("sdxl", "flux_dev", "qwen_image", "z_image_turbo", "ltxv"))
    return f'<div class="plots">{site_plots.figure(drawing, "Noise left over some runs, as log-SNR")}</div>'
