"""Functions as costs."""

import pickle

import numpy as np
import pytest

from walshqhn import BlackBoxCost
from walshqhn.cost import blackbox
from walshqhn.support.errors import CostError, UsageError


def slope(bits):
    return bits @ np.arange(1.0, bits.shape[1] + 1)


def test_the_function_sees_zeros_and_ones_a_configuration_a_row():
    cost = BlackBoxCost(slope, 3)
    assert cost.costs([[1, 0, 0], [0, 0, 1]]).tolist() == [1, 3]
    assert cost.cost_table().tolist() == [0, 1, 2, 3, 3, 4, 5, 6]
    assert cost.costs(np.zeros((0, 3))).shape == (0,)


def test_whole_numbers_and_booleans_become_float64():
    assert BlackBoxCost(lambda b: b[:, 0] > 0, 2).costs([[1, 0]]).dtype == np.float64


def test_what_identifies_it():
    assert BlackBoxCost(slope, 3).digest == BlackBoxCost(slope, 3).digest
    others = (BlackBoxCost(slope, 4), BlackBoxCost(slope, 3, name="mine"), BlackBoxCost(np.sum, 3))
    assert BlackBoxCost(slope, 3).digest not in [cost.digest for cost in others]
    assert BlackBoxCost(slope, 3, name="mine").name == "mine"
    assert BlackBoxCost(slope, 2, bit_names=["left", "right"]).bit_names == ("left", "right")


def test_pickled_with_its_function():
    assert pickle.loads(pickle.dumps(BlackBoxCost(slope, 3))).costs([[0, 1, 1]]).tolist() == [5]


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda b: b, r"must return 2 numbers for 2 bit strings, got shape \(2, 3\)"),
        (lambda b: 1.0, r"got shape \(\)"),
        (lambda b: [1.0], r"got shape \(1,\)"),
        (lambda b: ["a", "b"], "dtype <U1"),
        (lambda b: [1.0, np.nan], "finite numbers, got nan for 110"),
        (lambda b: [np.inf, np.nan], "finite numbers, got inf for 001"),
        (lambda b: 1 / 0, "raised ZeroDivisionError: division by zero for 001"),
    ],
)
def test_a_function_that_returns_something_else(function, message):
    with pytest.raises(CostError, match=message):
        BlackBoxCost(function, 3).costs([[1, 0, 0], [0, 1, 1]])


class Counted:
    """1 + the index, except where ``broken``; keeps every bit string it was asked for."""

    def __init__(self, broken=()):
        self.broken, self.seen, self.calls = broken, [], 0

    def __call__(self, bits):
        self.calls += 1
        labels = ["".join(map(str, row[::-1])) for row in bits]
        self.seen += labels
        if set(labels) & set(self.broken):
            raise RuntimeError("no licence")
        return np.array([int(label, 2) + 1.0 for label in labels])


def test_each_bit_string_is_evaluated_once():
    function = Counted()
    cost = BlackBoxCost(function, 70, batch=3)
    bits = np.zeros((9, 70), np.uint8)
    bits[np.arange(9), [0, 1, 2, 0, 1, 2, 69, 5, 5]] = 1
    expected = 1 + 2.0 ** np.array([0, 1, 2, 0, 1, 2, 69, 5, 5])
    assert cost.costs(bits).tolist() == expected.tolist()
    assert (len(function.seen), function.calls) == (5, 2)
    assert cost.costs(bits[::-1]).tolist() == expected[::-1].tolist()
    assert len(function.seen) == 5


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(blackbox, "REMEMBERED", 4)
    function = Counted()
    cost = BlackBoxCost(function, 3)
    rows = np.array([[k & 1, k >> 1 & 1, k >> 2] for k in range(8)])
    for row in rows:
        cost.costs(row[None])
    assert cost.costs(rows[4:]).tolist() == [5, 6, 7, 8]
    assert len(function.seen) == 8
    assert cost.costs(rows).tolist() == list(range(1, 9))  # more than fit: evaluated, not remembered
    assert len(function.seen) == 16


def test_what_was_evaluated_before_a_failure_is_not_lost():
    function = Counted(broken=["010"])
    cost = BlackBoxCost(function, 3, batch=1)
    with pytest.raises(CostError, match=r"raised RuntimeError: no licence for 010\.$"):
        cost.costs([[1, 0, 0], [0, 1, 0], [1, 1, 0]])
    function.broken, function.seen = (), []
    assert cost.costs([[1, 0, 0], [0, 1, 0], [1, 1, 0]]).tolist() == [2, 3, 4]
    assert function.seen == ["010", "011"]


def test_a_penalty_replaces_failures_and_names_them():
    cost = BlackBoxCost(Counted(broken=["001"]), 3, penalty=50.0)
    with pytest.warns(UserWarning, match="no licence for 001; its cost is set to 50"):
        assert cost.costs([[1, 1, 0], [1, 0, 0], [0, 0, 1]]).tolist() == [4, 50, 5]
    assert cost.failures == {"001": "raised RuntimeError: no licence"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((3, 3), "a function of bit strings, got int"), ((slope, 0), "at least 1"), ((slope, 2.5), "whole number")],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(UsageError, match=message):
        BlackBoxCost(*arguments)
