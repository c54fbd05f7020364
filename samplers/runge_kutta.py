"""Explicit Runge-Kutta methods on dx/dsigma = (x - D)/sigma, each from its tableau."""

from fractions import Fraction

from ..core.spec import sampler
from ..core.table import Stage, Step, slope
from ..core.tableau import Tableau


def _rows(*rows: str) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(Fraction(entry)) for entry in row.split()) for row in rows)


MIDPOINT = Tableau(2, _rows("", "1/2"), *_rows("0 1"))
RALSTON = Tableau(2, _rows("", "2/3"), *_rows("1/4 3/4"))
CLASSIC = Tableau(4, _rows("", "1/2", "0 1/2", "0 0 1"), *_rows("1/6 1/3 1/3 1/6"))
DORMAND_PRINCE = Tableau(
    5,
    _rows(
        "",
        "1/5",
        "3/40 9/40",
        "44/45 -56/15 32/9",
        "19372/6561 -25360/2187 64448/6561 -212/729",
        "9017/3168 -355/33 46732/5247 49/176 -5103/18656",
    ),
    *_rows("35/384 0 500/1113 125/192 -2187/6784 11/84"),
)


def runge_kutta(step: Step, tableau: Tableau) -> tuple[Stage, ...]:
    """The stages of one step: x_k = x + (sigma' - sigma) sum_j a_kj d_j, evaluated where c_k puts them."""
    a, b = step.a, step.b
    width = b.sigma - a.sigma
    stages = []
    for c, row in zip(tableau.c, tableau.a, strict=True):
        at = step.between(a.sigma + c * width)
        stages.append(slope(at, 1.0, [width * weight for weight in reversed(row)]))
    return *stages, Stage(b.sigma, 1.0, tuple(width * weight for weight in reversed(tableau.b)))


@sampler("Midpoint", family="one-step", order=2, evals_per_step=2, reference="Runge 1895; tableau (0, 1/2)")
def midpoint(step: Step) -> tuple[Stage, ...]:
    """Looks half a step ahead and takes the slope found there. Two evaluations a step."""
    return runge_kutta(step, MIDPOINT)


@sampler("Ralston", family="one-step", order=2, evals_per_step=2, reference="Ralston 1962, doi:10.2307/2003133")
def ralston(step: Step) -> tuple[Stage, ...]:
    """Looks two thirds of a step ahead: the two-stage method with the smallest error bound. Two evaluations a step."""
    return runge_kutta(step, RALSTON)


@sampler("Runge-Kutta 4", family="one-step", order=4, evals_per_step=4, reference="Kutta 1901")
def rk4(step: Step) -> tuple[Stage, ...]:
    """The classic four-stage method: very exact from 40 evaluations up, wasteful below."""
    return runge_kutta(step, CLASSIC)


@sampler(
    "Dormand-Prince 5",
    family="one-step",
    order=5,
    evals_per_step=6,
    reference="Dormand and Prince 1980, doi:10.1016/0771-050X(80)90013-3",
)
def dormand_prince(step: Step) -> tuple[Stage, ...]:
    """Six stages, fifth order: for reference pictures, with 20 steps and more."""
    return runge_kutta(step, DORMAND_PRINCE)
