"""Functions as costs."""

import pickle

import numpy as np
import pytest

from walshqhn import BlackBoxCost
from walshqhn.support.errors import InputError, UsageError


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
        (lambda b: [np.inf, np.nan], "finite numbers, got inf for 001 and 1 more"),
    ],
)
def test_a_function_that_returns_something_else(function, message):
    with pytest.raises(InputError, match=message):
        BlackBoxCost(function, 3).costs([[1, 0, 0], [0, 1, 1]])


def test_what_the_function_raises_is_passed_on():
    with pytest.raises(ZeroDivisionError):
        BlackBoxCost(lambda b: 1 / 0, 3).costs([[1, 0, 0]])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((3, 3), "a function of bit strings, got int"), ((slope, 0), "at least 1"), ((slope, 2.5), "whole number")],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(UsageError, match=message):
        BlackBoxCost(*arguments)
