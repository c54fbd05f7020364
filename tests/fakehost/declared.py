"""A node that the project does not have, with a plot: what it takes to plot a new node is all in this class."""

import torch


def ramp(plans):
    """The node class; `plans` is nodes/dropdowns/plan.py on the stand-in."""
    from comfy_api.latest import io

    class Ramp(io.ComfyNode):
        """Levels that fall evenly from `top`, or that follow others at `top` times their height."""

        plot = plans.Plot("SIGMAS", follows=("shape",), idle=("name",))

        @classmethod
        def define_schema(cls):
            return io.Schema(
                node_id="Ramp",
                inputs=[
                    io.Float.Input("top", default=8.0, min=1.0, max=10.0, tooltip="The first level."),
                    io.String.Input("name", default="", tooltip="Nothing that a plot shows."),
                    io.Sigmas.Input("shape", optional=True, tooltip="Levels to follow."),
                ],
                outputs=[io.Sigmas.Output(display_name="sigmas", tooltip="The levels.")],
            )

        @classmethod
        def plan(cls, model, top=8.0, shape=None):
            levels = torch.linspace(top, 0, 5) if shape is None else shape * (top / shape[0])
            return plans.Plan((levels,), warnings=("it is steep",) if top > 9 else ())

    return Ramp
