"""Writes what can be made from the node definitions: help pages (web/docs) and translations (locales, web/words).

`python tools/pages.py` from the project folder. Of a help page the part above the mark is written by hand, the list of
inputs below it is made here. A translation is made of phrases: tools/phrases/<language>.json has one for every English
text in a node or setting, for everything that the page says of itself (say("...") in web/js and in nodes), and for
the summary of every sampler and schedule, so that a changed text asks for a new translation. ComfyUI reads locales;
web/words is read by our own page.
"""

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))  # for the stand-in of ComfyUI
from fakehost.host import Pack, fake_host  # noqa: E402 - found by the line above

DOCS, LOCALES, PHRASES = ROOT / "web" / "docs", ROOT / "locales", ROOT / "tools" / "phrases"
WORDS = ROOT / "web" / "words"
SAID = re.compile(r'(?<!function )(?<!def )\bsay\(\s*("(?:[^"\\]|\\.)*")?')
LANGUAGES = ("de", "es", "fr", "ja", "ko", "ru", "zh")
MARK = "<!-- below this line: python tools/pages.py -->"
WIDGETS = ("INT", "FLOAT", "BOOLEAN", "STRING", "COMBO")
LISTED = 12  # lists with more names than this are not printed
CATEGORIES = {
    "nodeCategories": ["sigmatic", "demo"],
    "settingsCategories": ["Sigmatic", "Plot", "Lists", "New nodes"],
}


def schemas():
    """The definitions of all nodes, by id, on the stand-in host."""
    with fake_host() as module:
        pack = Pack(module)
        return {name: node.define_schema() for name, node in sorted(pack.nodes.items())}


def settings():
    """{id: (name, tooltip)} of the page's settings, read from the script that declares them."""
    text = (ROOT / "web" / "js" / "panel" / "settings.js").read_text(encoding="utf-8")
    hidden = re.search(
        r'HIDDEN = "([\w.]+)"', (ROOT / "web" / "js" / "panel" / "filter.js").read_text(encoding="utf-8")
    )
    numbers = re.findall(r'\["(\w+)", \d', re.search(r"DEFAULTS = .*?;\n", text, re.S).group())
    collected = {}
    for identity, name, tooltip in re.findall(r'id: (.+?),\n.*?name: ["`](.+?)["`],\n\s*tooltip: "(.+?)"', text, re.S):
        for number in numbers if "${name}" in identity else [""]:
            full = identity.strip('"`').replace("${name}", number).replace("HIDDEN", hidden.group(1))
            collected[full] = (name.replace("${name}", number), tooltip)
    return collected


def spoken():
    """What the page says of itself: {text: the file that says it}. ValueError for what is not a text as it stands.

    The summaries of samplers and schedules are among it: the browser shows them.
    """
    sigmatic = importlib.import_module("sigmatic")
    collected = {}
    for name in ("samplers", "schedulers"):
        registry = getattr(sigmatic, name)
        collected |= {registry.get(one).summary: ROOT / name for one in registry.names()}
    for path in sorted([*(ROOT / "web" / "js").rglob("*.js"), *(ROOT / "nodes").rglob("*.py")]):
        for text in SAID.findall(path.read_text(encoding="utf-8")):
            if text:
                collected[json.loads(text)] = path
            elif path.name != "words.js":  # what the server says has been found in nodes
                raise ValueError(f"{path.name}: say() wants one text in double quotes.")
    return collected


def page(schema):
    """The help of a node: what is written by hand, then every input and output."""
    path = DOCS / f"{schema.node_id}.md"
    written = path.read_text(encoding="utf-8").split(MARK)[0].strip() if path.exists() else f"# {schema.display_name}"
    out = [
        written,
        "",
        MARK,
        "",
        schema.description,
        "",
        "| input | what it does | default | allowed |",
        "|---|---|---|---|",
    ]
    for widget in schema.inputs:
        about = widget.as_dict()
        is_widget = widget.io_type in WIDGETS
        default = _shown(about.get("default", "")) if is_widget else "a link"
        out.append(f"| `{widget.id}` | {_cell(about['tooltip'])} | {default} | {_allowed(widget, about)} |")
    out += ["", "| output | what it is |", "|---|---|"]
    out += [f"| `{output.display_name}` | {_cell(output.tooltip)} |" for output in schema.outputs]
    return "\n".join(out) + "\n"


def _shown(value):
    if isinstance(value, bool):
        return "on" if value else "off"
    return ", ".join(f"{value}".splitlines()) or "nothing"


def _allowed(widget, about):
    if widget.io_type == "COMBO":
        return ", ".join(about["options"]) if len(about["options"]) <= LISTED else "one of the list"
    if widget.io_type in ("INT", "FLOAT"):
        return f"{_number(about['min'])} to {_number(about['max'])}"
    return {"BOOLEAN": "on, off", "STRING": "text"}.get(widget.io_type, widget.io_type)


def _number(value):
    return f"{int(value)}" if value == int(value) else f"{value:g}"


def _cell(text):
    return text.replace("|", "\\|")


def english():
    """{file: content} of locales/en."""
    nodes = {}
    for name, schema in schemas().items():
        about = {w.id: w.as_dict() for w in schema.inputs}
        inputs = {id: {"name": w.get("display_name") or id, "tooltip": w["tooltip"]} for id, w in about.items()}
        outputs = {str(i): {"name": o.display_name, "tooltip": o.tooltip} for i, o in enumerate(schema.outputs)}
        described = {"display_name": schema.display_name, "description": schema.description}
        nodes[name] = {**described, "inputs": inputs, "outputs": outputs}
    panel = {key.replace(".", "_"): {"name": name, "tooltip": tip} for key, (name, tip) in settings().items()}
    main = {group: {name: name for name in names} for group, names in CATEGORIES.items()}
    return {"nodeDefs": nodes, "settings": panel, "main": main}


def texts(tree):
    """Every text in a tree of dictionaries."""
    for value in tree.values():
        yield from texts(value) if isinstance(value, dict) else [value]


def translated(tree, phrases):
    """The tree with every text in another language; what has no phrase stays."""
    return {k: translated(v, phrases) if isinstance(v, dict) else phrases.get(v, v) for k, v in tree.items()}


def phrases(language):
    """{English: the language}."""
    path = PHRASES / f"{language}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def files():
    """{path: text} of everything that is made here."""
    made = {DOCS / f"{name}.md": page(schema) for name, schema in schemas().items()}
    source = english()
    for language in ("en", *LANGUAGES):
        known = phrases(language) if language != "en" else {}
        for name, content in source.items():
            text = json.dumps(translated(content, known), ensure_ascii=False, indent=1) + "\n"
            made[LOCALES / language / f"{name}.json"] = text
        if known:
            words = {text: known.get(text, text) for text in sorted(spoken())}
            made[WORDS / f"{language}.json"] = json.dumps(words, ensure_ascii=False, indent=1) + "\n"
    return made


if __name__ == "__main__":
    importlib.import_module("conftest")  # this checkout as the package `sigmatic`
    for place, content in files().items():
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content, encoding="utf-8")
    sys.path.insert(0, str(ROOT / "tools"))
    importlib.import_module("readme").write(schemas())
    wanted = {*texts(english()), *spoken()}
    for language in LANGUAGES:
        missing = sorted(wanted - phrases(language).keys())
        if missing:
            print(f"{language}: {len(missing)} phrases are missing, the first is {missing[0]!r}", file=sys.stderr)
    subprocess.run(["git", "status", "--short", DOCS, LOCALES, WORDS, ROOT / "README.md"], cwd=ROOT, check=False)
