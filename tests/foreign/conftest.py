"""Hamiltonians that do not read the same backwards, and what they are at every bit string by their definition."""

import numpy as np
import pytest

from walshqhn import IsingHamiltonian

TERMS = {(): 2.5, (0,): -1.25, (3,): 0.5, (0, 2): 3.0, (1, 4): -1e-3, (2, 3): 0.75}
CUBIC = TERMS | {(0, 1, 4): 1.5, (1, 2, 3, 4): -0.125}


def energies(terms, num_qubits=5):
    """Entry x for the bits of x, little-endian: sums over terms of products of z = 1 - 2 b, one by one."""
    z = [[1 - 2 * (x >> j & 1) for j in range(num_qubits)] for x in range(1 << num_qubits)]
    return np.array([sum(value * np.prod([row[j] for j in qubits]) for qubits, value in terms.items()) for row in z])


class Exported:
    """A Hamiltonian, its energies, and a place to write it to."""

    def __init__(self, terms, folder):
        self.hamiltonian, self.energies, self.folder = IsingHamiltonian.from_terms(terms, 5), energies(terms), folder
        self.bits = [[x >> j & 1 for j in range(5)] for x in range(32)]
        self.spins = [[1 - 2 * b for b in row] for row in self.bits]


@pytest.fixture
def quadratic(tmp_path):
    return Exported(TERMS, tmp_path)


@pytest.fixture
def cubic(tmp_path):
    return Exported(CUBIC, tmp_path)
