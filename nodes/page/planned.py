"""Plans of nodes as the page describes them: of any node that declares a plot, and of what is wired into it."""

import inspect
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

from torch import Tensor

from ..dropdowns.plan import Message, ModelFacts, Plan, say, usual
from ..inputs.widgets import SAMPLER, SCHEDULE
from . import checks

LEVELS = 500
"""Most levels of noise that are made for one plot, before denoise cuts them."""
MOST = 8
"""Most nodes that make sigmas, wired one into another."""
FIELDS = ("node", "values", "output", "inputs", "kept")
"""Of a node as the page describes it; its `inputs` are such objects, too."""
NODES: dict[str, Any] = {}
"""The nodes that have a plot, by the names of their classes."""


def offer(nodes: Iterable[type]) -> None:
    """From now on, answer for those of the nodes that declare a plot."""
    NODES.update({node.__name__: node for node in nodes if hasattr(node, "plot")})


def making(kind: str) -> list[str]:
    """The names of the nodes that make one half of a custom run, or settings on a model."""
    return [name for name, node in NODES.items() if node.plot.makes == kind]


class Planner:
    """Makes the plan of one run on an assumed model."""

    def __init__(self, model: ModelFacts) -> None:
        self.model = model
        self._assumes: list[Message] = []
        self._warnings: list[str] = []
        self._count = 0

    def run(self, about: dict[str, Any], beside: Any) -> Plan:
        """The run of the node `about` with the other half of a custom run `beside` it, or with what is usual there.

        The plan has the warnings of all nodes before it, and what is taken for granted in their places.
        ValueError or TypeError for what is wrong in them, or what a node refuses.
        """
        plan = self.plan(about, NODES)
        makes = NODES[about["node"]].plot.makes
        if makes == "MODEL" and plan.model:
            names = {"sampler": SAMPLER, "schedule": SCHEDULE}
            self._assumes.append(say("They are shown at {sampler} on {schedule} with 20 steps.", **names))
            plan = replace(usual(plan.model), model=plan.model)
        elif makes == "SAMPLER":
            unknown = say("The schedule is taken for {name} with 20 steps.", name=SCHEDULE)
            plan = replace(self._source(beside, unknown), sampler=plan.sampler, notes=plan.notes)
        elif makes == "SIGMAS" and beside is not None and plan.sampler is None:
            samplers = making("SAMPLER")
            half = self.plan({"node": samplers[0], **checks.fields(beside, "beside", "node", "values")}, samplers)
            plan = replace(plan, sampler=half.sampler, notes=(*plan.notes, *half.notes))
        return replace(plan, warnings=(*self._warnings, *plan.warnings), assumes=(*plan.assumes, *self._assumes))

    def plan(self, about: Any, names: Collection[str]) -> Plan:
        """The plan of a node by itself, which must be one of those `names`.

        Of a node that makes sigmas, its first levels are those of the output that is meant.
        """
        about = checks.fields(about, "node", *FIELDS)
        name = about.get("node")
        if not isinstance(name, str) or name not in names:
            raise ValueError(f"node is {checks.short(repr(name))}: give one of {', '.join(names)}.")
        node = NODES[name]
        values = checks.values(node, about.get("values", {}), "values")
        if "steps" in values:
            self.model.afford(values["steps"], values.get("denoise", 1.0))
        takes = inspect.signature(node.plan).parameters
        given = {key: value for key, value in values.items() if key in takes}
        given |= self._wired(node, takes, about.get("inputs", {}))
        if node.plot.kept:
            given["kept"] = about.get("kept")
        plan = node.plan(self.model, **given)
        if any(len(sigmas) > LEVELS + 1 for sigmas in plan.levels):
            raise ValueError(f"{max(map(len, plan.levels))} levels: up to {LEVELS + 1} are drawn.")
        return replace(plan, levels=(self._meant(node, plan, about),)) if node.plot.makes == "SIGMAS" else plan

    def _wired(self, node: Any, takes: Any, inputs: Any) -> dict[str, Tensor]:
        """The sigmas that are wired into the node; usual ones where they are not known, or it cannot be without."""
        known = dict.fromkeys(name for one in NODES.values() for name in one.plot.follows)
        inputs, empty = checks.fields(inputs, "inputs", *known), inspect.Parameter.empty
        wanted = [name for name in node.plot.follows if name in inputs or takes[name].default is empty]
        elsewhere = say("Sigmas that come from elsewhere are taken for {name} with 20 steps.", name=SCHEDULE)
        sources = {name: self._source(inputs.get(name), elsewhere) for name in wanted}
        self._warnings += [warning for plan in sources.values() for warning in plan.warnings]
        return {name: plan.sigmas for name, plan in sources.items()}

    def _source(self, about: Any, otherwise: Message) -> Plan:
        """Sigmas by the node that makes them; usual ones, with what is then to be said, where that is not known."""
        if about is not None:
            self._count += 1
            if self._count >= MOST:
                raise ValueError(f"up to {MOST} nodes are drawn one after the other.")
            return self.plan(about, making("SIGMAS"))
        self._assumes.append(otherwise)
        return replace(usual(self.model), warnings=())  # nobody has chosen that

    def _meant(self, node: Any, plan: Plan, about: dict[str, Any]) -> Tensor:
        kinds = [output.io_type for output in node.define_schema().outputs]
        output = about.get("output", kinds.index("SIGMAS"))
        if isinstance(output, bool) or output not in range(len(kinds)) or kinds[output] != "SIGMAS":
            raise ValueError(f"output is {checks.short(repr(output))}: {node.__name__} has no such output of sigmas.")
        return plan.levels[kinds[:output].count("SIGMAS")]
