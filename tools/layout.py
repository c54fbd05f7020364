"""Lays workflows out: nodes in columns, columns in groups, 40 pixels of room around every box; and writes them.

A workflow is described by what is in it (`Flow.add`); nobody places a node by hand. tools/examples.py does so for
example_workflows/.
"""

import json
from pathlib import Path

ROOM = 40
"""Between any two boxes, titles included."""
TITLE, PAD, HEAD = 30, 20, 40
"""Height of a node's title; of a group, the edge around its nodes and its own title."""
WIDGETS = ("INT", "FLOAT", "BOOLEAN", "STRING", "COMBO")
WIDTH = 340
PLOT = 210
ROWS = {"slot": 20, "widget": 24, "rest": 50}
"""What every front end finds enough (tests/web/test_examples.py measures it)."""
LEAST = {"SigmaticFit": 540, "SigmaticCompare": 800, "SigmaticSweep": 620, "SigmaticRecipe": 540, "CLIPTextEncode": 150}
"""Heights of nodes whose contents want more than their rows."""
GROWS = {"SigmaticCompare": 530}
"""By how much the results of a run make a node higher, at most; its group has room for them."""


class Flow:
    """A workflow in the making. `kinds`: {type: (sockets {name: type}, outputs [(name, type)], widgets {name: default},
    seeds, plotted)} of every type of node that it may have."""

    def __init__(self, name, title, text, kinds):
        self.name, self.kinds = name, kinds
        self.nodes, self.links, self.groups = [], [], {}
        height = 60 + 20 * (1 + len(text) // 44)
        self.add(0, "About", "Note", title, box=(WIDTH, height), text=text)

    def add(self, column, group, kind, title=None, box=None, to=None, **values):
        """Add a node below the others of that column and group. box: its size. to: {socket: (node, output)}.

        The rest are widgets.

        Returns its id, to be wired to others. KeyError for a widget or socket that the node does not have.
        """
        sockets, outputs, widgets, seeds, _ = self.kinds[kind]
        wanted = {**widgets, **values}
        unknown = [*(wanted.keys() - widgets.keys()), *((to or {}).keys() - sockets.keys())]
        if unknown:
            raise KeyError(f"{self.name}: {kind} has no {unknown}")
        written = []
        for name in widgets:
            value = wanted[name]
            if name in seeds:  # the page keeps a control behind it
                written += value if isinstance(value, tuple) else (value, "fixed")
            else:
                written.append(value)
        number = len(self.nodes) + 1
        node = {
            "id": number, "type": kind, "pos": [0, 0], "size": list(box or _size(kind, self.kinds[kind], len(written))),
            "flags": {}, "order": number - 1, "mode": 0,
            "inputs": [{"name": name, "type": type_, "link": None} for name, type_ in sockets.items()],
            "outputs": [{"name": name, "type": type_, "links": []} for name, type_ in outputs],
            "properties": {"Node name for S&R": kind}, "widgets_values": written,
        }  # fmt: skip
        self.nodes.append({**node, "title": title} if title else node)
        for socket, (source, slot) in (to or {}).items():
            self._wire(source, slot, number, socket)
        self.groups.setdefault(group, {}).setdefault(column, []).append(number)
        return number

    def _wire(self, source, slot, target, socket):
        ends = self.nodes[source - 1], self.nodes[target - 1]
        place = next(i for i, one in enumerate(ends[1]["inputs"]) if one["name"] == socket)
        number = len(self.links) + 1
        ends[0]["outputs"][slot]["links"].append(number)
        ends[1]["inputs"][place]["link"] = number
        self.links.append([number, source, slot, target, place, ends[1]["inputs"][place]["type"]])

    def place(self):
        """Give every node its place; the groups' boxes."""
        boxes, left = [], ROOM
        for title, columns in self.groups.items():
            right = bottom = 0
            x = left + PAD
            for _, numbers in sorted(columns.items()):
                nodes, y = [self.nodes[number - 1] for number in numbers], ROOM + HEAD + TITLE
                width = max(node["size"][0] for node in nodes)
                for node in nodes:
                    node["pos"], node["size"][0] = [x, y], width
                    y += node["size"][1] + GROWS.get(node["type"], 0) + TITLE + ROOM
                right, bottom = x + width, max(bottom, y - TITLE - ROOM)
                x = right + ROOM
            boxes.append(
                {"title": title, "bounding": [left, ROOM, right + PAD - left, bottom + PAD - ROOM], "flags": {}}
            )
            left = right + PAD + ROOM
        return boxes

    def text(self):
        """The workflow as the page saves one, a node a line."""
        boxes = self.place()
        lines = [json.dumps(one, ensure_ascii=False) for one in self.nodes]
        links = ", ".join(json.dumps(link) for link in self.links)
        groups = ",\n    ".join(json.dumps(box, ensure_ascii=False) for box in boxes)
        return (
            f'{{\n  "last_node_id": {len(self.nodes)},\n  "last_link_id": {len(self.links)},\n  "nodes": [\n    '
            + ",\n    ".join(lines)
            + f'\n  ],\n  "links": [{links}],\n  "groups": [\n    {groups}\n  ],\n  "config": {{}},\n  "extra": {{}},\n'
            '  "version": 0.4\n}\n'
        )  # fmt: skip

    def write(self, folder):
        """Into a folder, under its name."""
        (Path(folder) / f"{self.name}.json").write_text(self.text(), encoding="utf-8")


def _size(kind, about, values):
    sockets, outputs, _, _, plotted = about
    rows = ROWS["slot"] * max(len(sockets), len(outputs)) + ROWS["widget"] * values + ROWS["rest"]
    return WIDTH, max(rows + (PLOT if plotted else 0), LEAST.get(kind, 0))


def of_schema(node):
    """What `Flow` has to know of a node class of ours."""
    inputs = sorted(
        node.define_schema().inputs, key=lambda one: bool(one.as_dict().get("optional"))
    )  # as the page has them
    widgets = {one.id: one.as_dict().get("default") for one in inputs if one.io_type in WIDGETS}
    seeds = {one.id for one in inputs if one.as_dict().get("control_after_generate")}
    outputs = [(one.display_name or one.io_type, one.io_type) for one in node.define_schema().outputs]
    return (
        {one.id: one.io_type for one in inputs if one.io_type not in WIDGETS},
        outputs,
        widgets,
        seeds,
        hasattr(node, "plot"),
    )


def of_words(sockets, outputs, **widgets):
    """The same of a node of ComfyUI: "model:MODEL latent:LATENT", "LATENT LATENT", its widgets with their defaults."""
    wires = dict(pair.split(":") for pair in sockets.split())
    seeds = {name for name in widgets if name in ("seed", "noise_seed")}
    return wires, [(kind, kind) for kind in outputs.split()], widgets, seeds, False
