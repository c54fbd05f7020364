"""SEEDS-3: an exponential three-stage SDE solver."""

from ..core import policy
from ..core.exponential import stage, staged
from ..core.spec import ETA, S_NOISE, sampler
from ..core.table import Stage, Step


@sampler(
    "SEEDS 3",
    family="sde",
    order=3,
    evals_per_step=3,
    clock="lam",
    params=(ETA, S_NOISE),
    reference="Gonzalez et al. 2023, arXiv:2305.14267, Algorithm 3",
)
def seeds_3(step: Step, *, eta: float) -> tuple[Stage, ...]:
    """Looks ahead at one third and two thirds of the step, all with one path of noise. Three evaluations a step."""

    def rows(levels, law):
        return stage(levels, 1, [0], law), stage(levels, 2, [0, 1], law), stage(levels, 3, [0, 2], law, land=True)

    return staged(step, [1 / 3, 2 / 3], rows, lambda a, b: policy.sde(a, b, eta))
