"""GITS: a schedule that follows the bends of the way from noise to picture."""

import numpy as np

from ..core.schedule.clocks import interpolated
from ..core.space import Span
from ..core.spec import schedule

_CIFAR10 = np.array([80, 10.9836, 3.8811, 1.584, 0.5666, 0.1698, 0.002])


@schedule(
    "GITS",
    reference="Chen et al. 2024, arXiv:2405.11326; numbers: the authors' github.com/zju-pi/diff-sampler, gits-main",
)
def gits(steps: int, span: Span) -> np.ndarray:
    """Found by dynamic programming for iPNDM at 6 steps: for 5 to 8 steps. In log-SNR, on flow models too.

    The authors' levels for CIFAR-10, log-linear in between for other step counts, and stretched in log(sigma / alpha)
    to the model's own range. (Fit Schedule does the like for your own model. No table of OSS,
    arXiv:2503.21774, is here: its authors' repository, bebebe666/OptimalSteps, has the search, but no levels.)
    """
    return interpolated(_CIFAR10, steps, span)
