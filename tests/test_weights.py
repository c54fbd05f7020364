"""Weights of interpolation: exact for polynomials in any clock, and equal to the textbook's closed forms."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, strategies as st

from sigmatic.core.tableau import Tableau
from sigmatic.core.weights import exponential, weights


@given(
    nodes=st.lists(st.floats(-3, 3), min_size=1, max_size=4, unique=True),
    ends=st.tuples(st.floats(-3, 3), st.floats(-3, 3)),
    power=st.integers(0, 3),
)
def test_exact_for_polynomials(nodes, ends, power):
    assume(power < len(nodes))
    assume(len(nodes) == 1 or np.diff(sorted(nodes)).min() > 0.1)
    a, b = ends
    exact = (b ** (power + 1) - a ** (power + 1)) / (power + 1)
    got = sum(w * node**power for w, node in zip(weights(nodes, a, b), nodes, strict=True))
    assert got == pytest.approx(exact, rel=1e-6, abs=1e-6)


def test_another_clock_is_exact_in_that_clock():
    """D linear in log t, integrated dt from 1 to 2: the integral of log t is 2 log 2 - 1."""
    w = weights([1.0, 3.0], 1.0, 2.0, clock=np.log)
    assert w[1] * math.log(3) == pytest.approx(2 * math.log(2) - 1, abs=1e-13)
    assert sum(w) == pytest.approx(1.0, abs=1e-13)


@pytest.mark.parametrize("rate", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("h", [1e-4, 0.3, 2.0, 9.0])
def test_exponential_is_phi(h, rate):
    """Weights through lam and lam - r h are (1 - e^{-H}) and H phi_2(-H) / r (Hochbruck and Ostermann, 2010)."""
    H, r = rate * h, 0.8
    w = exponential([0.0, -r * h], 0.0, h, rate)
    assert sum(w) == pytest.approx(-math.expm1(-H), rel=1e-10)
    phi2 = H / 2 - H**2 / 6 + H**3 / 24 if H < 1e-2 else 1 + math.expm1(-H) / H
    assert w[1] == pytest.approx(-phi2 / r, rel=1e-6)


def test_adams_bashforth_on_even_steps():
    assert weights([0, -1, -2, -3], 0, 1) == pytest.approx([55 / 24, -59 / 24, 37 / 24, -9 / 24], abs=1e-13)


def test_coinciding_nodes_are_refused():
    with pytest.raises(ValueError, match="coincide"):
        weights([1.0, 1.0], 0, 1)


def test_a_tableau_checks_itself():
    Tableau(2, ((), (0.5,)), (0.0, 1.0))
    with pytest.raises(ArithmeticError, match="order condition"):
        Tableau(2, ((), (0.5,)), (0.1, 0.9))
    with pytest.raises(ArithmeticError, match="order condition"):
        Tableau(3, ((), (0.5,)), (0.0, 1.0))
    with pytest.raises(ArithmeticError, match="do not fit"):
        Tableau(1, ((), (0.5,)), (1.0,))
