"""The pages of the nodes: the help that ComfyUI shows, with a picture of each; and a page with all of them."""

import re
from pathlib import Path

import site_plots

ROOT = site_plots.ROOT
HELP, PICTURES = ROOT / "web" / "docs", ROOT / "docs" / "nodes"


def schemas() -> list:
    """The definitions of all nodes, on the stand-in host, by name; those of the demo last."""
    site_plots.sigmatic()
    with site_plots.fake_host() as module:
        made = [node.define_schema() for node in site_plots.Pack(module).nodes.values()]
    return sorted(made, key=lambda schema: ("demo" in schema.category, schema.display_name))


def pages() -> dict[str, str]:
    """{path in the site: Markdown}."""
    made = {f"nodes/{schema.node_id}.md": page(schema) for schema in schemas()}
    return {**made, "nodes/index.md": index()}


def page(schema) -> str:
    """The help with a picture under its first heading, unless it shows one by itself."""
    text = (HELP / f"{schema.node_id}.md").read_text(encoding="utf-8")
    if "![" in text:
        return text
    head, _, rest = text.partition("\n")
    return f"{head}\n\n{picture(schema)}{{ .node }}\n{rest}"


def picture(schema) -> str:
    """Markdown of the picture of a node."""
    return f"![{schema.display_name}]({schema.node_id}.png)"


def index() -> str:
    """Every node with its picture and what it does."""
    out = ["# The nodes", "", '<div class="grid cards" markdown>', ""]
    for schema in schemas():
        link = f"{schema.node_id}.md"
        out += [f"-   [**{schema.display_name}**]({link})", ""]
        out += [f"    [{picture(schema)}]({link})", "", f"    {schema.description}", ""]
    return "\n".join([*out, "</div>", ""])


def nav() -> list:
    """The entries of the menu."""
    short = {schema.node_id: schema.display_name.removeprefix("Sigmatic ") for schema in schemas()}
    return ["nodes/index.md", *({name: f"nodes/{identity}.md"} for identity, name in short.items())]


def beside() -> dict[str, Path]:
    """{path in the site: file} of pictures that the help shows."""
    shown = {
        name
        for path in HELP.glob("*.md")
        for name in re.findall(r"!\[[^\]]*\]\((\w+\.png)\)", path.read_text(encoding="utf-8"))
    }
    return {f"nodes/{name}": HELP / name for name in shown}
