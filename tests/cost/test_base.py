"""What follows from the few things that a cost says of itself."""

import numpy as np
import pytest

from walshqhn import Cost, WalshSpectrum
from walshqhn.support.errors import TooLargeError


class WeightedOnes(Cost):
    """sum_j (j + 1) b_j, of any number of bits."""

    def __init__(self, num_bits):
        self._num_bits, self.asked = num_bits, []

    @property
    def num_bits(self):
        return self._num_bits

    @property
    def digest(self):
        return f"ones {self._num_bits}"

    def costs(self, bits):
        self.asked.append(len(bits))
        return np.asarray(bits) @ np.arange(1.0, self._num_bits + 1)


def test_the_table_follows_from_the_costs():
    progress = []
    table = WeightedOnes(3).cost_table(progress=progress.append)
    assert table.tolist() == [0, 1, 2, 3, 3, 4, 5, 6]
    assert progress == [1.0]


def test_the_table_is_made_in_batches(monkeypatch):
    monkeypatch.setattr("walshqhn.cost.base._BATCH_BITS", 12)
    cost, progress = WeightedOnes(4), []
    assert cost.cost_table(progress=progress.append)[0b1010] == 2 + 4
    assert cost.asked == [3, 3, 3, 3, 3, 1]
    assert progress[-1] == 1.0
    assert progress == sorted(progress)


def test_what_nobody_says_is_unknown():
    cost = WeightedOnes(2)
    assert cost.minimum is None
    assert cost.bit_names == ("b[0]", "b[1]")


def test_a_table_past_memory_is_refused_before_it_is_allocated():
    cost = WeightedOnes(785)
    with pytest.raises(TooLargeError, match="a cost table of N = 785 bits"):
        cost.cost_table()
    with pytest.raises(TooLargeError):
        WalshSpectrum.from_cost(cost)
    assert cost.costs(np.ones((2, 785), np.uint8)).tolist() == [785 * 393] * 2
