"""Distributions of costs, exact and measured."""

import numpy as np
import pytest

from walshqhn.cost.table import TableCost
from walshqhn.engines.distribution import Distribution

COSTS = np.array([2.0, -1.0, 0.5, -1.0])


def test_an_exact_one_weighs_by_probability():
    found = Distribution(COSTS, np.array([0.1, 0.2, 0.3, 0.4]))
    assert found.is_exact
    assert found.cheapest is None
    assert found.weights.tolist() == [0.1, 0.2, 0.3, 0.4]
    assert found.mean(COSTS) == pytest.approx(0.2 - 0.2 + 0.15 - 0.4, abs=1e-15)
    assert found.mean(COSTS**2) == pytest.approx(0.4 + 0.2 + 0.075 + 0.4, abs=1e-15)


def test_a_measured_one_weighs_every_shot_alike():
    """Its cheapest bit string is told by the costs as read, not by what they are corrected to."""
    bits = np.array([[0, 0], [1, 0], [0, 1], [1, 0]], np.uint8)
    found = Distribution(COSTS - [0, 0, 9, 0], bits=bits, measured_costs=COSTS)
    assert not found.is_exact
    assert found.weights.tolist() == [0.25] * 4
    assert found.mean(found.costs) == (0.5 - 9) / 4
    assert (found.cheapest[0].tolist(), found.cheapest[1]) == ([1, 0], -1.0)


@pytest.mark.parametrize("table", [None, TableCost(COSTS)])
def test_the_order_is_ascending_and_keeps_ties_as_they_were(table):
    assert Distribution(COSTS, np.full(4, 0.25), table=table).order.tolist() == [1, 3, 2, 0]
