"""Prompts for a server: built node by node, or made from a workflow that the page has saved."""

import uuid

WIDGETS = {"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"}


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
        values = {**defaults(info["SigmaticKSampler"]), "steps": 8, "cfg": 2.0, "seed": 7, **widgets}
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
                inputs[name] = next(values)
                if options.get("control_after_generate"):
                    assert next(values) in ("fixed", "increment", "decrement", "randomize")
        assert list(values) == [], f"{node['type']}: more widget values than widgets"
        linked = {entry["name"]: links[entry["link"]] for entry in node.get("inputs", []) if entry.get("link")}
        prompt[str(node["id"])] = {"class_type": node["type"], "inputs": {**inputs, **linked}}
    return prompt
