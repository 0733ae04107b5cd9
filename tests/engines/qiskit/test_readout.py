"""Undoing errors in reading out, against dense matrices."""

import numpy as np
import pytest
from quantum_oracles import random_table

from walshqhn.engines.qiskit.readout import corrected_costs, readout_errors
from walshqhn.support.errors import InputError

TABLE = random_table(3)


def rng(seed=0):
    return np.random.default_rng(seed)


def test_correction_by_dense_matrices():
    """Bits drawn from A p: A is the Kronecker product of the qubits' errors, the last qubit first. The mean of the
    corrected cost over bits as read is the mean of the cost over the quasi-probabilities p."""
    up, down = np.array([0.1, 0.02, 0.2]), np.array([0.15, 0.3, 0.05])
    full = np.ones((1, 1))
    for u, d in zip(up[::-1], down[::-1], strict=True):
        full = np.kron(full, [[1 - u, d], [u, 1 - d]])
    bits = rng(3).integers(0, 2, (500, 3)).astype(np.uint8)
    counts = np.bincount(bits @ [1, 2, 4], minlength=8) / 500
    expected = np.linalg.solve(full, counts) @ TABLE
    corrected = corrected_costs(TABLE, np.stack([up, down]))
    assert corrected[bits @ [1, 2, 4]].mean() == pytest.approx(expected, abs=1e-12)
    np.testing.assert_allclose(corrected, np.linalg.solve(full.T, TABLE), rtol=0, atol=1e-12)
    np.testing.assert_allclose(corrected_costs(TABLE, np.zeros((2, 3))), TABLE)


def test_readout_that_tells_nothing():
    bits = np.array([[0, 1], [1, 0], [0, 0], [1, 1]], np.uint8)
    with pytest.raises(InputError, match=r"qubit 0 reads 1 with probability 0.50 for 0 and 0.50 for 1"):
        readout_errors(bits, bits)
