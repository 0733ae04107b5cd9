"""How often each option of each choice is measured."""

import numpy as np
import pytest

from walshqhn import BinaryNetwork, Choice
from walshqhn.binn.architecture import architecture_distribution, option_probabilities
from walshqhn.support.errors import InputError

NETWORK = BinaryNetwork(
    2, hidden=(3,), activation=Choice(("sigmoid", "tanh")), hidden_width=Choice((1, 2, 3)), skip=Choice((False, True))
)


def test_distribution_of_architectures():
    """Counted one network at a time, by the network's own reading of its bits."""
    bits = np.random.default_rng(2).integers(0, 2, (300, NETWORK.num_bits), dtype=np.uint8)
    found = architecture_distribution(NETWORK, bits)
    architectures = [NETWORK.architecture(row) for row in bits]
    assert set(found) == {"activation", "hidden_width", "skip"}
    for name, shares in found.items():
        assert sum(shares.values()) == pytest.approx(1, abs=1e-12)
        for option, share in shares.items():
            counted = sum(str(getattr(a, name)) == option for a in architectures)
            assert share == pytest.approx(counted / 300, abs=1e-12)
    assert architecture_distribution(BinaryNetwork(2), np.zeros((1, 3), np.uint8)) == {}


def test_probabilities_of_options_from_means():
    """hidden_width has two bits, first most significant, and code 3 wraps around to the first option."""
    means = np.full(NETWORK.num_bits, 0.5)
    means[NETWORK.positions("activation")] = 0.9
    means[NETWORK.positions("hidden_width")] = [0.2, 0.7]
    found = option_probabilities(NETWORK, means)
    assert found["activation"] == {"sigmoid": pytest.approx(0.1), "tanh": pytest.approx(0.9)}
    assert found["hidden_width"] == {
        "1": pytest.approx(0.8 * 0.3 + 0.2 * 0.7), "2": pytest.approx(0.8 * 0.7), "3": pytest.approx(0.2 * 0.3)
    }  # fmt: skip
    assert found["skip"] == {"False": 0.5, "True": 0.5}


def test_correlated_bits_are_counted_not_multiplied():
    bits = np.zeros((2, NETWORK.num_bits), np.uint8)
    bits[1, NETWORK.positions("hidden_width")] = 1
    assert architecture_distribution(NETWORK, bits)["hidden_width"] == {"1": 1.0, "2": 0.0, "3": 0.0}
    assert option_probabilities(NETWORK, bits.mean(axis=0))["hidden_width"]["2"] == 0.25


def test_bad_input_for_architectures():
    with pytest.raises(InputError, match="at least 1 sample, got 0"):
        architecture_distribution(NETWORK, np.zeros((0, NETWORK.num_bits), np.uint8))
    with pytest.raises(InputError, match=rf"shape \({NETWORK.num_bits},\), got \(3,\)"):
        option_probabilities(NETWORK, np.zeros(3))
    for wrong in (1.5, np.nan):
        with pytest.raises(InputError, match=r"in \[0, 1\]"):
            option_probabilities(NETWORK, np.full(NETWORK.num_bits, wrong))
