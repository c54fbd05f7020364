"""Schedules as the page tells of them: nodes that make SIGMAS, and what is wired into them, run on an assumed model."""

from typing import Any

from torch import Tensor

from ..host import facts
from ..inputs import widgets
from ..schedule import SigmaticSchedule
from ..sigmas import SigmaticEdit, SigmaticSplit, SigmaticText
from . import checks

LEVELS = 500
"""Most levels of noise that are made for one plot, before denoise cuts them."""
MOST = 8
"""Most nodes that are wired one into another."""
NODES = {node.__name__: node for node in (SigmaticSchedule, SigmaticSplit, SigmaticEdit, SigmaticText)}
_INPUTS = {"SigmaticSchedule": (), "SigmaticText": ("sigmas",)}


class Source:
    """Runs the nodes of a JSON object {"node", "values", "output", "inputs"}; inputs are objects of the same kind."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.count = 0
        self.assumed: list[checks.Message] = []

    def sigmas(self, told: Any) -> Tensor:
        """What comes out of the node `told`; ValueError or TypeError for what the node refuses."""
        self.count += 1
        if self.count > MOST:
            raise ValueError(f"up to {MOST} nodes are drawn one after the other.")
        told = checks.fields(told, "sigmas", "node", "values", "output", "inputs")
        name = told.get("node")
        if not isinstance(name, str) or name not in NODES:
            raise ValueError(f"node is {checks.short(repr(name))}: give one of {', '.join(NODES)}.")
        node, output = NODES[name], told.get("output", 0)
        values = checks.values(node, told.get("values", {}), "values")
        if "steps" in values:
            affordable(values["steps"], values.get("denoise", 1.0))
        outputs = [kind.io_type for kind in node.define_schema().outputs]
        if isinstance(output, bool) or output not in range(len(outputs)) or outputs[output] != "SIGMAS":
            raise ValueError(f"output is {checks.short(repr(output))}: {name} has no such output of sigmas.")
        links = checks.fields(told.get("inputs", {}), "inputs", "sigmas", "sigmas_2")
        links = {key: self._linked(links.get(key)) for key in links if key in _INPUTS.get(name, ("sigmas", "sigmas_2"))}
        if name in ("SigmaticSplit", "SigmaticEdit"):
            links.setdefault("sigmas", self._linked(None))
        takes = {port.id for port in node.define_schema().inputs}
        if "model" in takes:
            links["model"] = self.model
        sigmas = node.execute(**{**values, **{key: link for key, link in links.items() if key in takes}}).args[output]
        if len(sigmas) > LEVELS + 1:
            raise ValueError(f"{len(sigmas)} levels: up to {LEVELS + 1} are drawn.")
        return facts.at_most_one(sigmas, self.model.ms)

    def _linked(self, told: Any) -> Tensor:
        if told is None:
            elsewhere = checks.say(
                "Sigmas that come from elsewhere are taken for {name} with 20 steps.", name=widgets.SCHEDULE
            )
            self.assumed.append(elsewhere)
            told = {"node": "SigmaticSchedule"}
        return self.sigmas(told)


def affordable(steps: int, denoise: float) -> None:
    """ValueError unless a schedule of so many steps can be drawn."""
    if steps > LEVELS * denoise > 0:
        raise ValueError(f"steps is {steps} at denoise {denoise:g}: up to {LEVELS} x denoise steps are drawn.")
