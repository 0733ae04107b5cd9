"""Costs given as tables."""

import numpy as np
import pytest

from walshqhn import TableCost, load_task
from walshqhn.cost.table import sha256, tabulate
from walshqhn.support.errors import InputError, TooLargeError, UsageError, WalshqhnError

TABLE = np.array([0.5, -1, 2, 0.1, 1.5, -0.3, 0.9, 1e-17])


def test_configurations_are_read_bit_by_bit():
    cost = TableCost(TABLE)
    assert cost.num_bits == 3
    assert cost.bit_names == ("b[0]", "b[1]", "b[2]")
    assert cost.costs([[1, 0, 0], [0, 1, 1]]).tolist() == [TABLE[1], TABLE[6]]
    assert np.array_equal(cost.cost_table(), TABLE)


def test_the_minimum_names_every_configuration_that_reaches_it():
    cost = TableCost([3.0, 1.0, 1.0, 2.0], bit_names=["x", "y"])
    assert cost.minimum.value == 1.0
    assert cost.minimum.bits.tolist() == [[1, 0], [0, 1]]
    assert cost.minimum.is_exact
    assert cost.minimum.how == "all 2^2 configurations"
    assert len(TableCost(np.zeros(256)).minimum.bits) == 64


def test_the_digest_names_the_values():
    assert TableCost(TABLE).digest == sha256(TABLE) == sha256(TABLE.astype(">f8")) == sha256(np.repeat(TABLE, 2)[::2])
    assert TableCost(TABLE).digest != TableCost(TABLE[::-1]).digest
    assert TableCost(TABLE).digest != TableCost(np.nextafter(TABLE, 1)).digest


@pytest.mark.parametrize("bad", [np.zeros(3), np.zeros((1, 2)), [[0, 1, 2]]])
def test_bad_bits(bad):
    with pytest.raises(InputError, match="bits must"):
        TableCost(TABLE).costs(bad)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[1.0, 2.0], [3.0]], "array of numbers"),
        (np.ma.masked_array([1.0, 2.0], [True, False]), "masked"),
        (np.array([2**53 + 1, 0]), "beyond 2"),
        ([1e200, 0.0], "rescale"),
    ],
)
def test_values_that_would_be_changed_in_silence_are_refused(values, message):
    with pytest.raises(InputError, match=message):
        TableCost(values)


@pytest.mark.parametrize("names", [["a"], ["a", "b", "a"], ["a", "b", "c", "d"]])
def test_names_must_be_as_many_and_different(names):
    with pytest.raises(UsageError, match="bit_names must be 3 different names"):
        TableCost(TABLE, bit_names=names)


def test_a_task_as_a_table_keeps_its_names():
    task = load_task("gaussian", hidden=1, num_samples=20)
    cost = tabulate(task)
    assert cost.bit_names == task.bit_names
    assert np.array_equal(cost.values, task.cost_table())
    assert tabulate(cost) is cost


def weighted(bits):
    """A function that other processes can import."""
    return bits @ np.array([1.0, -2.5, 4.0, 0.5, 3.0])


def odd(bits):
    return np.where(bits.sum(axis=1) % 2, np.nan, 1.0)


def test_a_function_is_tabulated_in_processes():
    seen = []
    table = tabulate(weighted, 5, workers=2, progress=seen.append)
    assert table.values.tolist() == tabulate(weighted, 5).values.tolist()
    assert table.values[[1, 2, 16, 31]].tolist() == [1.0, -2.5, 3.0, 6.0]
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


@pytest.mark.parametrize(
    ("use", "kind", "message"),
    [
        (lambda: tabulate(weighted), UsageError, "a function needs num_bits"),
        (lambda: tabulate(lambda bits: bits[:, 0], 3, workers=2), UsageError, "cannot be sent to other processes"),
        (lambda: tabulate(odd, 3, workers=2), WalshqhnError, "finite numbers, got nan for [01]{3}"),
        (lambda: tabulate(weighted, 50, workers=2), TooLargeError, "N = 50"),
    ],
)
def test_what_cannot_be_tabulated(use, kind, message):
    with pytest.raises(kind, match=message):
        use()
