"""Prompts for a server: built node by node, or made from a workflow that the page has saved."""

import uuid

WIDGETS = {"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"}
CONTROLS = ("fixed", "increment", "decrement", "randomize")


class Graph(dict):
    """An API prompt that is built by calling `add`."""

    def add(self, kind, **inputs):
        """Add a node; return its first output as a link."""
        name = str(len(self) + 1)
        self[name] = {"class_type": kind, "inputs": inputs}
        return [name, 0]

    def demo(self, model="mixture", parametrisation="eps", batch=1, digit="3"):
        """The links (model, positive, negative, latent) of the demo nodes."""
        return (
            self.add("SigmaticDemoModel", model=model, parametrisation=parametrisation),
            self.add("SigmaticDemoPrompt", digit=digit),
            self.add("SigmaticDemoPrompt", digit=""),
            self.add("SigmaticDemoLatent", batch_size=batch),
        )

    def ksampler(self, model, positive, negative, latent, **widgets):
        """The stock KSampler."""
        values = {"seed": 7, "steps": 8, "cfg": 2.0, "denoise": 1.0, "sampler_name": "sig_euler"}
        values = {**values, "scheduler": "sig_karras", **widgets}
        links = {"model": model, "positive": positive, "negative": negative, "latent_image": latent}
        return self.add("KSampler", **links, **values)

    def sigmatic(self, model, positive, negative, latent, info, **widgets):
        """Sigmatic KSampler, every widget at its default unless given."""
        values = {**defaults(info["SigmaticKSampler"]), "sampler": "sig_dpmpp_2m_sde", "schedule": "sig_karras"}
        values = {**values, "steps": 8, "cfg": 2.0, "seed": 7, **widgets}
        links = {"model": model, "positive": positive, "negative": negative, "latent_image": latent}
        return self.add("SigmaticKSampler", **{**values, **links})

    def schedule(self, model, schedule="sig_karras"):
        """Sigmatic Schedule."""
        return self.add("SigmaticSchedule", model=model, schedule=schedule, steps=8, denoise=1.0, rho=7.0)

    def custom(self, model, positive, _, latent, sampler, sigmas, noise=None):
        """SamplerCustomAdvanced without negative prompt."""
        guider = self.add("BasicGuider", model=model, conditioning=positive)
        links = {"guider": guider, "noise": noise or self.add("RandomNoise", noise_seed=7)}
        return self.add("SamplerCustomAdvanced", **links, sampler=sampler, sigmas=sigmas, latent_image=latent)

    def save(self, latent):
        """SaveLatent; returns the node's name."""
        return self.add("SaveLatent", samples=latent, filename_prefix="t/" + uuid.uuid4().hex)[0]


def inputs_of(node_info):
    """(name, type, options) of every input, in the order of the widgets."""
    for group in ("required", "optional"):
        for name, (kind, *rest) in node_info["input"].get(group, {}).items():
            yield name, ("COMBO" if isinstance(kind, list) else kind), (rest[0] if rest else {})


def defaults(node_info):
    """The default of every widget."""
    return {name: options.get("default") for name, kind, options in inputs_of(node_info) if kind in WIDGETS}


def to_prompt(workflow, info):
    """A workflow as the page saves it -> an API prompt, in the way the page does it: values in the widgets' order."""
    links = {link[0]: [str(link[1]), link[2]] for link in workflow["links"]}
    prompt = {}
    for node in workflow["nodes"]:
        if node["type"] not in info:
            continue  # notes
        values, inputs = iter(node.get("widgets_values", [])), {}
        for name, kind, options in inputs_of(info[node["type"]]):
            if kind in WIDGETS:
                inputs[name] = next(values, options.get("default"))  # a widget that a newer host has at the end
                if options.get("control_after_generate", kind == "INT" and name in ("seed", "noise_seed")):
                    assert next(values) in CONTROLS
        assert list(values) == [], f"{node['type']}: more widget values than widgets"
        linked = {entry["name"]: links[entry["link"]] for entry in node.get("inputs", []) if entry.get("link")}
        prompt[str(node["id"])] = {"class_type": node["type"], "inputs": {**inputs, **linked}}
    return prompt


FILES = ("ckpt_name", "unet_name", "clip_name", "clip_name1", "clip_name2", "vae_name")
"""Dropdowns of files that only the user has."""


def problems(workflow, info):
    """What does not fit between a saved workflow and the nodes' definitions, in words; nodes not in `info` are left."""
    links = {link[0]: link for link in workflow["links"]}
    nodes = {node["id"]: node for node in workflow["nodes"]}
    found = [f"link {link[0]} is there twice" for link in workflow["links"] if links[link[0]] is not link]
    if len(nodes) < len(workflow["nodes"]) or max(nodes) > workflow["last_node_id"]:
        found.append("the ids of the nodes are not right")
    for number, source, slot, target, place, kind in links.values():
        ends = nodes[source]["outputs"][slot], nodes[target]["inputs"][place]
        if number not in (ends[0]["links"] or []) or ends[1]["link"] != number:
            found.append(f"link {number}: its ends do not know it")
        if {kind} != {end["type"] for end in ends}:
            found.append(f"link {number}: {kind} between {ends[0]['type']} and {ends[1]['type']}")
    for node in nodes.values():
        if node["type"] in info:
            found += [f"{node['type']} ({node['id']}): {what}" for what in _misfits(node, info[node["type"]])]
    return found


def _misfits(node, about):
    """The same for one node: outputs, sockets, and the widgets' values in the order in which the page reads them."""
    outputs = [output["type"] for output in node["outputs"]]
    if outputs != list(about["output"])[: len(outputs)]:  # newer hosts have put further ones behind
        yield f"its outputs are {about['output']}"
    required, optional = (about["input"].get(group, {}) for group in ("required", "optional"))
    listed = list(inputs_of(about))
    sockets = {name: kind for name, kind, _ in listed if kind not in WIDGETS}
    linked = {entry["name"]: entry for entry in node["inputs"]}
    for name, entry in linked.items():
        if sockets.get(name) != entry["type"]:
            yield f"there is no socket {name} of type {entry['type']}"
    yield from (
        f"{name} is not linked" for name in sockets if name in required and not linked.get(name, {}).get("link")
    )
    values = list(node["widgets_values"])
    for name, kind, options in listed:
        if kind not in WIDGETS:
            continue
        if not values:
            if "default" not in options:
                yield f"no value for {name}"
            continue
        value, raw = values.pop(0), {**required, **optional}[name][0]
        choices = raw if isinstance(raw, list) else options.get("options")
        if not _fits(value, kind, options, None if name in FILES else choices):
            yield f"{name} is {value!r}"
        controlled = options.get("control_after_generate", name in ("seed", "noise_seed") and kind == "INT")
        if controlled and (values or [None]).pop(0) not in CONTROLS:
            yield f"{name} has no control behind it"
    if values:
        yield f"values too many: {values}"


def _fits(value, kind, options, choices):
    if kind in ("INT", "FLOAT"):
        right = isinstance(value, int if kind == "INT" else (int, float)) and not isinstance(value, bool)
        return right and options.get("min", value) <= value <= options.get("max", value)
    if kind == "BOOLEAN":
        return isinstance(value, bool)
    return isinstance(value, str) and (kind != "COMBO" or choices is None or value in choices)
