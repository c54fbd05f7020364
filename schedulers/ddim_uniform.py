"""DDIM uniform: every n-th entry of the model's table, counted from its clean end."""

import numpy as np

from ..core.schedule.clocks import table_ends
from ..core.space import Span
from ..core.spec import schedule


@schedule("DDIM uniform", reference="Song et al. 2020 (DDIM), arXiv:2010.02502; ComfyUI's ddim_uniform")
def ddim_uniform(steps: int, span: Span) -> np.ndarray:
    """Every n-th entry of the model's own table, counted from the second cleanest: DDIM's first choice.

    The first level is the model's noisiest (ComfyUI's and DDIM's lies one stride lower, below the noise that a run
    begins with). Where the stride is no whole number, ComfyUI's has more steps than asked for; this one goes by
    entries rounded down.
    """
    top, bottom = table_ends(span)
    stride = (top - bottom + 1) / steps
    if stride <= 1:  # more steps than entries: in between them
        return span.sigma(np.linspace(top, bottom, steps))
    up = np.floor(bottom + 1 + np.arange(steps - 1) * stride + 1e-9)
    return span.sigma(np.append(up, top)[::-1])
