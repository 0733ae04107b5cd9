"""Votes of networks for pairs of classes, by hand."""

import numpy as np
import pytest

from analysis import digits

PAIRS = np.array([(0, 1), (0, 2), (1, 2)])


def test_most_votes_win_and_sums_decide_between_equals():
    outputs = np.array([[-9.0, -1.0, 2.0], [-1.0, 5.0, 0.5], [8.0, -2.0, 0.1]])
    # sample 0: two votes for 0; 1: a vote each, sums 1 - 5, 2 - 1, 5 - 2; 2: two votes for 2, though 1 has more in sum
    assert digits.vote(outputs, PAIRS).tolist() == [0, 2, 2]


def test_accuracies_of_networks_that_look_at_one_pixel():
    """Class 2 has ink in pixel 5, class 1 in pixel 3, class 0 none: networks that know it are always right."""
    x, labels = np.zeros((30, 784)), np.repeat([0, 1, 2], 10)
    x[labels == 1, 3], x[labels == 2, 5] = 3.0, 3.0
    bits = np.zeros((3, 785), np.uint8)  # all weights -1
    bits[0, 3] = bits[1, 5] = bits[2, 5] = 1
    acting = np.ones((3, 785), bool)
    found = digits.judged(bits, acting, PAIRS, x, labels)
    assert found == {"accuracy": 1.0, "accuracy_without_idle": 1.0, "pair_accuracy": 1.0}
    acting[:, 5] = False  # nothing is left that tells 2 from 0, and 2 loses against 1 and 0
    assert digits.judged(bits, acting, PAIRS, x, labels)["accuracy_without_idle"] == pytest.approx(2 / 3)


def test_descent_ends_where_no_flip_helps():
    rng = np.random.default_rng(5)
    x = np.zeros((12, 784))
    x[:, 100:112] = rng.random((12, 12))
    task = digits.NetworkTask("t", {}, digits.BinaryNetwork(784, (), 1), _data(x, np.arange(12) % 2), "bce")
    bits = digits.descend(task.data.train, 1)
    neighbours = np.vstack([bits[None], bits ^ np.eye(785, dtype=np.uint8)[[*range(100, 112), 784]]])
    costs = task.costs(neighbours)
    assert (costs[1:] > costs[0]).all()


def _data(x, y):
    return digits.Dataset(digits.Split(x, y), None, None, "", 2)
